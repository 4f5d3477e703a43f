"""What an agent did on a branch, as a conversation: for looking at, for curation, and for training."""
