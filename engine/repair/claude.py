"""A model as solver: it reads the instruction, types one command a turn, and says when it is done."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from engine.agents.loops import CIRCLING, STUCK, Loops
from engine.models import tools
from engine.models.answer import CUT, DONE, FULL, PAUSED, REFUSED, Answer, Block
from engine.models.conversation import AGAIN, Conversation
from engine.models.reach import Minds
from engine.models.service import Service
from engine.repair.solver import Feedback, GiveUp, Proposal, Stopped, Submit
from engine.sandbox.watch import INCOMPLETE, INTERRUPTED, LOST, TIMEOUT
from sessions import repairs
from sessions.trajectories.printed import Printed

NAME = "claude"
PURPOSE = "repair"
NUDGES = 3
"""Turns in a row without a command that are answered with a word."""

SYSTEM: Final = """\
You are at a root shell in a container with a software project whose environment is damaged. Repair the \
environment so that what you are asked for is true.

- Type one command at a time with the tool `bash`. It is one shell that stays: directory, variables and \
background jobs are as the last command left them. After each you get what it printed and its exit code.
- Nobody answers questions and there is no network. Programs that wait for input are ended.
- Look before you change something, and run the tests yourself as often as you want to know how they do.
- When you are sure that it is repaired, call `submit`: that ends the work, and what you leave is graded.
- When you see no way, call `give_up` and say why.
"""


TOOLS: Final = (
    tools.tool(
        "bash", "Run a command in the shell.", command=tools.text("The command, as one would type it.")
    ),
    tools.tool("submit", "The environment is repaired: have it graded. Ends the work."),
    tools.tool("give_up", "Stop without a repair. Ends the work.", reason=tools.text("Why.")),
)

_ENDED: Final = {
    TIMEOUT: "The command took too long and was ended.",
    INTERRUPTED: "The command was interrupted.",
    INCOMPLETE: "The shell waited for more input, and the command was ended.",
    LOST: "The command ended the shell; there is a new one.",
}
_NO_TOOL: Final = "Go on with a command, or call `submit` or `give_up`."
_CUT: Final = "Your answer was cut off for its length. Say less, and use shorter commands."
_CIRCLES: Final = "You get the same again and again. Try something else, or give up."


def told(feedback: Feedback, command: str) -> str:
    """What the model is told of a command: what it printed, clipped, and how it ended."""
    printed = Printed()
    printed.add(feedback.output)
    text = printed.text(command)
    parts = [text] if text else []
    if feedback.outcome in _ENDED:
        parts.append(_ENDED[feedback.outcome])
    parts.append("Exit code: " + ("unknown" if feedback.exit_code is None else str(feedback.exit_code)))
    return "\n\n".join(parts)


@dataclass
class Claude:
    """A model at work on one branch. What to make of an answer is decided in `read`, without waiting."""

    talk: Conversation
    service: Service
    fallback: str = ""
    """The model that is asked instead once the first has refused; empty for none."""
    name: str = NAME
    brings: bytes = b""
    _call: str = ""
    """The tool's use whose result is due."""
    _command: str = ""
    _again: Proposal | Submit | GiveUp | Stopped | None = None
    """What the model wanted when an earlier process ended."""
    _nudges: int = 0
    _stuck: bool = False
    _loops: Loops = field(default_factory=Loops)

    def begin(self, instruction: str) -> None:
        """Give it the task."""
        self.talk.begin()
        self.talk.tell(instruction)

    def revive(self) -> None:
        """Go on where an earlier process stopped: an answer nobody acted on is acted on now."""
        last = self.talk.last()
        if last is not None and last.role == "assistant" and self.talk.open():
            self._again = self.read(Answer(DONE, last.content, last.stop_reason))
        self.talk.tell(AGAIN)

    async def propose(self) -> Proposal | Submit | GiveUp | Stopped:
        """Ask until there is a command or an end.

        Raises:
            LimitReached, ModelError: see `Service.ask`.
        """
        if self._again is not None:
            again, self._again = self._again, None
            return again
        if self._stuck:
            return Stopped(repairs.GAVE_UP, "it went in circles")
        model = ""
        while True:
            answer = await self.talk.ask(self.service, model=model)
            if answer.outcome == REFUSED and self.fallback and not model:
                model = self.fallback
                continue
            if (decided := self.read(answer)) is not None:
                return decided

    def read(self, answer: Answer) -> Proposal | Submit | GiveUp | Stopped | None:
        """What an answer asks for; None when it has to be asked again, and has been told why."""
        if answer.outcome == REFUSED:
            return Stopped(repairs.REFUSED, answer.detail or "the model refused")
        if answer.outcome == FULL:
            return Stopped(repairs.LIMIT, "the conversation is as long as the model takes")
        if answer.outcome == PAUSED:
            return None
        if answer.outcome == DONE and answer.tools:
            return self._used(answer.tools[0], answer.text)
        return self._nudge(_CUT if answer.outcome == CUT else _NO_TOOL)

    def _used(self, tool: Block, said: str) -> Proposal | Submit | GiveUp | Stopped | None:
        given = tool.get("input")
        match tool.get("name"), given if isinstance(given, dict) else {}:
            case "submit", _:
                return Submit(_line(said))
            case "give_up", arguments:
                return GiveUp(_line(str(arguments.get("reason") or said)))
            case "bash", {"command": str(command)} if command.strip():
                self._call, self._command, self._nudges = str(tool["id"]), command, 0
                return Proposal(command, self.name, intent=_line(said))
            case _:
                self.talk.result(str(tool["id"]), "This is no use of a tool there is.", error=True)
                return self._nudge(_NO_TOOL)

    def _nudge(self, text: str) -> Stopped | None:
        self._nudges += 1
        if self._nudges > NUDGES:
            return Stopped(repairs.GAVE_UP, "it neither did anything nor submitted")
        self.talk.tell(text)
        return None

    def observe(self, feedback: Feedback) -> None:
        """Tell it what became of the command, and when it goes in circles."""
        result = told(feedback, self._command)
        self.talk.step = feedback.step
        self.talk.result(self._call, result, error=feedback.outcome in _ENDED)
        going = self._loops.add(self._command, result)
        self._stuck = going == STUCK
        if going == CIRCLING:
            self.talk.tell(_CIRCLES)


def begun(service: Service, minds: Minds, branch: str, instruction: str) -> Claude:
    """A model that was just given the instruction."""
    talk = Conversation(branch, PURPOSE, minds.model, SYSTEM, TOOLS, service.note)
    made = Claude(talk, service, minds.fallback)
    made.begin(instruction)
    return made


def again(service: Service, minds: Minds, talk: Conversation) -> Claude:
    """A model that goes on with what was said in an earlier process."""
    made = Claude(talk, service, minds.fallback)
    made.revive()
    return made


def _line(text: str) -> str:
    return " ".join(text.split())[:500]
