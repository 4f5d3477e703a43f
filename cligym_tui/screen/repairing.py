"""The screen of a person who repairs a task: the shell is theirs, and two keys end it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType

from cligym_tui.exits import ExitCode
from cligym_tui.screen.actions import REPAIR, at
from cligym_tui.screen.keymap import bindings
from cligym_tui.screen.popup import Question
from cligym_tui.screen.sight import Hands as Holds
from cligym_tui.screen.working import WorkingScreen

if TYPE_CHECKING:
    from engine.repair.hands import Hands


class RepairScreen(WorkingScreen, inherit_bindings=False):
    """One branch in the operator's hands."""

    where: ClassVar[str] = REPAIR
    BINDINGS: ClassVar[list[BindingType]] = bindings(
        [one for one in at(REPAIR) if not one.id.startswith("pane.")]
    )

    def __init__(self, hands: Hands, leave: Callable[[int], None]) -> None:
        super().__init__(hands, leave)
        self.hands = hands
        self._asked = False

    def hands_on(self, name: str) -> Holds:
        """Off the shell while it is graded."""
        return "off" if self._asked and not self.work.over else super().hands_on(name)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What makes sense now."""
        branch = self.sight.branch
        if action in ("repair_submit", "repair_give_up"):
            ready = branch is not None and branch.open and not self.work.over
            return ready and not self._asked and not self._taken()
        if action == "hands_take" and self._asked:
            return False
        return super().check_action(action, parameters)

    def action_repair_submit(self) -> None:
        """Have it graded, when that is meant."""
        self._end("Submit it?", "The task's own grader judges the container as it is.", self.hands.submit)

    def action_repair_give_up(self) -> None:
        """Give it up, when that is meant."""
        self._end("Give up?", "It is graded as it is, and counts as given up.", self.hands.give_up)

    def _end(self, title: str, text: str, wish: Callable[[], None]) -> None:
        def answered(answer: str | None) -> None:
            if answer == "y":
                self._asked = True
                wish()
                self.look()
                self.notify("It is being graded …", timeout=30, markup=False)

        self.app.push_screen(Question(title, f"{text} That ends the work.", [("y", "yes")]), answered)

    @property
    def code(self) -> ExitCode:
        """Whether it is repaired, which nothing is that was not submitted."""
        code = super().code
        return ExitCode.SHORT if code == ExitCode.GOAL and not self.hands.solved else code

    def _over(self) -> None:
        super()._over()
        if self.work.failure is None and not self._ending:
            self.app.clear_notifications()
            self.focus_pane("tests")
