"""Typed errors, raised where the evidence is and shown to the user as one line with what to do."""

from __future__ import annotations


class CligymError(Exception):
    """Anything the user can be told in one line. `str(error)` is that line, `hint` what to do about it."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(CligymError):
    """The command line, a recipe or a name is wrong."""


class GoldError(CligymError):
    """The project could not be made a gold environment."""


class GoldBroken(GoldError):
    """A gold environment that was built cannot be used any more."""


class EngineError(CligymError):
    """Docker is absent, refused, or died."""


class DiskFull(EngineError):
    """The engine has no room."""


class OutputError(CligymError):
    """The output directory cannot be written."""


class OutputFull(OutputError):
    """There is no room for what is written on this machine."""


class ModelError(CligymError):
    """The model's service failed for good."""


class LimitReached(CligymError):
    """A limit the user set ended the run; everything up to here is kept."""
