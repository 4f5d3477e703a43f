"""Everything an operator can do, once: bindings, palette, help, README and configuration come from here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

LIVE, REPAIR, REPLAY, HOME = "live", "repair", "replay", "home"
SESSION: Final = frozenset({LIVE, REPAIR, REPLAY})
ANYWHERE: Final = frozenset({LIVE, REPAIR, REPLAY, HOME})
ONLY_LIVE: Final = frozenset({LIVE})
ONLY_REPAIR: Final = frozenset({REPAIR})
BREAKING: Final = frozenset({LIVE, REPLAY})
"""Where something was or is broken: of a repair no suite is run, and nothing is committed."""
AT_WORK: Final = frozenset({LIVE, REPAIR})
ONLY_REPLAY: Final = frozenset({REPLAY})
ONLY_HOME: Final = frozenset({HOME})
PANE: Final = "Every pane"

LEAVES: Final = "hands.leave"
"""The action whose keys are not typed into a shell that was taken over."""


@dataclass(frozen=True)
class Action:
    """One thing to do. Its method is `action_` and its id, with `_` for `.` and `-`."""

    id: str
    label: str
    """A word or two, for the footer."""
    keys: tuple[str, ...]
    group: str
    """Heading in the help."""
    told: str
    """One sentence, for help, palette and README."""
    where: frozenset[str] = SESSION
    show: int = 0
    """How soon it is in the footer: higher first, 0 never."""

    @property
    def method(self) -> str:
        """The action's name for Textual."""
        return self.id.replace(".", "_").replace("-", "_")


ACTIONS: Final = (
    Action("card.approve", "approve", ("a",), "A held command", "Let it run, once.", ONLY_LIVE, 99),
    Action(
        "card.deny",
        "deny",
        ("d",),
        "A held command",
        "Refuse it; what you type is told to the agent.",
        ONLY_LIVE,
        98,
    ),
    Action("card.edit", "edit", ("e",), "A held command", "Change it, then let it run.", ONLY_LIVE, 97),
    Action(
        "card.pattern",
        "allow such",
        ("A",),
        "A held command",
        "Let it run, and such commands for the rest of this session; the pattern is shown and editable.",
        ONLY_LIVE,
        96,
    ),
    Action(
        "hands.leave",
        "leave the shell",
        ("ctrl+right_square_bracket",),
        "Your hands",
        "Give the keyboard back to the agent, who is told what changed.",
        AT_WORK,
        100,
    ),
    Action(
        "repair.submit",
        "submit",
        ("S",),
        "A repair",
        "Have the container graded by the task's own grader; that ends the work.",
        ONLY_REPAIR,
        95,
    ),
    Action(
        "repair.give-up",
        "give up",
        ("X",),
        "A repair",
        "Give the task up; it is graded all the same.",
        ONLY_REPAIR,
        94,
    ),
    Action(
        "replay.play", "play", ("space",), "Replay", "Play or pause; at the end, begin anew.", ONLY_REPLAY, 95
    ),
    Action(
        "replay.step",
        "step",
        ("full_stop",),
        "Replay",
        "Forward to where the next step's result is in.",
        ONLY_REPLAY,
        94,
    ),
    Action(
        "replay.step-back", "back", ("comma",), "Replay", "Back to an earlier step's result.", ONLY_REPLAY, 93
    ),
    Action(
        "replay.command",
        "command",
        ("right_square_bracket",),
        "Replay",
        "Forward to where the next command has just started.",
        ONLY_REPLAY,
    ),
    Action(
        "replay.command-back",
        "command back",
        ("left_square_bracket",),
        "Replay",
        "Back to where an earlier command had just started.",
        ONLY_REPLAY,
    ),
    Action(
        "replay.marker",
        "next mark",
        ("m",),
        "Replay",
        "Forward to the next marker: a flip, a fork, a gate, a task.",
        ONLY_REPLAY,
        80,
    ),
    Action("replay.marker-back", "mark back", ("M",), "Replay", "Back to the marker before.", ONLY_REPLAY),
    Action("replay.forward", "5 s on", ("right",), "Replay", "Five seconds on.", ONLY_REPLAY),
    Action("replay.back", "5 s back", ("left",), "Replay", "Five seconds back.", ONLY_REPLAY),
    Action("replay.minute", "1 min on", ("shift+right",), "Replay", "A minute on.", ONLY_REPLAY),
    Action("replay.minute-back", "1 min back", ("shift+left",), "Replay", "A minute back.", ONLY_REPLAY),
    Action("replay.faster", "faster", ("greater_than_sign",), "Replay", "Play faster.", ONLY_REPLAY),
    Action("replay.slower", "slower", ("less_than_sign",), "Replay", "Play slower.", ONLY_REPLAY),
    Action(
        "replay.percent",
        "per cent",
        tuple("0123456789"),
        "Replay",
        "Go to 0, 10, ... 90 per cent of the session.",
        ONLY_REPLAY,
    ),
    Action(
        "replay.go",
        "go to",
        ("colon",),
        "Replay",
        "Go to a time (1:30), a step (12) or a share (40%).",
        ONLY_REPLAY,
        35,
    ),
    Action(
        "session.mode",
        "mode",
        ("m",),
        "Session",
        "Decide nothing (auto), every command (confirm), or everything (manual).",
        ONLY_LIVE,
        70,
    ),
    Action(
        "session.pause",
        "pause",
        ("space",),
        "Session",
        "Pause the branch after this step, or let it go on.",
        ONLY_LIVE,
        90,
    ),
    Action(
        "session.interrupt", "interrupt", ("ctrl+c",), "Session", "End the running command.", ONLY_LIVE, 60
    ),
    Action(
        "session.guide",
        "guide",
        ("i",),
        "Session",
        "Tell the agent what to do; it is told at the next step.",
        ONLY_LIVE,
        85,
    ),
    Action(
        "session.guide-now",
        "guide now",
        (),
        "Session",
        "Tell the agent at once: the running command is interrupted.",
        ONLY_LIVE,
    ),
    Action(
        "session.new-branch", "new branch", ("b",), "Session", "Open another branch from gold.", ONLY_LIVE
    ),
    Action(
        "hands.take",
        "take over",
        ("t",),
        "Your hands",
        "Type into the branch's shell yourself, until you leave it. Every key is in the journal.",
        AT_WORK,
        75,
    ),
    Action(
        "hands.suspend",
        "real shell",
        ("T",),
        "Your hands",
        "Leave the screen for a real `docker exec -it` in the branch's container.",
        ONLY_LIVE,
    ),
    Action(
        "branch.fork",
        "fork",
        ("f",),
        "Branches",
        "Open a branch from the step under the cursor of the tree, else from the newest.",
        ONLY_LIVE,
        72,
    ),
    Action(
        "branch.undo", "undo", ("u",), "Branches", "Go on from before the last step, on a fork.", ONLY_LIVE
    ),
    Action(
        "branch.commit",
        "commit",
        ("c",),
        "Branches",
        "The card of a step that broke something: its Dockerfile, its tests, the gates on its way to a task.",
        BREAKING,
        78,
    ),
    Action("branch.discard", "discard", ("x",), "Branches", "End the branch.", ONLY_LIVE),
    Action("branch.rename", "rename", ("r",), "Branches", "Give the branch a title.", ONLY_LIVE),
    Action("branch.note", "note", ("n",), "Branches", "Write a note on the branch; in the tree.", ONLY_LIVE),
    Action(
        "branch.follow",
        "follow",
        ("w",),
        "Branches",
        "Look at whatever branch is at work, after one was chosen in the tree.",
        SESSION,
    ),
    Action(
        "tests.filter", "filter", ("s",), "Tests", "Show all, the broken, or the flipped tests.", BREAKING, 50
    ),
    Action(
        "dockerfile.compare",
        "paths",
        ("D",),
        "Dockerfile",
        "The paths that all commands together changed since gold, or again the commands.",
        SESSION,
        48,
    ),
    Action(
        "view.shell", "shell", ("1", "f2"), "Panes", "Go to the shell (digits: in a live session).", SESSION
    ),
    Action("view.tests", "tests", ("2", "f3"), "Panes", "Go to the tests.", SESSION),
    Action("view.dockerfile", "dockerfile", ("3", "f4"), "Panes", "Go to the Dockerfile.", SESSION),
    Action("view.tree", "tree", ("4", "f5"), "Panes", "Go to the tree of branches and steps.", SESSION),
    Action(
        "view.talk",
        "model",
        ("o",),
        "Panes",
        "Read what the model thinks and says on this branch, as it comes.",
        SESSION,
    ),
    Action("view.next", "pane", ("tab",), "Panes", "Go to the next pane.", SESSION, 65),
    Action("view.previous", "pane back", ("shift+tab",), "Panes", "Go to the pane before.", SESSION),
    Action(
        "view.maximise",
        "maximise",
        ("z",),
        "Panes",
        "Give the pane the whole screen, or take it back.",
        SESSION,
        40,
    ),
    Action("pane.down", "down", ("j", "down"), PANE, "A line down.", ANYWHERE),
    Action("pane.up", "up", ("k", "up"), PANE, "A line up.", ANYWHERE),
    Action("pane.left", "left", ("h",), PANE, "To the left."),
    Action("pane.right", "right", ("l",), PANE, "To the right."),
    Action("pane.page-down", "page down", ("ctrl+d", "pagedown"), PANE, "A page down.", ANYWHERE),
    Action("pane.page-up", "page up", ("ctrl+u", "pageup"), PANE, "A page up.", ANYWHERE),
    Action("pane.top", "top", ("g", "home"), PANE, "To the first line.", ANYWHERE),
    Action(
        "pane.bottom",
        "bottom",
        ("G", "end"),
        PANE,
        "To the last line; what grows is followed again.",
        ANYWHERE,
    ),
    Action("pane.search", "search", ("slash",), PANE, "Search.", ANYWHERE, 30),
    Action("pane.match", "next match", ("n",), PANE, "To the next match.", ANYWHERE),
    Action("pane.match-back", "match back", ("N",), PANE, "To the match before.", ANYWHERE),
    Action(
        "pane.choose",
        "open",
        ("enter",),
        PANE,
        "Tests: what the failure said. Tree: look at this branch. Dockerfile: the tests a step flipped.",
        SESSION,
        45,
    ),
    Action("pane.copy", "copy", ("y",), PANE, "Copy what is selected, or all the pane shows.", ANYWHERE),
    Action(
        "pane.copy-line",
        "copy the line",
        ("Y",),
        PANE,
        "Copy what the line is about: a test's name, a step's command, a line of the Dockerfile, a path.",
        ANYWHERE,
    ),
    Action(
        "home.start",
        "start or open",
        ("enter",),
        "Home",
        "Start a session on a gold environment, or replay a recorded one.",
        ONLY_HOME,
        90,
    ),
    Action(
        "home.agent", "agent", ("a",), "Home", "Change who breaks: the catalogue, or a model.", ONLY_HOME, 70
    ),
    Action(
        "home.resume",
        "go on with it",
        ("r",),
        "Home",
        "Go on with a session that was interrupted: its branches stand where they stood.",
        ONLY_HOME,
        89,
    ),
    Action("home.reload", "reload", ("f5",), "Home", "Look again at what there is.", ONLY_HOME, 10),
    Action("app.help", "help", ("question_mark", "f1"), "Program", "This list.", ANYWHERE, 88),
    Action("app.palette", "palette", ("ctrl+p",), "Program", "Find an action by its name.", ANYWHERE, 20),
    Action("app.theme", "theme", (), "Program", "Choose colours.", ANYWHERE),
    Action("app.screenshot", "screenshot", (), "Program", "Save the screen as an SVG picture.", ANYWHERE),
    Action(
        "app.quit",
        "quit",
        ("q", "ctrl+q"),
        "Program",
        "Leave. A live session is ended in good order.",
        ANYWHERE,
        87,
    ),
)

BY_ID: Final = {action.id: action for action in ACTIONS}
PANE_ACTIONS: Final = tuple(action for action in ACTIONS if action.id.startswith("pane."))


def at(where: str) -> list[Action]:
    """What can be done at a place."""
    return [action for action in ACTIONS if where in action.where]
