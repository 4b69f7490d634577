"""Plans a study before anything is spent on it: what it can find out, and what it costs.

    power -> gains that its prompts and seeds can show      cost -> responses and tokens
    trial -> time, from a few prompts that are answered for real
    guesses, pilot -> what power and cost take for granted      early, walks -> where a run may stop

It writes nothing. Without examples (a hub that does not answer) or an engine (torch is not there) it says
what it can, and notes what it cannot.

    plan(load_study("study.yaml"), trial=False).power[0].rows
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from assay.binding import Bound, bind, bind_tasks
from assay.binding.tasks import bind_examples
from assay.engines import ModelRef, Preflight, PreflightFunction, find_preflight
from assay.errors import AssayError, EngineError
from assay.plan import EngineSettings
from assay.planning.cost import (
    Asked,
    Cost,
    Length,
    TaskCost,
    asked_by,
    bound_cost,
    generates,
    study_asks,
    study_cost,
    with_lengths,
)
from assay.planning.early import Early, EarlyCost, ExpectedStop, early_costs, expected_stops, may_stop
from assay.planning.guesses import Guesses
from assay.planning.pilot import Pilot, PilotCell, PilotMetric, PilotSeeds, read_pilot
from assay.planning.power import MetricPower, PowerRow, RecipePower, metric_power, recipe_power
from assay.planning.trial import Time, Trial, estimate, measure
from assay.progress import Progress, silent
from assay.study import Study
from assay.tasks import Example, Task
from assay.verdicts import Claim, declare

__all__ = [
    "Cost",
    "Early",
    "EarlyCost",
    "ExpectedStop",
    "Guesses",
    "Length",
    "MetricPower",
    "Pilot",
    "PilotCell",
    "PilotMetric",
    "PilotSeeds",
    "Plan",
    "PowerRow",
    "RecipePower",
    "TaskCost",
    "Time",
    "Trial",
    "plan",
]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a study can find out, and what it costs."""

    study: str
    power: tuple[MetricPower, ...]
    """Of each adapter's claims."""
    recipes: tuple[RecipePower, ...]
    """Of recipes with several seeds."""
    cost: Cost | None
    """None where nothing is generated."""
    trials: tuple[Trial, ...]
    """One for each base, where it was asked for and possible."""
    time: Time | None
    """From the trials."""
    pilot: Pilot | None
    """What a pilot says, where one was given."""
    early: Early | None
    """Where a run that stops once everything is decided would stop; None where no run of this study can."""
    notes: tuple[str, ...]
    """What could not be told and why, and what the figures leave out."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of a study before it is asked."""

    study: Study
    tasks: Mapping[str, Task]
    claims: tuple[Claim, ...]
    prompts: Mapping[str, int]
    """By task."""
    checks: Mapping[str, float]
    """A prompt's mean, by metric."""
    guesses: Guesses


def plan(
    study: Study,
    trial: bool = True,
    engine: PreflightFunction | None = None,
    progress: Progress = silent,
    guesses: Guesses | None = None,
    pilot: Path | None = None,
) -> Plan:
    """Power, cost, the expected stop and, unless `trial` is False, the time that a short trial foretells.

    `engine` replaces the one that the study names. `pilot` is the folder of a run of some of the study's
    prompts; it replaces the guesses, where it tells more. Raises StudyError if the study names a task or
    metric that is not there, or a label that claims nothing, and RunError if the pilot is none.
    """
    tasks = bind_tasks(study)
    claims = declare(study, tasks)
    notes: list[str] = []
    examples = _examples(study, tasks, notes)
    piloted = read_pilot(pilot, study, tasks, claims, examples) if pilot else None
    guesses = _learnt(guesses or Guesses(), piloted, notes)
    known = _Known(
        study, tasks, claims, {name: len(found) for name, found in examples.items()},
        _mean_checks(tasks, examples), guesses,
    )  # fmt: skip
    lengths = {length.task: length for length in piloted.lengths} if piloted else {}
    contexts: dict[str, int | None] = {}
    bound = _bound(study, _noting(study, engine, contexts), notes) if trial and examples else None
    cost = bound_cost(bound, contexts) if bound else study_cost(study, tasks, known.prompts)
    asked = asked_by(bound, contexts) if bound else study_asks(study, tasks, known.prompts) if cost else []
    trials = _trials(bound, progress, notes) if bound else ()
    notes += _left_out(study)
    return Plan(
        study=study.name,
        power=metric_power(study, claims, known.prompts, known.checks, guesses),
        recipes=recipe_power(study, claims, known.prompts, known.checks, guesses),
        cost=with_lengths(cost, asked, lengths) if cost else None,
        trials=trials,
        time=estimate(asked, trials, lengths) if trials else None,
        pilot=piloted,
        early=_early(known, asked, lengths, trials, progress, notes),
        notes=tuple(dict.fromkeys(notes)),
    )


def _learnt(guesses: Guesses, pilot: Pilot | None, notes: list[str]) -> Guesses:
    """The guesses, with what a pilot says."""
    if pilot is None:
        return guesses
    notes += pilot.notes
    return replace(
        guesses,
        of_metric={found.metric: found.shares for found in pilot.metrics},
        pilot_sd=max((found.seeds.sd for found in pilot.metrics if found.seeds), default=0.0),
    )


def _left_out(study: Study) -> list[str]:
    """What the figures do not tell."""
    notes = []
    if not generates(study):
        notes.append("Nothing is generated: the responses are recorded.")
    if not any(count > 1 for count in Counter((one.recipe, one.base) for one in study.adapters).values()):
        notes.append(
            "No recipe has two seeds: verdicts will speak of these adapters, not of how they were trained."
        )
    if study.decoding.samples > 1:
        notes.append("Power is that of one sample a prompt; more samples find smaller gains.")
    return notes


def _early(
    known: _Known,
    asked: Sequence[Asked],
    lengths: Mapping[str, Length],
    trials: Sequence[Trial],
    progress: Progress,
    notes: list[str],
) -> Early | None:
    study, stop = known.study, known.study.stop
    if stop.when == "full" and not (generates(study) and all(map(may_stop, known.tasks.values()))):
        return None  # nothing would be saved, or nothing can be
    found = expected_stops(
        study, known.tasks, known.claims, known.prompts, known.checks, known.guesses, progress
    )
    if stop.when == "decided" and found.left_out:
        notes.append(
            f"A run cannot stop early on {', '.join(found.left_out)} by the {stop.design} design, and refuses to start: "
            f"write `stop: full`, or for prompts of several checks `design: group`."
        )
    if not found.stops or (stop.when == "full" and found.left_out):
        return None
    return Early(
        stated=stop.when == "decided",
        design=stop.design,
        first=stop.first,
        every=stop.every,
        stops=found.stops,
        costs=early_costs(study, known.claims, found, asked, known.prompts, lengths, trials),
    )


def _examples(study: Study, tasks: Mapping[str, Task], notes: list[str]) -> dict[str, tuple[Example, ...]]:
    """Those that will be asked, by task; none where they cannot be read."""
    if study.summary is not None:
        notes.append(
            "Only aggregate scores are known: no verdict can be reached, so there is no power to tell."
        )
        return {}
    try:
        known = bind_examples(study, tasks)
    except AssayError as bad:
        notes.append(f"The number of prompts is not known, nor then what they cost: {bad}")
        return {}
    limits = {entry.name: entry.limit for entry in study.tasks}
    return {name: found[: limits[name]] for name, found in known.items()}


def _mean_checks(tasks: Mapping[str, Task], examples: Mapping[str, Sequence[Example]]) -> dict[str, float]:
    """How many checks a prompt has on average, by metric; what a check is out of depends on no response."""
    means = {}
    for name, found in examples.items():
        task = tasks[name]
        out_of = [task.score(example, "").out_of for example in found]
        for index, metric in enumerate(task.metrics):
            checks = 1.0 if metric.kind == "mean" else sum(counts[index] for counts in out_of) / len(out_of)
            means[f"{name}.{metric.name}"] = checks
    return means


def _bound(study: Study, engine: PreflightFunction | None, notes: list[str]) -> Bound | None:
    if not generates(study):
        return None
    try:
        return bind(study, engine)
    except AssayError as bad:
        notes.append(f"No trial, and this study cannot run here as it is: {bad}")
        return None


def _noting(
    study: Study, engine: PreflightFunction | None, contexts: dict[str, int | None]
) -> PreflightFunction | None:
    """The study's preflight, with each base's context noted as it is looked at."""
    if not generates(study):
        return None
    try:
        preflight = engine or find_preflight(study.engine.name)
    except EngineError:
        return None  # binding says why

    def noting(settings: EngineSettings, base: ModelRef, adapters: Sequence[ModelRef]) -> Preflight:
        looked = preflight(settings, base, adapters)
        contexts[base.name] = looked.context
        return looked

    return noting


def _trials(bound: Bound, progress: Progress, notes: list[str]) -> tuple[Trial, ...]:
    """A trial of each base, or of none: half a study has no time."""
    notes += [
        f"{problem.subject}: {problem.message}"
        for problem in bound.found.problems
        if problem.severity != "note"
    ]
    done = []
    progress("trial", 0, len(bound.rounds))
    for number, one in enumerate(bound.rounds, start=1):
        try:
            done.append(measure(one))
        except AssayError as bad:
            notes.append(f"No trial: {bad}")
            return ()
        progress("trial", number, len(bound.rounds))
    return tuple(done)
