"""Showing a branch's terminal: an emulator behind a protocol, its scrollback, the widget that draws."""
