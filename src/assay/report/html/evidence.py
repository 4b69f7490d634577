"""What the page shows beside the findings: flips to read, gains by instruction type, null responses.

Read from a run's records, one adapter and task at a time; it knows no HTML. A flip is an example that
base and adapter judge differently on the task's primary metric, with one sample each.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from assay.records import Scores, Store
from assay.study import Study
from assay.tasks import Example, Task
from assay.verdicts.early import Early, first_prompts
from assay.verdicts.noise import is_again

__all__ = ["Check", "Evidence", "Flip", "FlipCount", "Nulls", "Side", "TypeGain", "gather"]

MAX_FLIPS = 5000
"""Candidates read over all adapters and tasks; the page's size then decides how many it holds."""
FEWEST = 4
"""Candidates of an adapter on a task, however many there are of these."""


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
        """Share of the checks passed, adapter less base."""
        return (self.passed - self.base_passed) / self.checks


@dataclass(frozen=True, slots=True)
class Nulls:
    """Responses that were null, and so judged as empty."""

    subject: str
    task: str
    count: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a run's records show."""

    flips: tuple[Flip, ...]
    """Candidates: of each adapter and task the first so many of an order spread evenly over the file."""
    counts: tuple[FlipCount, ...]
    types: tuple[TypeGain, ...]
    nulls: tuple[Nulls, ...]
    examples: Mapping[str, int]
    """Examples of each task."""
    sampled: bool = False
    """Some subject has several samples an example, which leaves its flips out."""


@dataclass(frozen=True, slots=True)
class _Pair:
    adapter: str
    base: str
    """As records call it: with a variant where the adapter has its own template."""
    task: Task
    examples: Sequence[Example]
    flipped: tuple[int, ...]
    """Positions, spread evenly over the file."""
    fixed: frozenset[int]


def gather(study: Study, tasks: Mapping[str, Task], store: Store) -> Evidence:
    """Read a run's records. Empty where there are none, as in a study of aggregate scores."""
    bound = set(store.bound())
    examples = {
        name: store.examples(name) if any(task == name for _, task in bound) else () for name in tasks
    }
    absent = store.fact("absent") or {}
    whole = Early.of(store) is None
    pairs: list[_Pair] = []
    types: list[TypeGain] = []
    sampled = False
    for name, task in tasks.items():
        sides = [
            (adapter.name, side)
            for adapter in study.adapters
            if adapter.name not in absent
            and (side := store.counterpart(adapter.name, adapter.base, name)) is not None
        ]
        bases = {side: store.scores(side, name, task.scorer, whole) for _, side in sides}
        passes = _base_passes(task, store, [side for side in bases if bases[side] is not None])
        for adapter, side in sides:
            theirs, ours = bases[side], store.scores(adapter, name, task.scorer, whole)
            if theirs is None or ours is None:
                continue
            if not whole:
                theirs, ours = first_prompts(theirs, ours, range(len(examples[name]))) or (theirs, ours)
            if theirs.passed.shape[1] > 1 or ours.passed.shape[1] > 1:
                sampled = True
                continue
            pairs.append(_pair(adapter, side, task, examples[name], theirs, ours))
            types += _type_gains(adapter, task, examples[name], passes[side], store)
    return Evidence(
        flips=tuple(_flips(pairs, store)),
        counts=tuple(
            FlipCount(pair.adapter, pair.task.name, len(pair.fixed), len(pair.flipped) - len(pair.fixed))
            for pair in pairs
        ),
        types=tuple(types),
        nulls=tuple(
            Nulls(subject, task, count)
            for subject, task in store.bound()
            if not is_again(subject) and (count := store.nulls(subject, task))
        ),
        examples={name: len(found) for name, found in examples.items()},
        sampled=sampled,
    )


def _pair(
    adapter: str, base: str, task: Task, examples: Sequence[Example], theirs: Scores, ours: Scores
) -> _Pair:
    difference = ours.passed[:, 0, 0] - theirs.passed[:, 0, 0]
    flipped = ours.positions[np.flatnonzero(difference)].tolist()
    fixed = frozenset(ours.positions[np.flatnonzero(difference > 0)].tolist())
    return _Pair(adapter, base, task, examples, tuple(_spread(flipped)), fixed)


def _spread(positions: Sequence[int]) -> list[int]:
    """In an order whose every beginning is spread evenly: by the fractions of multiples of the golden ratio."""
    golden = 0.6180339887498949
    return [positions[i] for i in sorted(range(len(positions)), key=lambda i: i * golden % 1)]


def _flips(pairs: Sequence[_Pair], store: Store) -> Iterator[Flip]:
    """Candidates of every pair; each base's answers are read once a task."""
    several = [pair for pair in pairs if pair.flipped]
    cap = max(FEWEST, MAX_FLIPS // max(1, len(several)))
    by_base: dict[tuple[str, str], list[_Pair]] = defaultdict(list)
    for pair in several:
        by_base[pair.base, pair.task.name].append(pair)
    for (base, _), members in by_base.items():
        wanted = {position for pair in members for position in pair.flipped[:cap]}
        before = _sides(base, members[0], wanted, store)
        for pair in members:
            chosen = pair.flipped[:cap]
            after = _sides(pair.adapter, pair, set(chosen), store)
            for position in chosen:
                example = pair.examples[position]
                yield Flip(
                    adapter=pair.adapter,
                    base=base.partition("/")[0],
                    task=pair.task.name,
                    key=example.key,
                    direction="fixed" if position in pair.fixed else "broken",
                    prompt=example.prompt,
                    types=_types(example),
                    before=before[example.key],
                    after=after[example.key],
                )


def _sides(subject: str, pair: _Pair, positions: set[int], store: Store) -> dict[str, Side]:
    """Answers of a subject to the examples at these positions, by key."""
    task = pair.task
    wanted = {pair.examples[position].key: pair.examples[position] for position in positions}
    texts = {
        row["key"]: str(row["response"])
        for row in store.responses(subject, task.name)
        if row["key"] in wanted
    }
    return {
        key: Side(str(detail.get("chosen", texts[key])), _checks(task, wanted[key], detail))
        for key, _, detail in store.details(subject, task.name, task.scorer)
        if key in wanted
    }


def _types(example: Example) -> tuple[str, ...]:
    """Instruction types of an example, each once; empty where its task has none."""
    return tuple(dict.fromkeys(str(name) for name in example.data.get("instruction_id_list") or ()))


def _checks(task: Task, example: Example, detail: Mapping[str, Any]) -> tuple[Check, ...]:
    names, strict = example.data.get("instruction_id_list"), detail.get("strict")
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
    passed = bool(detail.get("flexible", False)) if "flexible" in detail else None
    if passed is None:
        return ()
    found = detail.get("extracted")
    told = "no number was found" if found is None else f"found {found}"
    if "answer" in example.data:
        told += f", the right answer is {example.data['answer']}"
    return (Check(task.metrics[0].title, passed, told),)


def _base_passes(task: Task, store: Store, bases: Sequence[str]) -> dict[str, dict[str, Sequence[bool]]]:
    """For each base: strict verdicts of each example's checks, by key; empty for a task without types."""
    return {base: _strict(base, task, store) for base in bases}


def _strict(subject: str, task: Task, store: Store) -> dict[str, Sequence[bool]]:
    found: dict[str, Sequence[bool]] = {}
    for key, _, detail in store.details(subject, task.name, task.scorer):
        if "strict" not in detail:
            return {}
        found[key] = detail["strict"]
    return found


def _type_gains(
    adapter: str,
    task: Task,
    examples: Sequence[Example],
    before: Mapping[str, Sequence[bool]],
    store: Store,
) -> Iterator[TypeGain]:
    after = _strict(adapter, task, store) if before else {}
    if not after:
        return
    totals: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for example in (one for one in examples if one.key in before and one.key in after):
        names = example.data.get("instruction_id_list") or ()
        for name, old, new in zip(names, before[example.key], after[example.key], strict=False):
            total = totals[str(name)]
            total[0] += 1
            total[1] += bool(old)
            total[2] += bool(new)
    for name, (checks, base_passed, passed) in sorted(totals.items()):
        yield TypeGain(task.name, name, adapter, checks, base_passed, passed)
