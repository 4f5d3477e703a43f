"""The screen of a session at work: wishes are passed on, what happens comes back as events."""

from __future__ import annotations

from collections.abc import Callable

from cligym_tui.exits import ExitCode, code_of
from cligym_tui.screen.approval import ApprovalCard
from cligym_tui.screen.popup import Question
from cligym_tui.screen.prompt import Prompt
from cligym_tui.screen.safe import plain
from cligym_tui.screen.session import SessionScreen
from cligym_tui.screen.sight import Hands
from cligym_tui.screen.source import AtWork, LiveSource
from cligym_tui.terminal.view import TerminalView


class WorkingScreen(SessionScreen):
    """A source that listens: its shells can be typed into, and leaving it ends it."""

    def __init__(self, work: AtWork, leave: Callable[[int], None]) -> None:
        self.work = work
        super().__init__(LiveSource(work))
        self._leave = leave
        self._ending = False
        self._told = False
        self._fitted = self._wanted = ("", 0, 0)
        self._settled = 0
        self._asked_for: set[str] = set()
        """Branches whose keyboard was asked for, until the session gives it."""
        self._left: set[str] = set()
        """Those whose keyboard was given back, until the session says so."""

    # Looking

    def look(self) -> None:
        """Forget what was asked for, and what was given back, as soon as the session says so, too."""
        taken = {branch.id for branch in self.source.state.branches.values() if branch.taken}
        self._asked_for -= taken
        self._left &= taken
        super().look()

    def tick(self) -> None:
        """Also see whether the session is over, and whether the shell has another size."""
        super().tick()
        self._fit()
        if self.work.over and not self._told:
            if self.source.poll(0):
                self.look()
            else:
                self._told = True
                self.look()
                self._over()

    def hands_on(self, name: str) -> Hands:
        """Into the one that was taken over, as long as there is a shell.

        A shell that ended with its container or its session is never given back by anybody, and a screen
        whose keys all went there could not be left.
        """
        branch, state = self.source.state.branches.get(name), self.source.state
        if branch is None or not branch.open or state.ended or self.work.over:
            return ""
        if branch.taken:
            return "now" if name not in self._left else ""
        return "soon" if name in self._asked_for else ""

    @property
    def in_hand(self) -> str:
        """The branch whose keyboard can be given back: the one in sight, else any; empty for none."""
        names = [self.sight.selected, *self.source.state.branches]
        return next((name for now in ("now", "soon") for name in names if self.hands_on(name) == now), "")

    @property
    def code(self) -> ExitCode:
        """What a session that is over has come to."""
        failure = self.work.failure
        return ExitCode.GOAL if failure is None else code_of(failure)

    def _over(self) -> None:
        failure = self.work.failure
        if self._ending:
            self.app.clear_notifications()  # what was said of this session is nothing to the next
            self._leave(int(self.code))
        elif failure is not None:
            hint = getattr(failure, "hint", "")
            text = plain(f"{failure} {hint}", limit=2000).plain
            self.notify(text, title="The session ended", severity="error", timeout=60, markup=False)

    def _fit(self) -> None:
        """Give the branch's terminal the size of the pane that shows it."""
        branch = self.sight.branch
        region = self.shell.scrollable_content_region
        # A card takes some lines for a moment: no reason to draw a shell's prompt anew.
        covered = self.query_one(Prompt).asking or self.query_one(ApprovalCard).step is not None
        if branch is None or not branch.open or region.width < 20 or region.height < 4:
            return
        if covered and not branch.taken:
            return
        wanted = (branch.id, region.width, region.height)
        self._settled = self._settled + 1 if wanted == self._wanted else 0
        self._wanted = wanted
        # While the layout changes, sizes come and go; before its first prompt a branch is being opened.
        if self._settled < 3 or wanted == self._fitted or not self.source.printed(branch.id, None).position:
            return
        self._fitted = wanted
        if (branch.columns, branch.rows) != wanted[1:]:
            self.work.resize(branch.id, region.height, region.width)

    # What applies

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What makes sense now."""
        match action:
            case "hands_leave":
                return bool(self.in_hand)
            case "hands_take":
                return self.alive and not self._taken()
            case _:
                return super().check_action(action, parameters)

    @property
    def alive(self) -> bool:
        """Whether the branch that is looked at has its container."""
        branch = self.sight.branch
        return branch is not None and branch.open and not self.work.over

    def _taken(self) -> bool:
        return self.shell.taken_over and self.focused is self.shell

    # Hands

    def action_hands_take(self) -> None:
        """Take the keyboard."""
        name = self.sight.selected
        self.focus_pane("shell")
        self._asked_for.add(name)
        self._left.discard(name)
        self.work.take_over(name)
        self.look()

    def action_hands_leave(self) -> None:
        """Give it back. From here on keys are the screen's, whether or not the shell can still be had."""
        name = self.in_hand
        self._asked_for.discard(name)
        self._left.add(name)
        self.work.hand_back(name)
        self.look()

    def on_terminal_view_typed(self, event: TerminalView.Typed) -> None:
        """Pass keys on."""
        self.work.type(self.sight.selected, event.data)

    # Leaving

    def action_app_quit(self) -> None:
        """Leave; a session at work is ended first."""
        if self.work.over:
            self._leave(int(self.code))
            return
        if self._ending:
            self._leave(int(ExitCode.INTERRUPTED))
            return
        text = (
            "Commands under way are ended, proofs under way are finished, all containers are removed. "
            "The journal stays: `cligym-tui replay` shows it."
        )

        def answered(answer: str | None) -> None:
            if answer == "y":
                self._ending = True
                self.work.stop()
                self.notify("Ending the session … q again leaves at once.", timeout=30, markup=False)

        self.app.push_screen(Question("End this session?", text, [("y", "end it")]), answered)
