"""What hands did in an editor or at a prompt, as commands: from what changed, for keys cannot be replayed."""

from __future__ import annotations

import base64
import shlex
from collections.abc import Awaitable, Callable

from engine.sandbox.delta import Entry, Layer, Tree
from engine.sandbox.layers import overlaid
from sessions.events import Change

Read = Callable[[str], Awaitable[bytes]]
"""The content of a regular file of the sandbox."""

TEXT = 64 << 10
"""Bytes up to which a text is written out; anything else goes as base64."""


async def script(tree: Tree, before: Layer, after: Layer, changes: tuple[Change, ...], read: Read) -> str:
    """A bash script that turns the filesystem `before` into the one `after`.

    Args:
        tree: the gold image's filesystem.
        before: what was changed of it until then.
        after: what is changed of it now.
        changes: the difference of the two.
        read: gives the content of a file as it is now.
    """
    was, now = overlaid(tree, before), overlaid(tree, after)
    lines = []
    for change in changes:
        path, old, new = change.path, was.get(change.path), now.get(change.path)
        if new is None:
            lines.append(f"rm -rf -- {shlex.quote(path)}")
            continue
        if old is not None and old.what != new.what:
            lines.append(f"rm -rf -- {shlex.quote(path)}")
            old = None
        content = await read(path) if new.what == "file" and _content(old) != _content(new) else None
        lines += _made(path, old, new, content)
    return "\n".join(lines)


def _content(entry: Entry | None) -> tuple[str, int]:
    return (entry.digest, entry.size) if entry else ("", -1)


def _made(path: str, old: Entry | None, new: Entry, content: bytes | None) -> list[str]:
    name = shlex.quote(path)
    lines = []
    if new.what == "dir" and old is None:
        lines.append(f"mkdir -p -- {name}")
    elif new.what == "symlink" and (old is None or old.target != new.target):
        lines.append(f"ln -sfn -- {shlex.quote(new.target)} {name}")
    elif content is not None:
        lines.append(_written(content, name))
    if (old.uid, old.gid) != (new.uid, new.gid) if old else (new.uid, new.gid) != (0, 0):
        lines.append(f"chown -h {new.uid}:{new.gid} -- {name}")
    usual = 0o755 if new.what == "dir" else 0o644
    if new.what != "symlink" and (old.mode if old else usual) != new.mode:
        lines.append(f"chmod {new.mode:o} -- {name}")
    return lines


def _written(content: bytes, name: str) -> str:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        text = "\0"
    if len(content) <= TEXT and "\0" not in text:
        return f"printf %s {shlex.quote(text)} >{name}"
    return f"base64 -d >{name} <<<{shlex.quote(base64.b64encode(content).decode())}"
