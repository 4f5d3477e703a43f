"""The tools a model has on a branch, and what their calls mean."""

from __future__ import annotations

from typing import Final

from engine import clean
from engine.agents.model import GiveUp, Nominate, Proposal
from engine.faults.model import FAMILIES
from engine.models import tools
from engine.models.answer import Block
from engine.sandbox.shell import typed

LONGEST = 8000
"""Characters of one command."""


TOOLS: Final = (
    tools.tool(
        "bash",
        "Run one command in the live shell of the container and see what it led to. Nothing can be typed "
        "into a running command, so do not start interactive programs.",
        command=tools.text("The command, as one types it."),
        why=tools.text("What it is for, in one short sentence."),
    ),
    tools.tool(
        "nominate",
        "Put the environment as it is now forward as an exercise. Some tests must not pass at this point.",
        family=tools.text("The kind of cause.", enum=list(FAMILIES)),
        intent=tools.text("What happened to the environment in terms of real life, in one or two sentences."),
        recovery=tools.text("How somebody who has understood it puts it right, in one or two sentences."),
    ),
    tools.tool(
        "give_up", "End this attempt: nothing good will come of it.", reason=tools.text("Why, in a sentence.")
    ),
)


class Unfit(Exception):
    """The call cannot be followed; the message tells the model why."""


def meant(call: Block, *, broken: bool) -> Proposal | Nominate | GiveUp:
    """What a call of a tool asks for.

    Args:
        call: a block of type `tool_use`.
        broken: whether tests do not pass now.

    Raises:
        Unfit: nothing that can be done.
    """
    name, said = call.get("name"), call.get("input")
    given = said if isinstance(said, dict) else {}

    def word(key: str, limit: int) -> str:
        value = given.get(key)
        return clean.line(" ".join(value.split()), limit) if isinstance(value, str) else ""

    if name == "bash":
        command = given.get("command")
        if not isinstance(command, str) or not typed(command).strip():
            raise Unfit("There was no command.")
        if len(command) > LONGEST:
            raise Unfit(f"The command is longer than {LONGEST} characters; it was not run.")
        return Proposal(typed(command), "claude", intent=word("why", 300))
    if name == "nominate":
        if not broken:
            raise Unfit("All tests pass now, so there is nothing to put forward yet.")
        family = given.get("family")
        if family not in FAMILIES:
            raise Unfit(f"The family has to be one of {', '.join(FAMILIES)}.")
        intent = word("intent", 500)
        return Nominate(intent, family=family, intent=intent, recovery=word("recovery", 500))
    if name == "give_up":
        return GiveUp(word("reason", 300) or "the model gives up")
    raise Unfit(f"There is no tool {clean.line(str(name), 60)}.")
