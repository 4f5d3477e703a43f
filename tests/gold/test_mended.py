"""What the rounds of mending do to an image that runs already; nothing here is built."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
import pytest

from engine.errors import GoldError
from engine.gold import baseline, cache, image
from engine.gold import build as builds
from engine.gold.builder import StepFailed
from engine.gold.model import Recipe, TestCommand
from engine.gold.requirements import Requirement
from engine.gold.sources import Sdist
from engine.gold.tree import ProjectTree
from engine.gold.wheels import Project, Wheelhouse
from engine.suite.report import COMPLETE, Report, TestResult
from tests.gold.conftest import THREE, tree_of

TREE = tree_of({"tests/test_a.py": THREE})
MADE = cache.Made(image="first", recipe=Recipe(base="b", pip=("pytest>=6.2.5",)), python="3.11")
Rounds = list[tuple[int, str]]
"""Tests that pass, and what the others complain of; the last one is seen again and again."""


class FakeBuilder:
    packages: tuple[str, ...] = ()
    debs: Mapping[str, bytes] = {}

    async def sandbox(self) -> None:
        return None


def report(passing: int, complaint: str) -> Report:
    results = {str(number): TestResult(str(number), "passed") for number in range(passing)}
    results["bad"] = TestResult("bad", "failed", 0.0, complaint)
    return Report(COMPLETE, "", results, (), 1, 1.0, "")


@pytest.fixture
def mended(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Mends `MADE`: rounds as given, `refused` requirements cannot be had, images are numbered."""

    async def run(
        rounds: Rounds,
        refused: Iterable[str] = (),
        error: type[Exception] = GoldError,
        made_from: cache.Made = MADE,
        tree: ProjectTree = TREE,
    ) -> tuple[Any, list[str]]:
        seen, made = iter(rounds), []
        said: list[str] = []

        async def house(
            builder: object, project: Project, pip: Iterable[str], extras: object, *, loosen: bool
        ) -> Wheelhouse:
            assert not loosen  # a remedy is no reason to give up what was there
            if bad := [text for text in pip if text in refused]:
                message = f"{bad} cannot be had"
                raise StepFailed(message, "") if error is StepFailed else error(message)
            return Wheelhouse({"pytest-9.2-py3-none-any.whl": b""}, tuple(pip), ())

        async def further(builder: object, wanted: Iterable[Requirement], _: object) -> dict[str, bytes]:
            if bad := [item.name for item in wanted if item.name in refused]:
                raise StepFailed(f"{bad} cannot be had", "")
            return {f"{item.name}-1-py3-none-any.whl": b"" for item in wanted}

        async def built(*_: object) -> str:
            made.append(f"image {len(made) + 2}")
            return made[-1]

        async def first(engine: object, image: str, test: TestCommand, *_: object) -> baseline.First:
            return baseline.First(report(*next(seen)), test, {})

        monkeypatch.setattr(builds, "wheelhouse", house)
        monkeypatch.setattr(builds, "further_wheels", further)
        monkeypatch.setattr(image, "build", built)
        monkeypatch.setattr(baseline, "first", first)
        work = builds._Work(None, Sdist("p", "1"), {}, "b", "b", said.append, False)
        found = await work._mended(FakeBuilder(), tree, "key", made_from, {"Dockerfile": b""})
        return found, said

    return run


TWO = "fixture 'mocker' not found\nNo module named 'yaml'"


async def test_the_rest_of_a_remedy_is_taken_when_a_part_cannot_be_had(mended: Callable[..., Any]) -> None:
    for error in (GoldError, StepFailed):
        (first, made, _), said = await mended([(3, TWO), (5, TWO)], ["pyyaml"], error)
        assert made.recipe.pip == ("pytest>=6.2.5", "pytest-mock")
        assert (made.image, baseline.passed(first.report)) == ("image 2", 5)
        assert set(made.tried) == {"pytest-mock", "pyyaml"}
        assert [line for line in said if line.startswith("pyyaml cannot be")]


async def test_a_remedy_that_cannot_be_had_leaves_the_image_that_runs(mended: Callable[..., Any]) -> None:
    (first, made, _), _ = await mended([(3, TWO)], ["pyyaml", "pytest-mock"])
    assert made == MADE
    assert baseline.passed(first.report) == 3


async def test_the_round_with_the_most_passing_tests_is_kept(mended: Callable[..., Any]) -> None:
    (first, made, _), _ = await mended([(7, TWO), (2, "No module named 'attr'"), (6, "")])
    assert (made.image, made.recipe.pip) == ("first", MADE.recipe.pip)
    assert baseline.passed(first.report) == 7
    assert set(made.tried) == {"pytest-mock", "pyyaml", "attrs"}


OPTIONAL = {
    "p/__init__.py": "try:\n    import six, brotli, numpy\nexcept ImportError:\n    six = None\n",
    "tests/test_a.py": THREE,
}
METADATA = (
    "Name: p\nProvides-Extra: fast\nRequires-Dist: six>=1; extra == 'fast'\n"
    "Requires-Dist: brotli; extra == 'fast'\nRequires-Dist: idna; extra == 'fast'\n"
)
ABLE = msgspec.structs.replace(MADE, metadata=METADATA)


@pytest.mark.parametrize(
    ("rounds", "refused", "passing", "pip"),
    [
        ([(3, "skipped"), (5, "")], (), 5, (*MADE.recipe.pip, "brotli", "six>=1")),
        ([(3, "skipped"), (3, "")], (), 3, MADE.recipe.pip),
        ([(3, "skipped")], ("brotli",), 3, MADE.recipe.pip),
    ],
)
async def test_what_the_project_can_do_without_is_added_whole_where_more_tests_pass(
    mended: Callable[..., Any], rounds: Rounds, refused: Iterable[str], passing: int, pip: tuple[str, ...]
) -> None:
    (first, made, parts), _ = await mended(rounds, refused, made_from=ABLE, tree=tree_of(OPTIONAL))
    assert (baseline.passed(first.report), made.recipe.pip) == (passing, pip)
    assert ("wheels/six-1-py3-none-any.whl" in parts) is (passing == 5)
    again, _ = await mended([(passing, "skipped")], made_from=made, tree=tree_of(OPTIONAL))
    assert again[1] == made
