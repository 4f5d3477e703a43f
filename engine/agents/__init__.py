"""Who proposes commands."""
