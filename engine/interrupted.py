"""An operator's session whose process was killed: taken up again, its branches go on from their snapshots."""

from __future__ import annotations

from engine.cast import Cast
from engine.errors import CligymError, UsageError
from engine.gold.model import Gold
from engine.revive import moments
from engine.supervision import Supervisor
from sessions import events
from sessions.journal import read
from sessions.library import Library, Session
from sessions.model import Branch
from sessions.state import fold


def take_up(text: str, gold: Gold) -> tuple[Session, list[events.Event]]:
    """The session with this id, held, and what happened in it.

    Raises:
        UsageError: there is nothing to go on with, or the gold environment is another by now.
        JournalLocked: it is live.
        JournalCorrupt, JournalNewer: it cannot be continued.
        NameUnsafe, SessionUnknown, SessionAmbiguous: there is no such session.
    """
    session = Library().open(text)
    try:
        happened = list(read(session.journal.path))
        state = fold(happened)
        if state.ended:
            raise UsageError(f"session {session.id} has ended", "`cligym-tui replay` shows it")
        if state.repairs or not any(isinstance(event, events.ModeChanged) for event in happened):
            raise UsageError(
                f"nobody steered session {session.id}", "the same --auto or repair call goes on with it"
            )
        if state.image != gold.image:
            raise UsageError(
                f"{gold.name} was built anew since session {session.id}", "`cligym-tui replay` shows it"
            )
    except BaseException:
        session.close()
        raise
    return session, happened


async def go_on(supervisor: Supervisor, cast: Cast, happened: list[events.Event]) -> None:
    """Open again every branch that was open, and begin one from gold where none can be."""
    state = fold(happened)
    supervisor.patterns |= {
        event.pattern for event in happened if isinstance(event, events.StepDecided) and event.pattern
    }
    supervisor.recall(state.branches)
    supervisor.set_mode(state.mode)
    for branch in state.branches.values():
        if branch.open:
            await _branch(supervisor, cast, state.branches, branch)
    if not supervisor.lanes:
        await supervisor.add()


async def _branch(supervisor: Supervisor, cast: Cast, others: dict[str, Branch], branch: Branch) -> None:
    exploration = supervisor.exploration
    last = max(branch.steps, default=0)
    tested = max((number for number, step in branch.steps.items() if step.snapshot), default=0)
    try:
        past = await moments(exploration, branch, last, others, cast.faults, retested=tested)
        await supervisor.again(branch, past, cast.again(branch.id, past))
    except CligymError as error:
        text = f"{branch.id} cannot go on: {error}"
        exploration.journal.append(events.Remark(branch=branch.id, text=text, level="warning"))
