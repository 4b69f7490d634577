"""When, and on which base, each subject was measured: what a policy with an expiry reads. It knows no policy's rule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from assay.plan import Plan, Subject
from assay.verdicts.evidence import Evidence
from assay.verdicts.result import Measured

__all__ = ["measured"]


def measured(plan: Plan, evidence: Evidence) -> tuple[Measured, ...]:
    """One for each subject and task; empty under a policy that lets nothing expire."""
    if not plan.policy.expires:
        return ()
    bound = set(evidence.bound())
    return tuple(entry for subject in plan.subjects for entry in _of(plan, subject, evidence, bound))


def _of(plan: Plan, subject: Subject, evidence: Evidence, bound: set[tuple[str, str]]) -> Iterator[Measured]:
    revisions = {base.name: base.revision for base in plan.bases}
    for task in plan.tasks:
        side = evidence.counterpart(subject.name, subject.base, task) if bound else None
        base = side or subject.base
        known = (base, task) in bound
        times = [evidence.first_arrival(name, task) for name in (subject.name, base)] if known else [None]
        yield Measured(
            subject=subject.name,
            task=task,
            base=subject.base,
            base_sha256=evidence.subject(base, task) if known else None,
            revision=revisions[subject.base],
            at=_iso(times),
        )


def _iso(times: Sequence[float | None]) -> str | None:
    known = [time for time in times if time is not None]
    if len(known) < len(times):
        return None
    return datetime.fromtimestamp(min(known), UTC).isoformat(timespec="seconds")
