"""From scores to findings. Knows records and statistics; knows no model, no file format, no page."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from importlib.metadata import version

from assay.records import Store, digest
from assay.study import Study
from assay.tasks import Task
from assay.verdicts.adapters import count, judge_claims, other_cells
from assay.verdicts.agreement import agreements
from assay.verdicts.changes import changes
from assay.verdicts.claims import claim_block, declare
from assay.verdicts.doubts import doubts, doubts_of_generation
from assay.verdicts.drifts import drifts
from assay.verdicts.measure import Measurements
from assay.verdicts.modes import OtherMode, mode_differences, with_other_mode
from assay.verdicts.noise import applied, noise_floor, problems
from assay.verdicts.recipes import configurations, judge_labels, judge_recipes
from assay.verdicts.result import ClaimsDeclared, Matrix, Result, Row

__all__ = ["decide"]


def decide(study: Study, tasks: Mapping[str, Task], store: Store) -> Result:
    """Every finding of the study, from the scores in its records."""
    claims = declare(study, tasks)
    summary, other = store.fact("summary") or {}, OtherMode(tasks, store)
    measured = Measurements(study, tasks, store, summary)
    judged = judge_claims(study, claims, measured)
    if other.tasks and not summary:
        otherwise = judge_claims(study, claims, Measurements(study, tasks, store, summary, other))
        judged = with_other_mode(judged, otherwise, other.tasks)
    groups = configurations(study, claims, measured)
    sha256 = digest(claim_block(study, tasks, claims))
    noise = noise_floor(study, tasks, store)
    cells = other_cells(study, tasks, claims, measured)
    return Result(
        study=study.name,
        alpha=study.alpha,
        family=study.family,
        claims=judged,
        cells=cells,
        drift=drifts(study, tasks, claims, groups, measured),
        recipes=judge_recipes(groups),
        labels=judge_labels(study, groups),
        counts=count(study, claims, judged, measured),
        matrix=_matrix(study, tasks, measured),
        modes=() if summary else mode_differences(other, judged, measured.checks),
        applied=applied(study, store),
        problems=problems(store),
        noise_floor=noise,
        claims_sha256=sha256,
        claims_declared=_declared(store, sha256),
        warnings=(
            *doubts(store, tasks, groups, judged, measured),
            *doubts_of_generation(study, measured, store),
            *(
                f"{one.base!r} against itself on {one.task}, in another batch: {one.warning}"
                for one in noise or ()
                if one.warning
            ),
        ),
        versions=_versions(store),
        agreement=agreements(study, tasks, judged, measured),
        changes=() if summary else changes(study, tasks, store, measured, (*judged, *cells)),
    )


def _matrix(study: Study, tasks: Mapping[str, Task], measured: Measurements) -> Matrix:
    metrics = tuple(f"{name}.{metric.name}" for name, task in tasks.items() for metric in task.metrics)
    rows = []
    for base in study.bases:
        others = {name for name, _ in measured.base_scores if name.startswith(f"{base.name}/")}
        for name in (base.name, *sorted(others)):
            scores = {metric: measured.base_scores.get((name, metric)) for metric in metrics}
            rows.append(Row(name, None, scores, dict.fromkeys(metrics)))
        for adapter in study.adapters:
            if adapter.base == base.name:
                cells = {metric: measured.cells[adapter.name, metric] for metric in metrics}
                scores = {metric: cell.score for metric, cell in cells.items()}
                gains = {
                    metric: None
                    if cell.score is None or cell.base_score is None
                    else cell.score - cell.base_score
                    for metric, cell in cells.items()
                }
                rows.append(Row(adapter.name, base.name, scores, gains))
    kept = tuple(metric for metric in metrics if any(row.scores[metric] is not None for row in rows))
    return Matrix(
        kept,
        tuple(Row(row.subject, row.base, _only(row.scores, kept), _only(row.gains, kept)) for row in rows),
    )


def _only(values: Mapping[str, float | None], kept: tuple[str, ...]) -> dict[str, float | None]:
    return {metric: values[metric] for metric in kept}


def _declared(store: Store, sha256: str) -> ClaimsDeclared:
    history = tuple(store.declared())
    if store.fact("responses_came_first"):
        return ClaimsDeclared("after", "the responses were recorded before this study was run", history)
    if history[-1].sha256 != sha256 or history[-1].records_before:
        return ClaimsDeclared("after", "the claim block was changed once responses were there", history)
    return ClaimsDeclared("before", "the claim block was stamped before the first response", history)


def _versions(store: Store) -> dict[str, str]:
    packages = ("lora-assay", "numpy", "scipy", "nltk", "langdetect")
    made = [versions for seen in (store.fact("provenance") or {}).values() for versions in seen]
    return {
        **(made[-1] if made else {}),
        "python": platform.python_version(),
        **{name: version(name) for name in packages},
    }
