"""The time left that a run states, against the clock, on responses as long as those of small models.

For tables of it: `python -m tests.runs.test_remaining`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pytest

from assay.engines import Completion, Partial, Prompt
from assay.runs.remaining import Remaining
from tests.runs.machine import Costs, Machine

Draw = Callable[[np.random.Generator], int]
TWO_MINUTES, BARELY = 120.0, 30.0
TWO_CORES = Costs(step=0.072, token=0.0011, position=4e-7, read=0.0007)
"""As a model of 135 million parameters was measured: a step of 207 rows takes .38 s."""
NO_KERNEL = Costs(step=0.15, token=0.0017, position=2.5e-6, read=0.0007)
GPU = Costs(step=0.02, token=1e-5, position=1e-9, read=3e-5)


def lengths(median: float, spread: float, endless: float) -> Draw:
    """Log-normal, but for a share that runs to any limit."""
    return lambda rng: 10**6 if rng.random() < endless else 1 + int(rng.lognormal(np.log(median), spread))


HALF = lengths(250, 0.8, 0.4)
"""Half of the responses run to a limit of 1,280 tokens."""
BRIEF = lengths(60, 0.6, 0.02)


@dataclass(frozen=True, slots=True)
class Asked:
    """Prompts of a task to some subjects."""

    prompts: int
    limit: int
    characters: int = 240
    draw: Draw = HALF
    others: Draw | None = None
    """Of every third subject."""


@dataclass(frozen=True, slots=True)
class Case:
    tasks: tuple[Asked, ...]
    subjects: int
    slots: int
    costs: Costs
    again: int = 20
    """Prompts that are asked twice, of one subject."""

    def drawn(self) -> tuple[dict[Prompt, int], dict[Prompt, int]]:
        """Prompts of the first pass and of the second one, with the lengths of their responses."""
        rng = np.random.default_rng(1)
        first: dict[Prompt, int] = {}
        for task, asked in enumerate(self.tasks):
            for example in range(asked.prompts):
                text = "x" * (8 + int(asked.characters * rng.lognormal(0, 0.5)))
                for subject in range(self.subjects):
                    prompt = Prompt(f"s{subject}", f"t{task}", str(example), text, max_tokens=asked.limit)
                    draw = asked.others if asked.others and subject % 3 else asked.draw
                    first[prompt] = draw(rng)
        second = [prompt for prompt in first if prompt.subject == "s0"][: self.again]
        return first, {replace(prompt, variant="again"): first[prompt] for prompt in second}


CASES = {
    "64 prompts, 9 subjects, 1,280 tokens": Case((Asked(64, 1280),), 9, 207, TWO_CORES),
    "the same without a kernel": Case((Asked(64, 1280),), 9, 207, NO_KERNEL),
    "541 prompts, 3 subjects": Case((Asked(541, 1280),), 3, 207, TWO_CORES),
    "64 prompts, 9 subjects, 512 tokens": Case((Asked(64, 512),), 9, 256, TWO_CORES),
    "subjects of other lengths": Case((Asked(64, 1280, others=BRIEF),), 9, 207, TWO_CORES),
    "two tasks, one of long prompts": Case(
        (Asked(100, 1280), Asked(100, 400, 4000, lengths(130, 0.4, 0.05))), 3, 207, TWO_CORES
    ),
    "541 prompts, 33 subjects, a GPU": Case((Asked(541, 1280),), 33, 256, GPU),
    "541 prompts, 9 subjects, 4,096 tokens, a GPU": Case((Asked(541, 4096),), 9, 256, GPU),
}
OFTEN = ("64 prompts, 9 subjects, 1,280 tokens", "64 prompts, 9 subjects, 512 tokens")


def stated(case: Case) -> Iterator[tuple[float, float, float]]:
    """(seconds since the first prompt was asked, seconds left as stated then, seconds left)."""
    first, second = case.drawn()
    machine = Machine({**first, **second}, case.slots, case.costs)
    remaining = Remaining()
    remaining.expect("s0", [*first, *second])
    estimates: list[tuple[float, float]] = []
    for batch in (list(first), list(second)):
        remaining.start("s0", batch, {}, machine.now)
        for item in machine.resume(batch):
            remaining.take(item, machine.now)
            if isinstance(item, Partial) and (left := remaining.seconds(machine.now)) is not None:
                estimates.append((machine.now, left))
    for at, left in estimates:
        yield at, left, machine.now - at


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in OFTEN else pytest.mark.slow) for name in CASES]
)
def test_after_two_minutes_the_time_left_is_right_within_a_quarter(name: str) -> None:
    found = [(left, true) for at, left, true in stated(CASES[name]) if at >= TWO_MINUTES and true >= BARELY]
    assert len(found) > 20
    for left, true in found:
        assert left == pytest.approx(true, rel=0.25)


def test_an_engine_that_does_not_report_has_no_time_left() -> None:
    remaining = Remaining()
    prompts = [Prompt("a", "t", str(i), "text") for i in range(9)]
    remaining.expect("a", prompts)
    remaining.start("a", prompts, {}, 0.0)
    for now, prompt in enumerate(prompts[:5]):
        assert remaining.take(Completion(prompt, "", tokens=7, finish="stop"), 10.0 * now) == 7
    assert remaining.seconds(50.0) is None


def test_continuations_that_are_scored_take_the_time_that_reading_takes() -> None:
    prompts = [
        Prompt("a", "t", str(i), "x" * 1000, kind="loglikelihood", continuation=" yes") for i in range(100)
    ]
    remaining, now = Remaining(), 0.0
    remaining.expect("a", prompts)
    remaining.start("a", prompts, {}, now)
    for done, prompt in enumerate(prompts[:50], 1):
        now += 2.0
        remaining.take(Completion(prompt, " yes", tokens=1, logprob=-1.0), now)
        if done % 10 == 0:
            remaining.take(Partial({}), now)
    assert remaining.seconds(now) == pytest.approx(100, rel=0.02)


def test_the_next_bases_count_with_the_time_that_one_takes_to_load() -> None:
    def asked(base: str) -> list[Prompt]:
        return [Prompt(base, "t", str(i), "text", max_tokens=100) for i in range(20)]

    remaining, machine = Remaining(), Machine(dict.fromkeys(asked("a"), 10**6), 8, Costs(0.5, 0, 0, 0))
    for base in "abc":
        remaining.expect(base, asked(base))
    remaining.load(machine.now)
    machine.now += 60
    remaining.start("a", asked("a"), {}, machine.now)
    for item in machine.resume(asked("a")):
        remaining.take(item, machine.now)
    machine.now += 1
    remaining.take(Partial({}), machine.now)
    (left,) = [remaining.seconds(machine.now)]
    assert left == pytest.approx(2 * (60 + 300 * 0.5), rel=0.1)


def test_a_second_pass_is_as_long_as_the_first() -> None:
    first = {Prompt("a", "t", str(i), "text", max_tokens=1000): 10 if i % 2 else 1000 for i in range(40)}
    second = {replace(prompt, variant="again"): 10 for prompt in list(first)[1::8]}
    remaining, machine = Remaining(), Machine({**first, **second}, 40, Costs(0.1, 0, 0, 0))
    remaining.expect("a", [*first, *second])
    remaining.start("a", list(first), {}, machine.now)
    for item in machine.resume(list(first)):
        remaining.take(item, machine.now)
    remaining.take(Partial({}), machine.now + 10)
    assert remaining.seconds(machine.now + 10) == pytest.approx(10 * 0.1, rel=0.2)


def test_steps_of_actors_that_report_in_turn_are_counted_once() -> None:
    prompts = [Prompt("a", "t", str(i), "text", max_tokens=1000) for i in range(8)]
    remaining = Remaining()
    remaining.expect("a", prompts)
    remaining.start("a", prompts, {}, 0.0)
    for now in range(
        5, 200, 5
    ):  # each actor reports every 10 seconds, and its rows grow by 2 tokens a second
        rows = prompts[:4] if now % 10 else prompts[4:]
        remaining.take(Partial({prompt: range(2 * now) for prompt in rows}), float(now))
    steps, tokens, *_ = remaining.pace.recent / remaining.pace.seconds
    assert steps == pytest.approx(2, rel=0.1)
    assert tokens == pytest.approx(16, rel=0.1)


def test_rows_that_an_earlier_start_began_take_less() -> None:
    prompts = [Prompt("a", "t", str(i), "text", max_tokens=1000) for i in range(8)]
    left = []
    for begun in (0, 900):
        remaining = Remaining()
        remaining.expect("a", prompts)
        remaining.start("a", prompts, {prompt: [0] * begun for prompt in prompts[:7]} if begun else {}, 0.0)
        remaining.take(Partial({prompts[0]: [0] * (begun + 20)}), 10.0)
        left.append(remaining.seconds(10.0) or 0.0)
    assert left[1] < left[0]


def main() -> None:
    """Print each case: minutes left as stated and as they were."""
    marks = (60, 120, 180, 300, 450, 600, 900, 1200, 1800)
    for name, case in CASES.items():
        estimates = list(stated(case))
        print(f"{name} ({sum(estimates[0][::2]) / 60:.0f} min)")
        for mark in marks:
            if after := [entry for entry in estimates if entry[0] >= mark and entry[2] >= BARELY]:
                at, left, true = after[0]
                print(f"  after {at / 60:4.1f} min: {left / 60:5.1f} stated, {true / 60:5.1f} true")


if __name__ == "__main__":
    main()
