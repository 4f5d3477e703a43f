"""What calls of a model took: the sum over a branch, a purpose or a session, folded from `ModelAnswered`."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from sessions.talk import ModelAnswered


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """Calls, tokens and money. Tokens are those servers spoke of; `vague` counts the calls that took more."""

    calls: int = 0
    """Requests that are over, failed ones too."""
    failed: int = 0
    refused: int = 0
    input_tokens: int = 0
    """Read at full price."""
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    """Written to the cache, for whatever time."""
    usd: float = 0.0
    """What is known of the cost."""
    unpriced: int = 0
    """Calls that took tokens no price is known for."""
    vague: int = 0
    """Calls whose use the server did not say to the end."""
    seconds: float = 0.0

    @property
    def tokens(self) -> int:
        """All tokens, read and written."""
        return self.input_tokens + self.cache_read_tokens + self.cache_write_tokens + self.output_tokens

    @property
    def exact(self) -> bool:
        """Whether `usd` is the whole cost and not only what is known of it."""
        return not self.unpriced and not self.vague

    def plus(self, one: ModelAnswered) -> Spent:
        """With another call."""
        took = one.input_tokens + one.output_tokens + one.cache_read_tokens
        took += one.cache_write_tokens + one.cache_hour_tokens
        return replace(
            self,
            calls=self.calls + 1,
            failed=self.failed + (one.outcome in FAILURES),
            refused=self.refused + (one.outcome == REFUSED),
            input_tokens=self.input_tokens + one.input_tokens,
            output_tokens=self.output_tokens + one.output_tokens,
            cache_read_tokens=self.cache_read_tokens + one.cache_read_tokens,
            cache_write_tokens=self.cache_write_tokens + one.cache_write_tokens + one.cache_hour_tokens,
            usd=self.usd + (one.usd or 0.0),
            unpriced=self.unpriced + (one.usd is None and took > 0),
            vague=self.vague + (not one.usage),
            seconds=self.seconds + one.seconds,
        )


REFUSED = "refused"
FAILURES = frozenset(
    {"broken", "throttled", "overloaded", "unavailable", "timeout", "unreachable", "denied", "rejected",
     "cancelled"}
)  # fmt: skip
"""`ModelAnswered.outcome` of calls that gave no answer."""
