"""Every request is in one batch, and what a lost actor had answered is not asked again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.engines import Completion, Prompt
from assay.engines.ray.sharing import LEAST, LIVES, Shares, sizes
from assay.errors import EngineError
from tests.engines.following import conversation


def requests(count: int, subject: str = "base") -> list[Prompt]:
    return [Prompt(subject, "math", str(i), "?" * (1 + i % 7)) for i in range(count)]


@given(st.integers(1, 20_000), st.integers(1, 64), st.integers(1, 1000))
def test_sizes_add_up_and_never_grow(count: int, actors: int, most: int) -> None:
    found = sizes(count, actors, most)
    assert sum(found) == count
    assert all(0 < size <= max(most, 1) for size in found)
    assert found == sorted(found, reverse=True)


@given(st.integers(1, 20_000), st.integers(1, 64))
def test_every_actor_has_work_as_long_as_there_are_requests(count: int, actors: int) -> None:
    assert len(sizes(count, actors, 512)) >= min(count, actors)


@given(st.integers(1, 20_000), st.integers(1, 16))
def test_batches_are_full_but_the_last_round(count: int, actors: int) -> None:
    assert all(size >= LEAST for size in sizes(count, actors, 512)[:-actors])


def test_nothing_is_no_batch() -> None:
    assert not sizes(0, 2, 512)
    assert not Shares([], 2, 512).waiting


def test_alike_stands_beside_alike_the_longest_first() -> None:
    mixed = [one for pair in zip(requests(40), requests(40, "math"), strict=True) for one in pair]
    batches = list(Shares(mixed, 2, 512).waiting)
    assert [{one.subject for one in batch.open} for batch in batches] == [{"base"}, {"math"}]
    lengths = [len(one.text) for one in batches[0].open]
    assert lengths == sorted(lengths, reverse=True)


def test_the_rest_of_a_lost_batch_goes_first_in_halves() -> None:
    shares = Shares(requests(10), 2, 512)
    batch = shares.waiting.popleft()
    done, *rest = batch.open
    assert shares.answered(batch, [Completion(done, "")])
    shares.lost(batch, "killed")
    first, second = shares.waiting.popleft(), shares.waiting.popleft()
    assert [*first.open, *second.open] == rest
    assert first.losses == second.losses == 1


def test_a_batch_that_ends_actors_thrice_is_named() -> None:
    shares = Shares(requests(5), 1, 512)
    for _ in range(LIVES - 1):
        shares.lost(shares.waiting.popleft(), "killed")
    with pytest.raises(EngineError, match=r"over 2 prompts to base \(task 'math', example .*: out of memory"):
        shares.lost(shares.waiting.popleft(), "out of memory")


def test_an_answer_to_what_was_not_asked_is_refused() -> None:
    shares = Shares(requests(2), 1, 512)
    batch = shares.waiting.popleft()
    (first, *_) = batch.open
    shares.answered(batch, [Completion(first, "")])
    with pytest.raises(EngineError, match="was not asked"):
        shares.answered(batch, [Completion(first, "")])


def test_what_is_left_out_without_a_reason_is_refused() -> None:
    shares = Shares([*requests(2), *requests(2, "math")], 1, 512)
    batch = shares.waiting.popleft()
    with pytest.raises(EngineError, match="left out 2 prompts to base"):
        shares.finished(batch, ["math"])


def test_nothing_more_is_asked_of_adapters_that_failed() -> None:
    shares = Shares([*requests(2), *requests(2, "math")], 2, 512)
    shares.drop(["math"])
    assert [one.subject for batch in shares.waiting for one in batch.open] == ["base", "base"]


def test_what_follows_answers_is_cut_into_batches_once_none_waits() -> None:
    shares = Shares([conversation(prompt) for prompt in requests(6)], 1, 4)
    seen = []
    while shares.left:
        shares.cut()
        batch = shares.waiting.popleft()
        sent = shares.job(batch).prompts
        assert len(sent) <= 4
        assert all(prompt.then is None for prompt in sent)
        seen += shares.answered(batch, [Completion(prompt, prompt.example) for prompt in sent])
    assert len(seen) == 18
    assert {done.prompt.request for done in seen} == {0, 1, 2}


def test_nothing_follows_for_an_adapter_that_failed() -> None:
    shares = Shares([conversation(prompt) for prompt in requests(2, "math")], 1, 4)
    batch = shares.waiting.popleft()
    shares.answered(batch, [Completion(prompt, "") for prompt in list(batch.open)])
    assert shares.left
    shares.drop({"math"})
    assert not shares.left
