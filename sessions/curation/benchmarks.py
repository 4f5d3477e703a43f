"""Overlap with public benchmarks: the same words in the same order are no accident."""

from __future__ import annotations

import hashlib
import re

import msgspec

WORDS = 14
"""Words that have to be the same in a row. Source: Nemotron-Terminal, arXiv 2602.21193."""


class Benchmark(msgspec.Struct, frozen=True):
    """Prompts that are not to be trained on."""

    name: str
    grams: frozenset[int]
    """Hashes of every run of `WORDS` words in them."""


def benchmark(name: str, text: str) -> Benchmark:
    """Of a file with prompts in whatever form: only the words count."""
    return Benchmark(name, grams(text))


def grams(text: str) -> frozenset[int]:
    """Hashes of every run of `WORDS` words; of a shorter text, of all of it."""
    words = re.findall(r"\w+", text.lower())
    last = max(1, len(words) - WORDS + 1)
    return frozenset(_hash(" ".join(words[at : at + WORDS])) for at in range(last)) if words else frozenset()


def _hash(words: str) -> int:
    data = words.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "big")
