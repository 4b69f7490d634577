"""Claims: what each adapter's label promises, made explicit, hashed before anything is measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from assay import stats
from assay.errors import StudyError
from assay.study import Adapter, ClaimEntry, Study
from assay.tasks import Task

__all__ = ["Claim", "claim_block", "declare", "margin_of", "off_target", "split_metric"]

OPEN = "unknown"
"""The label that `assay init` writes where nothing hints at one."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One promise of one adapter."""

    adapter: str
    base: str
    label: str
    metric: str
    """`task.metric`"""
    kind: Literal["gains", "keeps"]
    margin: float
    """The smallest change that matters, a fraction of 1."""


def declare(study: Study, tasks: Mapping[str, Task]) -> tuple[Claim, ...]:
    """Every claim of the study, in the order of its adapters.

    A label's claims are those the study lists for it, else a gain on the primary metric of each task
    of the label's capability. Raises StudyError for a metric that no task gives, or a label without
    claims.
    """
    return tuple(
        Claim(
            adapter=adapter.name,
            base=adapter.base,
            label=adapter.label,
            metric=entry.metric,
            kind=entry.kind,
            margin=entry.margin if entry.margin is not None else margin_of(study, entry.metric),
        )
        for adapter in study.adapters
        for entry in _entries(study, tasks, adapter)
    )


def _entries(study: Study, tasks: Mapping[str, Task], adapter: Adapter) -> list[ClaimEntry]:
    listed = list((study.claims or {}).get(adapter.label, ()))
    for index, entry in enumerate(listed):
        check_metric(study, tasks, entry.metric, "claims", adapter.label, index)
    if listed:
        return listed
    default = [
        ClaimEntry(metric=f"{name}.{task.metrics[0].name}")
        for name, task in tasks.items()
        if task.capability == adapter.label
    ]
    if not default:
        place = study.locate("adapters", study.adapters.index(adapter), "label")
        capabilities = ", ".join(sorted({task.capability for task in tasks.values()}))
        if adapter.label == OPEN:
            raise StudyError(
                f"the label of adapter {adapter.name!r} is still open",
                place=place,
                fix=f"write what its training aimed at (the study's tasks measure: {capabilities})",
            )
        raise StudyError(
            f"label {adapter.label!r} of adapter {adapter.name!r} claims nothing: no task of the study has that "
            f"capability (they have: {capabilities})",
            place=place,
            fix=f"add a task, or say what the label promises, e.g. `claims: {{{adapter.label}: "
            f"[{_metrics(tasks)[0]}]}}`",
        )
    return default


def check_metric(study: Study, tasks: Mapping[str, Task], metric: str, *place: str | int) -> None:
    """Raise StudyError, naming the place in the study, unless one of the tasks gives this metric."""
    if metric not in _metrics(tasks):
        raise StudyError(
            f"no task of the study gives the metric {metric!r}",
            place=study.locate(*place),
            fix=f"choose one of {', '.join(_metrics(tasks))}",
        )


def _metrics(tasks: Mapping[str, Task]) -> list[str]:
    return [f"{name}.{metric.name}" for name, task in tasks.items() for metric in task.metrics]


def split_metric(metric: str) -> tuple[str, str]:
    """`gsm8k.numeric_match` as (`gsm8k`, `numeric_match`)."""
    task, _, name = metric.rpartition(".")
    return task, name


def margin_of(study: Study, metric: str) -> float:
    """The margin on a metric where a claim does not set its own: the task's, else the study's."""
    task, _ = split_metric(metric)
    own = next((entry.margin for entry in study.tasks if entry.name == task), None)
    return study.margin if own is None else own


def off_target(study: Study, tasks: Mapping[str, Task], metric: str) -> tuple[str, ...]:
    """The metrics elsewhere: drift from `metric` is measured on them, and the gate asks them for harm.

    Those the study lists, else the primary metric of each task of another capability. Raises StudyError
    where all that it lists are of the claimed task.
    """
    target, _ = split_metric(metric)
    if study.off_target is not None:
        listed = tuple(name for name in study.off_target if split_metric(name)[0] != target)
        if not listed:
            raise StudyError(
                f"every metric here is of the task {target!r}, on which {metric} is claimed",
                place=study.locate("off_target"),
                fix="name a metric of another task, or remove `off_target`",
            )
        return listed
    return tuple(
        f"{name}.{task.metrics[0].name}"
        for name, task in tasks.items()
        if task.capability != tasks[target].capability
    )


def claim_block(study: Study, tasks: Mapping[str, Task], claims: tuple[Claim, ...]) -> dict[str, Any]:
    """What a study promises and by which rules it is judged, as JSON: it is this that gets hashed and stamped.

    The responses and examples are not part of it: the records hold those by digest.
    """
    adapters = {adapter.name: adapter for adapter in study.adapters}
    return {
        "alpha": study.alpha,
        "claims": [
            {**asdict(claim), "recipe": adapters[claim.adapter].recipe, "seed": adapters[claim.adapter].seed}
            for claim in claims
        ],
        "family": study.family,
        "margins": {name: margin_of(study, name) for name in _metrics(tasks)},
        "off_target": {claim.metric: off_target(study, tasks, claim.metric) for claim in claims},
        "stop": "full" if study.stop.when == "full" else _stop(study),
        "verifiers": {name: task.scorer for name, task in tasks.items()},
    }


def _stop(study: Study) -> dict[str, Any]:
    """When such a study looks, and by which rule it stops."""
    rule = {
        "spending": repr(stats.Design(1).spending),
        "futility": stats.Design(1).futility,
        "seed": study.seed,
    }
    return study.stop.model_dump() | rule
