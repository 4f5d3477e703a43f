"""`python -m tests.fake_messages COMMAND...`: the command, with a fake model that works on python-dotenv.

It breaks the environment, says the report in words of its own, and repairs what it broke, two times of three.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from typing import Any

from tests.fake_messages.breaker import Breaker
from tests.fake_messages.faults import Fault
from tests.fake_messages.replies import Block, Reply, text, thinking, tool
from tests.fake_messages.server import FakeMessages

_PACKAGE = "/opt/venv/lib/python3*/site-packages/click"


def words(told: str) -> dict[str, str]:
    """What it writes of a report: an opening of its own, and the hints said anew."""
    return {
        "opening": "Since this morning I cannot get the tests of this project to pass any more.",
        "weak": "To me it looks as if somebody may not do what they could before.",
        "strong": f"Somebody who had a look told me: {told.partition('The strong hint:')[2].strip()}",
    }


BREAKS = Breaker(
    [
        "id; ls -l /opt/venv/lib/python3*/site-packages | head -30",
        f"ls -ld {_PACKAGE}",
        f"chmod 700 {_PACKAGE}",
    ],
    family="permissions",
    intent="A package was copied by root with a umask that lets nobody else read it.",
    recovery="Let everybody read the package again.",
    words=words,
)
MENDS = [
    "su dev -s /bin/bash -c 'cd /app && python -m pytest -q -x 2>&1 | tail -5'",
    f"ls -ld {_PACKAGE}",
    f"chmod 755 {_PACKAGE}",
]
_attempts = itertools.count(1)


def mends(body: dict[str, Any]) -> Reply | list[Block]:
    """Repairs what was broken; every third time it believes too soon that nothing is wrong."""
    done = sum(message["role"] == "assistant" for message in body["messages"])
    if not done and next(_attempts) % 3 == 2:
        return [text("I see nothing wrong."), tool("submit")]
    if done < len(MENDS):
        said = ("I look.", "Who may read it?", "So that is it.")[done]
        return [thinking(f"Step {done + 1}."), text(said), tool("bash", command=MENDS[done])]
    return [text("Everybody can read the package again."), tool("submit")]


def policy(body: dict[str, Any]) -> Reply | list[Block]:
    """Whatever it is asked for."""
    return mends(body) if any(one["name"] == "submit" for one in body["tools"]) else BREAKS(body)


def main() -> int:
    """Serve while the command runs; its exit code."""
    # What happens to anybody's requests now and then happens here as well.
    with FakeMessages(policy).then(None, Fault.throttled(0.5), None, Fault.silent_end()) as fake:
        settings = {
            "ANTHROPIC_BASE_URL": fake.url,
            "ANTHROPIC_API_KEY": "none-is-needed",
            "CLIGYM_PROVIDER": "anthropic",
        }
        return subprocess.run(sys.argv[1:], env={**os.environ, **settings}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
