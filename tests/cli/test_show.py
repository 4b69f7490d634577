"""What the terminal says of liveness, preflight and the noise floor."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from scripts.generated_study import Shape, as_if_measured, generate

import assay
from assay.cli.show import show_gate, show_result
from assay.plan import Policy
from assay.report import apply_gate
from assay.stats import Verdict
from assay.verdicts import Result
from assay.verdicts.result import Stop


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Result:
    folder = tmp_path_factory.mktemp("show")
    shape = Shape(bases=1, recipes=2, seeds=2, numeric_tasks=1, prompts=30)
    return assay.run(generate(folder / "in", shape), folder / "run")


def printed(result: Result, capsys: pytest.CaptureFixture[str]) -> str:
    show_result(result, None, as_json=False)
    out = capsys.readouterr().out
    assert max(len(line.rstrip()) for line in out.splitlines()) <= 80
    return " ".join(out.split())


def test_a_noise_floor_has_a_line_or_a_warning_and_never_both(
    recorded: Result, capsys: pytest.CaptureFixture[str]
) -> None:
    text = printed(as_if_measured(recorded), capsys)
    assert "noise floor: base-a on ifeval" not in text
    assert "noise floor: base-a on gsm8k: 15 of 100 responses differ, 0.0 [-5.0, +5.0]" in text
    assert text.count("the base differs from itself") == 1


def test_the_meaning_of_each_word_is_said_once(recorded: Result, capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(recorded, capsys)
    for word in {claim.verdict for claim in recorded.claims}:
        assert text.count(word.sentence) == 1


def test_long_names_and_marked_verdicts_fit_80_columns(
    recorded: Result, capsys: pytest.CaptureFixture[str]
) -> None:
    name, stop = "owner/qwen3-4b-instruct-2507-following-lora-r64-s1", Stop(96, 541, (64, 96), "group")
    marked: dict[str, Any] = {"verdict": Verdict.HARMED, "material": True, "within_noise": True, "stop": stop}
    claims = tuple(replace(claim, adapter=name, **marked) for claim in recorded.claims)
    text = printed(replace(recorded, claims=claims), capsys)
    show_gate(apply_gate(replace(recorded, claims=claims), Policy()))
    assert all(len(line.rstrip()) <= 80 for line in capsys.readouterr().out.splitlines())
    assert "96 of 541" in text


def test_the_count_over_the_study_comes_before_the_matrix(
    recorded: Result, capsys: pytest.CaptureFixture[str]
) -> None:
    text = printed(recorded, capsys)
    assert text.index(recorded.counts.statement) < text.index("Matrix")


def test_tasks_on_which_a_base_never_differs_share_a_line(
    recorded: Result, capsys: pytest.CaptureFixture[str]
) -> None:
    floors = as_if_measured(recorded).noise_floor or ()
    still = tuple(replace(floor, differ=0, warning=None) for floor in floors)
    assert len({floor.task for floor in still}) == 2
    text = printed(replace(recorded, noise_floor=still), capsys)
    assert text.count("noise floor:") == len({floor.base for floor in still})
    assert "on ifeval, gsm8k: 0 of 100 responses differ" in text


def test_further_lines_of_a_reason_stay_below_its_first(
    recorded: Result, capsys: pytest.CaptureFixture[str]
) -> None:
    show_gate(apply_gate(recorded, Policy()))
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1].startswith("gate: ")
    assert all(line.startswith(("pass ", "fail ", "undecided ", "     ")) for line in lines[:-1])


def test_only_adapters_that_are_dead_or_in_doubt_are_named(
    recorded: Result, capsys: pytest.CaptureFixture[str]
) -> None:
    text = printed(as_if_measured(recorded), capsys)
    assert (
        "in doubt: chat-a-s2 changes no response to a probe prompt (it changes logits by 0.00960 at most"
        in text
    )
    assert "not applied: sums-a-s1: it leaves every logit of the probe prompts as it was" in text
    assert text.count("not applied: ") == 1
    assert text.count("in doubt: ") == 1
    assert "preflight: warning: chat-a-s1: no weights for 4 layers" in text


def test_what_stands_beside_a_verdict_is_not_said_twice(
    recorded: Result, capsys: pytest.CaptureFixture[str]
) -> None:
    measured = as_if_measured(recorded)
    dead = next(entry for entry in measured.applied if not entry.alive)
    claims = tuple(
        replace(claim, verdict=Verdict.NOT_APPLIED, reason=dead.reason)
        if claim.adapter == dead.adapter
        else claim
        for claim in measured.claims
    )
    unloadable = "weights are cut short; download it again"
    claims = (replace(claims[0], verdict=Verdict.NOT_MEASURED, reason=unloadable), *claims[1:])
    problems = (*measured.problems, f"error: x: {unloadable}")
    text = printed(replace(measured, claims=claims, problems=problems), capsys)
    assert text.count(str(dead.reason)) == 1
    assert text.count(unloadable) == 1


def test_recorded_responses_bring_no_line_of_either(
    recorded: Result, capsys: pytest.CaptureFixture[str]
) -> None:
    text = printed(recorded, capsys)
    assert "noise floor" not in text
    assert "preflight" not in text
