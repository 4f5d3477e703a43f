import asyncio
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from engine.attempts import as_they_end, in_order
from engine.auto import Order, _Attempt, _Batch


async def test_an_attempt_begins_knowing_only_those_that_many_workers_before_it() -> None:
    seen: dict[int, list[int]] = {}
    learned: list[int] = []
    pauses = [0.03, 0.0, 0.02, 0.0, 0.01, 0.0, 0.0, 0.0]

    def begin(number: int):
        seen.setdefault(number, list(learned))

        async def attempt() -> int:
            await asyncio.sleep(pauses[number])
            return number

        return attempt() if number < len(pauses) - 1 else None

    def learn(number: int, outcome: int) -> bool:
        assert number == outcome
        learned.append(number)
        return False

    await in_order(3, 0, begin, learn)
    assert learned == list(range(7))
    assert {number: known for number, known in seen.items() if number >= 3} == {
        number: list(range(number - 2)) for number in range(3, 8)
    }


async def test_enough_cancels_what_is_under_way() -> None:
    cancelled: list[int] = []

    def begin(number: int):
        async def attempt() -> int:
            try:
                await asyncio.sleep((0, 0.02, 30)[number])
            except asyncio.CancelledError:
                cancelled.append(number)
                raise
            return number

        return attempt()

    await in_order(2, 0, begin, lambda number, outcome: number == 1)
    assert cancelled == [2]


async def test_what_an_attempt_gives_back_is_still_tried() -> None:
    left, done = ["first", "second"], []

    def begin(number: int):
        if not left:
            return None
        mine = left.pop()

        async def attempt() -> str:
            return mine

        return attempt()

    def learn(number: int, outcome: str) -> bool:
        done.append((number, outcome))
        if len(done) == 2:
            left.append("again")
        return False

    async with asyncio.timeout(60):
        await in_order(4, 0, begin, learn)
    assert done == [(0, "second"), (1, "first"), (2, "again")]


async def test_an_attempt_that_cannot_be_taken_in_ends_the_run_and_those_under_way() -> None:
    tried: list[int] = []
    cancelled: list[int] = []

    def begin(number: int):
        async def attempt() -> int:
            try:
                await asyncio.sleep(30 if number == 2 else 0)
            except asyncio.CancelledError:
                cancelled.append(number)
                raise
            return number

        return attempt()

    def learn(number: int, outcome: int) -> bool:
        tried.append(number)
        raise OSError("no room")

    with pytest.raises(OSError, match="no room"):
        await in_order(3, 0, begin, learn)
    assert tried == [0, 1]
    assert cancelled == [2]


async def test_an_error_ends_the_run_but_what_had_ended_before_is_taken_in() -> None:
    learned: list[int] = []

    def begin(number: int):
        async def attempt() -> int:
            if number == 1:
                await asyncio.sleep(0.02)
                raise RuntimeError("the engine died")
            return number

        return attempt()

    with pytest.raises(RuntimeError, match="died"):
        await in_order(3, 0, begin, lambda number, outcome: bool(learned.append(number)))
    assert learned == [0]


async def test_a_cancelled_run_still_takes_in_what_had_ended() -> None:
    learned: list[int] = []

    def begin(number: int):
        async def attempt() -> int:
            await asyncio.sleep(0.2 if number == 0 else 0)
            if number == 2:
                await asyncio.sleep(30)
            return number

        return attempt()

    run = asyncio.create_task(in_order(2, 0, begin, lambda number, outcome: bool(learned.append(number))))
    await asyncio.sleep(0.3)
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert learned == [0, 1]


class Resumed:
    """Attempts of an earlier process: each ends after some seconds, or with an error."""

    def __init__(self) -> None:
        self.learned: list[str] = []
        self.cancelled: list[str] = []

    async def attempt(self, name: str, seconds: float, error: str = "") -> str:
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            self.cancelled.append(name)
            raise
        if error:
            raise RuntimeError(error)
        return name

    async def run(self, attempts: Iterable[tuple[Any, ...]], enough: int = 9) -> None:
        def learn(name: str) -> bool:
            self.learned.append(name)
            return len(self.learned) == enough

        await as_they_end([self.attempt(*one) for one in attempts], learn)


async def test_what_goes_on_is_taken_in_as_it_ends_and_the_rest_when_it_is_enough_is_not() -> None:
    resumed = Resumed()
    await resumed.run([("long", 30), ("second", 0.04), ("first", 0.0)], enough=2)
    assert (resumed.learned, resumed.cancelled) == (["first", "second"], ["long"])
    await resumed.run([])
    await resumed.run([("a", 0.02), ("b", 0)])
    assert resumed.learned[2:] == ["b", "a"], "and all of them where it is not"


async def test_an_error_of_one_that_goes_on_ends_the_others_but_loses_none_that_ended() -> None:
    resumed = Resumed()
    with pytest.raises(RuntimeError, match="died"):
        await resumed.run([("bad", 0, "the engine died"), ("good", 0), ("long", 30)])
    assert (resumed.learned, resumed.cancelled) == (["good"], ["long"])


async def test_a_stop_keeps_what_had_been_proven_of_what_goes_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    cancelled: list[float] = []

    async def again(_: _Batch, seconds: Any, talk: object) -> _Attempt:
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            cancelled.append(seconds)
            raise
        task: Any = f"task-{seconds}"
        return _Attempt(nobody, task)

    def publish(exploration: object, task: str, out: Path) -> Path:
        published.set()
        return out / task

    monkeypatch.setattr(_Batch, "_again", again)
    monkeypatch.setattr("engine.commit.publish", publish)
    nobody: Any = None
    place: Any = SimpleNamespace(out=tmp_path)
    crew: Any = SimpleNamespace(end=lambda *_, **__: None)
    left: Any = [(0, None), (30, None)]
    for wanted in (1, 2):
        batch = _Batch(Order("tiny", tasks=wanted), nobody, place, 0.0, crew, left)
        batch.exploration = nobody
        published = asyncio.Event()
        work = asyncio.create_task(batch._work())
        await published.wait()
        if wanted == 1:
            await work  # the goal is met by the first
        assert batch.tasks == [str(tmp_path / "task-0")]
        work.cancel()
        await asyncio.wait([work])
        assert cancelled == [30] * wanted
