"""Every item yields one result, and a crowd of requests is let through as the server has room."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event

from assay.engines.server.pool import Valve, spread


def nothing() -> None:
    pass


def drained(results: Iterator[int]) -> tuple[list[int], str]:
    """All results, and the failure that ended them."""
    seen: list[int] = []
    try:
        for one in results:
            seen.append(one)  # noqa: PERF402 - a comprehension would lose them
    except ValueError as bad:
        return seen, str(bad)
    return seen, ""


def test_every_item_yields_one_result() -> None:
    assert sorted(spread(lambda n: n * n, range(100), 7, nothing)) == [n * n for n in range(100)]


def test_items_are_taken_only_as_results_are() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for n in range(1000):
            taken.append(n)
            yield n

    results = spread(lambda n: n, items(), 4, nothing)
    next(results)
    assert len(taken) <= 12
    results.close()


def test_what_was_under_way_is_yielded_before_a_failure_is_raised() -> None:
    others = Event()

    def work(n: int) -> int:
        if n == 0:
            others.set()
            raise ValueError("zero")
        others.wait(10)
        return n

    seen, failure = drained(spread(work, range(4), 4, nothing))
    assert sorted(seen) == [1, 2, 3]
    assert failure == "zero"


def test_after_a_failure_no_more_items_are_taken() -> None:
    def work(n: int) -> int:
        if n == 3:
            raise ValueError("three")
        return n

    seen, failure = drained(spread(work, range(10_000), 2, nothing))
    assert len(seen) < 10
    assert failure == "three"


def test_results_that_are_no_longer_wanted_drop_what_is_under_way() -> None:
    dropped = Event()

    def work(n: int) -> int:
        if n:
            dropped.wait(10)
        return n

    results = spread(work, range(8), 2, dropped.set)
    assert next(results) == 0
    results.close()
    assert dropped.is_set()


def test_one_wave_of_refusals_halves_the_valve_once() -> None:
    valve = Valve(16)
    with valve.through() as one, valve.through() as other:
        valve.narrow(one)
        valve.narrow(other)
    assert valve.limit == 8
    for _ in range(200):
        valve.widen()
    assert valve.limit == 16


def test_the_valve_never_closes_wholly() -> None:
    valve = Valve(2)
    for wave in range(9):
        valve.narrow(wave)
    assert valve.limit == 1
    with valve.through():
        pass


def test_what_follows_a_result_comes_before_what_was_not_taken_yet() -> None:
    def following(n: int) -> list[int]:
        return [n + 1000] if n < 2000 else []

    results = list(spread(lambda n: n, range(20), 2, nothing, following))
    assert sorted(results) == sorted(n + 1000 * turn for n in range(20) for turn in range(3))
    assert results.index(2000) < results.index(19)


def test_nothing_follows_a_failure() -> None:
    def work(n: int) -> int:
        if n == 1:
            raise ValueError("one")
        return n

    seen, failure = drained(spread(work, [1, 0], 1, nothing, lambda n: [n + 10]))
    assert failure == "one"
    assert len(seen) <= 1
