"""Collects the evidence for a claim from a run's records. It reads no weights and writes nothing but evidence files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from assay.canonical import canonical_sha256
from assay.engines.api import is_again
from assay.errors import OutputError
from assay.evidence.form import Basis, Contents, DriftFigures, Evidence, TaskBasis, to_text
from assay.files import file_name, make_folder, write_text
from assay.plan import Claim, claim_block
from assay.records import digest
from assay.records.browsing import identity_of
from assay.records.digests import example_content, response_content, score_content
from assay.runs import Run
from assay.runs.folder import policy_digest
from assay.verdicts import ClaimResult, Result

__all__ = ["collect", "write_evidence"]


def write_evidence(run: Run, result: Result, out: Path, subject: str | None = None) -> tuple[Path, ...]:
    """Write a file for each claim of a complete run, or of one subject, into a folder. Raises OutputError."""
    pairs = [
        (claim, finding)
        for claim, finding in zip(run.plan.claims, result.claims, strict=True)
        if subject in (None, claim.subject.name)
    ]
    if not pairs:
        names = dict.fromkeys(claim.subject.name for claim in run.plan.claims)
        raise OutputError(f"no claim of {subject!r} in this run", fix=f"choose one of {', '.join(names)}")
    make_folder(out)
    files: list[Path] = []
    known: dict[tuple[str, str], Basis] = {}
    for claim, finding in pairs:
        files.append(out / f"{_file_name(claim)}.json")
        write_text(files[-1], to_text(collect(run, result, claim, finding, known)))
    return tuple(files)


def collect(
    run: Run,
    result: Result,
    claim: Claim,
    finding: ClaimResult,
    known: dict[tuple[str, str], Basis] | None = None,
) -> Evidence:
    """The evidence for one claim.

    result: of the run under its present study. known: what was read for other claims of the run, by name and task; it grows.
    """
    plan, records = run.plan, run.records
    tasks = tuple(dict.fromkeys([claim.metric.task, *(metric.task for metric in claim.off_target)]))
    rows = [(name, task) for name, task in records.bound() if task in tasks and _counts(name, claim)]
    known = {} if known is None else known
    for key in rows:
        if key not in known:
            known[key] = _basis(run, *key)
    basis = tuple(known[key] for key in rows)
    declared = records.declared()[-1]
    return Evidence(
        finding=finding,
        drift=tuple(_drift(result, claim)),
        study=plan.name,
        source=records.manifest.source,
        alpha=claim.alpha,
        family=plan.family,
        rule=result.rule,
        claims_sha256=digest(claim_block(plan)),
        declared_at=declared.declared_at,
        records_before=declared.records_before,
        policy_sha256=policy_digest(plan.policy),
        settings_sha256=plan.responses_sha256,
        tasks={name: _task(run, name) for name in tasks if name in {task for _, task in records.bound()}},
        basis=basis,
        subjects={part.subject: identity_of(records, part.name, part.task) for part in basis},
        protocols={part.protocol: records.protocol(part.name, part.task) for part in basis},
        versions=result.versions,
    )


def _counts(name: str, claim: Claim) -> bool:
    """Whether a name of the records contributes to a claim: its subject, what it is compared with, any second pass."""
    own = {claim.subject.name, claim.subject.base, claim.reference.name}
    return is_again(name) or name.partition("/")[0] in own


def _task(run: Run, name: str) -> TaskBasis:
    task = run.plan.tasks[name]
    return TaskBasis(task.kind, task.scorer, Contents(*example_content(run.records, name)))


def _basis(run: Run, name: str, task: str) -> Basis:
    records, scorer = run.records, run.plan.tasks[task].scorer
    return Basis(
        name,
        task,
        canonical_sha256(identity_of(records, name, task)),
        canonical_sha256(records.protocol(name, task)),
        Contents(*response_content(records, name, task)),
        Contents(*score_content(records, name, task, scorer)),
    )


def _drift(result: Result, claim: Claim) -> Iterator[DriftFigures]:
    for drift in result.drift:
        if (drift.adapter, drift.target, drift.against) == (
            claim.subject.name,
            str(claim.metric),
            claim.against,
        ):
            yield DriftFigures(drift.variant, drift.value, drift.interval, drift.off_target)


def _file_name(claim: Claim) -> str:
    """`sums-gsm8k.numeric_match`, with whatever else distinguishes the claim."""
    kind = "" if claim.kind == "gains" else f"-{claim.kind}"
    against = f"-against-{claim.against}" if claim.against else ""
    return file_name(f"{claim.subject.name}-{claim.metric}{kind}{against}")
