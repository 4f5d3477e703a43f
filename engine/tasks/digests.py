"""Digests of a task's files, taken when it was proven: what differs by one byte is another task."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

FILE = "manifest.json"


def digest(data: bytes) -> str:
    """sha256 of a file's bytes."""
    return hashlib.sha256(data).hexdigest()


def seal(files: Mapping[str, bytes]) -> bytes:
    """`manifest.json` for these files, by relative path; its own digest covers the list."""
    listed = {name: digest(data) for name, data in sorted(files.items())}
    return json.dumps({"files": listed, "digest": _whole(listed)}, indent=1).encode("ascii") + b"\n"


def _whole(listed: Mapping[str, str]) -> str:
    return digest(json.dumps(listed, sort_keys=True).encode("ascii"))


def broken(files: Mapping[str, bytes]) -> dict[str, str]:
    """The files of a task that are not what its `manifest.json` says, each with why; none when all are."""
    try:
        listed = _listed(json.loads(files[FILE]))
    except KeyError:
        return {FILE: "is missing"}
    except (ValueError, TypeError, AttributeError) as error:
        return {FILE: f"was changed: {error}"}
    wrong = {}
    for name in sorted({*listed, *files} - {FILE}):
        if name not in files:
            wrong[name] = "is missing"
        elif name not in listed:
            wrong[name] = "was added"
        elif (now := digest(files[name])) != listed[name]:
            wrong[name] = f"was changed: its sha256 is {now[:16]}, was {listed[name][:16]} when proven"
    return wrong


def _listed(document: Any) -> dict[str, str]:
    listed = {str(name): str(value) for name, value in document["files"].items()}
    if document["digest"] != _whole(listed):
        raise ValueError("its digest is not that of its list")
    return listed
