"""`python -m cligym_tui` is `cligym-tui`."""

from cligym_tui.cli import main

main()
