"""The task model and the formats it is written in."""
