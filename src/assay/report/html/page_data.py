"""What the page shows in addition to the findings: flips to read, gains by instruction type.

Read from a run's records, one adapter and task at a time; it knows no HTML. A flip is an example that
base and adapter judge differently on the task's primary metric, with one sample each.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, Protocol

import numpy as np

from assay.plan import Plan, TaskPlan
from assay.records import Scores
from assay.records.types import in_turns
from assay.tasks import Example
from assay.verdicts import Evidence
from assay.verdicts.looks import first_prompts

__all__ = [
    "Check",
    "Flip",
    "FlipCount",
    "PageData",
    "RunRecords",
    "Side",
    "TypeGain",
    "gather",
    "prompt_of",
    "side_of",
    "types_of",
]

MAX_FLIPS = 5000
"""Candidates read over all adapters and tasks; the page's size then decides how many it holds."""
FEWEST = 4
"""Most candidates of an adapter on a task."""


@dataclass(frozen=True, slots=True)
class Check:
    """One verification of a response."""

    name: str
    """An instruction type, or the metric's title where the task has no types."""
    passed: bool
    reason: str | None


@dataclass(frozen=True, slots=True)
class Side:
    """One subject's answer to an example, and what its verifier said."""

    response: str
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class Flip:
    """An example on which an adapter and its base differ."""

    adapter: str
    base: str
    task: str
    key: str
    direction: Literal["fixed", "broken"]
    """`fixed`: the base fails and the adapter passes; `broken`: the reverse."""
    prompt: str
    types: tuple[str, ...]
    before: Side
    """The base."""
    after: Side
    """The adapter."""


@dataclass(frozen=True, slots=True)
class FlipCount:
    """All flips of an adapter on a task, shown or not."""

    adapter: str
    task: str
    fixed: int
    broken: int


@dataclass(frozen=True, slots=True)
class TypeGain:
    """An adapter on the checks of one instruction type, strict."""

    task: str
    type: str
    adapter: str
    checks: int
    base_passed: int
    passed: int

    @property
    def gain(self) -> float:
        """Share of the checks passed, adapter minus base."""
        return (self.passed - self.base_passed) / self.checks


@dataclass(frozen=True, slots=True)
class PageData:
    """What a run's records show."""

    flips: tuple[Flip, ...]
    """Candidates: the first ones of each adapter and task in an order spread evenly over the file."""
    counts: tuple[FlipCount, ...]
    types: tuple[TypeGain, ...]
    examples: Mapping[str, int]
    """Examples of each task."""
    sampled: bool = False
    """Some subject has several samples for each example; its flips are left out."""


@dataclass(frozen=True, slots=True)
class _Pair:
    """An adapter and its base on a task."""

    adapter: str
    base: str
    """As records call it: with a variant where the adapter has its own template."""
    records: _TaskRecords
    flipped: tuple[int, ...]
    """Positions, spread evenly over the file."""
    fixed: frozenset[int]

    @property
    def count(self) -> FlipCount:
        fixed = len(self.fixed)
        return FlipCount(self.adapter, self.records.task.name, fixed, len(self.flipped) - fixed)


class RunRecords(Evidence, Protocol):
    """What a page reads of a run."""

    def responses(self, name: str, task: str) -> Iterator[dict[str, Any]]:
        """A name's records on a task, in file order: key, sample, prompt as sent, response and text."""
        ...


def gather(plan: Plan, records: RunRecords, texts: bool = True) -> PageData:
    """Read a run's records. Empty where there are none, as in a study of aggregate scores.

    texts: read responses too, for flips.
    """
    bound = records.bound()
    with_records = {task for _, task in bound}
    examples = {name: records.examples(name) if name in with_records else () for name in plan.tasks}
    refused = records.manifest.refused
    whole = records.manifest.schedule is None
    pairs: list[_Pair] = []
    types: list[TypeGain] = []
    sampled = False
    for name, task in plan.tasks.items():
        answers = _TaskRecords(task, examples[name], records, whole)
        for adapter in plan.adapters:
            base = records.counterpart(adapter.name, adapter.base, name)
            scores = None if adapter.name in refused or base is None else answers.both(adapter.name, base)
            if base is None or scores is None:
                continue
            if any(side.passed.shape[1] > 1 for side in scores):
                sampled = True
                continue
            pairs.append(answers.pair(adapter.name, base, *scores))
            types += answers.type_gains(adapter.name, base)
    return PageData(
        flips=tuple(_flips(pairs if texts else ())),
        counts=tuple(pair.count for pair in pairs),
        types=tuple(types),
        examples={name: len(listed) for name, listed in examples.items()},
        sampled=sampled,
    )


class _TaskRecords:
    """A run's records of one task. A base's records are kept for its next adapter."""

    def __init__(self, task: TaskPlan, examples: Sequence[Example], records: RunRecords, whole: bool) -> None:
        self.task, self.examples, self.records = task, examples, records
        self.whole = whole
        """Nobody stopped early."""
        self._scores = cache(lambda subject: records.scores(subject, task.name, whole))
        self._base_checks = cache(self._strict)

    def both(self, adapter: str, base: str) -> tuple[Scores, Scores] | None:
        """Scores of the base and of the adapter, on prompts that both answered; None where one side is missing."""
        before = self._scores(base)
        after = self.records.scores(adapter, self.task.name, self.whole)
        if before is None or after is None:
            return None
        if self.whole:
            return before, after
        return first_prompts(before, after, range(len(self.examples))) or (before, after)

    def pair(self, adapter: str, base: str, before: Scores, after: Scores) -> _Pair:
        """Where they differ on the primary metric."""
        difference = after.passed[:, 0, 0] - before.passed[:, 0, 0]
        flipped = after.positions[np.flatnonzero(difference)].tolist()
        fixed = frozenset(after.positions[np.flatnonzero(difference > 0)].tolist())
        return _Pair(adapter, base, self, tuple(_spread(flipped)), fixed)

    def sides(self, subject: str, positions: Iterable[int]) -> dict[str, Side]:
        """Answers of a subject to the examples at these positions, by key."""
        examples = {self.examples[position].key: self.examples[position] for position in positions}
        texts: dict[str, list[str]] = {}
        for row in self.records.responses(subject, self.task.name):
            if row["key"] in examples:
                earlier = texts.get(row["key"], []) if (row["turn"] or 1) > 1 else []
                texts[row["key"]] = [*earlier, str(row["response"])]
        return {
            key: side_of(self.task, examples[key].data, in_turns(texts[key]), detail)
            for key, _, detail in self.records.details(subject, self.task.name)
            if key in examples
        }

    def type_gains(self, adapter: str, base: str) -> Iterator[TypeGain]:
        """By instruction type, over the examples that both answered; none for a task without types."""
        before = self._base_checks(base)
        after = self._strict(adapter) if before else {}
        totals: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
        for example in self.examples:
            if example.key not in before or example.key not in after:
                continue
            names = example.data.get("instruction_id_list") or ()
            for name, old, new in zip(names, before[example.key], after[example.key], strict=False):
                total = totals[str(name)]
                total[0] += 1
                total[1] += bool(old)
                total[2] += bool(new)
        for name, (checks, base_passed, passed) in sorted(totals.items()):
            yield TypeGain(self.task.name, name, adapter, checks, base_passed, passed)

    def _strict(self, subject: str) -> dict[str, Sequence[bool]]:
        """Strict verdicts of each example's checks, by key; empty for a task without types."""
        verdicts: dict[str, Sequence[bool]] = {}
        for key, _, detail in self.records.details(subject, self.task.name):
            if "strict" not in detail:
                return {}
            verdicts[key] = detail["strict"]
        return verdicts


def _spread(positions: Sequence[int]) -> list[int]:
    """In an order whose every beginning is spread evenly: by the fractions of multiples of the golden ratio."""
    golden = 0.6180339887498949
    return [positions[i] for i in sorted(range(len(positions)), key=lambda i: i * golden % 1)]


def _flips(pairs: Sequence[_Pair]) -> Iterator[Flip]:
    """Candidates of every pair; each base's answers are read once a task."""
    several = [pair for pair in pairs if pair.flipped]
    most = max(FEWEST, MAX_FLIPS // max(1, len(several)))
    by_base: dict[tuple[str, str], list[_Pair]] = defaultdict(list)
    for pair in several:
        by_base[pair.base, pair.records.task.name].append(pair)
    for (base, _), members in by_base.items():
        records = members[0].records
        before = records.sides(base, {position for pair in members for position in pair.flipped[:most]})
        for pair in members:
            after = records.sides(pair.adapter, pair.flipped[:most])
            for position in pair.flipped[:most]:
                yield _flip(pair, position, before, after)


def _flip(pair: _Pair, position: int, before: Mapping[str, Side], after: Mapping[str, Side]) -> Flip:
    example = pair.records.examples[position]
    return Flip(
        adapter=pair.adapter,
        base=pair.base.partition("/")[0],
        task=pair.records.task.name,
        key=example.key,
        direction="fixed" if position in pair.fixed else "broken",
        prompt=prompt_of(example.prompt, example.data),
        types=types_of(example.data),
        before=before[example.key],
        after=after[example.key],
    )


def prompt_of(prompt: str, data: Mapping[str, Any]) -> str:
    """What the user says about an example, in all turns."""
    later = data.get("turns")
    return in_turns([prompt, *map(str, later)]) if isinstance(later, list) else prompt


def types_of(data: Mapping[str, Any]) -> tuple[str, ...]:
    """Instruction types of an example, from its data."""
    return tuple(dict.fromkeys(map(str, data.get("instruction_id_list") or ())))


def side_of(task: TaskPlan, data: Mapping[str, Any], response: str, detail: Mapping[str, Any]) -> Side:
    """A scored response. data: of the example; detail: what the verifier noted."""
    return Side(str(detail.get("chosen", response)), _checks(task, data, detail))


def _checks(task: TaskPlan, data: Mapping[str, Any], detail: Mapping[str, Any]) -> tuple[Check, ...]:
    """Each instruction of the example, or the one check of a task without instruction types."""
    names, strict = data.get("instruction_id_list"), detail.get("strict")
    if names and strict and len(names) == len(strict):
        reasons = detail.get("reasons") or [None] * len(names)
        return tuple(
            Check(str(name), bool(passed), None if reason is None else str(reason))
            for name, passed, reason in zip(names, strict, reasons, strict=True)
        )
    if "passed" in detail:
        reason = detail.get("reason")
        return (
            Check(task.metrics[0].title, bool(detail["passed"]), None if reason is None else str(reason)),
        )
    if "flexible" not in detail:
        return ()
    extracted = detail.get("extracted")
    reason = "no number was found" if extracted is None else f"found {extracted}"
    if "answer" in data:
        reason += f", the right answer is {data['answer']}"
    return (Check(task.metrics[0].title, bool(detail["flexible"]), reason),)
