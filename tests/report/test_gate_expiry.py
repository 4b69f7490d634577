"""What is stale under a policy, and what that does to an adapter, a row a test."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import assay
from assay.errors import StudyError
from assay.plan import Policy
from assay.report import apply_gate
from assay.report.gate import Gate, Rule
from assay.study import load_policy, load_study
from assay.verdicts import Measured, Result
from tests.report.test_gate import cell, result
from tests.report.test_gate_rules import STATES, on
from tests.studies import edit, one_task_study, table

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
DIGEST = "4f3c2a1b9d0e" + "0" * 52
COMMIT = "1cfa9a7208912126459214e8b04321603b3df60c"
OTHER = "0123456789"


def row(task: str = "math", subject: str = "a", **fields: Any) -> Measured:
    known = Measured(subject, task, "base", DIGEST, None, "2026-11-21T12:00:00+00:00")
    return replace(known, **fields)


def gate_of(findings: Result, rows: list[Measured], **policy: Any) -> Gate:
    return apply_gate(replace(findings, measured=tuple(rows)), Policy(**policy), NOW)


def expiry(gate: Gate) -> list[Rule]:
    return [rule for adapter in gate.adapters for rule in adapter.rules if rule.kind == "expiry"]


@pytest.mark.parametrize("tier", ["standard", "required", "advisory"])
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("stale", [False, True])
def test_a_stale_task_beside_one_that_passes(tier: str, state: str, stale: bool) -> None:
    """A stale result never makes a failing adapter better; one without a score is missing, not stale."""
    table = {
        ("standard", "passed"): "undecided",
        ("standard", "failed"): "fail",
        ("standard", "undecided"): "undecided",
        ("standard", "missing"): "undecided",
        ("required", "passed"): "fail",
        ("required", "failed"): "fail",
        ("required", "undecided"): "fail",
        ("required", "missing"): "fail",
    }
    findings = result([on("other", "confirmed"), on("math", STATES[state])])
    rows = [row("other"), row("math", base_sha256=OTHER if stale else DIGEST)]
    tiers: dict[str, Any] = {} if tier == "standard" else {tier: ("math",)}
    gate = gate_of(findings, rows, current_bases={"base": DIGEST}, **tiers)
    without = apply_gate(findings, Policy(**tiers))
    expected = table.get((tier, state), "pass") if stale else without.outcome
    assert gate.outcome == expected
    assert {rule.task for rule in expiry(gate)} == {"other", "math"} - (
        {"math"} if state == "missing" else set()
    )
    of_math = [rule for rule in expiry(gate) if rule.task == "math"]
    assert all((rule.outcome == "pass") != stale for rule in of_math)


@pytest.mark.parametrize(
    ("current", "digest", "revision", "fresh"),
    [
        (DIGEST, DIGEST, None, True),
        (DIGEST[:12], DIGEST, None, True),
        (OTHER, DIGEST, None, False),
        (COMMIT, DIGEST, COMMIT, True),
        (COMMIT[:8], DIGEST, COMMIT, True),
        (COMMIT, DIGEST, COMMIT[:8], True),
        (COMMIT, DIGEST, COMMIT[:6], False),
        (COMMIT, DIGEST, "main", False),
        (COMMIT, DIGEST, None, False),
        (COMMIT, None, None, False),
        (DIGEST, DIGEST, COMMIT, True),
    ],
)
def test_a_base_is_current_by_its_digest_or_the_commit_that_the_study_names(
    current: str, digest: str | None, revision: str | None, fresh: bool
) -> None:
    rows = [row(base_sha256=digest, revision=revision)]
    (rule,) = expiry(gate_of(result([on("math", "confirmed")]), rows, current_bases={"base": current}))
    assert (rule.outcome == "pass") == fresh


@pytest.mark.parametrize(
    ("at", "days", "fresh"),
    [
        (NOW - timedelta(days=10), 10, True),
        (NOW - timedelta(days=10, seconds=1), 10, False),
        (NOW - timedelta(hours=11), 0.5, True),
        (NOW + timedelta(hours=23), 1, True),
        (NOW + timedelta(hours=25), 1, False),
        (None, 1000, False),
    ],
)
def test_a_result_is_current_for_so_many_days(at: datetime | None, days: float, fresh: bool) -> None:
    rows = [row(at=at and at.isoformat())]
    (rule,) = expiry(gate_of(result([on("math", "confirmed")]), rows, max_age_days=days))
    assert (rule.outcome == "pass") == fresh


def test_a_rule_says_what_is_stale_and_what_would_not_be() -> None:
    rows = [row(revision="main")]
    (rule,) = expiry(
        gate_of(result([on("math", "confirmed")]), rows, current_bases={"base": OTHER}, max_age_days=5)
    )
    assert rule.evidence == (
        "stale: measured on 2026-11-21 with the base 'base' (digest 4f3c2a1b9d0e, revision main), but the current base is 0123456789; "
        "measured 10.0 days ago, on 2026-11-21"
    )
    assert rule.needs == "a run on 'base' at 0123456789; a run at most 5 days old"
    (rule,) = expiry(gate_of(result([on("math", "confirmed")]), rows, max_age_days=50))
    assert (rule.evidence, rule.needs) == (
        "current: measured on 2026-11-21 with the base 'base' (digest 4f3c2a1b9d0e, revision main)",
        "",
    )


def test_a_base_that_a_policy_with_current_bases_leaves_out_is_stale() -> None:
    (rule,) = expiry(gate_of(result([on("math", "confirmed")]), [row()], current_bases={"bose": DIGEST}))
    assert (rule.outcome, rule.needs) == ("undecided", "'base' in `current_bases`")


def test_a_result_that_was_not_analyzed_under_an_expiry_is_stale_under_one() -> None:
    gate = gate_of(result([on("math", "confirmed")]), [], max_age_days=1)
    assert gate.outcome == "undecided"
    assert expiry(gate)[0].evidence == "stale: neither the time nor the base of the measurement is known"


def test_what_a_claim_is_against_is_stale_too() -> None:
    against = replace(on("math", "confirmed"), against="champ")
    rows = [row(), row(subject="champ", base_sha256=OTHER)]
    (rule,) = expiry(gate_of(result([against]), rows, current_bases={"base": DIGEST}))
    assert rule.evidence.startswith("stale: champ: measured on 2026-11-21")


def test_tasks_that_no_rule_is_about_do_not_expire() -> None:
    findings = result([on("math", "confirmed")], [replace(cell((0.0, 0.1), kind="descriptive"), score=0.5)])
    rows = [row(), row("ifeval", base_sha256=OTHER)]
    assert [rule.task for rule in expiry(gate_of(findings, rows, current_bases={"base": DIGEST}))] == ["math"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "current_bases: {base: main}",
            r'current_bases.base: "main" is neither a commit nor a digest; write 7 to 64',
        ),
        ("current_bases: {base: abcdef}", r"is neither a commit nor a digest"),
        ("max_age_days: 0", r"max_age_days: more than 0"),
    ],
)
def test_a_bad_expiry_is_refused_by_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "policy.yaml").write_text(text)
    with pytest.raises(StudyError, match=message):
        load_policy(tmp_path / "policy.yaml")


@pytest.fixture
def study(tmp_path: Path) -> Path:
    base, strong = table(60, 20, 400, 200)
    return one_task_study(tmp_path, base, {"strong": strong}, gate={"max_age_days": 1})


def test_a_study_whose_gate_names_another_base_is_refused(study: Path) -> None:
    edit(study, lambda document: document["gate"].update(current_bases={"bse": OTHER}))
    with pytest.raises(StudyError, match=r'gate.current_bases.bse: no base "bse"; did you mean "base"'):
        load_study(study)


def test_a_run_of_today_is_current_and_one_on_other_responses_of_the_base_is_not(study: Path) -> None:
    assay.run(study, study.parent / "run")
    gate = assay.gate(study.parent / "run")
    assert gate.outcome == "pass"
    (entry,) = (
        entry for entry in assay.open_result(study.parent / "run").measured if entry.subject == "strong"
    )
    digest = entry.base_sha256 or ""
    assert len(digest) == 64
    assert f"digest {digest[:12]}" in expiry(gate)[0].evidence
    for current, outcome in ((digest[:10], "pass"), (OTHER, "undecided")):
        policy = Policy(current_bases={"base": current})
        assert assay.gate(study.parent / "run", policy).outcome == outcome
    required = Policy(current_bases={"base": OTHER}, required=("math",))
    assert assay.gate(study.parent / "run", required).exit_code == 1


def test_a_policy_without_an_expiry_asks_for_no_times_and_digests(study: Path) -> None:
    edit(study, lambda document: document.pop("gate"))
    assert assay.run(study, study.parent / "run").measured == ()
