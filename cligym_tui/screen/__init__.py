"""The operator's screen: panes over one folded session, live or replayed, and what can be done there."""
