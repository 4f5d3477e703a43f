"""Where a screen's events come from: a recording, or a session at work. The panes know neither."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple, Protocol

from cligym_tui import notable
from cligym_tui.terminal.tape import Tape
from sessions import events
from sessions.model import State
from sessions.state import apply

if TYPE_CHECKING:
    from cligym_tui.terminal.terminal import Terminal
    from engine.ledger import Budget
    from sessions.replay import Player

AT_ONCE = 16 << 10
"""Bytes that are drawn before anything else happens when another branch is looked at."""
KEPT = 256 << 10
"""Bytes of each terminal of a live session that are kept to be drawn anew."""
MOST = 32 << 20
"""Likewise of all terminals together."""
BATCH = 500
SPENT = 0.025
"""Seconds of the screen's time that taking in events may cost in one go."""


class Printed(NamedTuple):
    """What a terminal is to draw."""

    anew: bool
    """Whether it begins as a new one."""
    pieces: list[bytes]
    position: int
    """To be given next time."""
    drawn: Terminal | None = None
    """The terminal with all that on it, where the source draws itself."""


class AtWork(Protocol):
    """A session at work, on a thread of its own. Calls return at once; what they do comes back as events."""

    session: str
    journal_path: Path
    limit: int
    budget: Budget
    over: bool
    failure: BaseException | None

    def drain(self, limit: int = ...) -> list[events.Event]:
        """The events since the last call, at most so many."""

    def take_over(self, branch: str) -> None:
        """The keyboard, please."""

    def type(self, branch: str, data: bytes) -> None:
        """Keys for its shell."""

    def hand_back(self, branch: str) -> None:
        """Done with the keyboard."""

    def resize(self, branch: str, rows: int, columns: int) -> None:
        """Give its terminal another size."""

    def stop(self) -> None:
        """End the session in good order."""

    def join(self, timeout: float | None = None) -> bool:
        """Wait for its end; whether it came."""


class Live(AtWork, Protocol):
    """One that breaks an environment."""

    def set_mode(self, mode: str) -> None:
        """Decide nothing, every command, or everything."""

    def decide(
        self, branch: str, step: int, verdict: str, command: str = "", reason: str = "", pattern: str = ""
    ) -> None:
        """Answer a held step: `approved`, `pattern`, `edited` or `denied`."""

    def guide(self, branch: str, text: str, interrupt: bool = False) -> None:
        """Words for the branch's agent."""

    def pause(self, branch: str, paused: bool) -> None:
        """Begin nothing new after this step, or go on."""

    def interrupt(self, branch: str) -> None:
        """End the running command."""

    def fork(self, branch: str, step: int) -> None:
        """Another branch from a step."""

    def commit(self, branch: str, step: int, minimise: bool = True) -> None:
        """Prove a step and write the task, by default without commands that no test felt."""

    def discard(self, branch: str) -> None:
        """End a branch."""

    def label(self, branch: str, title: str, note: str) -> None:
        """Give it a title and a note."""

    def add_branch(self) -> None:
        """Another branch from gold."""


class Source(Protocol):
    """A session as a screen needs it."""

    @property
    def state(self) -> State:
        """The folded state now."""

    @property
    def limit(self) -> int:
        """Steps a branch may take, 0 when that is not known."""

    @property
    def budget(self) -> Budget | None:
        """What models may take; None when that is not known."""

    @property
    def active(self) -> str:
        """The branch where something happened last."""

    @property
    def word(self) -> str:
        """The last thing that happened, in one clean line."""

    def poll(self, seconds: float) -> bool:
        """Let time pass; whether anything changed."""

    def printed(self, branch: str, position: int | None) -> Printed:
        """What a branch's terminal printed since `position`; all there is to show for None."""


class ReplaySource:
    """A recording that is played."""

    limit = 0
    budget = None

    def __init__(self, player: Player, journal: Path | None = None) -> None:
        self.player = player
        self.journal = journal
        self._tape = Tape(player.recording)
        self._warming = True
        self._seen = -1.0, -1

    @property
    def state(self) -> State:
        """The state where the player is."""
        return self.player.state

    @property
    def active(self) -> str:
        """The branch of the last step that started."""
        passage = self.player.passage
        return passage.branch if passage else ""

    @property
    def word(self) -> str:
        """The last marker."""
        marker = next(
            (each for each in reversed(self.player.markers) if each.index <= self.player.index), None
        )
        if marker is None:
            return ""
        place = f"{marker.branch} step {marker.step}: " if marker.step else ""
        return place + marker.label

    def poll(self, seconds: float) -> bool:
        """Play on, if it plays; else use the time to get to know the rest of the recording."""
        player, known = self.player, False
        if player.playing:
            player.advance(seconds)
        elif self._warming:
            self._warming = self._tape.warm(SPENT)
            known = not self._warming
        here = player.time, player.index
        moved, self._seen = here != self._seen, here
        return moved or known

    def printed(self, branch: str, position: int | None) -> Printed:
        """The terminal as it is here; anew unless it went on from where it was."""
        index = self.player.index
        if not self.player.recording.output_size(branch, 0, index):
            return Printed(True, [], index)
        terminal, wound = self._tape.terminal(branch, index)
        return Printed(wound or position is None, [], index, terminal)


class LiveSource:
    """A session at work."""

    def __init__(self, live: AtWork) -> None:
        self.live = live
        self.state = State()
        self.active = ""
        self.word = ""
        self._printed: OrderedDict[str, Tail] = OrderedDict()
        self._size = 0

    @property
    def limit(self) -> int:
        """Steps a branch may take."""
        return self.live.limit

    @property
    def budget(self) -> Budget:
        """What models may take."""
        return self.live.budget

    def poll(self, seconds: float) -> bool:
        """Take in what happened, as much as the screen has time for."""
        # Now, not as it comes: whoever reads after each poll is to miss nothing.
        for tail in self._printed.values():
            self._size -= tail.trim()
        until = monotonic() + SPENT
        changed = False
        while monotonic() < until:
            happened = self.live.drain(BATCH)
            self.take(happened)
            changed = changed or bool(happened)
            if len(happened) < BATCH:
                break
        return changed

    def take(self, happened: Iterable[events.Event]) -> None:
        """Fold events in."""
        for event in happened:
            self.state = apply(self.state, event)
            if isinstance(event, events.ShellOutput):
                self._keep(event)
                continue
            if isinstance(event, events.StepProposed | events.BranchOpened | events.TakenOver):
                self.active = event.branch
            if not isinstance(event, events.TestReported):
                told = notable.line(event)
                self.word = told.text if told else self.word

    def printed(self, branch: str, position: int | None) -> Printed:
        """What was printed and is still kept."""
        tail = self._printed.get(branch)
        return tail.since(position) if tail else Printed(position is None, [], 0)

    def _keep(self, event: events.ShellOutput) -> None:
        tail = self._printed.setdefault(event.branch, Tail())
        self._printed.move_to_end(event.branch)
        tail.add(event.data)
        self._size += len(event.data)
        while self._size > MOST and len(self._printed) > 1:
            _, oldest = self._printed.popitem(last=False)
            self._size -= oldest.size


class Tail:
    """The last bytes a terminal printed."""

    def __init__(self) -> None:
        self.size = 0
        self._end = 0
        self._pieces: list[bytes] = []

    def add(self, data: bytes) -> None:
        """Keep `data`."""
        self._pieces.append(data)
        self._end += len(data)
        self.size += len(data)

    def trim(self) -> int:
        """Let go of what is too much; how many bytes that were."""
        if self.size <= 2 * KEPT:
            return 0
        before, whole = self.size, b"".join(self._pieces)[-KEPT:]
        self._pieces, self.size = [whole], len(whole)
        return before - self.size

    def since(self, position: int | None) -> Printed:
        """What was printed since `position` bytes had been."""
        wanted = self._end if position is None else self._end - position
        if position is None or wanted > self.size:
            return Printed(True, list(self._pieces), self._end)
        pieces: list[bytes] = []
        for piece in reversed(self._pieces):
            if wanted <= 0:
                break
            pieces.append(piece[-wanted:])
            wanted -= len(piece)
        return Printed(False, pieces[::-1], self._end)
