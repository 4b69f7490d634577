"""Which prompts are asked twice: over all tasks and adapters, as many as the study allows, and none that is not needed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from assay.engines import Prompt, Session
from assay.plan import RowKey
from assay.runs.second_passes import as_drawn, draw, repeat_count, second_passes
from assay.runs.workload import BaseGroup, Workload
from assay.verdicts.looks import order

SIZES = {"math": 60, "tone": 20}
ADAPTERS = ("one", "two", "three")


def opens_nothing() -> AbstractContextManager[Session]:
    raise AssertionError


def group(repeats: int, adapters: tuple[str, ...] = ADAPTERS, samples: int = 1) -> BaseGroup:
    workloads = tuple(
        Workload(
            Prompt(name, task, "", "", 8),
            {"of": name},
            {},
            {f"{i}": f"{task} {i}" for i in range(n)},
            samples,
        )
        for name in ("base", *adapters)
        for task, n in SIZES.items()
    )
    again = second_passes(workloads, "base")
    return BaseGroup(workloads, opens_nothing, "base", again=again, repeats=repeats)


def everything(of: BaseGroup) -> Callable[[str, str], set[RowKey]]:
    rows: dict[tuple[str, str], set[RowKey]] = {}
    for load in of.workloads:
        rows[load.name, load.task] = {prompt.key for prompt in load.prompts()}
    return lambda name, task: rows.get((name, task), set())


@pytest.mark.parametrize(
    ("responses", "examples", "prompts", "count"),
    [
        (2000, 500, None, 100),
        (9000, 1000, None, 200),
        (9000, 120, None, 120),
        (100, 50, 40, 40),
        (100, 50, 400, 50),
        (9, 3, 0, 0),
    ],
)
def test_a_tenth_of_the_responses_and_at_most_200_prompts(
    responses: int, examples: int, prompts: int | None, count: int
) -> None:
    assert repeat_count(responses, examples, prompts) == count


def test_base_and_one_adapter_answer_each_example_once_more() -> None:
    drawn = draw(group(40, samples=3), seed=0)
    examples = Counter((prompt.task, prompt.example) for prompt in drawn)
    assert set(examples.values()) == {2}
    assert len(examples) == 40
    assert {prompt.variant for prompt in drawn} == {"again"}
    assert {prompt.sample for prompt in drawn} == {0}
    bases = {(prompt.task, prompt.example) for prompt in drawn if prompt.subject == "base"}
    assert bases == set(examples)


def test_tasks_share_in_proportion_and_every_adapter_is_drawn() -> None:
    drawn = draw(group(40), seed=0)
    assert Counter(prompt.task for prompt in drawn) == {"math": 60, "tone": 20}
    assert {prompt.subject for prompt in drawn} == {"base", *ADAPTERS}


def test_examples_come_in_the_order_in_which_a_run_that_may_stop_early_takes_them() -> None:
    drawn = draw(group(40), seed=7)
    for task, n in SIZES.items():
        asked = [int(prompt.example) for prompt in drawn if prompt.subject == "base" and prompt.task == task]
        assert asked == order(7, task, n)[: len(asked)]


def test_what_has_a_second_response_is_not_asked_again() -> None:
    of = group(40)
    drawn = draw(of, seed=0)
    kept = {prompt.key for prompt in drawn[:31]}

    def second(name: str, task: str) -> set[RowKey]:
        return {key for key in kept if (key.subject, key.task) == (name, task)}

    rest = draw(of, 0, (), everything(of), second)
    assert {prompt.key for prompt in rest} == {prompt.key for prompt in drawn[31:]}


def test_pairs_of_an_earlier_draw_count_first() -> None:
    of = group(40)
    kept = {prompt.key for prompt in draw(of, seed=1)}

    def second(name: str, task: str) -> set[RowKey]:
        return {key for key in kept if (key.subject, key.task) == (name, task)}

    assert draw(of, 0, (), everything(of), second) == []


def test_a_refused_adapter_and_an_unanswered_example_are_replaced() -> None:
    of = group(20)
    drawn = draw(of, 0, refused={"two"})
    assert {prompt.subject for prompt in drawn} == {"base", "one", "three"}
    assert len(drawn) == 40
    rows = everything(of)
    skipped = {key for key in rows("base", "math") if key.example in {prompt.example for prompt in drawn}}

    def first(name: str, task: str) -> set[RowKey]:
        return rows(name, task) - skipped

    others = draw(of, 0, (), first)
    assert len(others) == 40
    assert not {prompt.example for prompt in others if prompt.task == "math"} & {
        key.example for key in skipped
    }


@pytest.mark.parametrize("of", [group(0), group(9, adapters=())])
def test_nothing_is_asked_twice_without_an_adapter_or_where_the_study_says_so(of: BaseGroup) -> None:
    assert draw(of, seed=0) == []
    assert as_drawn(of, seed=0) == ()


def test_workloads_as_drawn_hold_the_prompts_that_are_drawn() -> None:
    of = group(25)
    keys = {prompt.key for load in as_drawn(of, 3) for prompt in load.prompts()}
    assert keys == {prompt.key for prompt in draw(of, 3)}
