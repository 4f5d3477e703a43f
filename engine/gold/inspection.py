"""A look into a built image: exact versions, and whether pip is content."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from engine import clean
from engine.gold.model import VENV_DIR
from engine.gold.requirements import normalise
from engine.sandbox.client import Engine
from engine.sandbox.sandbox import Sandbox

_SCRIPT = """\
import importlib.metadata as m, json, sys
names = {d.metadata["Name"]: d.version for d in m.distributions() if d.metadata["Name"]}
print(json.dumps([sys.version.split()[0], names]))
"""


@dataclass(frozen=True)
class Seen:
    """What an image says of itself."""

    python: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    pip_check: str = ""
    """Complaints of `pip check`; empty when it has none."""


async def inspect(engine: Engine, image: str) -> Seen:
    """What is installed in the virtual environment of `image`.

    Raises:
        EngineError: the engine failed.
    """
    python = f"{VENV_DIR}/bin/python"
    async with await Sandbox.start(engine, image, purpose="inspection") as sandbox:
        asked = await sandbox.exec([python, "-I", "-c", _SCRIPT], timeout=60)
        checked = await sandbox.exec([python, "-m", "pip", "--isolated", "check"], timeout=120)
    try:
        version, names = msgspec.json.decode(asked.stdout, type=tuple[str, dict[str, str]])
    except msgspec.MsgspecError:
        version, names = "", {}
    versions = {
        clean.line(normalise(name), 200): clean.line(text, 200) for name, text in sorted(names.items())
    }
    complaint = clean.block(checked.stdout.decode("utf-8", "replace")).strip() if checked.exit_code else ""
    return Seen(clean.line(version, 50), versions, complaint)
