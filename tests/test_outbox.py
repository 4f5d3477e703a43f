from engine.outbox import HELD, Outbox
from sessions import events


def output(branch: str, data: bytes) -> events.ShellOutput:
    return events.ShellOutput(branch=branch, data=data)


def test_output_of_one_terminal_is_joined_and_order_is_kept() -> None:
    box = Outbox()
    for event in (
        output("a", b"1"),
        output("a", b"2"),
        events.Remark(text="x"),
        output("a", b"3"),
        output("b", b"4"),
    ):
        box.put(event)
    taken = box.take(10)
    assert [getattr(event, "data", b"-") for event in taken] == [b"12", b"-", b"3", b"4"]
    assert box.take(10) == []


def test_a_flood_costs_bounded_memory_and_no_other_event() -> None:
    box = Outbox()
    for number in range(300):
        box.put(output("a", bytes([number % 256]) * 100_000))
        if number % 30 == 0:
            box.put(events.Remark(text=str(number)))
    taken = box.take(10_000)
    kept = b"".join(event.data for event in taken if isinstance(event, events.ShellOutput))
    assert len(kept) <= HELD
    assert kept.endswith(bytes([299 % 256]) * 100_000)
    assert [event.text for event in taken if isinstance(event, events.Remark)] == [
        str(n) for n in range(0, 300, 30)
    ]
