"""The gate's rules on tiers: every row of the truth table, and what each rule says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

import assay
from assay.cli.show import show_gate
from assay.errors import StudyError
from assay.plan import Policy
from assay.report import apply_gate, to_junit
from assay.report.gate import Gate
from assay.stats import PairedGain, agreeing_interval
from assay.study import load_policy, load_study
from assay.testing import assert_label_holds
from assay.verdicts.result import ClaimResult, Result
from tests.report.test_gate import cell, claim, drift, result
from tests.studies import one_task_study, table

STATES = {"passed": "confirmed", "failed": "no gain", "undecided": "undecided", "missing": "not measured"}


def on(task: str, word: str, adapter: str = "a") -> ClaimResult:
    """A claim on a task; one that was measured has scores."""
    found = replace(claim(word, adapter), metric=f"{task}.numeric_match")
    if word == "not measured":
        return replace(found, reason=f"no responses to {task}")
    return replace(found, score=0.5, base_score=0.4)


def gate_of(findings: Result, **policy: Any) -> Gate:
    return apply_gate(findings, Policy(**policy))


@pytest.mark.parametrize(
    ("tier", "state", "outcome"),
    [
        ("standard", "passed", "pass"),
        ("standard", "failed", "fail"),
        ("standard", "undecided", "undecided"),
        ("standard", "missing", "undecided"),
        ("required", "passed", "pass"),
        ("required", "failed", "fail"),
        ("required", "undecided", "undecided"),
        ("required", "missing", "fail"),
        ("advisory", "passed", "pass"),
        ("advisory", "failed", "pass"),
        ("advisory", "undecided", "pass"),
        ("advisory", "missing", "pass"),
    ],
)
def test_a_task_beside_one_that_passes(tier: str, state: str, outcome: str) -> None:
    found = result([on("other", "confirmed"), on("math", STATES[state])])
    policy = {} if tier == "standard" else {tier: ("math",)}
    gate = gate_of(found, **policy)
    assert gate.outcome == outcome
    (adapter,) = gate.adapters
    shown = [rule for rule in adapter.rules if rule.task == "math"]
    assert {rule.tier for rule in shown} == {tier}
    assert any(rule.outcome != "pass" for rule in shown) == (state != "passed")
    assert bool(adapter.advice) == (tier == "advisory" and state != "passed")


def test_a_required_task_that_the_run_does_not_have_fails_every_adapter() -> None:
    gate = gate_of(result([on("math", "confirmed"), on("math", "gain", "b")]), required=("gsm8k",))
    assert [adapter.outcome for adapter in gate.adapters] == ["fail", "fail"]
    (reason,) = gate.adapters[0].reasons
    assert reason == (
        "gsm8k (required): missing: this run has no task of that name, only math; to pass: the responses of 'a' and of "
        "its base to gsm8k"
    )


def test_an_advisory_task_that_the_run_does_not_have_changes_nothing() -> None:
    found = result([on("math", "undecided")])
    assert gate_of(found, advisory=("gsm8k",)) == gate_of(found)


def test_an_adapter_of_which_no_rule_counts_is_undecided() -> None:
    gate = gate_of(result([on("math", "confirmed")]), advisory=("math",))
    assert (gate.outcome, gate.exit_code) == ("undecided", 2)


def test_an_adapter_of_which_no_claim_counts_may_pass_and_the_gate_says_that_its_label_is_not_judged() -> (
    None
):
    gate = gate_of(result([on("math", "confirmed")], [cell((0.0, 0.1))]), advisory=("math",))
    assert gate.outcome == "pass"
    assert gate.adapters[0].advice == (
        "every claim of this adapter is on an advisory task: its label is not judged",
    )


def test_a_required_task_is_missing_for_one_adapter_alone() -> None:
    found = result([on("math", "confirmed"), on("math", "not measured", "b")])
    gate = gate_of(found, required=("math",))
    assert [adapter.outcome for adapter in gate.adapters] == ["pass", "fail"]


@pytest.mark.parametrize(
    ("interval", "outcome"), [((-0.04, 0.1), "pass"), ((-0.06, 0.1), "undecided"), ((-0.2, -0.06), "fail")]
)
def test_a_required_task_without_a_claim_and_without_an_off_target_metric_is_judged_by_harm(
    interval: tuple[float, float], outcome: str
) -> None:
    described = replace(cell(interval, kind="descriptive"), metric="svamp.numeric_match", score=0.5)
    second = replace(cell((-0.9, -0.8), kind="descriptive"), metric="svamp.format_match", score=0.5)
    found = result([on("math", "confirmed")], [described, second])
    assert gate_of(found).outcome == "pass"
    assert gate_of(found, required=("svamp",)).outcome == outcome
    names = [rule.name for rule in gate_of(found, required=("svamp",)).adapters[0].rules]
    assert names == [
        "svamp (required)",
        "svamp.numeric_match (required)",
        "math.numeric_match (gains)",
    ]


def test_a_required_task_with_an_off_target_metric_is_judged_once() -> None:
    elsewhere = replace(cell((-0.01, 0.1)), score=0.5)
    gate = gate_of(result([on("math", "confirmed")], [elsewhere]), required=("ifeval",))
    assert [rule.kind for rule in gate.adapters[0].rules] == ["task", "claim", "harm"]


@pytest.mark.parametrize(("advisory", "outcome"), [((), "fail"), (("math",), "pass"), (("x",), "fail")])
def test_a_drift_is_advisory_where_its_target_is(advisory: tuple[str, ...], outcome: str) -> None:
    other = replace(drift((0.0, 0.1)), target="other.numeric_match")
    found = result([on("other", "confirmed")], drifts=(drift((0.4, 0.5)), other))
    assert gate_of(found, drift_budget=0.3, advisory=advisory).outcome == outcome


def test_an_advisory_harm_elsewhere_is_shown_and_changes_nothing() -> None:
    found = result([on("math", "confirmed")], [cell((-0.9, -0.8))])
    gate = gate_of(found, advisory=("ifeval",))
    assert gate.outcome == "pass"
    (advice,) = gate.adapters[0].advice
    assert advice.startswith("ifeval.prompt_strict (off-target): harmed beyond what is tolerated")


def test_an_end_on_the_margin_itself_shows_no_fall_of_the_margin() -> None:
    """14 prompts of 40 fall and 3 rise: the test of a fall of 10 points has p just above alpha, and the interval ends there."""
    gain, margin, alpha = PairedGain(3, 14, 40), 0.1, 0.05
    assert alpha < gain.p_below(-margin) < alpha + 0.002
    low, high = agreeing_interval(gain, margin, alpha)
    assert high == -margin
    on_it = replace(cell((low, high)), margin=margin, better=3, worse=14)
    beyond = replace(on_it, interval=(low, high - 1e-9))
    outcomes = [gate_of(result([on("math", "confirmed")], [found])).outcome for found in (on_it, beyond)]
    assert outcomes == ["undecided", "fail"]


def test_each_rule_says_what_was_found_and_what_would_satisfy_it() -> None:
    open_ = replace(on("math", "undecided"), gain=0.04, interval=(-0.01, 0.09), examples_needed=1234)
    keeps = replace(on("other", "harmed"), kind="keeps", gain=-0.1, interval=(-0.2, -0.1))
    found = result([open_, keeps], [cell((-0.2, 0.1))], drifts=(drift((0.1, 0.4)),))
    (adapter,) = gate_of(found, drift_budget=0.3).adapters
    assert [rule.needs for rule in adapter.rules] == [
        "confirmed or gain; about 1,234 prompts would decide",
        "kept",
        "a fall of 5 points or more excluded",
        "a drift that is shown to be at most +0.300",
    ]
    assert adapter.reasons[0] == (
        "math.numeric_match (gains): undecided: gain +4.0 [-1.0, +9.0] points; to pass: confirmed or gain; about 1,234 "
        "prompts would decide"
    )


def test_a_rule_that_passes_needs_nothing() -> None:
    gate = gate_of(result([on("math", "confirmed")], [cell((0.0, 0.1))]), required=("math",))
    assert [rule.needs for rule in gate.adapters[0].rules] == ["", "", ""]


def test_the_drift_from_one_claimed_gain_does_not_pass_for_that_from_another() -> None:
    claims = [on("math", "confirmed"), on("other", "confirmed")]
    known = drift((0.0, 0.1))
    gate = gate_of(result(claims, drifts=(known,)), drift_budget=0.3)
    assert gate.outcome == "undecided"
    assert "drift from other.numeric_match (gap): not measured" in gate.adapters[0].reasons[0]
    both = (known, replace(known, target="other.numeric_match"))
    assert gate_of(result(claims, drifts=both), drift_budget=0.3).outcome == "pass"


def test_junit_skips_what_is_advisory_and_does_not_pass(capsys: pytest.CaptureFixture[str]) -> None:
    gate = gate_of(result([on("other", "confirmed"), on("math", "no gain")]), advisory=("math",))
    suite = ElementTree.fromstring(to_junit(gate, "study"))
    assert {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "2",
        "failures": "0",
        "errors": "0",
        "skipped": "1",
    }
    skipped = suite.find("testcase/skipped")
    assert skipped is not None
    assert (skipped.get("message") or "").startswith("advisory, fail: no gain")
    assert skipped.text == "to pass: confirmed or gain"
    show_gate(gate)
    shown = " ".join(capsys.readouterr().out.split())
    assert shown.startswith("pass a advisory: math.numeric_match (gains): no gain")
    assert shown.endswith("gate: pass")


@pytest.mark.parametrize(
    ("findings", "policy"),
    [
        (result([on("math", "confirmed")]), {"advisory": ("math",)}),
        (result([on("math", "confirmed")]), {"champion": "a"}),
        (result([]), {}),
    ],
)
def test_junit_is_not_green_where_no_rule_counts(findings: Result, policy: dict[str, Any]) -> None:
    gate = gate_of(findings, **policy)
    suite = ElementTree.fromstring(to_junit(gate, "study"))
    assert (gate.exit_code, suite.get("errors"), len(suite.findall("testcase/error"))) == (2, "1", 1)
    assert suite.get("tests") == str(len(suite))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("required: [a]\nadvisory: [b, a]", r"`a` is both in `required` and in `advisory`"),
        ("required: a", r"policy.yaml:1: required: a list is expected"),
        ("advisory: [1]", r"policy.yaml:1: advisory\[0\]: a text is expected"),
    ],
)
def test_a_bad_tier_is_refused_by_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "policy.yaml").write_text(text)
    with pytest.raises(StudyError, match=message):
        load_policy(tmp_path / "policy.yaml")


@pytest.mark.parametrize("tier", ["required", "advisory"])
def test_a_study_whose_gate_names_a_task_that_it_lacks_is_refused(tmp_path: Path, tier: str) -> None:
    base, adapter = table(2, 1, 10)
    study = one_task_study(tmp_path, base, {"a": adapter}, gate={tier: ["meth"]})
    with pytest.raises(StudyError, match=rf'gate.{tier}\[0\]: no task "meth"; did you mean "math"'):
        load_study(study)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiers")
    base, weak = table(20, 60, 400, 200)
    assay.run(one_task_study(folder, base, {"weak": weak}, gate={"required": ["math"]}), folder / "run")
    return folder / "run"


def test_a_run_is_gated_by_the_tiers_of_its_study_or_of_a_policy(run: Path) -> None:
    assert assay.gate(run).outcome == "fail"
    assert assay.gate(run, Policy(advisory=("math",))).outcome == "undecided"
    assert assay.gate(run, Policy(required=("gsm8k",))).adapters[0].rules[0].outcome == "fail"


def test_an_advisory_rule_that_is_not_met_is_a_warning_in_a_test(run: Path) -> None:
    with pytest.warns(UserWarning, match=r"'weak', advisory: math.numeric_match \(gains\): harmed"):
        assert_label_holds(run, "weak", policy=Policy(advisory=("math",)), allow_undecided=True)
