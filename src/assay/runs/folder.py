"""The state of a run's folder: enters a plan into it, and checks whether its records are that plan's and complete.

The records are the truth. `study.yaml` beside them may be edited to analyze again under other margins, claims or
policies. What the responses depend on may not be edited: then the study must be run again.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from assay.errors import OutputError, RunError
from assay.files import write_text
from assay.plan import Plan, Policy, claim_block
from assay.records import Store, digest
from assay.runs.tasks import keep_sources
from assay.runs.workload import Work
from assay.scoring.judge import missing_judgements
from assay.tasks import Task

__all__ = ["check_analyzed", "check_folder", "check_generated", "enter", "folder_of_run", "policy_digest"]

FINDINGS = ("verdicts.json", "report.md", "report.html")


def folder_of_run(plan: Plan, out: Path | str | None) -> Path:
    """`out`, or `runs/<study's name>`."""
    return Path("runs") / plan.name if out is None else Path(out)


def check_folder(folder: Path) -> None:
    """Raise OutputError if a run in this folder would overwrite what is not a run's."""
    study = folder / "study.yaml"
    if study.exists() and not (folder / "records.sqlite").exists():
        raise OutputError(
            "is not from a run, and would be overwritten", place=study, fix="use another folder"
        )
    for name in ("study.yaml", "records.sqlite", ".lock", *FINDINGS):
        if (folder / name).exists() and not (folder / name).is_file():
            raise OutputError("is not a file", place=folder / name, fix="move it away, or use another folder")


def enter(plan: Plan, work: Work, store: Store, folder: Path) -> None:
    """Stamp the claims and bind every name, before the first response is stored; all or nothing.

    Raises RunError, with the run as it was, if it is another study's or its tasks had other examples.
    """
    earlier = store.manifest.study
    if earlier is not None and earlier != plan.name:
        raise RunError(
            f"holds a run of the study {earlier!r}, not {plan.name!r}", place=folder, fix="use another folder"
        )
    with store.transaction():
        for name, task in work.tasks.items():
            store.bind_task(name, task.kind, work.examples.get(name, ()))
        data = plan.to_json()
        if data != store.manifest.plan:
            store.note("plan", **data)
        store.note(
            "started",
            study=plan.name,
            responses_sha256=plan.responses_sha256,
            source=plan.source,
            summary=plan.summary,
            warnings=plan.warnings,
            problems=[[problem.severity, problem.subject, problem.message] for problem in plan.problems],
        )
        store.declare(claim_block(plan))
        store.unbind()
        for workload in work.workloads():
            store.bind(workload.name, workload.task, workload.identity, workload.protocol)
    for name in FINDINGS:  # of an earlier start: they are no longer part of this run
        (folder / name).unlink(missing_ok=True)
    keep_sources(work.sources, folder)
    write_text(folder / "study.yaml", plan.study_text)


def check_generated(plan: Plan, store: Store, folder: Path) -> None:
    """Raise RunError if responses of the plan are missing, or belong to another study than the folder's."""
    if not store.manifest.generated:
        raise RunError(
            "some responses are missing: this run was interrupted, or is still running",
            place=folder,
            fix=f"continue it with `assay run STUDY.yaml --out {folder}`",
        )
    if store.manifest.responses_sha256 != plan.responses_sha256:
        raise RunError(
            "is not the study of this run: its name, subjects, files, tasks, limits or decoding differ",
            place=folder / "study.yaml",
            fix="run the study itself again, into this folder",
        )


def check_analyzed(plan: Plan, tasks: Mapping[str, Task], store: Store, folder: Path) -> None:
    """Raise RunError unless the run is complete, under its present claims, policy and verifiers."""
    check_generated(plan, store, folder)
    fix = f"decide again with `assay decide {folder}`"
    if not store.manifest.analyzed:
        raise RunError("the claims of this run are not decided yet", place=folder, fix=fix)
    unscored = [name for name, task in tasks.items() if store.unscored(name, task.scorer)]
    if stale := [name for name in unscored if not missing_judgements(store, tasks[name])]:
        raise RunError(
            f"{', '.join(stale)} was scored by another version of the verifier", place=folder, fix=fix
        )
    study = folder / "study.yaml"
    if store.declared()[-1].sha256 != digest(claim_block(plan)):
        raise RunError("its claims were changed since the run was decided", place=study, fix=fix)
    if store.manifest.policy_sha256 != policy_digest(plan.policy):
        raise RunError("its `gate` was changed since the run was decided", place=study, fix=fix)


def policy_digest(policy: Policy) -> str:
    """Of the gate's policy that the reports were written under."""
    return digest(policy.model_dump(mode="json", exclude_defaults=True))
