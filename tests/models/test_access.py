"""The way to a server: what is missing is said in a line, and what is secret is not."""

from __future__ import annotations

import resource
import subprocess
import sys

import pytest

from engine.errors import UsageError
from engine.models.access import access


def test_nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    with pytest.raises(UsageError, match="ANTHROPIC_API_KEY and ANTHROPIC_AUTH_TOKEN are not set"):
        access()


def test_a_profile_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    monkeypatch.setenv("ANTHROPIC_PROFILE", "nobody")
    with pytest.raises(UsageError, match="no access to a model"):
        access()


def test_a_server_of_ones_own_needs_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    monkeypatch.delenv("CLIGYM_PROVIDER")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://gpu:8000")
    found = access()
    assert (found.host, found.provider.name) == ("gpu", "plain")


def test_providers(monkeypatch: pytest.MonkeyPatch) -> None:
    assert access().provider.name == "anthropic"
    monkeypatch.setenv("CLIGYM_PROVIDER", "vllm")
    assert not access().provider.cache_control
    monkeypatch.setenv("CLIGYM_PROVIDER", "abacus")
    with pytest.raises(UsageError, match="abacus is no provider"):
        access()


def test_secrets_are_taken_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "hunter2hunter2")
    monkeypatch.setenv("ANTHROPIC_CUSTOM_HEADERS", "x-proxy: swordfish")
    said = access().scrub("bad key hunter2hunter2\nor sk-ant-api03-xyzxyzxyz, swordfish \x1b[31m")
    assert said == "bad key [key] or [key], [key] \\x1b[31m"
    assert resource.getrlimit(resource.RLIMIT_CORE)[0] == 0


def test_the_client_is_not_imported_before_it_is_needed() -> None:
    code = (
        "import sys, engine.models.service, engine.models.conversation; assert 'anthropic' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
