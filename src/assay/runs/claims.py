"""The claims of a study: what each adapter's label promises, made explicit before anything is generated.

It knows no response and no engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from assay.errors import StudyError
from assay.plan import Claim, MetricName, Subject, TaskPlan, family_alphas
from assay.study import Adapter, ClaimEntry, Study

__all__ = ["OPEN", "check_off_target", "claims_of"]

OPEN = "unknown"
"""The label that `assay init` writes where it finds no hint."""
Tasks = Mapping[str, TaskPlan]


def claims_of(study: Study, tasks: Tasks, subjects: Mapping[str, Subject]) -> tuple[Claim, ...]:
    """Every claim of the study, in the order of its adapters.

    A label's claims are those the study lists for it, else a gain on the primary metric of each task of the label's
    capability. Raises StudyError for a metric that no task gives, or a label without claims.
    """
    entries = [
        (adapter, entry)
        for adapter in study.adapters
        for entry in _once(study, adapter, _entries(study, tasks, adapter))
    ]
    alphas = family_alphas([adapter.name for adapter, _ in entries], study.alpha, study.family)
    return tuple(
        _claim(study, tasks, subjects, adapter, entry, alpha)
        for (adapter, entry), alpha in zip(entries, alphas, strict=True)
    )


def _once(study: Study, adapter: Adapter, entries: Sequence[ClaimEntry]) -> Iterator[ClaimEntry]:
    """Those that an adapter makes: the champion none against itself, and of several that are one claim the first.

    So are scale 1 and no scale, or `against` its base and no `against`. Raises StudyError where their margins differ.
    """
    first: dict[tuple[str, ...], ClaimEntry] = {}
    for index, entry in enumerate(entries):
        subject, reference = _claimed(study, adapter, entry), entry.against or adapter.base
        earlier = first.setdefault((subject, reference, entry.metric, entry.kind), entry)
        if earlier is entry and subject != reference:
            yield entry
        elif earlier.margin != entry.margin:
            raise StudyError(
                f"{entry.metric} {entry.kind} of {subject!r} against {reference!r} is claimed with two margins",
                place=study.locate("claims", adapter.label, index),
                fix="remove one",
            )


def _claim(
    study: Study,
    tasks: Tasks,
    subjects: Mapping[str, Subject],
    adapter: Adapter,
    entry: ClaimEntry,
    alpha: float,
) -> Claim:
    metric = MetricName.parse(entry.metric)
    return Claim(
        subject=subjects[_claimed(study, adapter, entry)],
        reference=subjects[entry.against or adapter.base],
        metric=metric,
        kind=entry.kind,
        margin=tasks[metric.task].margin if entry.margin is None else entry.margin,
        alpha=alpha,
        off_target=_off_target(study, tasks, metric),
        scale=entry.scale,
    )


def _claimed(study: Study, adapter: Adapter, entry: ClaimEntry) -> str:
    """The subject of a claim: the adapter at the scale that the claim names, else at 1, or at its only one."""
    if entry.scale is None:
        if adapter.name in adapter.scales:
            return adapter.name
        text, fix = f"adapter {adapter.name!r} has several scales, and none is 1", "add 1 to its `scale`"
    else:
        names = [name for name, scale in adapter.scales.items() if scale == entry.scale]
        if names:
            return names[0]
        text, fix = (
            f"adapter {adapter.name!r} has no scale {entry.scale:g}",
            f"add {entry.scale:g} to its `scale`",
        )
    index = study.adapters.index(adapter)
    raise StudyError(
        f"{text}, at which {entry.metric} is claimed",
        place=study.locate("adapters", index, "scale"),
        fix=f"{fix}, or name another `scale` in the claim",
    )


def _entries(study: Study, tasks: Tasks, adapter: Adapter) -> list[ClaimEntry]:
    listed = list((study.claims or {}).get(adapter.label, ()))
    for index, entry in enumerate(listed):
        _check_metric(study, tasks, entry.metric, "claims", adapter.label, index)
    if listed:
        return listed
    default = [
        ClaimEntry(metric=str(task.primary)) for task in tasks.values() if task.capability == adapter.label
    ]
    if not default:
        place = study.locate("adapters", study.adapters.index(adapter), "label")
        capabilities = ", ".join(sorted({task.capability for task in tasks.values()}))
        if adapter.label == OPEN:
            raise StudyError(
                f"the label of adapter {adapter.name!r} is still `unknown`",
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


def check_off_target(study: Study, tasks: Tasks) -> None:
    """Raise StudyError where `off_target` names a metric that no task gives."""
    for index, metric in enumerate(study.off_target or ()):
        _check_metric(study, tasks, metric, "off_target", index)


def _check_metric(study: Study, tasks: Tasks, metric: str, *place: str | int) -> None:
    if metric not in _metrics(tasks):
        raise StudyError(
            f"no task of the study gives the metric {metric!r}",
            place=study.locate(*place),
            fix=f"choose one of {', '.join(_metrics(tasks))}",
        )


def _metrics(tasks: Tasks) -> list[str]:
    return [str(name) for task in tasks.values() for name in task.metric_names]


def _off_target(study: Study, tasks: Tasks, target: MetricName) -> tuple[MetricName, ...]:
    """The off-target metrics: those that the study lists, else the primary metric of each task of another capability.

    Raises StudyError where all listed metrics are of the claimed task.
    """
    if study.off_target is None:
        capability = tasks[target.task].capability
        return tuple(task.primary for task in tasks.values() if task.capability != capability)
    listed = tuple(name for name in map(MetricName.parse, study.off_target) if name.task != target.task)
    if not listed:
        raise StudyError(
            f"every metric here is of the task {target.task!r}, on which {target} is claimed",
            place=study.locate("off_target"),
            fix="name a metric of another task, or remove `off_target`",
        )
    return listed
