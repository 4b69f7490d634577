"""The gate's truth table, a row a test."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from assay.errors import StudyError
from assay.plan import Policy
from assay.report import apply_gate, to_junit
from assay.stats import Verdict
from assay.study import load_policy
from assay.verdicts.result import (
    Cell,
    ClaimResult,
    ClaimsDeclared,
    Counts,
    DriftResult,
    Interval,
    Matrix,
    Result,
)


def claim(verdict: str, adapter: str = "a", kind: str = "gains") -> ClaimResult:
    return ClaimResult(adapter, "base", "math", "math.numeric_match", kind, 0.05, Verdict(verdict))  # type: ignore[arg-type]


def cell(interval: Interval | None, adapter: str = "a", kind: str = "exploratory") -> Cell:
    excluded = None if interval is None else interval[0] > -0.05
    return Cell(
        adapter, "base", "math", "ifeval.prompt_strict", kind, 0.05,  # type: ignore[arg-type]
        interval=interval, harm_excluded=excluded, reason=None if interval else "no responses",
    )  # fmt: skip


def drift(interval: Interval | None, variant: str = "gap") -> DriftResult:
    return DriftResult(
        "a", None, "base", variant, "math.numeric_match", ("x.y",), 0.2, interval, 0.9, 0.0, 0.2, 0.2
    )


def result(
    claims: list[ClaimResult], cells: list[Cell] | None = None, drifts: tuple[DriftResult, ...] = ()
) -> Result:
    return Result(
        study="s", alpha=0.05, family="adapter", claims=tuple(claims), cells=tuple(cells or ()), drift=drifts, recipes=(),
        labels=(), counts=Counts(len(claims), {}, 0, 0, ""), matrix=Matrix((), ()), modes=(), applied=(), problems=(), noise_floor=None,
        claims_sha256="", claims_declared=ClaimsDeclared("after", "", ()), warnings=(), versions={},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("verdict", "code"),
    [
        ("confirmed", 0),
        ("gain", 0),
        ("kept", 0),
        ("trivial", 1),
        ("no gain", 1),
        ("harmed", 1),
        ("not applied", 1),
        ("undecided", 2),
        ("not measured", 2),
    ],
)
def test_a_single_claim(verdict: str, code: int) -> None:
    assert apply_gate(result([claim(verdict)])).exit_code == code


@pytest.mark.parametrize(
    ("interval", "outcome"),
    [
        ((-0.04, 0.01), "pass"),
        ((-0.05, 0.01), "undecided"),
        ((-0.08, -0.01), "undecided"),
        ((-0.09, -0.05), "undecided"),
        ((-0.09, -0.051), "fail"),
        (None, "undecided"),
    ],
)
def test_an_off_target_cell_beside_a_confirmed_claim(interval: Interval | None, outcome: str) -> None:
    assert apply_gate(result([claim("confirmed")], [cell(interval)])).outcome == outcome


@pytest.mark.parametrize(
    ("worse", "high", "tolerated", "outcome"),
    [
        (5, -0.06, None, "fail"),
        (5, -0.06, 0.01, "fail"),
        (5, -0.03, 0.01, "undecided"),
        (6, -0.03, 0.01, "fail"),
        (6, -0.03, None, "undecided"),
    ],
)
def test_a_fall_elsewhere_of_less_than_the_margin_fails_where_six_prompts_differ(
    worse: int, high: float, tolerated: float | None, outcome: str
) -> None:
    few = replace(cell((-0.2, high)), better=0, worse=worse, level=0.9)
    policy = Policy() if tolerated is None else Policy(tolerated_harm=tolerated)
    assert apply_gate(result([claim("confirmed")], [few]), policy).outcome == outcome


@pytest.mark.parametrize(
    ("interval", "noise", "outcome"),
    [
        ((-0.04, 0.01), 0.005, "pass"),
        ((-0.04, 0.01), 0.02, "undecided"),
        ((-0.2, -0.07), 0.01, "fail"),
        ((-0.2, -0.07), 0.03, "undecided"),
    ],
)
def test_what_the_engines_noise_could_have_done_elsewhere_is_undecided(
    interval: Interval, noise: float, outcome: str
) -> None:
    noisy = replace(cell(interval), noise=noise)
    assert apply_gate(result([claim("confirmed")], [noisy])).outcome == outcome


@pytest.mark.parametrize(
    ("verdict", "field", "outcome"),
    [
        ("confirmed", {"within_noise": True}, "undecided"),
        ("harmed", {"within_noise": True}, "undecided"),
        ("no gain", {"extreme": "ceiling"}, "undecided"),
        ("harmed", {"extreme": "ceiling"}, "fail"),
        ("confirmed", {"extreme": "floor"}, "pass"),
        ("confirmed", {"control": "gains"}, "undecided"),
        ("harmed", {"control": "gains"}, "undecided"),
    ],
)
def test_words_that_say_nothing_of_the_label_do_not_pass_or_fail(
    verdict: str, field: dict[str, object], outcome: str
) -> None:
    marked = replace(claim(verdict), **field)  # type: ignore[arg-type]
    assert apply_gate(result([marked])).outcome == outcome


def test_a_descriptive_cell_never_decides() -> None:
    assert (
        apply_gate(result([claim("confirmed")], [cell((-0.9, -0.8), kind="descriptive")])).outcome == "pass"
    )


def test_one_failing_claim_of_several_fails_the_adapter() -> None:
    assert apply_gate(result([claim("confirmed"), claim("no gain"), claim("undecided")])).outcome == "fail"


def test_one_undecided_claim_of_several_leaves_it_undecided() -> None:
    assert apply_gate(result([claim("confirmed"), claim("undecided")])).outcome == "undecided"


def test_another_adapters_cell_does_not_matter_to_this_one() -> None:
    gate = apply_gate(result([claim("confirmed"), claim("harmed", "b")], [cell((-0.9, -0.8), "b")]))
    assert {adapter.adapter: adapter.outcome for adapter in gate.adapters} == {"a": "pass", "b": "fail"}
    assert gate.exit_code == 1


def test_each_rule_that_fails_is_named() -> None:
    (adapter,) = apply_gate(result([claim("no gain")], [cell((-0.09, -0.06))])).adapters
    assert [reason.partition(":")[0] for reason in adapter.reasons] == [
        "math.numeric_match (gains)",
        "ifeval.prompt_strict (off-target)",
    ]


@pytest.mark.parametrize(
    ("tolerated", "outcome"),
    [(0.03, "fail"), (0.06, "undecided"), (0.08, "undecided"), (0.09, "pass"), (1.0, "pass")],
)
def test_the_harm_that_a_policy_tolerates_elsewhere_replaces_the_margin(
    tolerated: float, outcome: str
) -> None:
    found = result([claim("confirmed")], [cell((-0.08, -0.04))])
    assert apply_gate(found, Policy(tolerated_harm=tolerated)).outcome == outcome


@pytest.mark.parametrize(
    ("interval", "outcome"),
    [((0.1, 0.3), "pass"), ((0.1, 0.31), "undecided"), ((0.31, 0.4), "fail"), (None, "undecided")],
)
def test_a_drift_budget_is_asked_beside_the_verdicts(interval: Interval | None, outcome: str) -> None:
    policy = Policy(drift_budget=0.3)
    assert apply_gate(result([claim("confirmed")], drifts=(drift(interval),)), policy).outcome == outcome


def test_drift_never_passes_an_adapter_whose_claim_fails() -> None:
    found = result([claim("not applied")], drifts=(drift((0.0, 0.0)),))
    assert apply_gate(found, Policy(drift_budget=0.3)).outcome == "fail"


def test_without_a_budget_drift_is_not_asked() -> None:
    assert apply_gate(result([claim("confirmed")], drifts=(drift((0.5, 0.9)),))).outcome == "pass"


def test_other_variants_of_drift_are_not_asked() -> None:
    found = result([claim("confirmed")], drifts=(drift((0.5, 0.9), "gap_max"), drift((0.0, 0.1))))
    assert apply_gate(found, Policy(drift_budget=0.3)).outcome == "pass"


def test_a_budget_for_a_drift_that_was_not_measured_is_undecided() -> None:
    assert apply_gate(result([claim("confirmed")]), Policy(drift_budget=0.3)).outcome == "undecided"


def test_a_policy_that_tolerates_any_harm_passes_a_total_one() -> None:
    found = result([claim("confirmed")], [cell((-1.0, -1.0))])
    assert apply_gate(found, Policy(tolerated_harm=1.0)).outcome == "pass"


@pytest.mark.parametrize(
    ("verdict", "outcome"),
    [
        ("confirmed", "pass"),
        ("gain", "undecided"),
        ("trivial", "undecided"),
        ("harmed", "fail"),
        ("kept", "undecided"),
    ],
)
def test_a_policy_chooses_what_passes_and_what_fails(verdict: str, outcome: str) -> None:
    policy = Policy(passing=(Verdict.CONFIRMED,), failing=(Verdict.HARMED,))
    assert apply_gate(result([claim(verdict)]), policy).outcome == outcome


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("pasing: [gain]", r'policy.yaml:1: pasing: no such field; did you mean "passing"'),
        ("passing: []", r"policy.yaml:1: passing: empty"),
        ("passing: [gained]", r"policy.yaml:1: passing\[0\]: one of confirmed"),
        ("passing: [gain, harmed]", r"`harmed` is both in `passing` and in `failing`"),
        ("tolerated_harm: 0", r"policy.yaml:1: tolerated_harm: more than 0"),
        ("drift_budget: none", r"policy.yaml:1: drift_budget: a number"),
        ("- gain", r"policy.yaml"),
    ],
)
def test_a_bad_policy_is_refused_by_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "policy.yaml").write_text(text)
    with pytest.raises(StudyError, match=message):
        load_policy(tmp_path / "policy.yaml")


def test_a_policy_is_read_from_its_own_file(tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text("passing: [confirmed]\ntolerated_harm: 0.02\n")
    assert load_policy(tmp_path / "policy.yaml") == Policy(passing=(Verdict.CONFIRMED,), tolerated_harm=0.02)


def test_junit_has_a_case_a_rule_and_takes_undecided_for_no_pass() -> None:
    gate = apply_gate(result([claim("no gain"), claim("undecided"), claim("kept")], [cell((-0.01, 0.1))]))
    suite = ElementTree.fromstring(to_junit(gate, "study \x1b <&>"))
    assert {name: suite.get(name) for name in ("tests", "failures", "errors")} == {
        "tests": "4",
        "failures": "1",
        "errors": "1",
    }
    assert [[child.tag for child in case] for case in suite] == [["failure"], ["error"], [], []]
    assert suite.get("name") == "study \\u001b <&>"
