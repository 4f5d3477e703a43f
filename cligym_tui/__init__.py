"""Shows and asks: the command line and the screen. Nothing imports it."""
