"""`python -m tests.fake_messages COMMAND...`: the command, with a fake model that breaks python-dotenv."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.fake_messages.breaker import Breaker
from tests.fake_messages.faults import Fault
from tests.fake_messages.server import FakeMessages

_PACKAGE = "/opt/venv/lib/python3*/site-packages/click"
POLICY = Breaker(
    [
        "id; ls -l /opt/venv/lib/python3*/site-packages | head -30",
        f"ls -ld {_PACKAGE}",
        f"chmod 700 {_PACKAGE}",
    ],
    family="permissions",
    intent="A package was copied by root with a umask that lets nobody else read it.",
    recovery="Let everybody read the package again.",
)


def main() -> int:
    """Serve while the command runs; its exit code."""
    # What happens to anybody's requests now and then happens here as well.
    with FakeMessages(POLICY).then(None, Fault.throttled(0.5), None, Fault.silent_end()) as fake:
        settings = {
            "ANTHROPIC_BASE_URL": fake.url,
            "ANTHROPIC_API_KEY": "none-is-needed",
            "CLIGYM_PROVIDER": "anthropic",
        }
        return subprocess.run(sys.argv[1:], env={**os.environ, **settings}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
