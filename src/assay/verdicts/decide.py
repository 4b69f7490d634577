"""From scores to findings. Knows records and statistics; knows no model, no file format, no page."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version

from assay.records import Store, digest
from assay.scoring import verifier_versions
from assay.stats import FEW
from assay.study import Study
from assay.tasks import Task
from assay.verdicts.adapters import count, judge_claims, other_cells
from assay.verdicts.claims import claim_block, declare
from assay.verdicts.drifts import drifts
from assay.verdicts.measure import Measurements
from assay.verdicts.modes import OtherMode, mode_differences, with_other_mode
from assay.verdicts.noise import applied, noise_floor, problems
from assay.verdicts.recipes import Configuration, configurations, judge_labels, judge_recipes
from assay.verdicts.result import ClaimResult, ClaimsDeclared, Matrix, Result, Row

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
    return Result(
        study=study.name,
        alpha=study.alpha,
        family=study.family,
        claims=judged,
        cells=other_cells(study, tasks, claims, measured),
        drift=drifts(study, tasks, claims, groups, measured),
        recipes=judge_recipes(study, groups),
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
            *_warnings(store, tasks, groups, judged, measured),
            *_doubts_of_generation(study, store),
            *(
                f"{one.base!r} against itself on {one.task}, in another batch: {one.warning}"
                for one in noise or ()
                if one.warning
            ),
        ),
        versions=_versions(store),
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
    now = next((entry for entry in history if entry.sha256 == sha256), None)
    if store.fact("responses_came_first"):
        return ClaimsDeclared("after", "the responses were recorded before this study was run", history)
    if now is None or now.records_before:
        return ClaimsDeclared("after", "the claim block was changed once responses were there", history)
    return ClaimsDeclared("before", "the claim block was stamped before the first response", history)


def _warnings(
    store: Store,
    tasks: Mapping[str, Task],
    groups: Sequence[Configuration],
    claims: Sequence[ClaimResult],
    measured: Measurements,
) -> tuple[str, ...]:
    warnings = list(store.fact("warnings") or ())
    warnings += [
        f"{name} was scored in part under other package versions than the rest: {mixed}"
        for name, task in tasks.items()
        if len(mixed := verifier_versions(store, task.scorer)) > 1
    ]
    warnings += [
        f"all {total} responses of {adapter!r} to {task} equal the base's to the letter, though not those to other "
        f"tasks: was the adapter loaded there?"
        for adapter, task, total in measured.echoes
    ]
    if few := [
        claim for claim in claims if claim.better is not None and claim.better + (claim.worse or 0) < FEW
    ]:
        warnings.append(
            f"{len(few)} of {len(claims)} claims rest on fewer than {FEW} prompts that differ: a gain or a harm "
            f"there also had to pass McNemar's mid-p test"
        )
    for subject, task in store.bound():
        if nulls := store.nulls(subject, task):
            warnings += [f"{nulls} null responses of {subject!r} to {task} were judged as empty"]
    if lacking := sum(group.lacking for group in groups):
        warnings.append(
            f"{lacking} claims without paired evidence (not measured, or not applied) are left out of "
            f"recipe verdicts and count as neither failing nor holding in the study's counts"
        )
    if pairs := {group.recipe for group in groups if len(group.cells) == 2}:
        warnings.append(
            f"recipes with two measured seeds ({', '.join(sorted(pairs))}): where seeds vary much, their verdicts "
            f"err somewhat more often than alpha; three seeds are enough"
        )
    return tuple(warnings)


def _doubts_of_generation(study: Study, store: Store) -> Iterator[str]:
    """Where two sides of a gain were made by different software, or a mark to cut after did not come."""
    made = store.fact("provenance") or {}
    bound = dict(reversed(store.bound()))
    for adapter in study.adapters:
        if adapter.name in bound and adapter.base in bound:
            sides = [made.get(store.subject(name, bound[name]), []) for name in (adapter.name, adapter.base)]
            if sides[0] != sides[1]:
                yield (
                    f"responses of {adapter.name!r} and of its base were made in part under other package versions or "
                    f"on another device; to be sure, run both anew with another --out"
                )
    if (mark := study.decoding.after) is not None and made:
        for name, task in store.bound():
            uncut, total = store.uncut(name, task)
            if uncut:
                yield (
                    f"the mark {mark!r} does not occur in {uncut} of {total} responses of {name!r} to {task}: those are "
                    f"judged whole; perhaps `max_tokens` ended them first"
                )


def _versions(store: Store) -> dict[str, str]:
    packages = ("lora-assay", "numpy", "scipy", "nltk", "langdetect")
    made = [versions for seen in (store.fact("provenance") or {}).values() for versions in seen]
    return {
        **(made[-1] if made else {}),
        "python": platform.python_version(),
        **{name: version(name) for name in packages},
    }
