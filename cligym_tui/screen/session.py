"""The screen of one session: the panes, their layout, and what live and replayed sessions have in common."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar, cast

from textual.binding import BindingType
from textual.containers import Container

from cligym_tui.screen.actions import REPLAY, SESSION, Action, at
from cligym_tui.screen.approval import ApprovalCard
from cligym_tui.screen.bar import Bar
from cligym_tui.screen.base import WholeScreen
from cligym_tui.screen.commit_card import CommitCard
from cligym_tui.screen.footer import Hints
from cligym_tui.screen.keymap import bindings
from cligym_tui.screen.listing import Listing
from cligym_tui.screen.panes.dockerfile import DockerfilePane
from cligym_tui.screen.panes.shell import ShellPane
from cligym_tui.screen.panes.tests import TestsPane
from cligym_tui.screen.panes.tree import TreePane
from cligym_tui.screen.popup import TextPopup
from cligym_tui.screen.prompt import Prompt
from cligym_tui.screen.safe import plain
from cligym_tui.screen.sight import Hands, Sight, nominee, said
from cligym_tui.screen.steering import Steering
from cligym_tui.screen.tabs import PANES, Tabs
from cligym_tui.screen.talk import TalkPopup
from cligym_tui.screen.words import MUTED
from cligym_tui.terminal.view import paints_per_second
from sessions.model import Step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from textual import events
    from textual.app import ComposeResult
    from textual.widget import Widget

    from cligym_tui.screen.branches import Key
    from cligym_tui.screen.source import Source

COMMON = [action for action in at(REPLAY) if action.where >= SESSION and not action.id.startswith("pane.")]
wall = time.time
"""The clock of the wall."""
GROUPS = {"tests": "Tests", "tree": "Branches", "shell": "Your hands"}


class SessionScreen(WholeScreen):
    """Panes over a source. Subclasses add what only a live session, or only a replay, can do."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(COMMON)
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-medium"), (140, "-wide")]  # noqa: RUF012 - Textual's
    DEFAULT_CSS = """
    SessionScreen {
        layout: vertical;
        #panes { height: 1fr; layout: grid; grid-gutter: 0; }
        #panes > * { border: round $foreground 20%; border-title-color: $foreground; border-title-style: bold;
                     border-subtitle-color: $text-muted; height: 100%; }
        &:ansi #panes > * { border: round ansi_bright_black; }
        #panes > *:focus, &:ansi #panes > *:focus { border: round $accent; border-title-color: $text-accent; }
        #panes > *.-taken-over { border: thick $warning; border-title-color: $text-warning; }
        &.-wide #panes { grid-size: 3 2; grid-columns: 9fr 7fr 6fr; grid-rows: 3fr 2fr; }
        &.-wide #shell, &.-wide #tests { row-span: 2; }
        &.-medium #panes { grid-size: 2 3; grid-columns: 3fr 2fr; grid-rows: 5fr 4fr 3fr; }
        &.-medium #shell { row-span: 3; }
        &.-narrow #panes, &.-maximised #panes { grid-size: 1 1; grid-columns: 1fr; grid-rows: 1fr; }
        &.-maximised #shell, &.-maximised #tests { row-span: 1; }
        &.-narrow #panes > *, &.-maximised #panes > * { display: none; }
        &.-narrow #panes > .-current, &.-maximised #panes > .-current { display: block; }
        &.-narrow #panes > * { border: none; }
        &.-narrow #panes > *.-taken-over { border: thick $warning; }
        #tabs { display: none; }
        &.-narrow #tabs { display: block; }
    }
    """

    def __init__(self, source: Source) -> None:
        super().__init__()
        self.source = source
        self.sight = Sight()
        self.current = PANES[0]
        self._subtitles: dict[str, str] = {}
        self.chosen = ""
        """The branch the operator chose to look at; empty to follow."""
        self._ticked = time.monotonic()

    def compose(self) -> ComposeResult:
        """Bar, panes, cards, lines."""
        yield Bar(id="bar")
        yield Tabs(id="tabs")
        with Container(id="panes"):
            yield ShellPane(id="shell")
            yield TestsPane(id="tests")
            yield DockerfilePane(id="dockerfile")
            yield TreePane(id="tree")
        yield ApprovalCard(id="card")
        yield Prompt(id="prompt")
        yield Steering(id="steering")
        yield from self.more()
        yield Hints(id="hints")

    def more(self) -> Iterable[Widget]:
        """What a subclass puts above the last line."""
        return ()

    def on_mount(self) -> None:
        """Begin to look."""
        for number, name in enumerate(PANES, 1):
            self.query_one(f"#{name}").border_title = plain(
                f"{number} {name}" if self.where != REPLAY else name
            )
        self.query_one(Tabs).numbered = self.where != REPLAY
        self.focus_pane(self.current)
        self.set_interval(1 / paints_per_second(), self.tick)
        self.call_after_refresh(self.look)

    # Looking

    def tick(self) -> None:
        """Take in what happened since, and show it."""
        now = time.monotonic()
        passed, self._ticked = now - self._ticked, now
        # Of a recording the wall's clock says nothing.
        if self.source.poll(passed) or (self.where != REPLAY and int(self.sight.now) != int(wall())):
            self.look()

    def look(self) -> None:
        """Show the moment the source is at."""
        if not self.is_mounted or not self.query(Hints):
            return
        selected = self.select()
        if selected != self.sight.selected:
            self.tests.only = None
        source = self.source
        self.sight = Sight(
            source.state,
            selected,
            self.where != REPLAY,
            source.limit,
            wall(),
            source.budget,
            self.hands_on(selected),
        )
        sight = self.sight
        self.query_one(Bar).see(sight)
        self.shell.follow(self.source, sight)
        self.tests.see(sight)
        self.query_one(DockerfilePane).see(sight)
        self.forest.see(sight)
        self.query_one(Steering).see(sight, self.source.word, away=self.focused is not self.shell)
        self.titles()
        self.hints()

    def hands_on(self, name: str) -> Hands:
        """Whether the operator types into a branch's shell: into none that is only looked at."""
        return ""

    def select(self) -> str:
        """The branch to look at."""
        branches = self.source.state.branches
        if self.chosen in branches:
            return self.chosen
        if self.source.active in branches:
            return self.source.active
        return next(reversed(branches), "")

    def titles(self) -> None:
        """What the panes' frames and tabs say."""
        branch = self.sight.branch
        shell = f"{branch.id} {branch.title}".strip() if branch else ""
        if branch and branch.shells_lost:
            shell += f" · now {branch.shell}"
        big = "[max z]" if self.has_class("-maximised") else ""
        badges = {
            "shell": ("", MUTED),
            "tests": self.tests.badge,
            "dockerfile": self.query_one(DockerfilePane).badge,
            "tree": self.forest.badge,
        }
        for name in PANES:
            said = shell if name == "shell" else "" if name == "tree" else badges[name][0]
            pane = self.query_one(f"#{name}")
            subtitle = f"{said} {big}".strip()
            if self._subtitles.get(name) != subtitle:
                self._subtitles[name] = subtitle
                pane.border_subtitle = plain(subtitle)
        self.query_one(Tabs).show(self.current, badges)

    # What applies

    def on_terminal_view_toggled(self) -> None:
        """The terminal asks by itself what to search for."""
        self.on_prompt_toggled()

    @property
    def answering(self) -> tuple[tuple[str, str], ...]:
        """The keys of an answer, to the prompt or to the terminal."""
        return super().answering or ((("Enter", "search"), ("Esc", "back")) if self.shell.asking else ())

    def offers(self, action: Action) -> bool:
        """Whether an action applies now."""
        if action.id.startswith("pane."):
            focused = None if self.shell.taken_over else self.focused
            return focused is not None and bool(focused.check_action(action.method, ()))
        return bool(self.check_action(action.method, ()))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nothing but the keyboard's return applies while the keyboard is in the shell."""
        if self.shell.taken_over and self.focused is self.shell and action != "hands_leave":
            return False
        if action == "branch_commit":
            return bool(self.sight.steps) and not self.sight.state.repairs
        if action == "dockerfile_compare":
            return bool(self.sight.steps)
        if action == "view_maximise":  # one pane at a time is as large as it gets
            return not self.has_class("-narrow") or self.has_class("-maximised")
        if action == "branch_follow":
            return bool(self.chosen)
        if action == "tests_filter":
            return not self.sight.state.repairs and (self.current == "tests" or self.has_class("-wide"))
        return super().check_action(action, parameters)

    # Panes

    @property
    def shell(self) -> ShellPane:
        """The shell pane."""
        return self.query_one(ShellPane)

    @property
    def tests(self) -> TestsPane:
        """The tests pane."""
        return self.query_one(TestsPane)

    @property
    def forest(self) -> TreePane:
        """The tree pane."""
        return self.query_one(TreePane)

    def focus_pane(self, name: str) -> None:
        """Go to a pane."""
        self.current = name
        for other in PANES:
            self.query_one(f"#{other}").set_class(other == name, "-current")
        self.query_one(f"#{name}").focus()
        self.titles()
        self.hints()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The focused pane is the current one."""
        if event.widget.id in PANES and event.widget.id != self.current:
            self.focus_pane(event.widget.id)
        self.look()

    def action_view_shell(self) -> None:
        """Go to the shell."""
        self.focus_pane("shell")

    def action_view_tests(self) -> None:
        """Go to the tests."""
        self.focus_pane("tests")

    def action_view_dockerfile(self) -> None:
        """Go to the Dockerfile."""
        self.focus_pane("dockerfile")

    def action_view_tree(self) -> None:
        """Go to the tree."""
        self.focus_pane("tree")

    def action_view_talk(self) -> None:
        """Read what the model says."""
        self.app.push_screen(TalkPopup(lambda: self.sight))

    def action_view_next(self) -> None:
        """Go to the next pane."""
        self.focus_pane(PANES[(PANES.index(self.current) + 1) % len(PANES)])

    def action_view_previous(self) -> None:
        """Go to the pane before."""
        self.focus_pane(PANES[PANES.index(self.current) - 1])

    def action_view_maximise(self) -> None:
        """Give the pane the whole screen, or take it back."""
        self.toggle_class("-maximised")
        self.titles()

    def action_tests_filter(self) -> None:
        """Show other tests."""
        self.tests.filter()
        self.look()

    def action_dockerfile_compare(self) -> None:
        """Show what is changed, or the commands that do it."""
        self.focus_pane("dockerfile")
        self.query_one(DockerfilePane).compare()

    # Choosing

    def on_listing_chosen(self, event: Listing.Chosen) -> None:
        """Enter on a line."""
        if event.listing is self.tests and isinstance(event.key, str):
            self._failure(event.key)
        elif isinstance(event.key, Step):
            self.tests.only = event.key if event.key.flips else None
            self.focus_pane("tests")
            self.look()
        elif event.listing is self.forest and event.key:
            self.choose(cast("Key", event.key))

    def choose(self, key: Key) -> None:
        """Look at a branch."""
        self.chosen = key[0]
        self.look()

    def _failure(self, test: str) -> None:
        for step in reversed(self.sight.steps):
            if step.suite:
                outcome = step.suite.outcomes.get(test, "missing")
                told = "It passes." if outcome == "passed" else said(step.suite, test)
                self.app.push_screen(TextPopup(f"{outcome} at step {step.number}: {test}", told))
                return
        self.app.push_screen(TextPopup(test, "It passes: nothing was changed yet."))

    def aim(self) -> Key:
        """The branch and step that forks and commits are for: under the tree's cursor, else the newest."""
        branch, step = self.sight.selected, 0
        if self.current == "tree" and self.forest.aim:
            branch, step = self.forest.aim
        if not step:
            line = self.sight.state.branches.get(branch)
            step = max(line.steps, default=0) if line else 0
        return branch, step

    def action_branch_commit(self) -> None:
        """Show the commit card."""
        branch, number = self.aim()
        step = nominee(self.sight, branch, number)
        if step is None:
            self.notify(
                plain(f"Nothing is known to be broken on {branch} at step {number}.").plain, markup=False
            )
            return
        self.app.push_screen(CommitCard(lambda: self.sight, step.branch, step.number, self.committing(step)))

    def committing(self, step: Step) -> Callable[[bool], None] | None:
        """What commits a step, minimised or not; None where nothing can."""
        return None

    @property
    def first_help(self) -> str:
        """What the pane in use is about."""
        return GROUPS.get(self.current, "")

    def action_branch_follow(self) -> None:
        """Look at what is at work."""
        self.chosen = ""
        self.look()
