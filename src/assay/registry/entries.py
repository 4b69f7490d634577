"""A complete run as rows of the registry. It reads the run's records, and knows no database."""

from __future__ import annotations

import hashlib
import socket
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import assay
from assay.canonical import canonical_sha256
from assay.evidence import Evidence, collect
from assay.evidence.form import Basis, to_text
from assay.plan import Claim, MetricName
from assay.report import apply_gate
from assay.runs import Run
from assay.stats import Verdict
from assay.verdicts import ClaimResult, DriftResult, Result

__all__ = ["RunRows", "rows_of"]

HOLDING = (Verdict.CONFIRMED, Verdict.GAIN, Verdict.TRIVIAL, Verdict.KEPT)
FAILING = (Verdict.NO_GAIN, Verdict.HARMED)


@dataclass(frozen=True, slots=True)
class RunRows:
    """A run, and a row for each of its claims: names of columns and values."""

    run: Mapping[str, Any]
    verdicts: tuple[Mapping[str, Any], ...]


def rows_of(folder: Path) -> RunRows:
    """The rows of a complete run. Raises AssayError where it is none, or was changed since it was decided."""
    with Run.open(folder) as run:
        run.check_analyzed()
        result = run.analyze()
        gates = {gate.adapter: str(gate.outcome) for gate in apply_gate(result, run.plan.policy).adapters}
        known: dict[tuple[str, str], Basis] = {}
        pairs = list(zip(run.plan.claims, result.claims, strict=True))
        evidence = [collect(run, result, claim, finding, known) for claim, finding in pairs]
        verdicts = tuple(
            {**_figures(claim, held.finding), **_digests(held), **_drift(result, claim)}
            | {"gate": gates.get(claim.subject.name, ""), "measured": _measured(run, claim)}
            for (claim, _), held in zip(pairs, evidence, strict=True)
        )
        return RunRows(_run(run, evidence), verdicts)


def _run(run: Run, evidence: list[Evidence]) -> dict[str, Any]:
    parts = {(part.subject, part.protocol, part.responses.sha256) for held in evidence for part in held.basis}
    first, last = run.records.declared()[0], run.records.declared()[-1]
    content = [run.plan.name, run.plan.responses_sha256, first.declared_at, sorted(parts)]
    return {
        "key": canonical_sha256(content),
        "study": run.plan.name,
        "host": socket.gethostname(),
        "folder": str(run.folder.absolute()),
        "added": time.time(),
        "claims_sha256": last.sha256,
        "policy_sha256": run.manifest().policy_sha256 or "",
        "settings_sha256": run.plan.responses_sha256,
        "version": assay.__version__,
    }


def _figures(claim: Claim, finding: ClaimResult) -> dict[str, Any]:
    low, high = finding.interval or (None, None)
    p_fails, p_holds = _p_values(finding)
    return {
        "adapter": finding.adapter,
        "base": finding.base,
        "label": finding.label,
        "metric": finding.metric,
        "kind": finding.kind,
        "against": finding.against or "",
        "margin": finding.margin,
        "verdict": str(finding.verdict),
        "words": finding.words,
        "tone": finding.verdict.tone,
        "reason": finding.reason or "",
        "control": finding.control is not None,
        "n": finding.n,
        "gain": finding.gain,
        "low": low,
        "high": high,
        "level": finding.level,
        "alpha": claim.alpha,
        "p_fails": p_fails,
        "p_holds": p_holds,
    }


def _p_values(finding: ClaimResult) -> tuple[float, float]:
    """(that the claim fails, that it holds), for the line over the registry; 1 where the verdict does not say.

    A verdict keeps the p-value of the one null that it rejects. That of `harmed`, {gain >= 0}, is not smaller than that of
    {gain >= margin}. Words within the engine's noise, and a missing gain at a floor or ceiling, count for neither.
    """
    if finding.p is None or finding.within_noise or finding.control is not None:
        return 1.0, 1.0
    if finding.verdict in HOLDING:
        return 1.0, finding.p
    if finding.verdict is Verdict.HARMED or (finding.verdict in FAILING and finding.extreme is None):
        return finding.p, 1.0
    return 1.0, 1.0


def _digests(held: Evidence) -> dict[str, Any]:
    task = MetricName.parse(held.finding.metric).task
    parts = {part.name: part for part in held.basis if part.task == task}
    own, base = (_subject(held, parts.get(name)) for name in (held.finding.adapter, held.finding.base))
    protocol = held.protocols.get(parts[held.finding.adapter].protocol, {}) if own else {}
    tokenizer = base.get("tokenizer")
    return {
        "rule": held.rule,
        "evidence_sha256": hashlib.sha256(to_text(held).encode()).hexdigest(),
        "adapter_sha256": canonical_sha256(own) if own else "",
        "weights_sha256": str(own.get("weights", "")),
        "config_sha256": str(own.get("config", "")),
        "base_sha256": canonical_sha256(base) if base else "",
        "tokenizer_sha256": canonical_sha256(tokenizer) if tokenizer else "",
        "template_sha256": str(protocol.get("template") or ""),
        "prompts_sha256": held.tasks[task].prompts.sha256 if task in held.tasks else "",
        "verifier": held.tasks[task].verifier if task in held.tasks else "",
        "engine": ", ".join(_settings(base or own)),
    }


def _subject(held: Evidence, part: Basis | None) -> Mapping[str, Any]:
    return held.subjects[part.subject] if part else {}


def _settings(identity: Mapping[str, Any]) -> Iterator[str]:
    """`torch`, `bfloat16`, `nf4`."""
    for field in ("engine", "server", "dtype", "quantization"):
        if (value := identity.get(field)) not in (None, "none"):
            yield str(value)


def _drift(result: Result, claim: Claim) -> dict[str, Any]:
    drift = next((drift for drift in result.drift if _is_of(drift, claim)), None)
    low, high = (drift.interval if drift else None) or (None, None)
    return {"drift": drift.value if drift else None, "drift_low": low, "drift_high": high}


def _is_of(drift: DriftResult, claim: Claim) -> bool:
    own = (claim.subject.name, str(claim.metric), claim.against, "gap")
    return (drift.adapter, drift.target, drift.against, drift.variant) == own


def _measured(run: Run, claim: Claim) -> float:
    """When the oldest response of a claim's subject was kept; where that is not known, when its claims were declared."""
    arrived = run.records.first_arrival(claim.subject.name, claim.metric.task)
    return arrived or datetime.fromisoformat(run.records.declared()[0].declared_at).timestamp()
