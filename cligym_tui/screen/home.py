"""The home screen: gold environments to start from, and sessions to watch again."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual.binding import BindingType

from cligym_tui.arguments import AGENTS
from cligym_tui.demo import DEMO
from cligym_tui.screen.actions import HOME, Action, at
from cligym_tui.screen.base import WholeScreen
from cligym_tui.screen.footer import Hints
from cligym_tui.screen.keymap import bindings
from cligym_tui.screen.lines import Parts
from cligym_tui.screen.listing import Listing
from cligym_tui.screen.prompt import Prompt
from cligym_tui.screen.replaying import ReplayScreen
from cligym_tui.screen.safe import plain
from cligym_tui.screen.shelf import Shelf
from cligym_tui.screen.source import Live, ReplaySource
from cligym_tui.screen.steered import LiveScreen
from cligym_tui.screen.strip import PartsLine
from cligym_tui.screen.words import ACCENT, MUTED, WARN
from engine.gold import store
from sessions.library import Library
from sessions.replay import Player
from sessions.summary import JOURNAL_NAME

if TYPE_CHECKING:
    from pathlib import Path

    from textual.app import ComposeResult


class Starts(NamedTuple):
    """What sessions begin with; both raise what can be told in a line."""

    begin: Callable[[str, str], Live]
    """A new one on a gold environment, with an agent."""
    resume: Callable[[str], Live]
    """An interrupted one, by its id."""


class Head(PartsLine):
    """The name of the program and what it is for."""

    agent = AGENTS[0]
    """Who breaks in sessions that are started here."""
    DEFAULT_CSS = "Head { background: $panel; color: $foreground; padding: 0 1; }"

    def parts(self, width: int) -> Parts:
        """One line."""
        return [
            ("cligym-tui", f"bold {ACCENT}"),
            ("  breaks environments on purpose, proves the repair tasks", MUTED),
            *([(f"  by {self.agent}", f"bold {WARN}")] if self.agent != AGENTS[0] else []),
        ]


class Choices(Listing):
    """Headings and what else is for nothing cannot be chosen: the cursor goes past them."""

    def go(self, index: int) -> None:
        """To the next line in that direction that is for something, or else to the last such one."""
        count = len(self.lines)
        index = max(0, min(index, count - 1))
        on, back = range(index, count), range(index - 1, -1, -1)
        if index < self.cursor:
            on, back = range(index, -1, -1), range(index + 1, count)
        super().go(next((at for at in (*on, *back) if self.lines.key(at) is not None), index))


class HomeScreen(WholeScreen):
    """Everything there is, in one list. Enter starts or replays."""

    where: ClassVar[str] = HOME
    first_help = "Home"
    BINDINGS: ClassVar[list[BindingType]] = bindings(
        [one for one in at(HOME) if not one.id.startswith("pane.")]
    )
    DEFAULT_CSS = """
    HomeScreen #home { height: 1fr; border: round $panel; padding: 0 1; }
    HomeScreen #home:focus { border: round $accent; }
    """

    def __init__(self, leave: Callable[[int], None], starts: Starts | None, *, bell: bool = True) -> None:
        super().__init__()
        self._leave, self._starts, self._bell = leave, starts, bell
        self._interrupted: frozenset[str] = frozenset()
        self.agent = AGENTS[0]
        """Who breaks in sessions that are started from here."""

    def compose(self) -> ComposeResult:
        """The list between two lines."""
        yield Head()
        yield Choices(id="home")
        yield Prompt()
        yield Hints()

    def on_mount(self) -> None:
        """Look what there is, and again every few seconds."""
        self._list.moved = True
        self._list.focus()
        self.call_after_refresh(self.action_home_reload)
        self.set_interval(3, self._again)

    @property
    def _list(self) -> Listing:
        return self.query_one("#home", Listing)

    def _again(self) -> None:
        if self.is_current:
            self.action_home_reload()

    def on_screen_resume(self) -> None:
        """Back from a session: it is in the list now."""
        self.call_after_refresh(self.action_home_reload)

    def action_home_reload(self) -> None:
        """Look again."""
        sessions = Library().list()
        self._interrupted = frozenset(each.id for each in sessions if each.interrupted)
        lines = Shelf(store.listed(), sessions)
        first = next((at for at in range(len(lines)) if lines.key(at) is not None), 0)
        self._list.present(lines, first if self._list.key is None else None)
        self.hints()

    def on_listing_moved(self) -> None:
        """Other lines, other keys."""
        self.hints()

    def offers(self, action: Action) -> bool:
        """Whether an action applies."""
        if action.id.startswith("pane."):
            return action.id == "pane.search"
        return bool(self.check_action(action.method, ()))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what was interrupted goes on."""
        if action == "home_resume":
            return self._resumable() is not None
        return super().check_action(action, parameters)

    def _resumable(self) -> str | None:
        """The interrupted session under the cursor."""
        match self._list.key:
            case ("session", str() as session) if session in self._interrupted:
                return session
        return None

    def on_listing_chosen(self, event: Listing.Chosen) -> None:
        """Start or replay."""
        if not isinstance(event.key, tuple):
            return
        kind, what = event.key
        if kind == "gold":
            self._start(what)
        else:
            self._replay(DEMO if kind == "demo" else Library().root / what / JOURNAL_NAME)

    def action_home_agent(self) -> None:
        """The next one."""
        self.agent = AGENTS[(AGENTS.index(self.agent) + 1) % len(AGENTS)]
        self.query_one(Head).agent = self.agent
        self.query_one(Head).look()

    def action_home_start(self) -> None:
        """Start or replay what the cursor is on."""
        self._list.action_pane_choose()

    def action_home_resume(self) -> None:
        """Go on with the session the cursor is on."""
        session = self._resumable()
        if session and self._starts:
            self._open(partial(self._starts.resume, session))

    def _start(self, gold: str) -> None:
        if self._starts is None:
            self.notify("Sessions cannot be started from here.", severity="warning", markup=False)
            return
        self._open(partial(self._starts.begin, gold, self.agent))

    def _open(self, begin: Callable[[], Live]) -> None:
        try:
            live = begin()
        except Exception as error:
            self._failed(error)
            return
        self.app.push_screen(LiveScreen(live, lambda code: self._back(), bell=self._bell))

    def _replay(self, journal: Path) -> None:
        try:
            player = Player(journal)
        except Exception as error:
            self._failed(error)
            return
        player.playing = True
        self.app.push_screen(ReplayScreen(ReplaySource(player, journal), self._back))

    def _back(self) -> None:
        while self.app.screen is not self:  # a session that is over may have something before it
            self.app.pop_screen()

    def _failed(self, error: Exception) -> None:
        text = plain(f"{error} {getattr(error, 'hint', '')}").plain
        self.notify(text, severity="error", timeout=20, markup=False)

    def action_app_quit(self) -> None:
        """Leave."""
        self._leave(0)
