"""Run the gold tests in a throwaway container and parse what they did into a report."""
