"""A pilot: a small run of the same tasks, which shows how much adapters differ and how long responses are.

pilot = read_pilot(Path("runs/pilot"), outline(study))
pilot.metrics[0].discordance
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scipy.special import betaincinv

from assay.engines.api import AGAIN
from assay.errors import RunError
from assay.plan import MetricName, Plan
from assay.planning.cost import Length
from assay.records import digest
from assay.records.queries import response_tokens
from assay.runs import Run
from assay.runs.outline import Outline
from assay.tasks import Example, Task
from assay.verdicts.pair import PairedScores, Pairs
from assay.verdicts.recipes import over_seeds

__all__ = ["Pilot", "PilotCell", "PilotMetric", "PilotSeeds", "read_pilot", "share_interval"]

LEVEL = 0.9


@dataclass(frozen=True, slots=True)
class PilotCell:
    """One adapter against its base on one metric."""

    adapter: str
    prompts: int
    differ: int
    """Prompts on which the two differ."""
    discordance: float
    """Their share."""
    interval: tuple[float, float]
    """For the share, 90 %."""


@dataclass(frozen=True, slots=True)
class PilotSeeds:
    """How much seeds of one recipe differ in their true gain."""

    recipes: int
    """Of two seeds at least, that were measured."""
    sd: float
    """Over all of them; 0 where their gains differ no more than prompts explain."""


@dataclass(frozen=True, slots=True)
class PilotMetric:
    """The pilot's figures on one claimed metric."""

    metric: str
    cells: tuple[PilotCell, ...]
    discordance: float
    """Mean over adapters."""
    low: float
    high: float
    """Least and largest over adapters; with one adapter, the ends of its interval."""
    seeds: PilotSeeds | None
    """null where no recipe has two seeds."""

    @property
    def shares(self) -> tuple[float, ...]:
        """Discordances to plan with; half a prompt where none differs, for power needs some."""
        least = 0.5 / max(cell.prompts for cell in self.cells)
        return tuple(max(share, least) for share in (self.low, self.discordance, self.high))


@dataclass(frozen=True, slots=True)
class Pilot:
    """What a pilot says."""

    study: str
    """Name of the study that was run."""
    metrics: tuple[PilotMetric, ...]
    lengths: tuple[Length, ...]
    """Lengths on the study's tasks, where tokens were counted."""
    notes: tuple[str, ...]
    """Differences between the pilot and the study."""


def read_pilot(folder: Path, outline: Outline) -> Pilot:
    """Read a complete run of some of a study's examples.

    Raises RunError where there is none, its tasks are not the study's, or no adapter was measured on what the study
    claims.
    """
    plan = outline.plan
    claimed = tuple(dict.fromkeys(claim.metric for claim in plan.claims))
    with Run.open(folder) as run:
        run.check_analyzed()
        _check_tasks(run, outline)
        pairs = Pairs(run.plan, run.evidence)
        notes: list[str] = []
        metrics = tuple(
            planned
            for metric in claimed
            if (planned := _metric(metric, run.plan, plan, pairs, notes)) is not None
        )
        if not metrics:
            raise RunError(
                f"no adapter of this pilot was measured on {', '.join(map(str, claimed))}",
                place=folder,
                fix=f"`assay report {folder}` says why; give a run in which one was",
            )
        if _conditions(run.plan) != _conditions(plan):
            notes.append(
                "The pilot had another decoding or engine: its responses may differ and be longer or shorter."
            )
        lengths = tuple(length for name in plan.tasks if (length := _length(name, run)) is not None)
        return Pilot(run.plan.name, metrics, lengths, tuple(notes))


def _check_tasks(run: Run, outline: Outline) -> None:
    """Raise RunError unless the pilot's tasks are the study's, with some of its examples."""
    fix = "give a run of the study itself, with a `limit` to each task and into another folder"
    claimed = {claim.metric.task for claim in outline.plan.claims}
    for name, task in outline.tasks.items():
        if name not in run.tasks:
            if name in claimed:
                raise RunError(
                    f"its run has no task {name!r}, of which the study claims a metric",
                    place=run.folder,
                    fix=fix,
                )
            continue
        other = run.tasks[name]
        shots, other_shots = (plan.tasks[name].shots for plan in (outline.plan, run.plan))
        if (other.kind, other.scorer) != (task.kind, task.scorer) or shots != other_shots:
            raise RunError(
                f"its task {name!r} is {_described(other, other_shots)}, and the study's is {_described(task, shots)}",
                place=run.folder,
                fix=fix,
            )
        known = {_content(example) for example in outline.examples.get(name, ())}
        examples = run.records.examples(name) if known else ()
        foreign = [example.key for example in examples if _content(example) not in known]
        if foreign:
            raise RunError(
                f"task {name!r}: {len(foreign)} of its examples (the first has key {foreign[0]!r}) are not the study's",
                place=run.folder,
                fix=fix,
            )


def _described(task: Task, shots: int | None) -> str:
    return f"{task.scorer}{f' with {shots} shots' if shots is not None else ''}"


def _content(example: Example) -> str:
    return digest([example.key, example.prompt, dict(example.data)])


def _conditions(plan: Plan) -> list[object]:
    """What responses depend on besides weights and prompts, as far as a plan has it."""
    limits = {name: task.max_tokens for name, task in plan.tasks.items()}
    return [plan.decoding.model_dump(), plan.engine.model_dump(exclude={"options"}), limits]


def _metric(metric: MetricName, ran: Plan, plan: Plan, pairs: Pairs, notes: list[str]) -> PilotMetric | None:
    cells = {
        adapter.name: cell
        for adapter in ran.adapters
        if isinstance(cell := pairs.cells.get((adapter.name, metric)), PairedScores)
    }
    claiming = {claim.subject.name for claim in plan.claims if claim.metric == metric}
    if not cells:
        notes.append(f"The pilot measured no adapter on {metric}.")
        return None
    if claiming & cells.keys():
        cells = {name: cell for name, cell in cells.items() if name in claiming}
    else:
        notes.append(
            f"None of the pilot's adapters claims {metric} in this study: it is planned with those it has."
        )
    measured = tuple(_cell(name, cell) for name, cell in cells.items())
    shares = [cell.discordance for cell in measured]
    low, high = measured[0].interval if len(measured) == 1 else (min(shares), max(shares))
    mean = sum(shares) / len(shares)
    return PilotMetric(str(metric), measured, mean, low, high, _seeds(ran, cells))


def _cell(name: str, cell: PairedScores) -> PilotCell:
    differ, n = cell.better + cell.worse, len(cell.differences)
    return PilotCell(name, n, differ, differ / n, share_interval(differ, n))


def share_interval(count: int, n: int, confidence: float = LEVEL) -> tuple[float, float]:
    """Exact interval (low, high) for a share, count of n. Source: Clopper and Pearson 1934, Biometrika 26:404."""
    tail = (1 - confidence) / 2
    low = float(betaincinv(count, n - count + 1, tail)) if count else 0.0
    high = float(betaincinv(count + 1, n - count, 1 - tail)) if count < n else 1.0
    return low, high


def _seeds(ran: Plan, cells: Mapping[str, PairedScores]) -> PilotSeeds | None:
    """Over recipes of two seeds, the root of the mean variance between seeds; recipes with more seeds weigh more."""
    groups: dict[tuple[str, str, int | None], list[PairedScores]] = defaultdict(list)
    for adapter in ran.adapters:
        if adapter.name in cells:
            groups[adapter.replicated].append(cells[adapter.name])
    several = [
        group
        for group in groups.values()
        if len(group) > 1
        and len({len(cell.differences) for cell in group}) == 1
        and len(group[0].differences) > 1
    ]
    if not several:
        return None
    freedom = [len(group) - 1 for group in several]
    variances = [over_seeds(group).components.var_seed for group in several]
    mean = sum(df * variance for df, variance in zip(freedom, variances, strict=True)) / sum(freedom)
    return PilotSeeds(len(several), math.sqrt(mean))


def _length(task: str, run: Run) -> Length | None:
    adapters = {adapter.name for adapter in run.plan.adapters}
    sums = {True: [0, 0], False: [0, 0]}
    for name, bound in run.records.bound():
        if bound == task:
            for index, value in enumerate(response_tokens(run.records, name, task)):
                sums[name.removesuffix(f"/{AGAIN}") in adapters][index] += value
    (bases, base_tokens), (ours, tokens) = sums[False], sums[True]
    if not bases and not ours:
        return None
    return Length(task, base_tokens / bases if bases else None, tokens / ours if ours else None)
