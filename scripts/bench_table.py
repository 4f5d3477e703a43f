"""The table all measurements are lines of."""

from __future__ import annotations


class Table:
    """Prints as it goes, and remembers what failed."""

    def __init__(self) -> None:
        self.failed: list[str] = []

    def say(self, what: str, value: float, bound: float, unit: str = "x", detail: str = "") -> None:
        """One line: what was measured, and whether it is within its bound."""
        holds = value <= bound
        if not holds:
            self.failed.append(what)
        verdict = "holds" if holds else "FAILS"
        print(f"{what:<38} {value:9.3f} {unit:<3} <= {bound:<6g} {verdict:<6} {detail}", flush=True)
