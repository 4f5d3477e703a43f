"""What all whole screens have in common: hints, a prompt, searching, and the program's own actions."""

from __future__ import annotations

from typing import ClassVar

from textual.command import CommandPalette
from textual.screen import Screen

from cligym_tui.screen.actions import Action, at
from cligym_tui.screen.footer import Hints
from cligym_tui.screen.help import HelpScreen
from cligym_tui.screen.keymap import configured
from cligym_tui.screen.listing import Listing
from cligym_tui.screen.palette import Actions
from cligym_tui.screen.prompt import Prompt
from cligym_tui.screen.safe import plain


class WholeScreen(Screen[None]):
    """A place where actions are offered. Subclasses compose one `Prompt` and one `Hints`."""

    where: ClassVar[str] = ""
    COMMANDS: ClassVar = {Actions}

    def offers(self, action: Action) -> bool:
        """Whether an action applies now: all of the place's, unless the screen knows better."""
        return action in at(self.where)

    def hints(self) -> None:
        """The keys that matter now."""
        self.query_one(Hints).show([one for one in at(self.where) if one.show and self.offers(one)])

    def on_prompt_toggled(self) -> None:
        """Other keys matter while something is asked."""
        self.query_one(Hints).ask(self.answering)

    @property
    def answering(self) -> tuple[tuple[str, str], ...]:
        """The keys of an answer that is asked for; none where nothing is."""
        return self.query_one(Prompt).keys

    def on_listing_asked(self, event: Listing.Asked) -> None:
        """Search a list."""

        def found(sought: str) -> None:
            if not event.listing.find(sought):
                self.notify(plain(f"{sought!r} is not in {event.listing.place}.").plain, markup=False)

        self.query_one(Prompt).ask(f"Search {event.listing.place} for", "", found)

    @property
    def first_help(self) -> str:
        """The group of actions that the help begins with; empty for its own order."""
        return ""

    def action_app_help(self) -> None:
        """Show the keys."""
        self.app.push_screen(HelpScreen(self.where, configured(self.app), self.first_help))

    def action_app_palette(self) -> None:
        """Find an action."""
        self.app.push_screen(CommandPalette(placeholder="What to do?"))

    def action_app_theme(self) -> None:
        """Choose colours."""
        self.app.search_themes()

    def action_app_screenshot(self) -> None:
        """Save a picture."""
        self.app.deliver_screenshot(path=".")
