"""Real upstream projects, as their source distributions have them; nothing here is tuned to them."""

from __future__ import annotations

import pytest

from engine.gold.build import build
from engine.sandbox.client import Engine
from tests.gold.conftest import forget

pytestmark = [pytest.mark.docker, pytest.mark.timeout(900)]


@pytest.mark.parametrize(
    ("source", "least"),
    [("python-dotenv==1.1.0", 140), ("ptyprocess==0.7.0", 10), ("sqlite-utils==3.38", 900)],
)
async def test_upstream_projects_become_gold(
    engine: Engine, base_image: str, source: str, least: int
) -> None:
    said: list[str] = []
    gold = await build(engine, source, progress=said.append)
    try:
        assert len(gold.baseline) >= least
        assert len(gold.quarantined) < 30
        assert gold.source == source
        assert gold.pip_check == ""
        assert gold.version == source.partition("==")[2]
    finally:
        await forget(engine, gold)
