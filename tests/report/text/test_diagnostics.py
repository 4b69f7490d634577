"""Sentences on liveness, preflight and the noise floor, and that page and Markdown hold them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from scripts.generated_study import Shape, as_if_measured, generate

import assay
from assay.audit import open_result
from assay.plan import Policy
from assay.report import apply_gate, to_markdown, write_reports
from assay.report.text.diagnostics import (
    applied_statement,
    applied_words,
    noise_line,
    noise_statement,
    ranked,
    silent,
    to_read_first,
    unprobed,
)
from assay.runs import Run
from assay.verdicts import Result
from assay.verdicts.result import Applied, NoiseFloor, Row

SMALL = Shape(bases=2, recipes=2, seeds=2, numeric_tasks=1, prompts=30)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("soundness")
    assay.run(generate(folder / "in", SMALL), folder / "run")
    return folder / "run"


@pytest.fixture(scope="module")
def recorded(run: Path) -> Result:
    return open_result(run)


@pytest.fixture(scope="module")
def measured(recorded: Result) -> Result:
    return as_if_measured(recorded)


def page_of(folder: Path, result: Result) -> str:
    with Run.open(folder) as run:
        write_reports(result, run.plan, run.evidence, folder)
    return (folder / "report.html").read_text(encoding="utf-8")


def markdown_of(result: Result) -> str:
    return to_markdown(result, apply_gate(result, Policy()))


def applied(
    name: str = "a", *, alive: bool = True, differ: float = 0.5, largest: float | None = 3.0
) -> Applied:
    return Applied(name, "base", alive, None if alive else "no layer matched", 7, 1.5, largest, 0.25, differ)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (applied(), "applied"),
        (applied(differ=0.0), "applied, but no response differs"),
        (applied(alive=False, differ=0.0), "not applied"),
        (applied(alive=False, differ=1.0, largest=None), "not applied"),
    ],
)
def test_an_adapter_that_changes_no_response_is_set_apart_from_one_that_is_dead(
    entry: Applied, words: str
) -> None:
    assert applied_words(entry) == words
    assert silent(entry) == ("but" in words)


def test_dead_adapters_come_first_then_silent_ones_then_the_rest_in_their_order(recorded: Result) -> None:
    entries = (
        applied("x"),
        applied("silent", differ=0.0),
        applied("y"),
        applied("dead", alive=False, differ=0.0),
    )
    assert [entry.adapter for entry in ranked(replace(recorded, applied=entries))] == [
        "dead",
        "silent",
        "x",
        "y",
    ]


def test_the_statement_counts_and_names_who_was_not_loaded(measured: Result) -> None:
    text = applied_statement(measured)
    assert text == (
        "7 adapters were loaded and run on probe prompts before the first response: 6 are applied, 1 is not. "
        "1 of the applied adapters changes logits, but no response to a probe prompt. Not loaded: sums-b-s2."
    )
    assert unprobed(measured) == ("sums-b-s2",)


def test_recorded_responses_leave_both_unmeasured_and_say_so(recorded: Result, run: Path) -> None:
    assert recorded.applied == ()
    assert unprobed(recorded) == ()
    assert "no adapter was loaded" in applied_statement(recorded)
    assert to_read_first(recorded) == ()
    for text in (page_of(run, recorded), markdown_of(recorded)):
        assert "Here responses were recorded, and no second run of the base was given." in text
        assert "no adapter was loaded" in text


def test_a_base_without_a_noise_floor_is_named(measured: Result) -> None:
    floors = tuple(entry for entry in measured.noise_floor or () if entry.base == "base-a")
    assert noise_statement(replace(measured, noise_floor=floors)).endswith("Not measured for base-b.")
    variant = Row("base-a/own-template", None, {}, {})
    matrix = replace(measured.matrix, rows=(variant, *measured.matrix.rows))
    assert noise_statement(replace(measured, matrix=matrix)) == noise_statement(measured)
    assert noise_statement(replace(measured, noise_floor=())) == "Not measured in this run."


def test_a_noise_floor_fits_on_a_line() -> None:
    floor = NoiseFloor(
        "b", "math", "math.numeric_match", 1200, 14, 3, 2, 0.01, (-0.031, 0.052), 0.9, 0.05, None
    )
    assert noise_line(floor) == "b on math: 14 of 1,200 responses differ, +1.0 [-3.1, +5.2]"


def test_the_page_shows_every_adapter_problem_and_floor(run: Path, measured: Result) -> None:
    page = page_of(run, measured)
    section = page.split('<section id="applied"')[1].split('<section id="flips"')[0]
    for entry in measured.applied:
        assert f'<th role="rowheader" scope="row">{entry.adapter} <small>on {entry.base}' in section
    assert section.count("#word-not-applied") == 1
    for problem in measured.problems:
        assert problem.replace("'", "&#39;") in section
    assert measured.noise_floor
    noise = section.split('<section id="noise"')[1]
    assert noise.count('<tr role="row"><th role="rowheader"') == len(measured.noise_floor)
    assert "[+1.9, +14.8] <small>90 %</small>" in noise


def test_what_to_read_first_stands_beside_the_verdicts_and_a_floor_s_warning_once(
    run: Path, measured: Result
) -> None:
    assert measured.noise_floor
    warning = measured.noise_floor[0].warning
    assert warning
    top = page_of(run, measured).split('<section id="verdicts"')[1].split("<table")[0]
    assert top.count(warning) == 1
    assert "preflight found 2 faults in the adapters" in top
    assert "sums-b-s1 changes no response" not in top  # that one is dead
    assert "chat-b-s2 changes no response to a probe prompt" in top
    head = markdown_of(measured).split("## Verdicts")[0]
    assert "> preflight found 2 faults in the adapters" in head
    assert head.count("the base differs from itself") == 1


def test_markdown_has_both_tables(measured: Result) -> None:
    text = markdown_of(measured)
    assert (
        "| sums-b-s1 | base-b | 0 | 0 | 0 | 0 | 0% | not applied (it leaves every logit of the probe prompts "
        "as it was (0 layers matched)) |"
    ) in text
    assert "| chat-a-s1 | base-a | 252 | 11.5 | 8.88 | 0.0152 | 37.5% | applied |" in text
    assert "| base-a | ifeval | 100 | 14 | 9 | 1 | +8.0 | [+1.9, +14.8] (90 %) | base-a on ifeval:" in text
    assert "- warning: chat-a-s1: no weights for 4 layers" in text


def test_an_unmeasured_norm_and_a_logit_that_is_not_finite_are_dashes(recorded: Result) -> None:
    entry = Applied("a", "base-a", False, "it makes logits that are not finite", None, None, None, None, 1.0)
    assert "| a | base-a | - | - | - | - | 100% | not applied (it makes" in markdown_of(
        replace(recorded, applied=(entry,))
    )


def test_drift_intervals_carry_their_level(run: Path, recorded: Result) -> None:
    assert all(drift.level == pytest.approx(0.9) for drift in recorded.drift)
    drifts = tuple(
        replace(drift, level=0.9833, interval=(-0.1, 0.25)) if i == 0 else drift
        for i, drift in enumerate(recorded.drift)
    )
    page = page_of(run, replace(recorded, drift=drifts))
    assert "[-0.100, +0.250] <small>98.33 %</small>" in page
    assert "<small>90 %</small>" in page
    assert "[-0.100, +0.250] (98.33 %)" in markdown_of(replace(recorded, drift=drifts))


def test_a_note_of_preflight_is_no_fault(measured: Result) -> None:
    notes = tuple(problem for problem in measured.problems if problem.startswith("note: "))
    assert notes
    assert not any("preflight" in text for text in to_read_first(replace(measured, problems=notes)))
    assert "preflight found 1 fault in the adapters" in to_read_first(
        replace(measured, problems=("error: a: it cannot be read", *notes))
    )


def test_names_and_problems_are_text(run: Path, measured: Result) -> None:
    attack = "<img src=x onerror=alert(1)>|`\u202e"
    first = replace(measured.applied[0], adapter=attack, alive=False, reason=attack)
    assert measured.noise_floor
    floor = replace(measured.noise_floor[0], task=attack, warning=attack)
    hostile = replace(measured, applied=(first,), problems=(attack,), noise_floor=(floor,))
    for text in (page_of(run, hostile), markdown_of(hostile)):
        assert "<img" not in text
        assert "\u202e" not in text
        assert "&lt;img src=x" in text
