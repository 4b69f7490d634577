"""From scores to findings: a pure function of a plan and a run's evidence. It knows no model, no file and no page."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from importlib.metadata import version

from assay.plan import MetricName, Plan, Subject, claim_block
from assay.records import digest
from assay.verdicts.agreement import agreements
from assay.verdicts.champion import regressions
from assay.verdicts.claims import controls, count, judge_claims, other_cells
from assay.verdicts.course import courses
from assay.verdicts.dose import doses
from assay.verdicts.drift import drifts, prompts_by_task
from assay.verdicts.evidence import Evidence
from assay.verdicts.measured import measured
from assay.verdicts.modes import OtherMode, mode_differences, with_other_mode
from assay.verdicts.noise import (
    applied,
    cells_with_noise,
    drift_with_noise,
    engine_noise,
    noise_floor,
    noise_warnings,
    problems,
    within_noise,
)
from assay.verdicts.pair import PairedScores, Pairs, Unmeasured
from assay.verdicts.recipes import configurations, judge_labels, judge_recipes
from assay.verdicts.reliability import reliabilities
from assay.verdicts.response_changes import changes
from assay.verdicts.result import ClaimsDeclared, Matrix, Result, Row
from assay.verdicts.rule import RULE
from assay.verdicts.turns import turn_scores
from assay.verdicts.warnings import generation_warnings, null_responses, warnings

__all__ = ["analyze"]


def analyze(plan: Plan, evidence: Evidence) -> Result:
    """Every finding of a study, from the scores of its responses."""
    pairs = Pairs(plan, evidence)
    claims = judge_claims(plan, pairs)
    other = OtherMode(plan, evidence)
    if other.tasks and not plan.summary:
        otherwise = judge_claims(plan, Pairs(plan, evidence, other))
        claims = with_other_mode(claims, otherwise, other.tasks)
    engine, prompts_of = engine_noise(plan, evidence), prompts_by_task(plan, evidence)
    claims = within_noise(plan, claims, engine, pairs)
    groups = configurations(plan, claims, pairs)
    sha256 = digest(claim_block(plan))
    nulls = null_responses(evidence)
    noise = noise_floor(plan, evidence)
    cells = cells_with_noise(plan, other_cells(plan, pairs), engine)
    return Result(
        rule=RULE,
        study=plan.name,
        alpha=plan.alpha,
        family=plan.family,
        claims=claims,
        cells=cells,
        drift=drift_with_noise(plan, drifts(plan, groups, pairs, prompts_of), engine),
        recipes=judge_recipes(groups),
        labels=judge_labels(plan.alpha, groups),
        counts=count(plan, claims, pairs),
        matrix=_matrix(plan, pairs),
        modes=() if plan.summary else mode_differences(other, claims, pairs.checks),
        applied=applied(plan, evidence),
        problems=problems(evidence),
        noise_floor=noise,
        engine_noise=engine,
        controls=controls(plan, claims),
        claims_sha256=sha256,
        claims_declared=_declared(evidence, sha256),
        warnings=(
            *warnings(plan, evidence, groups, claims, pairs, nulls),
            *generation_warnings(plan, evidence, pairs),
            *(
                f"{floor.base!r} against itself on {floor.task}, in another batch: {floor.warning}"
                for floor in noise or ()
                if floor.warning
            ),
            *noise_warnings(plan, engine),
        ),
        versions=_versions(evidence),
        agreement=agreements(plan, claims, pairs),
        changes=() if plan.summary else changes(plan, evidence, pairs, (*claims, *cells)),
        dose=doses(plan, pairs, prompts_of),
        courses=courses(plan, pairs, prompts_of, engine),
        regressions=cells_with_noise(plan, regressions(plan, pairs), engine),
        measured=measured(plan, evidence),
        reliability=reliabilities(plan, pairs, evidence),
        turns=turn_scores(plan, pairs, evidence),
        nulls=nulls,
        models=tuple(subject.name for subject in plan.adapters if subject.is_model),
    )


def _matrix(plan: Plan, pairs: Pairs) -> Matrix:
    rows: list[tuple[str, str | None, _Numbers, _Numbers]] = []
    for base in plan.bases:
        variants = {name for name, _ in pairs.base_scores if name.startswith(f"{base.name}/")}
        for name in (base.name, *sorted(variants)):
            scores = {metric: pairs.base_scores.get((name, metric)) for metric in plan.metrics}
            rows.append((name, None, scores, dict.fromkeys(plan.metrics)))
        rows += [_adapter_row(plan, adapter, pairs) for adapter in plan.adapters_of(base.name)]
    known = [metric for metric in plan.metrics if any(scores[metric] is not None for _, _, scores, _ in rows)]
    return Matrix(
        tuple(map(str, known)),
        tuple(
            Row(
                name,
                base,
                {str(metric): scores[metric] for metric in known},
                {str(metric): gains[metric] for metric in known},
            )
            for name, base, scores, gains in rows
        ),
    )


_Numbers = Mapping[MetricName, float | None]


def _adapter_row(plan: Plan, adapter: Subject, pairs: Pairs) -> tuple[str, str | None, _Numbers, _Numbers]:
    cells = {metric: pairs.cells[adapter.name, metric] for metric in plan.metrics}
    scores = {metric: cell.score for metric, cell in cells.items()}
    return adapter.name, adapter.base, scores, {metric: _gain(cell) for metric, cell in cells.items()}


def _gain(cell: PairedScores | Unmeasured) -> float | None:
    return None if cell.score is None or cell.base_score is None else cell.score - cell.base_score


def _declared(evidence: Evidence, sha256: str) -> ClaimsDeclared:
    history = tuple(evidence.declared())
    if evidence.manifest.source != "generated":
        return ClaimsDeclared("after", "the responses were recorded before this study was run", history)
    if history[-1].sha256 != sha256 or history[-1].records_before:
        return ClaimsDeclared("after", "the claim block was changed once responses were there", history)
    return ClaimsDeclared("before", "the claim block was stamped before the first response", history)


def _versions(evidence: Evidence) -> dict[str, str]:
    packages = ("lora-assay", "numpy", "scipy", "nltk", "langdetect")
    made = [versions for seen in evidence.manifest.provenance.values() for versions in seen]
    return {
        **(made[-1] if made else {}),
        "python": platform.python_version(),
        **{name: version(name) for name in packages},
    }
