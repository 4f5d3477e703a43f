"""The screen of a session that breaks an environment: its operator decides, steers, forks and commits."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual.app import SuspendNotSupported
from textual.binding import BindingType

from cligym_tui.screen.actions import LIVE, at
from cligym_tui.screen.approval import ApprovalCard
from cligym_tui.screen.attach import attach
from cligym_tui.screen.attention import Attention
from cligym_tui.screen.keymap import bindings
from cligym_tui.screen.popup import Question
from cligym_tui.screen.prompt import LONGEST, Prompt, visible
from cligym_tui.screen.safe import plain
from cligym_tui.screen.source import Live
from cligym_tui.screen.working import WorkingScreen
from engine.errors import UsageError

if TYPE_CHECKING:
    from textual import events

    from sessions.model import Branch, Step

MODES = ("auto", "confirm", "manual")
_CONTAINER = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.-]*")


class LiveScreen(WorkingScreen, inherit_bindings=False):
    """Adds what only such a session is asked for."""

    where: ClassVar[str] = LIVE
    BINDINGS: ClassVar[list[BindingType]] = bindings(
        [one for one in at(LIVE) if not one.id.startswith("pane.")]
    )

    def __init__(self, live: Live, leave: Callable[[int], None], *, bell: bool = True) -> None:
        super().__init__(live, leave)
        self.live = live
        self._attention = Attention(bell)
        self._shown = ""
        self._fresh: set[str] = set()
        self._mode = ""
        """The mode that was wished last, until the session has it."""

    # Looking

    def look(self) -> None:
        """Show also what waits for the operator."""
        super().look()
        if self._mode == self.sight.state.mode:
            self._mode = ""
        for card in self.query(ApprovalCard):
            # Whoever types into a shell has neither room nor keys for it.
            held = None if self._taken() else self.sight.held
            if card.see(held):
                self._attention.call(self.app, "a command waits for you")
                self.set_timer(0.35, self.hints)

    def select(self) -> str:
        """Stay on a branch as long as it is open; a branch the operator made is looked at.

        But not instead of one whose keyboard the operator has: what is typed would be commands to the screen.
        """
        branches = self.source.state.branches
        if self.hands_on(now := self.chosen or self._shown):
            return now
        if self._fresh and (new := [name for name in branches if name not in self._fresh]):
            self._fresh = set()
            self._shown = new[-1]
            self.chosen = ""
        if self.chosen in branches:
            return self.chosen
        shown = branches.get(self._shown)
        if shown is None or (not shown.open and any(branch.open for branch in branches.values())):
            self._shown = self._at_work()
        return self._shown

    def _at_work(self) -> str:
        """The branch where something happened last, of those that are open if there are any."""
        branches = self.source.state.branches
        active = branches.get(self.source.active)
        if active is None or not active.open:
            active = next((one for one in reversed(branches.values()) if one.open), active)
        return active.id if active else super().select()

    def action_branch_follow(self) -> None:
        """Look at what is at work now, not at what was looked at before."""
        self._shown = ""
        super().action_branch_follow()

    def on_app_focus(self, event: events.AppFocus) -> None:
        """Somebody looks again."""
        self._attention.seen(self.app)

    # What applies

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What makes sense now."""
        branch, alive = self.sight.branch, self.alive
        match action:
            case "card_approve" | "card_deny" | "card_edit" | "card_pattern":
                card = self.query_one(ApprovalCard)
                ready = card.ready and not self._taken()
                return ready and (action != "card_pattern" or bool(card.step and card.step.pattern))
            case "branch_rename" | "branch_note":
                return branch is not None and not self._taken()
            case "session_pause" | "session_guide" | "session_guide_now" | "hands_suspend":
                return alive and not self._taken()
            case "branch_fork" | "branch_undo":
                # Of a branch whose container is gone, too: its snapshots are not.
                return not self.live.over and bool(self.sight.steps) and not self._taken()
            case "branch_discard":
                return alive and not self._taken()
            case "session_interrupt":
                step = self.sight.step
                return alive and step is not None and step.running and not self._taken()
            case "branch_follow":
                return self._at_work() != self.sight.selected
            case "session_mode" | "session_new_branch":
                return not self.live.over and not self._taken()
            case _:
                return super().check_action(action, parameters)

    # A held command

    def _decide(
        self, verdict: str, step: Step | None, command: str = "", reason: str = "", pattern: str = ""
    ) -> None:
        now = self.query_one(ApprovalCard).step
        if step is None or now is None or _named(now) != _named(step):
            self.notify("That command no longer waits.", severity="warning", markup=False)
        else:
            self.live.decide(step.branch, step.number, verdict, command, reason, pattern)

    def action_card_approve(self) -> None:
        """Run it once."""
        self._decide("approved", self._asked_about())

    def action_card_pattern(self) -> None:
        """Run it, and such commands."""
        step = self._asked_about()
        if step:
            self._ask(
                "Run all commands like this for the rest of the session (* stands for anything)",
                step.pattern,
                lambda pattern: self._decide("pattern", step, pattern=pattern.strip()),
            )

    def action_card_edit(self) -> None:
        """Run something else in its place."""
        step = self._asked_about()
        if step:
            command = step.command[:LONGEST]
            changed = "" if visible(command) == command else " (control characters are written out)"
            self._ask(
                f"Edit the command{changed}; Enter runs it, ctrl+j makes a line",
                step.command,
                lambda command: self._decide("edited", step, command=command),
                lines=True,
            )

    def action_card_deny(self) -> None:
        """Refuse it."""
        step = self._asked_about()
        if step:
            self._ask(
                "Deny. Why? The agent is told; Enter denies, Escape goes back",
                "",
                lambda reason: self._decide("denied", step, reason=reason.strip()),
                lines=True,
            )

    def _asked_about(self) -> Step | None:
        return self.query_one(ApprovalCard).step

    def _ask(self, question: str, value: str, done: Callable[[str], None], *, lines: bool = False) -> None:
        if len(value) > LONGEST:
            # Cut short it would say something else.
            self.notify("That is too long to be edited here.", severity="warning", markup=False)
            return
        self.query_one(Prompt).ask(question, value, done, lines=lines)

    # The session

    def action_session_mode(self) -> None:
        """The next mode."""
        mode = self._mode or self.sight.state.mode
        self._mode = MODES[(MODES.index(mode) + 1) % len(MODES)] if mode in MODES else MODES[0]
        self.live.set_mode(self._mode)

    def action_session_pause(self) -> None:
        """Pause after this step, or go on."""
        branch = self.sight.branch
        if branch:
            self.live.pause(branch.id, not branch.paused)

    def action_session_interrupt(self) -> None:
        """End the running command."""
        self.live.interrupt(self.sight.selected)

    def action_session_guide(self) -> None:
        """Say what to do next."""
        self._guide("Tell the agent, at its next step", interrupt=False)

    def action_session_guide_now(self) -> None:
        """Say it at once."""
        self._guide("Interrupt and tell the agent", interrupt=True)

    def _guide(self, question: str, *, interrupt: bool) -> None:
        branch = self.sight.selected

        def told(text: str) -> None:
            if text.strip():
                self.live.guide(branch, text.strip(), interrupt)

        self._ask(f"{question} ({branch})", "", told, lines=True)

    def action_session_new_branch(self) -> None:
        """Another branch from gold."""
        self._expect()
        self.live.add_branch()

    # Branches

    def _expect(self) -> None:
        self._fresh = set(self.source.state.branches) or {""}

    def action_branch_fork(self) -> None:
        """Fork where the tree's cursor is."""
        branch, step = self.aim()
        self._fork(branch, step)

    def action_branch_undo(self) -> None:
        """Go on from before the last step."""
        branch = self.sight.branch
        last = max((one.number for one in branch.steps.values() if one.snapshot), default=0) if branch else 0
        if branch and last:
            self._fork(branch.id, last - 1)
        else:
            self.notify("There is nothing to undo: no step changed anything.", markup=False)

    def _fork(self, branch: str, step: int) -> None:
        self._expect()
        self.live.fork(branch, step)
        text = plain(f"A branch from {branch} step {step} is being opened.").plain
        self.notify(text, timeout=2, markup=False)

    def committing(self, step: Step) -> Callable[[bool], None] | None:
        """What puts a step forward."""
        return lambda minimise: self.live.commit(step.branch, step.number, minimise)

    def action_branch_discard(self) -> None:
        """End the branch, when that is meant."""
        branch = self._named()
        if branch is None:
            return

        def answered(answer: str | None) -> None:
            if answer == "x":
                self.live.discard(branch.id)

        text = (
            "Its container is removed. What it did stays in the journal, and its tasks stay where they are."
        )
        question = Question(f"Discard {f'{branch.id} {branch.title}'.strip()}?", text, [("x", "discard")])
        self.app.push_screen(question, answered)

    def _named(self) -> Branch | None:
        name = self.aim()[0]
        return self.sight.state.branches.get(name)

    def action_branch_rename(self) -> None:
        """Give it a title."""
        branch = self._named()
        if branch:
            self._ask(
                f"Title of {branch.id}",
                branch.title,
                lambda title: self.live.label(branch.id, title.strip(), branch.note),
            )

    def action_branch_note(self) -> None:
        """Write a note on it."""
        branch = self._named()
        if branch:
            self._ask(
                f"Note on {branch.id}",
                branch.note,
                lambda note: self.live.label(branch.id, branch.title, note.strip()),
            )

    # Hands

    def action_hands_take(self) -> None:
        """Take the keyboard here, whatever branch is being opened."""
        self._fresh = set()
        super().action_hands_take()

    def action_hands_suspend(self) -> None:
        """A real shell in the container."""
        branch = self.sight.branch
        if branch is None or not _CONTAINER.fullmatch(branch.container):
            self.notify("This branch has no container.", markup=False)
            return
        self.live.take_over(branch.id)
        failed = ""
        try:
            with self.app.suspend():
                failed = attach(branch.container)
        except SuspendNotSupported:
            self.notify("This terminal cannot be handed over.", severity="warning", markup=False)
        except FileNotFoundError:
            self.notify(
                "There is no `docker` command here; t takes over in place.", severity="warning", markup=False
            )
        except UsageError as error:
            failed = str(error)
        finally:
            self.live.hand_back(branch.id)
        if failed:
            told = plain(f"`docker exec` failed: {failed}").plain
            self.notify(told, severity="warning", markup=False)


def _named(step: Step) -> tuple[str, int, str]:
    return step.branch, step.number, step.command
