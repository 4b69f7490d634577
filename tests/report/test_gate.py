"""The default gate's truth table, a row a test."""

from __future__ import annotations

import pytest

from assay.report import apply_gate
from assay.verdicts.result import (
    Cell,
    ClaimResult,
    ClaimsDeclared,
    Counts,
    Interval,
    Matrix,
    Result,
)


def claim(verdict: str, adapter: str = "a", kind: str = "gains") -> ClaimResult:
    return ClaimResult(adapter, "base", "math", "math.numeric_match", kind, 0.05, verdict)  # type: ignore[arg-type]


def cell(interval: Interval | None, adapter: str = "a", kind: str = "exploratory") -> Cell:
    excluded = None if interval is None else interval[0] > -0.05
    return Cell(
        adapter, "base", "math", "ifeval.prompt_strict", kind, 0.05,  # type: ignore[arg-type]
        interval=interval, harm_excluded=excluded, reason=None if interval else "no responses",
    )  # fmt: skip


def result(claims: list[ClaimResult], cells: list[Cell] | None = None) -> Result:
    return Result(
        study="s", alpha=0.05, family="adapter", claims=tuple(claims), cells=tuple(cells or ()), drift=(), recipes=(),
        labels=(), counts=Counts(len(claims), {}, 0, 0, ""), matrix=Matrix((), ()), modes=(), noise_floor=None,
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
        ((-0.09, -0.05), "fail"),
        (None, "undecided"),
    ],
)
def test_an_off_target_cell_beside_a_confirmed_claim(interval: Interval | None, outcome: str) -> None:
    assert apply_gate(result([claim("confirmed")], [cell(interval)])).outcome == outcome


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
