"""What is loaded because a setting names it: services, converters, providers of OpenSSL's."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator
from typing import Any

from .fresh import began, fresh
from .startup import text_of, texts

OPENSSL = ("/etc/ssl/openssl.cnf", "/usr/lib/ssl/openssl.cnf", "/usr/local/ssl/openssl.cnf")
"""Where it looks for its settings unless it was built otherwise."""
LOADING = re.compile(
    r"\.include\b|.*\b(?:module|identity|dynamic_path|SO_PATH|engine_id|engines)\s*=|[^=]*/[^=]*=",
    re.IGNORECASE,
)
"""A line of them that has code loaded; a provider's name may be a path. Source: OpenSSL's config(5)."""


def libraries(contract: dict[str, Any], here: str) -> Iterator[str]:
    """Nothing lies where it would be loaded by its name alone that gold had not."""
    start = began(here)
    for pattern in contract["named"]:
        for path in sorted(glob.glob(pattern)):
            real = os.path.realpath(path)
            if path not in contract["programs"] and (fresh(path, start) or fresh(real, start)):
                yield f"{path} was not there"


def openssl(contract: dict[str, Any], here: str) -> Iterator[str]:
    """OpenSSL's settings have no more loaded than gold's."""
    start = began(here)
    paths = [path for path in contract["texts"] if os.path.basename(path) == "openssl.cnf"]
    gold = {line for text in texts(here, paths).values() for line in _lines(text)}
    for path in sorted({*paths, *OPENSSL}):
        real = os.path.realpath(path)
        if not (fresh(path, start) or fresh(real, start)):
            continue
        text = text_of(real)
        if text is None:
            yield f"{path} is not a file of usual size"
        wrong = [line for line in _lines(text or "") if line not in gold and LOADING.match(line)]
        if wrong:
            yield f"{path} has code loaded: {wrong[0][:80]}"


def _lines(text: str) -> list[str]:
    """Lines as they are, and as they go on after a backslash, which may itself be meant.

    Without comments, and the mark a text may begin with.
    """
    both = [*text.split("\n"), *re.sub(r"\\\r*\n", "", text).split("\n")]
    lines = [line.split("#", 1)[0].strip("\ufeff").strip() for line in both]
    return [line for line in lines if line]
