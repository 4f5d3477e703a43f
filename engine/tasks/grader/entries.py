"""Scripts that installers write for an entry point: whoever wrote one, it leads where it leads."""

from __future__ import annotations

import hashlib
import os
import re
from typing import Any

ENTRIES = (
    """\
#!{python}
# -*- coding: utf-8 -*-
import re
import sys
from {module} import {name}
if __name__ == '__main__':
    sys.argv[0] = re.sub(r'(-script\\.pyw|\\.exe)?$', '', sys.argv[0])
    sys.exit({call}())
""",
    """\
#!{python}
import sys
from {module} import {name}
if __name__ == '__main__':
    if sys.argv[0].endswith('.exe'):
        sys.argv[0] = sys.argv[0][:-4]
    sys.exit({call}())
""",
    """\
#!{python}
# -*- coding: utf-8 -*-
import sys
from {module} import {name}
if __name__ == "__main__":
    if sys.argv[0].endswith("-script.pyw"):
        sys.argv[0] = sys.argv[0][:-11]
    elif sys.argv[0].endswith(".exe"):
        sys.argv[0] = sys.argv[0][:-4]
    sys.exit({call}())
""",
)
"""What pip, newer ones of it and uv write for an entry point."""
ENTRY = re.compile(
    r"#!(/\S+)\n(?:.*\n)*?from ([\w.]+) import (\w+)\n(?:.*\n)*    sys\.exit\(([\w.]+)\(\)\)\n"
)
"""The interpreter, the module, what is taken from it, and what of that is called."""


def same(path: str, was: str, contract: dict[str, Any]) -> bool:
    """Whether a script leads where gold's did, with the same interpreter, whatever wrote it."""
    try:
        with open(path, "rb") as file:
            text = file.read(4096).decode("ascii", "replace")
    except OSError:
        return False
    found = ENTRY.fullmatch(text)
    # The environment's packages are found by where the interpreter's name lies.
    if (
        found is None
        or os.path.dirname(found[1]) != os.path.dirname(contract["python"])
        or os.path.realpath(found[1]) != contract["interpreter"]
    ):
        return False
    parts = {"module": found[2], "name": found[3], "call": found[4]}
    if text not in {form.format(python=found[1], **parts) for form in ENTRIES}:
        return False
    gold = {form.format(python=contract["python"], **parts) for form in ENTRIES}
    return was in {hashlib.sha256(form.encode("ascii")).hexdigest() for form in gold}
