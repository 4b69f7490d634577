"""Each limit is held: an input that breaks it is found, and the next input is tried."""

from __future__ import annotations

import pytest

from tests.campaign import watchdog
from tests.campaign.watchdog import Tally, watch


def tried(way: str, count: int = 2) -> Tally:
    return watch(f"planted {way}", range(count), seconds=300)


@pytest.mark.parametrize(
    ("way", "what"),
    [
        ("writes", "escape"),
        ("swallows", "escape"),
        ("reads", "escape"),
        ("starts", "escape"),
        ("connects", "escape"),
        ("crashes", "crash"),
        ("message", "message"),
    ],
)
def test_an_input_that_breaks_a_limit_is_found(way: str, what: str) -> None:
    tally = tried(way)
    assert [fault.what for fault in tally.faults] == [what, what]
    assert tally.inputs == 2
    assert len(tally.causes) == 1


def test_an_input_that_fills_the_memory_is_found() -> None:
    assert {fault.what for fault in tried("memory").faults} <= {
        "memory",
        "hang",
    }  # a busy machine may take a second for it
    assert tried("memory").faults


@pytest.mark.parametrize("way", ["hang", "dies"])
def test_a_process_that_does_not_come_back_is_replaced(way: str) -> None:
    tally = tried(way)
    assert tally.inputs == 2
    assert [(fault.number, fault.what) for fault in tally.faults] == [
        (number, "hang" if way == "hang" else "crash") for number in (0, 1)
    ]


def test_what_is_read_or_refused_is_no_fault() -> None:
    assert (tried("works", 50).faults, tried("refuses", 50).faults) == ([], [])


def test_an_input_that_waits_for_ever_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog, "WAITING", 3.0)
    assert [fault.what for fault in tried("wait", 1).faults] == ["hang"]
