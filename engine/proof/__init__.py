"""The gates a candidate must pass to become a task."""
