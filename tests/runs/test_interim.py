"""How far each adapter is asked: looks and scores in, prompts out, without a run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from assay.engines import Prompt
from assay.errors import RunError
from assay.records import Schedule, Scores
from assay.runs.interim import InterimPolicy, begin_schedule
from assay.runs.resolve import resolve
from tests.studies import one_task_study

POOL = 400
CELL = ("a", "math")


@pytest.fixture
def policy(tmp_path: Path) -> InterimPolicy:
    study = one_task_study(tmp_path, [True] * POOL, {"a": [True] * POOL}, stop="decided")
    plan = resolve(study)
    schedule = begin_schedule(plan, {"math": POOL}, None)
    ranks = {"math": {str(position): rank for rank, position in enumerate(schedule.orders["math"])}}
    contents = {("a", "math"): "math a", ("base", "math"): "math base"}
    return InterimPolicy(plan, schedule, {CELL: plan.claims}, contents, {CELL: "base"}, ranks)


def looked(policy: InterimPolicy, *looks: int) -> InterimPolicy:
    schedule = policy.schedule
    taken = Schedule(schedule.design, schedule.first, schedule.every, schedule.orders, {"math a": looks})
    return InterimPolicy(
        policy.plan, taken, policy.claims, policy.contents, policy.counterparts, policy.ranks
    )


def scores(passed: np.ndarray) -> Scores:
    table = passed.astype(np.int64)[:, None, None].repeat(3, axis=2)
    return Scores(table, np.ones_like(table), np.arange(len(passed)))


def test_looks_come_at_the_first_and_then_every_so_many_prompts(policy: InterimPolicy) -> None:
    assert policy.next_look(CELL) == 64
    assert looked(policy, 64).next_look(CELL) == 96
    assert looked(policy, 64, 384).next_look(CELL) == POOL


def test_the_base_goes_as_far_as_its_adapter(policy: InterimPolicy) -> None:
    reach = policy.reach([CELL, ("base", "math")], {CELL: 64}, [64 / POOL])
    assert reach == {"math a": 64, "math base": 64}
    prompts = [Prompt(name, "math", str(key), "") for key in range(POOL) for name in ("a", "base")]
    due, left = policy.due(prompts, reach)
    assert {prompt.example for prompt in due} == {str(key) for key in policy.schedule.orders["math"][:64]}
    assert len(due) == 128
    assert len(left) == 2 * (POOL - 64)


def test_a_cell_is_settled_once_no_further_prompt_can_change_its_word(policy: InterimPolicy) -> None:
    worse = (scores(np.ones(POOL)), scores(np.zeros(POOL)))
    equal = (scores(np.ones(POOL)), scores(np.ones(POOL)))
    some = np.arange(POOL) % 4 == 0
    mixed = (scores(some), scores(np.roll(some, 1)))

    def first(pair: tuple[Scores, Scores], n: int) -> tuple[Scores, Scores]:
        before, after = (Scores(side.passed[:n], side.out_of[:n], side.positions[:n]) for side in pair)
        return before, after

    at_first_look = looked(policy, 64)
    assert at_first_look.settled(CELL, lambda _, n, __: first(worse, n))
    assert not at_first_look.settled(CELL, lambda _, n, __: first(mixed, n))
    assert looked(policy, 64, 384).settled(CELL, lambda _, n, __: first(equal, n))
    assert not at_first_look.settled(CELL, lambda *_: None)


def test_without_a_look_a_cell_is_settled_when_all_of_it_is_there(policy: InterimPolicy) -> None:
    pair = (scores(np.ones(POOL)), scores(np.ones(POOL)))
    assert policy.settled(CELL, lambda *_: pair)
    assert not policy.settled(CELL, lambda *_: None)


def test_looks_at_other_prompts_or_in_another_order_are_refused(policy: InterimPolicy) -> None:
    with pytest.raises(
        RunError, match=r"looked at the first of 400 prompts in a random order.*now gives 399"
    ):
        begin_schedule(policy.plan, {"math": 399}, policy.schedule)
    other = Schedule("group", 64, 32, {"math": list(range(POOL))})
    with pytest.raises(RunError, match="another `seed` would void its bounds; use another folder"):
        begin_schedule(policy.plan, {"math": POOL}, other)
