import asyncio

import pytest

from engine.attempts import in_order


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

    async with asyncio.timeout(5):
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
