"""The statement's words by a model: how the report opens, and what its two hints say.

Facts, output and rules stay those of `engine.statement`; what the model says has to pass the same checks as
the offline words, and where it does not, those are taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from engine import clean
from engine.errors import CligymError
from engine.models import tools
from engine.models.answer import Ask
from engine.models.service import Service

PURPOSE: Final = "write"

_SYSTEM: Final = """\
You write bug reports as users of a Python project write them: plain, short, without guesses. Something is \
wrong with the environment the project runs in, and its tests show it. You are given a report and two hints. \
Say the opening and the hints anew, in words of your own, in the voice of somebody who only sees the \
symptoms. Keep to what is there: no cause, no command, no file that is not named in that very part. The \
strong hint has to name the places in backticks as it does now, the weak one no place at all.
"""
_TOOL: Final = tools.tool(
    "write",
    "Hand in the new words.",
    opening=tools.text("One to three sentences that open the report."),
    weak=tools.text("The weak hint in one sentence."),
    strong=tools.text("The strong hint in one sentence."),
)


@dataclass(frozen=True, slots=True)
class Words:
    """What a model wrote."""

    opening: str
    weak: str
    strong: str


@dataclass
class Writer:
    """Asks a model for words, one answer for each candidate."""

    service: Service
    model: str
    batch: bool = False
    """Whether it can wait, for half the price."""

    async def words(self, branch: str, step: int, report: str, weak: str, strong: str) -> Words | None:
        """New words for a report and its hints; None when there are none to be had."""
        told = f"The report:\n\n{report}\n\nThe weak hint:\n{weak}\n\nThe strong hint:\n{strong}"
        ask = Ask(
            model=self.model,
            messages=({"role": "user", "content": [{"type": "text", "text": told}]},),
            purpose=PURPOSE,
            system=_SYSTEM,
            tools=(_TOOL,),
            max_tokens=2000,
            branch=branch,
            step=step,
            batch=self.batch,
        )
        try:
            answer = await self.service.ask(ask)
        except CligymError:
            return None  # the words that need nobody are there
        for call in answer.tools:
            said = [_one(call["input"].get(name)) for name in ("opening", "weak", "strong")]
            if call["name"] == "write" and all(said):
                return Words(*said)
        return None


def _one(value: object) -> str:
    """A paragraph in one line."""
    return clean.line(" ".join(value.split()), 900) if isinstance(value, str) else ""
