"""Servers of the Messages API, and what each lacks of it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from engine.errors import UsageError

VARIABLE = "CLIGYM_PROVIDER"


@dataclass(frozen=True, slots=True)
class Provider:
    """What may be sent to a server. What it does not know it answers with 400, so it is left out."""

    name: str
    cache_control: bool = False
    thinking: bool = False
    effort: bool = False
    strict: bool = False
    """Schemas of tools that are kept to the letter."""
    choice: bool = True
    """`tool_choice`, and with it one call of a tool in a turn."""
    batches: bool = False


_FULL: Final = Provider(
    "anthropic", cache_control=True, thinking=True, effort=True, strict=True, batches=True
)
PROVIDERS: Final = {
    one.name: one
    for one in (
        _FULL,
        Provider("litellm", cache_control=True),
        Provider("vllm"),
        Provider("llamacpp"),
        Provider("ollama", choice=False),
        Provider("plain", choice=False),
    )
}
"""By name. `plain` is the least any server takes: that of one nobody named."""

OFFICIAL = "api.anthropic.com"


def chosen(base_url: str) -> Provider:
    """The server's profile: `CLIGYM_PROVIDER`, else what its address tells.

    Raises:
        UsageError: there is no such profile.
    """
    name = os.environ.get(VARIABLE, "")
    if name and name not in PROVIDERS:
        raise UsageError(f"{VARIABLE}={name} is no provider", f"one of {', '.join(PROVIDERS)}")
    if name:
        return PROVIDERS[name]
    return _FULL if urlsplit(base_url).hostname == OFFICIAL else PROVIDERS["plain"]
