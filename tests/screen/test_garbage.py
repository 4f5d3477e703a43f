"""The collector beside the screen: what gets old is fetched, and only where the program is ours."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref

from cligym_tui.screen import garbage

SCRIPT = """
import gc, weakref
from cligym_tui.screen import garbage

class Ring:
    def __init__(self):
        self.me = self

garbage.begin()
imported = gc.get_freeze_count()
mounted = [Ring() for _ in range(1000)]
garbage.settle()
assert gc.get_freeze_count() >= imported + 1000, "what a screen begins with is left out"
lost = weakref.ref(Ring())
gc.collect(1)  # it survives nothing: young ones are fetched without us
assert lost() is None
old = Ring()
gc.collect(1)  # and now it is old
lost = weakref.ref(old)
del old
for _ in range(3):
    gc.collect(1)
assert lost() is not None, "only a full collection fetches it"
garbage.bite()
assert lost() is None
"""


def test_what_got_old_is_fetched() -> None:
    subprocess.run([sys.executable, "-c", SCRIPT], check=True, timeout=100)


def test_in_another_program_nothing_is_done() -> None:
    class Ring:
        def __init__(self) -> None:
            self.me = self

    frozen = gc.get_freeze_count()
    gc.disable()
    try:
        lost = weakref.ref(Ring())
        garbage.settle()
        garbage.bite()
        assert lost() is not None
        assert gc.get_freeze_count() == frozen
    finally:
        gc.enable()
