"""The forecast of a study: what it can show, and what it costs, before anything is spent on it.

It writes nothing, and works on a study as far as it could be resolved (`assay.runs.outline`).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from assay.errors import AssayError
from assay.plan import MetricName, Plan
from assay.planning.cost import (
    Cost,
    Length,
    SubjectCost,
    study_cost,
    study_parts,
    with_lengths,
    work_cost,
    work_parts,
)
from assay.planning.early import Early, early_costs, expected_stops, may_stop
from assay.planning.guesses import Guesses
from assay.planning.pilot import Pilot, read_pilot
from assay.planning.power import MetricPower, RecipePower, mean_checks, metric_power, recipe_power
from assay.planning.trial import Clock, Time, Trial, estimate, measure
from assay.progress import Progress, silent
from assay.runs.outline import Outline
from assay.runs.training_data import TrainingData
from assay.verdicts.clusters import count_independent

__all__ = ["Forecast", "forecast"]


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a study can find out, and what it costs."""

    study: str
    power: tuple[MetricPower, ...]
    """Power of each adapter's claims."""
    recipes: tuple[RecipePower, ...]
    """Power of recipes with several seeds."""
    cost: Cost | None
    """None where nothing is generated."""
    trials: tuple[Trial, ...]
    """One for each base, where requested and possible."""
    time: Time | None
    """From the trials."""
    pilot: Pilot | None
    """The figures of a pilot, where one was given."""
    early: Early | None
    """Where a run that stops once everything is decided would stop; None where no run of this study can stop early."""
    notes: tuple[str, ...]
    """What could not be estimated and why, and what the figures leave out."""
    training: tuple[TrainingData, ...] = ()
    """Whether adapters were trained on the prompts, as far as that is known."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of a study before it is run."""

    plan: Plan
    prompts: Mapping[str, int]
    """By task."""
    evidence: Mapping[str, int]
    """By task: prompts, or clusters where prompts come in clusters."""
    checks: Mapping[MetricName, float]
    """A prompt's mean, by metric."""
    guesses: Guesses


def forecast(
    outline: Outline,
    progress: Progress = silent,
    guesses: Guesses | None = None,
    pilot: Path | None = None,
    clock: Clock = time.perf_counter,
) -> Forecast:
    """Power, cost, the expected stop and, where the outline holds the work, the run time estimated from a short trial.

    `pilot` is the folder of a run of some of the study's prompts; it replaces the guesses where it has figures. Raises
    RunError if the pilot is not a run.
    """
    plan, work = outline.plan, outline.work
    notes = list(outline.notes)
    piloted = read_pilot(pilot, outline) if pilot else None
    guesses = _with_pilot(guesses or Guesses(), piloted, notes)
    prompts = {name: len(examples) for name, examples in outline.examples.items()}
    evidence = {
        name: count_independent(outline.tasks[name], drawn) for name, drawn in outline.examples.items()
    }
    known = _Known(plan, prompts, evidence, mean_checks(plan, outline.tasks, outline.examples), guesses)
    lengths = {length.task: length for length in piloted.lengths} if piloted else {}
    cost = work_cost(plan, work) if work else study_cost(outline)
    parts = work_parts(plan, work) if work else study_parts(outline) if cost else []
    trials = _trials(outline, progress, notes, clock)
    notes += [*_caveats(plan), *_in_clusters(known)]
    return Forecast(
        study=plan.name,
        power=metric_power(plan, evidence, known.checks, guesses),
        recipes=recipe_power(plan, evidence, known.checks, guesses),
        cost=with_lengths(cost, parts, lengths) if cost else None,
        trials=trials,
        time=estimate(parts, trials, lengths) if trials else None,
        pilot=piloted,
        early=_early(known, parts, lengths, trials, progress, notes),
        notes=tuple(dict.fromkeys(notes)),
        training=outline.training,
    )


def _with_pilot(guesses: Guesses, pilot: Pilot | None, notes: list[str]) -> Guesses:
    """The guesses, replaced where a pilot has figures."""
    if pilot is None:
        return guesses
    notes += pilot.notes
    return replace(
        guesses,
        of_metric={metric.metric: metric.shares for metric in pilot.metrics},
        pilot_sd=max((metric.seeds.sd for metric in pilot.metrics if metric.seeds), default=0.0),
    )


def _caveats(plan: Plan) -> list[str]:
    """Caveats of the figures."""
    notes = []
    if plan.source != "generated":
        notes.append("Nothing is generated: the responses are recorded.")
    if max(Counter(adapter.replicated for adapter in plan.adapters).values()) < 2:
        notes.append(
            "No recipe has two seeds: verdicts will be about these adapters, not about their recipe."
        )
    if plan.decoding.samples > 1:
        notes.append("Power is that of one sample a prompt; more samples find smaller gains.")
    return notes


def _in_clusters(known: _Known) -> Iterator[str]:
    for task, count in known.evidence.items():
        if count < known.prompts[task]:
            yield (
                f"{task}: its {known.prompts[task]:,} prompts come in {count:,} clusters. Power counts clusters, as if all "
                f"prompts of a cluster were answered alike; where they are not, smaller gains can be shown."
            )


def _early(
    known: _Known,
    parts: Sequence[SubjectCost],
    lengths: Mapping[str, Length],
    trials: Sequence[Trial],
    progress: Progress,
    notes: list[str],
) -> Early | None:
    plan, stop = known.plan, known.plan.stop
    may = all(map(may_stop, plan.tasks.values())) and known.evidence == known.prompts
    if stop.when == "full" and not (plan.source == "generated" and may):
        return None  # nothing would be saved, or nothing can be
    simulated = expected_stops(plan, known.prompts, known.checks, known.guesses, progress)
    if stop.when == "decided" and simulated.left_out:
        notes.append(
            f"A run cannot stop early on {', '.join(simulated.left_out)} by the {stop.design} design, and refuses to start: "
            f"write `stop: full`, or for prompts of several checks `design: group`."
        )
    if not simulated.stops or (stop.when == "full" and simulated.left_out):
        return None
    return Early(
        stated=stop.when == "decided",
        design=stop.design,
        first=stop.first,
        every=stop.every,
        stops=simulated.stops,
        costs=early_costs(plan, simulated, parts, known.prompts, lengths, trials),
    )


def _trials(outline: Outline, progress: Progress, notes: list[str], clock: Clock) -> tuple[Trial, ...]:
    """A trial of each base, or none: part of a study gives no run time."""
    if outline.work is None:
        return ()
    notes += [
        f"{problem.subject}: {problem.message}"
        for problem in outline.plan.problems
        if problem.severity != "note"
    ]
    done: list[Trial] = []
    groups = outline.work.groups
    progress("trial", 0, len(groups))
    for number, group in enumerate(groups, start=1):
        try:
            done.append(measure(group, clock))
        except AssayError as bad:
            notes.append(f"No trial: {bad}")
            return ()
        progress("trial", number, len(groups))
    return tuple(done)
