"""Events of a run, an append-only list, and the manifest: the fold of the events. It knows no database.

The plan holds what is known at the start; what becomes known later is an event: an adapter's liveness, a refusal,
a look, the software that generated or scored. A second process can follow the list while the run is going on.

    started -> (liveness | refused | schedule | look | settled | provenance | progress)* -> generated
            -> analyzing -> (judge | verifier)* -> analyzed          and at any time: failed, stopped
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from assay.plan import Problem
from assay.records.database import stored
from assay.records.types import Refusal, Schedule
from assay.stats import Verdict

__all__ = ["Event", "EventKind", "Manifest", "events_of_facts", "fold"]

EventKind = Literal[
    "plan",
    "started",
    "budget",
    "liveness",
    "refused",
    "schedule",
    "look",
    "settled",
    "provenance",
    "progress",
    "generated",
    "judge",
    "verifier",
    "analyzing",
    "analyzed",
    "stopped",
    "failed",
]
Versions = Mapping[str, str]
"""Software and hardware, by name."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened in a run."""

    id: int
    """Rising, from 1."""
    at: str
    """UTC, ISO 8601; empty where an older assay did not record it."""
    kind: EventKind
    data: Mapping[str, Any]
    """JSON."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is known of a run in addition to its records: the fold of its events."""

    plan: Mapping[str, Any] | None = None
    """The plan as JSON; None in a run of an older assay, which kept no plan."""
    study: str | None = None
    """Name of the study; None before the first start."""
    responses_sha256: str | None = None
    """Digest of everything in the study that the responses depend on."""
    source: Literal["generated", "recorded", "summary"] | None = None
    summary: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    refused: Mapping[str, Refusal] = field(default_factory=dict)
    """By adapter."""
    liveness: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """By digest of an adapter's identity: what it changes on probe prompts."""
    schedule: Schedule | None = None
    """None where no look was taken before the end."""
    provenance: Mapping[str, tuple[Versions, ...]] = field(default_factory=dict)
    """By content of a subject under its protocol: what generated its responses."""
    verifiers: Mapping[str, tuple[Versions, ...]] = field(default_factory=dict)
    """By scorer: versions of the packages that scored."""
    judge: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By task: `scorer` and `reason` of the judgements that are missing."""
    generated: bool = False
    """Whether every response of the last start is stored."""
    analyzed: bool = False
    """Whether the last start was analyzed to the end."""
    rule: int = 1
    """Version of the rules that chose the words of its reports."""
    policy_sha256: str | None = None
    """Digest of the gate's policy that the reports were written under."""
    ended: Literal["stopped", "failed"] | None = None
    """How the last start ended, where it did not complete."""
    error: str = ""
    """Why it failed."""


def fold(events: Iterable[Event], manifest: Manifest | None = None) -> Manifest:
    """The fold of events onto an earlier manifest. Unknown kinds change nothing."""
    known = manifest or Manifest()
    for event in events:
        if (step := _STEPS.get(event.kind)) is not None:
            known = step(known, event.data)
    return known


def _started(known: Manifest, data: Mapping[str, Any]) -> Manifest:
    problems = tuple(Problem(subject, severity, text) for severity, subject, text in data["problems"])
    return replace(
        known,
        study=data["study"],
        responses_sha256=data["responses_sha256"],
        source=data["source"],
        summary=data["summary"],
        warnings=tuple(data["warnings"]),
        problems=problems,
        refused={
            problem.subject: Refusal(Verdict.NOT_MEASURED, problem.message)
            for problem in problems
            if problem.severity == "error"
        },
        generated=False,
        analyzed=False,
        ended=None,
        error="",
    )


def _refused(known: Manifest, data: Mapping[str, Any]) -> Manifest:
    refusal = Refusal(Verdict(data["verdict"]), data["reason"])
    return replace(known, refused={**known.refused, data["adapter"]: refusal})


def _schedule(known: Manifest, data: Mapping[str, Any]) -> Manifest:
    looks = known.schedule.looks if known.schedule else {}
    return replace(known, schedule=Schedule(**data, looks=looks))


def _look(known: Manifest, data: Mapping[str, Any]) -> Manifest:
    schedule = known.schedule
    if schedule is None:
        return known
    taken = sorted({*schedule.looks.get(data["cell"], ()), data["n"]})
    return replace(known, schedule=replace(schedule, looks={**schedule.looks, data["cell"]: taken}))


def _added(
    versions: Mapping[str, tuple[Versions, ...]], key: str, more: Versions
) -> dict[str, tuple[Versions, ...]]:
    held = versions.get(key, ())
    return {**versions, key: held if more in held else (*held, more)}


def _judge(known: Manifest, data: Mapping[str, Any]) -> Manifest:
    others = {task: missing for task, missing in known.judge.items() if task != data["task"]}
    missing = {data["task"]: {"scorer": data["scorer"], "reason": data["reason"]}} if data["reason"] else {}
    return replace(known, judge={**others, **missing})


_STEPS: Mapping[str, Callable[[Manifest, Mapping[str, Any]], Manifest]] = {
    "plan": lambda known, data: replace(known, plan=data),
    "started": _started,
    "liveness": lambda known, data: replace(
        known, liveness={**known.liveness, data["identity"]: data["found"]}
    ),
    "refused": _refused,
    "schedule": _schedule,
    "look": _look,
    "provenance": lambda known, data: replace(
        known, provenance=_added(known.provenance, data["content"], data["versions"])
    ),
    "generated": lambda known, _: replace(known, generated=True),
    "judge": _judge,
    "verifier": lambda known, data: replace(
        known, verifiers=_added(known.verifiers, data["scorer"], data["versions"])
    ),
    "analyzing": lambda known, _: replace(known, analyzed=False),
    "analyzed": lambda known, data: replace(
        known, analyzed=True, policy_sha256=data["policy_sha256"], rule=data.get("rule", 1)
    ),
    "stopped": lambda known, _: replace(known, ended="stopped"),
    "failed": lambda known, data: replace(known, ended="failed", error=data["error"]),
}


# -- runs of layout 1, which kept facts by name ------------------------------------------------------

SCORED_BY = "scored by "


def events_of_facts(facts: Mapping[str, str]) -> Iterator[tuple[EventKind, dict[str, Any]]]:
    """The facts of an older run (name to JSON) as the events that correspond to them."""
    known = {name: stored(value) for name, value in facts.items()}
    if "study" not in known:
        return
    yield (
        "started",
        {
            "study": known["study"],
            "responses_sha256": known.get("measured"),
            "source": "summary"
            if known.get("summary")
            else "recorded"
            if known.get("responses_came_first", True)
            else "generated",
            "summary": known.get("summary") or {},
            "warnings": known.get("warnings") or (),
            "problems": known.get("problems") or (),
        },
    )
    for identity, found in (known.get("liveness") or {}).items():
        yield "liveness", {"identity": identity, "found": found}
    for adapter, (verdict, reason) in (known.get("absent") or {}).items():
        yield "refused", {"adapter": adapter, "verdict": verdict, "reason": reason}
    yield from _looks_of(known.get("early"))
    for content, seen in (known.get("provenance") or {}).items():
        yield from (("provenance", {"content": content, "versions": versions}) for versions in seen)
    for name, seen in known.items():
        if name.startswith(SCORED_BY):
            scorer = name.removeprefix(SCORED_BY)
            yield from (("verifier", {"scorer": scorer, "versions": versions}) for versions in seen)
    for task, missing in (known.get("unjudged") or {}).items():
        yield "judge", {"task": task, **missing}
    if known.get("responses_complete"):
        yield "generated", {}
    if known.get("complete"):
        yield "analyzed", {"policy_sha256": known.get("policy")}


def _looks_of(early: Mapping[str, Any] | None) -> Iterator[tuple[EventKind, dict[str, Any]]]:
    if early:
        yield "schedule", {name: early[name] for name in ("design", "first", "every", "orders")}
        for cell, taken in early["looks"].items():
            yield from (("look", {"cell": cell, "n": n}) for n in taken)
