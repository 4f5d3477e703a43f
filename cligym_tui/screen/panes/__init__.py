"""The panes: each shows one aspect of a session and knows nothing of where its events come from."""
