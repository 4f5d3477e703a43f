"""What nobody should be taught: credentials, and who a model says it is."""

from __future__ import annotations

import re
from typing import Final

SECRETS: Final[dict[str, re.Pattern[str]]] = {
    name: re.compile(pattern)
    for name, pattern in {
        "a model's key": r"\bsk-(?:ant-|proj-)?[A-Za-z0-9_-]{20,}",
        "a GitHub token": r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{50,})",
        "an AWS key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
        "a private key": r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----",
        "a Slack token": r"\bxox[abprs]-[A-Za-z0-9-]{10,}",
        "a Hugging Face token": r"\bhf_[A-Za-z0-9]{30,}",
        "a token of a web service": r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}",
        "a password in an address": r"\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@]{1,100}:[^\s/@]{3,200}@",
    }.items()
}
"""By what they are. Source of the forms: the issuers' documentation."""

_IDENTITY: Final = re.compile(
    r"\b(?:as an AI(?: language)? model|I(?: am|'m) (?:Claude|ChatGPT|GPT-\d|Gemini|Qwen|DeepSeek)"
    r"|(?:made|trained|created|developed) by (?:Anthropic|OpenAI|Google|Alibaba|DeepSeek))\b",
    re.IGNORECASE,
)


def secret(text: str) -> str:
    """What kind of credential stands in the text; empty when none is seen."""
    return next((name for name, pattern in SECRETS.items() if pattern.search(text)), "")


def identity(text: str) -> str:
    """The words in which a model says what it is; empty without such."""
    found = _IDENTITY.search(text)
    return found[0] if found else ""
