"""A complete run as it was decided, opened for reading: findings from `verdicts.json`, plan from its records.

Findings are read, not computed, so that a run of a million records opens at once; where the file is missing or cannot be
read, they are computed from the records. No file is changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from assay.errors import RunError
from assay.plan import Plan, Policy, Problem, claim_block
from assay.records import Store
from assay.records.browsing import claim_block_of, identities, last_event
from assay.report import read_result
from assay.runs.evidence import RunEvidence
from assay.runs.folder import policy_digest
from assay.runs.heartbeat import beats
from assay.runs.run import State, resolved_again
from assay.study import load_study
from assay.verdicts import Result, analyze
from assay.verdicts.rule import RULE

__all__ = [
    "MALFORMED",
    "Decided",
    "decided_run",
    "gate_edited",
    "open_decided",
    "plan_of_run",
    "policy_of_run",
    "reading",
    "state_of",
]


MALFORMED = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What reading raises where a file was made by something else; a run may come from anybody."""


@contextmanager
def reading(folder: Path) -> Iterator[Store]:
    """The run's records, for reading; no file is changed.

    Raises AssayError where they cannot be read, and RunError where they hold what assay does not write.
    """
    with Store.read(folder, untouched=True) as store:
        try:
            yield store
        except MALFORMED as bad:
            raise RunError(
                f"its records are not as assay writes them ({type(bad).__name__}: {bad})", place=folder
            ) from bad


def state_of(folder: Path, store: Store) -> tuple[State, str]:
    """(state, why it failed) by the newest events alone: a long list of events is not read."""
    analyzed = last_event(store, "started", "analyzing", "analyzed")
    if analyzed is not None and analyzed.kind == "analyzed":
        return "complete", ""
    if beats(folder):
        return "running", ""
    ended = last_event(store, "started", "stopped", "failed")
    if ended is not None and ended.kind == "failed":
        return "failed", str(ended.data["error"])
    return "stopped", ""


def plan_of_run(folder: Path, store: Store) -> Plan:
    """The plan that the run keeps, or that of the study beside it, where that was edited or the run is old.

    Raises AssayError where neither can be read.
    """
    kept, started = last_event(store, "plan"), last_event(store, "started")
    if kept is None or started is None or kept.data.get("study_text") != _study_text(folder):
        return resolved_again(folder, store)[0]
    try:
        plan = Plan.from_json(kept.data)
        problems = (Problem(name, severity, text) for severity, name, text in started.data["problems"])
        known = {name: started.data[name] for name in ("summary", "warnings")}
        return replace(
            plan, summary=known["summary"], warnings=tuple(known["warnings"]), problems=tuple(problems)
        )
    except (ValueError, TypeError, KeyError) as bad:
        raise RunError(f"its plan cannot be read ({bad})", place=folder) from bad


def policy_of_run(folder: Path, store: Store) -> Policy:
    """The gate's policy of the study beside the run. Raises AssayError where it cannot be read."""
    kept = last_event(store, "plan")
    if kept is None or kept.data.get("study_text") != _study_text(folder):
        return load_study(folder / "study.yaml", check_files=False).gate
    return plan_of_run(folder, store).policy


def gate_edited(plan_policy: Policy, store: Store) -> bool:
    """Whether the findings were decided under another policy of the gate than this one."""
    analyzed = last_event(store, "analyzed")
    return analyzed is not None and analyzed.data.get("policy_sha256") != policy_digest(plan_policy)


def _study_text(folder: Path) -> str | None:
    try:
        return (folder / "study.yaml").read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None


@dataclass(frozen=True, slots=True)
class Decided:
    """A complete run."""

    folder: Path
    name: str
    """For a reader."""
    result: Result
    plan: Plan
    """With the verifiers that the findings were decided under."""
    notes: tuple[str, ...]
    """What a reader must know of the file that the findings come from."""
    identities: dict[str, dict[str, Any]]
    """What was measured under a name of the study, by content."""


def open_decided(folder: Path) -> Decided:
    """Open a complete run. Raises RunError where there is none, or it is not complete."""
    with reading(folder) as store:
        state, why = state_of(folder, store)
        if state != "complete":
            ended = f"{state} ({why})" if why else state
            raise RunError(
                f"this run is not complete but {ended}",
                place=folder,
                fix=f"complete it with `assay run STUDY.yaml --out {folder}`",
            )
        return decided_run(folder, str(folder), store)


def decided_run(folder: Path, name: str, store: Store) -> Decided:
    """A complete run by its open records. Raises AssayError where it cannot be read."""
    plan = plan_of_run(folder, store)
    result = read_result(folder)
    if result is None:
        plan, tasks = resolved_again(folder, store)
        result = analyze(plan, RunEvidence(store, tasks))
        notes = ["verdicts.json is missing or cannot be read: these findings were computed from the records"]
    else:
        plan, notes = _as_decided(plan, result, store)
        if gate_edited(plan.policy, store):
            notes.append(
                "the gate's policy was edited since these findings were decided; `assay decide` decides again"
            )
    return Decided(folder, name, result, plan, tuple(notes), identities(store))


def _as_decided(plan: Plan, result: Result, store: Store) -> tuple[Plan, list[str]]:
    """The plan with the verifiers that the findings were decided under, and notes where those are not the plan's own."""
    notes: list[str] = []
    block = claim_block_of(store, result.claims_sha256)
    own = claim_block(plan)
    verifiers: Mapping[str, str] = block["verifiers"] if block else own["verifiers"]
    if older := {
        name: scorer for name, scorer in verifiers.items() if own["verifiers"].get(name, scorer) != scorer
    }:
        scorers = ", ".join(f"{name} by {scorer}" for name, scorer in older.items())
        notes.append(
            f"verified by another version than this assay has: {scorers}; `assay decide` verifies again"
        )
    if block is None or {**block, "verifiers": {}} != {**own, "verifiers": {}}:
        notes.append(
            "study.yaml has other claims, margins or rules than these findings were decided under; `assay decide` decides "
            "again"
        )
    if result.rule != RULE:
        notes.append(
            f"decided by rule {result.rule}; this assay decides by rule {RULE}: `assay decide` says which words change"
        )
    tasks = {
        name: replace(task, scorer=verifiers.get(name, task.scorer)) for name, task in plan.tasks.items()
    }
    return replace(plan, tasks=tasks), notes
