"""The way to a server: address, credentials from the environment or the client's own profiles, and its kind.

Credentials stay inside the client. They reach no journal, no screen, no container, no error and no core file.
"""

from __future__ import annotations

import os
import re
import resource
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from engine import clean
from engine.errors import UsageError
from engine.models.providers import OFFICIAL, Provider, chosen

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic

_SECRET = re.compile(r"\bsk-[A-Za-z0-9_-]{8,}|(?i:bearer)\s+\S{8,}")
_SHORTEST = 6
"""Characters of the shortest value that is taken for a secret."""


@dataclass(frozen=True)
class Access:
    """A client and what it talks to."""

    client: AsyncAnthropic
    provider: Provider
    host: str
    """For the person watching."""
    secrets: tuple[str, ...] = ()

    def scrub(self, text: str, limit: int = 500) -> str:
        """A server's words in one line, with nothing in them that is secret."""
        for secret in self.secrets:
            text = text.replace(secret, "[key]")
        return clean.line(_SECRET.sub("[key]", text).replace("\n", " "), limit)


def access(seconds: float = 600.0) -> Access:
    """Find a server and the credentials for it; nothing is sent yet.

    Args:
        seconds: between two pieces of an answer.

    Raises:
        UsageError: credentials are missing or unreadable, or the address is none.
    """
    # Here, for it takes a second.
    import anthropic
    import httpx2

    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    options: dict[str, Any] = {"max_retries": 0, "timeout": httpx2.Timeout(seconds, connect=15.0)}
    try:
        client = anthropic.AsyncAnthropic(**options)
        bare = client.api_key is None and client.auth_token is None and client.credentials is None
        host = urlsplit(str(client.base_url)).hostname or ""
        if bare and host != OFFICIAL and host:
            # Servers of one's own often want none, and the client does not go without.
            client, bare = anthropic.AsyncAnthropic(api_key="none", **options), False
    except (anthropic.AnthropicError, ValueError, OSError, httpx2.InvalidURL) as error:
        raise UsageError(
            f"no access to a model: {clean.line(_SECRET.sub('[key]', str(error)))}",
            "see ANTHROPIC_API_KEY, ANTHROPIC_PROFILE and ANTHROPIC_BASE_URL",
        ) from None
    if bare:
        raise UsageError(
            "no credentials for a model: ANTHROPIC_API_KEY and ANTHROPIC_AUTH_TOKEN are not set, "
            "and there is no profile",
            "set ANTHROPIC_API_KEY, or ANTHROPIC_BASE_URL for a server of your own",
        )
    if not host:
        raise UsageError("ANTHROPIC_BASE_URL is no address", "http://HOST:PORT, without /v1")
    return Access(client, chosen(str(client.base_url)), host, _secrets(client))


def _secrets(client: AsyncAnthropic) -> tuple[str, ...]:
    known = [client.api_key, client.auth_token, urlsplit(str(client.base_url)).password]
    lines = os.environ.get("ANTHROPIC_CUSTOM_HEADERS", "").split("\n")
    known += [line.partition(":")[2].strip() for line in lines]
    known.append(os.environ.get("ANTHROPIC_IDENTITY_TOKEN"))
    return tuple(one for one in known if one and len(one) >= _SHORTEST)
