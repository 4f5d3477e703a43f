"""A model as the agent of a branch: one command a turn, each with what it led to, until it is content."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from engine import clean
from engine.agents import told
from engine.agents.hands import Unfit, meant
from engine.agents.loops import CIRCLING, STUCK, Loops
from engine.agents.model import Feedback, GiveUp, Nominate, Proposal
from engine.ledger import Steps
from engine.models.answer import CUT, DONE, FULL, ODD, PAUSED, REFUSED, Answer
from engine.models.conversation import AGAIN, Conversation
from engine.models.service import Service

PATIENCE = 4
"""Answers in a row without anything to do, after which nothing more is expected."""

_NUDGES = {
    DONE: "Go on with one call of a tool: `bash`, `nominate` or `give_up`.",
    CUT: "Your answer was cut off because it was too long, and nothing of it was run. Make it shorter.",
    ODD: "Your answer ended in an unusual way, and nothing of it was run. Go on with one call of a tool.",
}
_CIRCLING = "You have done this several times with the same result. Try something different, or give up."


@dataclass
class Claude:
    """Proposes what the model says."""

    service: Service
    conversation: Conversation
    begin: Callable[[], str]
    """Makes the first message; called when the branch is there."""
    tests: int
    family: str = ""
    """The direction it was sent in."""
    fallback: str = ""
    """Asked instead once the first model has declined."""
    limit: int = 0
    """Steps after which it rests; 0 for no limit of its own."""
    steps: Steps = field(default_factory=Steps)
    """Of the whole session."""
    name: str = "claude"
    put: Nominate | None = None
    """What it put forward."""
    broken: frozenset[str] = frozenset()
    loops: Loops = field(default_factory=Loops)
    origin: tuple[Conversation, int] | None = None
    """What it forks from: the other conversation, and the step."""
    _begun: bool = False
    _call: str = ""
    """Id of the call that waits for its result."""
    _command: str = ""
    _again: Proposal | Nominate | GiveUp | None = None
    """What the model wanted when an earlier process ended."""
    _circle: str = ""
    _after: dict[int, frozenset[str]] = field(default_factory=dict)
    """Tests that did not pass after each step, and at 0 where a fork began."""

    async def propose(self) -> Proposal | Nominate | GiveUp:
        """The model's next command, or its end.

        Raises:
            LimitReached: the user's budget is used up.
            ModelError: the service failed for good.
        """
        if not self._begun:
            self._start()
        if self._again is not None:
            again, self._again = self._again, None
            return self._decided(again)
        if self._circle == STUCK:
            return self._rest("it goes round in circles")
        if self.limit and self.conversation.step >= self.limit:
            return self._rest(f"{self.limit} steps are done")
        for _ in range(PATIENCE):
            self.steps.check()
            answer = await self.conversation.ask(self.service)
            if answer.outcome == FULL:
                return self._rest("the conversation is as long as it can be")
            if answer.outcome == REFUSED:
                if not self._another():
                    return GiveUp(
                        f"the model declines: {clean.line(answer.detail, 200) or 'no reason given'}"
                    )
                continue
            action = self._action(answer)
            if action is not None:
                return self._decided(action)
        return self._rest(f"no command in {PATIENCE} answers")

    def _decided(self, action: Proposal | Nominate | GiveUp) -> Proposal | Nominate | GiveUp:
        if isinstance(action, Proposal):
            self.steps.done += 1
        elif isinstance(action, Nominate):
            self.put = action
        return action

    def _start(self) -> None:
        self._begun = True
        if self.origin is not None:
            parent, step = self.origin
            fork = parent.forked(self.conversation.branch, step)
            self.conversation.messages, self.conversation.shared = fork.messages, fork.shared
        self.conversation.begin()
        self.conversation.tell(self.begin())

    def revive(self, after: dict[int, frozenset[str]]) -> None:
        """Go on where an earlier process stopped: an answer nobody acted on to the end is acted on now.

        `after` are the tests that did not pass after each step.
        """
        self._begun, self._after = True, after
        self.broken = after[max(after)] if after else frozenset()
        talk, last = self.conversation, self.conversation.last()
        if last is not None and last.role == "assistant" and talk.open():
            self._again = self._action(Answer(DONE, last.content, last.stop_reason))
        else:
            self._again = self._ended()
        if self._again is None or isinstance(self._again, Proposal):
            talk.tell(AGAIN)

    def _ended(self) -> Nominate | GiveUp | None:
        """The end the model has put to the branch, if that was the last thing it did."""
        said = [message for message in self.conversation.messages[-2:] if message.role == "assistant"]
        calls = [block for message in said for block in message.content if block["type"] == "tool_use"]
        last = self.conversation.last()
        if not calls or last is None or any(block.get("is_error") for block in last.content):
            return None
        try:
            action = meant(calls[0], broken=bool(self.broken))
        except Unfit:
            return None
        return None if isinstance(action, Proposal) else action

    def _another(self) -> bool:
        """Turn to the other model after a refusal; whether there is one left."""
        if not self.fallback or self.conversation.model == self.fallback:
            return False
        self.conversation.model = self.fallback
        return True

    def _action(self, answer: Answer) -> Proposal | Nominate | GiveUp | None:
        """What an answer asks for; None when the model has to be asked again."""
        if answer.outcome == PAUSED:
            return None
        if not answer.tools:
            for call in self.conversation.open():
                self.conversation.result(call, "This was not run.", error=True)
            self.conversation.tell(_NUDGES.get(answer.outcome, _NUDGES[ODD]))
            return None
        first, *others = answer.tools
        for other in others:
            self.conversation.result(
                other["id"], "Only one call in a turn; this one was not run.", error=True
            )
        try:
            action = meant(first, broken=bool(self.broken))
        except Unfit as unfit:
            self.conversation.result(first["id"], str(unfit), error=True)
            return None
        if isinstance(action, Proposal):
            self._call, self._command = first["id"], action.command
        else:
            self.conversation.result(first["id"], "Understood.")
        return action

    def _rest(self, reason: str) -> Nominate | GiveUp:
        """The end that was not the model's: what is broken is put forward all the same."""
        if self.broken:
            good = max(step for step, tests in self._after.items() if tests)
            self.put = Nominate(reason, good, family=self.family)
            return self.put
        return GiveUp(reason)

    def observe(self, feedback: Feedback) -> None:
        """Tell the model what its command led to."""
        text = told.of(feedback, self.tests, self._command)
        self.conversation.step = feedback.step
        self.broken = self._after[feedback.step] = feedback.broken
        digest = hashlib.blake2b(f"{feedback.exit_code}{feedback.output!r}{feedback.flips}".encode())
        self._circle = self.loops.add(self._command, digest.hexdigest())
        if self._circle == CIRCLING:
            text = f"{text}\n\n{_CIRCLING}"
        self._answer(text)

    def guide(self, text: str) -> str:
        """Pass the operator's words on."""
        self._circle = ""
        self._say(f"The operator says: {text}")
        return "passed on to the model"

    def denied(self, reason: str) -> None:
        """Tell the model that its command was not allowed."""
        self.conversation.step += 1  # the proposal was a step
        self._answer(f"The operator did not allow this command. {reason}".strip(), error=True)

    def told(self, changed: tuple[str, ...], broken: frozenset[str]) -> None:
        """Tell the model what the operator's hands have done."""
        self.conversation.step += 1
        self.broken = self._after[self.conversation.step] = broken
        self._say(told.by_hand(changed, broken))

    def _say(self, text: str) -> None:
        if not self._begun:
            self._start()
        self.conversation.tell(text)

    def _answer(self, text: str, *, error: bool = False) -> None:
        call, self._call = self._call, ""
        if call:
            self.conversation.result(call, text, error=error)
        else:
            self._say(text)

    def forked(self, branch: str, step: int) -> Claude:
        """The same model on a branch that goes on from `step`, knowing what was said up to there."""
        own = self.conversation
        talk = Conversation(branch, own.purpose, own.model, own.system, own.tools, own.note)
        known = [number for number in self._after if number <= step]
        broken = self._after[max(known)] if known else frozenset()

        def another() -> str:
            return f"This is another branch: everything is again as it was after step {step}. Go another way."

        # One that nobody has told anything yet has nothing to hand on but what it would be told itself.
        begin, origin = (another, (own, step)) if self._begun else (self.begin, self.origin)
        return Claude(
            self.service,
            talk,
            begin,
            self.tests,
            self.family,
            self.fallback,
            self.limit,
            self.steps,
            broken=broken,
            origin=origin,
            _after={0: broken},
        )
