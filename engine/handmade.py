"""What hands did in an editor or at a prompt, as commands: from what changed, for keys cannot be replayed."""

from __future__ import annotations

import base64
import posixpath
import shlex
from collections.abc import Awaitable, Callable

from engine.edited import edited
from engine.sandbox.delta import Entry, Layer, Tree
from engine.sandbox.layers import overlaid
from sessions.events import Change

Read = Callable[[str], Awaitable[bytes]]
"""The content of a regular file of the sandbox."""

TEXT = 64 << 10
"""Bytes up to which a text is written out; anything else goes as base64."""


async def script(
    tree: Tree, before: Layer, after: Layer, changes: tuple[Change, ...], read: Read, earlier: Read
) -> str:
    """A bash script that turns the filesystem `before` into the one `after`.

    Args:
        tree: the gold image's filesystem.
        before: what was changed of it until then.
        after: what is changed of it now.
        changes: the difference of the two.
        read: gives the content of a file as it is now.
        earlier: gives that of a file as it was before.
    """
    was, now = overlaid(tree, before), overlaid(tree, after)
    # An edit by lines takes a program that has to run at that time.
    works = not any(posixpath.basename(path) == "sed" or ".so" in path for path in after)
    lines = []
    for change in changes:
        path, old, new = change.path, was.get(change.path), now.get(change.path)
        if new is None:
            # What went with its directory is gone by now, and where a link stands there, is another's.
            if not _lost(posixpath.dirname(path), was, now):
                lines.append(f"rm -rf -- {shlex.quote(path)}")
            continue
        if old is not None and old.what != new.what:
            lines.append(f"rm -rf -- {shlex.quote(path)}")
            old = None
        content = await read(path) if new.what == "file" and _content(old) != _content(new) else None
        edit = ""
        if works and content is not None and old is not None and max(old.size, new.size) <= TEXT:
            edit = edited(_text(await earlier(path)), _text(content), shlex.quote(path))
        lines += _made(path, old, new, content, edit)
    return "\n".join(lines)


def _lost(directory: str, was: Tree, now: Tree) -> bool:
    """Whether what was a directory is none any more."""
    before, after = was.get(directory), now.get(directory)
    return before is not None and before.what == "dir" and (after is None or after.what != "dir")


def _content(entry: Entry | None) -> tuple[str, int]:
    return (entry.digest, entry.size) if entry else ("", -1)


def _text(content: bytes) -> str:
    """The text that a file is, empty when it is none."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    return "" if "\0" in text else text


def _made(path: str, old: Entry | None, new: Entry, content: bytes | None, edit: str) -> list[str]:
    name = shlex.quote(path)
    lines = []
    if new.what == "dir" and old is None:
        lines.append(f"mkdir -p -- {name}")
    elif new.what == "symlink" and (old is None or old.target != new.target):
        lines.append(f"ln -sfn -- {shlex.quote(new.target)} {name}")
    elif content is not None:
        lines.append(edit or _written(content, name))
    if (old.uid, old.gid) != (new.uid, new.gid) if old else (new.uid, new.gid) != (0, 0):
        lines.append(f"chown -h {new.uid}:{new.gid} -- {name}")
    usual = 0o755 if new.what == "dir" else 0o644
    if new.what != "symlink" and (old.mode if old else usual) != new.mode:
        lines.append(f"chmod {new.mode:o} -- {name}")
    return lines


def _written(content: bytes, name: str) -> str:
    text = _text(content)
    if len(content) <= TEXT and (text or not content):
        return f"printf %s {shlex.quote(text)} >{name}"
    return f"base64 -d >{name} <<<{shlex.quote(base64.b64encode(content).decode())}"
