"""A recorded session of a real project, so that there is something to watch before anything is set up."""

from pathlib import Path
from typing import Final

DEMO: Final = Path(__file__).parent / "session.jsonl"
