"""The terminals shells run on: a container's own, and those of further processes in it."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import Protocol

from aiodocker.stream import Stream

from engine.sandbox import tools
from engine.sandbox.control import GONE

DETACH_KEYS = "ctrl-],ctrl-],ctrl-]"
"""The engine holds back what may be the beginning of these, and its own choice begins with ctrl-p, which
shells and editors want. ctrl-] leaves our own screen's shell and never gets here."""

BASH = ("/bin/bash", "--noprofile", "--rcfile", f"{tools.MOUNT}/bashrc", "-i")
ASH = (tools.BUSYBOX, "ash", "-i")

ENVIRONMENT = {
    "TERM": "xterm-256color",
    "PAGER": "cat",
    "GIT_PAGER": "cat",
    "DEBIAN_FRONTEND": "noninteractive",
    "PIP_PROGRESS_BAR": "off",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "HOME": "/root",
    "LANG": "C.UTF-8",
}
"""Variables of the live shell, beside the image's own."""


class _Sized(Protocol):
    def resize(self, *, h: int, w: int) -> Awaitable[object]: ...


@dataclass(frozen=True)
class Terminal:
    """One terminal in a sandbox, attached."""

    stream: Stream
    _of: _Sized
    """The container or the process it belongs to."""
    own: bool = False
    """Whether it is the container's, which stays when the shell on it ends."""

    async def resize(self, rows: int, columns: int) -> None:
        """Give it another size; what runs on it is told. When it is gone, nothing happens."""
        with contextlib.suppress(*GONE):
            await self._of.resize(h=rows, w=columns)


def environment(program: tuple[str, ...], nonce: str, home: str) -> Mapping[str, str]:
    """What `BASH` or `ASH` begins with, so that it reports its prompts; both unset what is only for that."""
    start = {"ENV": f"{tools.MOUNT}/ashrc"} if program == ASH else {}
    return {**ENVIRONMENT, **start, "CLIGYM_NONCE": nonce, "CLIGYM_CWD": home}


def first(nonce: str, home: str) -> list[str]:
    """The command of a container that has its first shell on its own terminal."""
    given = [f"{name}={value}" for name, value in environment(BASH, nonce, home).items()]
    return [tools.BUSYBOX, "sh", f"{tools.MOUNT}/first", *given, "--", *BASH]
