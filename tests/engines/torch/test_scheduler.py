from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.engines.torch.scheduler import BatchOptions, Scheduler
from assay.engines.torch.sequence import Scored, Sequence, Stops
from assay.errors import EngineError
from tests.engines.following import conversation
from tests.engines.torch.toys import ask


def row(number: int, prompt: int, limit: int) -> Sequence:
    return Sequence(ask("base", "", number), -1, [0] * prompt, limit, Stops(()))


@given(
    sizes=st.lists(st.tuples(st.integers(1, 30), st.integers(1, 6)), min_size=1, max_size=20),
    lengths=st.lists(st.integers(1, 30), max_size=6),
    rows=st.integers(1, 5),
    tokens=st.integers(1, 40),
    together=st.integers(1, 5),
)
def test_every_row_runs_to_its_limit_and_never_more_than_fit(
    sizes: list[tuple[int, int]], lengths: list[int], rows: int, tokens: int, together: int
) -> None:
    waiting = [row(i, prompt, limit) for i, (prompt, limit) in enumerate(sizes)]
    scored = [Scored([0] * length, 1, -1, []) for length in lengths]
    scheduler = Scheduler(waiting, scored, BatchOptions(rows=rows, tokens=tokens), positions=3)
    scheduler.allocate(1, 10**6)
    scheduler.together = together
    read = 0
    while not scheduler.done:
        parts, entered = scheduler.schedule()
        read += len(entered)
        assert parts or entered
        assert len(parts) == len(scheduler.running) <= rows
        assert [part.slot for part in parts] == list(range(len(parts)))
        new = [len(part.tokens) for part in parts if not part.start] + [len(one.tokens) for one in entered]
        assert len(new) <= 1 or sum(new) - new[0] <= tokens
        free = min(rows - len(scheduler.running), len(scheduler.waiting))
        assert free < together or new
        for one in scheduler.running:
            one.output.append(0)
        scheduler.postprocess([i for i, one in enumerate(scheduler.running) if len(one.output) == one.limit])
    assert read == len(lengths)
    assert all(len(one.output) == one.limit for one in waiting)


def test_a_freed_slot_is_filled_in_the_next_step() -> None:
    scheduler = Scheduler([row(i, 5, 9) for i in range(4)], [], BatchOptions(rows=3, tokens=100), positions=1)
    scheduler.allocate(1, 10**6)
    scheduler.schedule()
    for one in scheduler.running:
        one.output.append(0)
    scheduler.postprocess([0])
    parts, _ = scheduler.schedule()
    assert [part.start for part in parts] == [5, 5, 0]


def test_where_steps_are_recorded_rows_enter_several_at_a_time_and_blocks_are_whole() -> None:
    scheduler = Scheduler(
        [row(i, 5, 9) for i in range(99)], [], BatchOptions(rows=32, tokens=1000), positions=1
    )
    scheduler.allocate(1, 10**6, recorded=True)
    assert scheduler.cache is not None
    assert scheduler.cache.whole
    entered = []
    for _ in range(4):
        parts, _ = scheduler.schedule()
        entered.append(sum(not part.start for part in parts))
        for one in scheduler.running:
            one.output.append(0)
        scheduler.postprocess([0])
    assert entered == [32, 0, 2, 0]


def test_a_restart_loses_no_row_and_no_token() -> None:
    rows = [row(i, 5, 9) for i in range(3)]
    scheduler = Scheduler(rows, [Scored([0] * 4, 1, -1, [])], BatchOptions(rows=2), positions=1)
    scheduler.allocate(1, 10**6)
    _, scored = scheduler.schedule()
    for one in scheduler.running:
        one.output.append(7)
    scheduler.restart(scored)
    assert scheduler.cache is None
    assert [one.length for one in scheduler.waiting] == [6, 6, 5]
    assert len(scheduler.scoring) == 1


def test_memory_is_sized_to_what_is_free() -> None:
    scheduler = Scheduler([row(i, 5, 5) for i in range(9)], [], BatchOptions(rows=8), positions=1)
    scheduler.allocate(bytes_per_token=10, free=399)
    assert scheduler.cache is not None
    assert (scheduler.cache.slots, scheduler.cache.capacity) == (3, 10)


def test_a_row_that_does_not_fit_names_the_option_where_the_study_set_it() -> None:
    rows = [row(0, 5, 5)]
    with pytest.raises(
        EngineError, match=r"`engine\.options\.memory_gib` gives it 1 MiB; raise that to 0\.1 or"
    ):
        Scheduler(rows, [], BatchOptions(memory=2**20), positions=1).allocate(10 * 2**20, 2**20)
    with pytest.raises(EngineError, match=r"1 MiB are left; lower `max_tokens`, or use a larger machine"):
        Scheduler(rows, [], BatchOptions(), positions=1).allocate(10 * 2**20, 2**20)


def test_a_row_that_follows_waits_in_the_place_of_its_length() -> None:
    scheduler = Scheduler([row(i, i, 9) for i in (8, 4, 2)], [], BatchOptions(rows=1), positions=1)
    assert not scheduler.add(row(9, 5, 9))
    assert [len(each.prompt) for each in scheduler.waiting] == [8, 5, 4, 2]


def test_for_a_row_that_is_longer_than_expected_the_cache_is_made_again_and_nothing_is_lost() -> None:
    first, late = row(0, 5, 9), row(1, 50, 9)
    scheduler = Scheduler([first], [], BatchOptions(rows=2), positions=1)
    scheduler.allocate(1, 10**6)
    scheduler.schedule()
    first.output.append(7)
    assert scheduler.add(late)
    assert not scheduler.cache
    scheduler.allocate(1, 10**6)
    parts, _ = scheduler.schedule()
    assert {len(part.tokens) for part in parts} == {50, 6}
    assert scheduler.cache is not None
    assert scheduler.cache.capacity == 59


def test_memory_is_for_the_turns_to_come() -> None:
    talk = row(0, 5, 9)
    talk.reserve = 30
    scheduler = Scheduler([talk], [], BatchOptions(rows=2), positions=1)
    scheduler.allocate(1, 10**6)
    assert not scheduler.add(row(1, 20, 9))


def test_where_steps_are_recorded_rows_that_follow_enter_several_at_a_time() -> None:
    rows = [row(i, 5, 9) for i in range(32)]
    for each in rows:
        each.asked = conversation(each.asked)
    scheduler = Scheduler(rows, [], BatchOptions(rows=32, tokens=1000), positions=1)
    scheduler.allocate(1, 10**6, recorded=True)
    scheduler.schedule()
    scheduler.postprocess([0])
    scheduler.add(row(40, 5, 9))
    assert len(scheduler.schedule()[0]) == 31
    scheduler.postprocess([0])
    scheduler.add(row(41, 5, 9))
    assert len(scheduler.schedule()[0]) == 32
