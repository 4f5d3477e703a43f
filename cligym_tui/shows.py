"""How a headless run is shown: plain lines, or events as JSON lines. The live display is in `live`."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Protocol

from cligym_tui import notable, output
from cligym_tui.wording import span
from sessions import codec
from sessions.events import Event, Result
from sessions.state import State, apply


class Show(Protocol):
    """One way to show a run."""

    state: State
    """The session as far as it was shown."""

    def take(self, event: Event) -> None:
        """The next event."""

    def tick(self) -> None:
        """Time has passed."""

    def say(self, text: str) -> None:
        """A word of our own to the person watching."""

    def end(self, result: Result) -> None:
        """It is over. Called once, also after a failure."""


@dataclass
class Lines:
    """One plain line for each notable event, with the time since the start."""

    state: State = field(default_factory=State)
    began: float = field(default_factory=time.monotonic)

    def take(self, event: Event) -> None:
        """Print the event's line, if it has one."""
        self.state = apply(self.state, event)
        line = notable.line(event)
        if line is not None:
            self.say(line.text)

    def tick(self) -> None:
        """Nothing moves here."""

    def say(self, text: str) -> None:
        """Print one line."""
        output.text(f"{span(time.monotonic() - self.began):>7}  {text}")

    def end(self, result: Result) -> None:
        """The lines have said it."""


@dataclass
class Events:
    """Every event as one line of JSON; the last line is the result."""

    state: State = field(default_factory=State)

    def take(self, event: Event) -> None:
        """Print the event."""
        self.state = apply(self.state, event)
        output.data(codec.encode(event))

    def tick(self) -> None:
        """Nothing moves here."""

    def say(self, text: str) -> None:
        """Only data here."""

    def end(self, result: Result) -> None:
        """Print the result."""
        output.data(codec.encode(result))


@dataclass
class Nothing:
    """For a reader that went away."""

    state: State

    def take(self, event: Event) -> None:
        """Keep count."""
        self.state = apply(self.state, event)

    def tick(self) -> None:
        """Nothing."""

    def say(self, text: str) -> None:
        """Nothing."""

    def end(self, result: Result) -> None:
        """Nothing."""
