"""Every wrong answer of the catalogue earns nothing in a real container, every right one earns 1."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace

import pytest
from msgspec import structs

from engine.proof import probing
from engine.proof.gate import Fell
from engine.proof.probes import ALL
from engine.proof.probes.model import Probe
from engine.proof.workbench import Workbench
from engine.sandbox.delta import Entry
from engine.tasks.grader import test_sh as shell
from tests.proof.conftest import Bench

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]
