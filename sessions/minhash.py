"""How much two texts resemble each other, from a few numbers kept of each.

Source: Broder, "On the resemblance and containment of documents", 1997. Two texts share the part of their
numbers that they share of their shingles.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

PERMUTATIONS = 32
WORDS = 3
"""That make one shingle."""


def minhash(text: str) -> tuple[int, ...]:
    """The least hash of the text's shingles under each of `PERMUTATIONS` hash functions."""
    words = re.findall(r"\w+", text.lower())
    shingles = {" ".join(words[at : at + WORDS]) for at in range(max(1, len(words) - WORDS + 1))}
    return tuple(min(_hash(shingle, number) for shingle in shingles) for number in range(PERMUTATIONS))


def resemblance(one: Sequence[int], other: Sequence[int]) -> float:
    """From 0, nothing in common, to 1, the same: an estimate of the share of common shingles."""
    if not one or len(one) != len(other):
        return 0.0
    return sum(left == right for left, right in zip(one, other, strict=True)) / len(one)


def _hash(shingle: str, number: int) -> int:
    key = number.to_bytes(2, "big")
    data = shingle.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(data, digest_size=4, key=key).digest(), "big")
