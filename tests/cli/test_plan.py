"""`assay plan` as a user meets it. No model is loaded, no network asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assay import load_study
from assay import run as run_study
from assay.audit import plan as planned
from assay.engines import Fake, Prompt
from assay.progress import silent
from tests.studies import RIGHT, WRONG, examples, one_task_study


def narrow(out: str) -> bool:
    return max(len(line.rstrip()) for line in out.splitlines()) <= 80


def seeds_study(folder: Path) -> Path:
    examples(folder, 40)
    path = folder / "study.yaml"
    rows = "".join(
        f"  - {{name: r-s{seed}, label: numeric, recipe: r, seed: {seed}, path: owner/r{seed}}}\n"
        for seed in (1, 2, 3)
    )
    path.write_text(
        f"name: s\nbases: [{{name: base, model: owner/base}}]\nadapters:\n{rows}"
        "tasks: [{task: numeric, name: math, examples: examples.jsonl}]\n"
    )
    return path


def test_plan_prints_power_and_cost_in_80_columns(call: Any, tmp_path: Path) -> None:
    done = call("plan", seeds_study(tmp_path))
    assert done.code == 0
    assert narrow(done.out)
    assert "Power: gains math.numeric_match, 40 prompts, margin 5 points" in done.words
    assert "3 claims, each decided by its 90 % interval: alpha 0.05, one-sided." in done.words
    assert "r on base: gains" in done.words
    assert "About 176 responses, 180,224 tokens at most" in done.words


def test_plan_prints_json(call: Any, tmp_path: Path) -> None:
    study = seeds_study(tmp_path)
    printed = json.loads(call("plan", study, "--json").out)
    assert printed["power"][0]["rows"][1]["to_exclude"] == 495
    assert printed["recipes"][0]["seeds"] == 3
    assert printed["cost"]["tasks"][0]["responses"] == 176
    assert printed["time"] is None


def test_plan_prints_time_where_there_was_a_trial(
    call: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = Fake(lambda _: "word " * 50)
    monkeypatch.setattr(
        "assay.audit.plan",
        lambda study, trial, progress=silent, **more: planned(study, trial, fake.preflight, progress, **more),
    )
    done = call("plan", seeds_study(tmp_path), "--trial")
    assert narrow(done.out)
    assert "Trial of base: loaded in" in done.words
    assert "Time to generate on this machine:" in done.words
    assert "trial: 1 of 1" in done.err


def test_plan_takes_declared_guesses(call: Any, tmp_path: Path) -> None:
    study = seeds_study(tmp_path)
    given = ("--discordance", "0.15", "--discordance", "0.25", "--seed-sd", "0.01")
    done = call("plan", study, *given)
    assert "seed sd 1, discordance 0.25" in done.words
    printed = json.loads(call("plan", study, *given, "--json").out)
    assert [row["discordance"] for row in printed["power"][0]["rows"]] == [0.15, 0.25]


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--discordance", "0", "discordance 0: is a share of prompts; write one above 0"),
        ("--seed-sd", "3", "seed sd 3: is a spread of gains; write a fraction of 1"),
        ("--pilot", "nothing", "nothing: no run here (no records.sqlite); make one with `assay run`"),
    ],
)
def test_a_guess_that_cannot_be_exits_with_64(
    call: Any, tmp_path: Path, option: str, value: str, message: str
) -> None:
    done = call("plan", seeds_study(tmp_path), option, value)
    assert done.code == 64
    assert message in done.err


def stopping_study(folder: Path) -> Path:
    """The study, with 150 prompts, and a run of 30 of them in `pilot`."""
    path = seeds_study(folder)
    examples(folder, 150)
    text = path.read_text()
    pilot = folder / "pilot.yaml"
    pilot.write_text(text.replace("examples.jsonl}", "examples.jsonl, limit: 30}"))

    def answer(request: Prompt) -> str:
        flips = sum(map(ord, request.subject + request.example)) % 5 == 0 and request.subject != "base"
        return f"{request.subject}, {WRONG if flips else RIGHT}"

    run_study(load_study(pilot), folder / "pilot", engine=Fake(answer).preflight)
    path.write_text(f"{text}stop: decided\n")
    return path


def test_plan_learns_from_a_pilot_and_tells_where_a_run_stops(call: Any, tmp_path: Path) -> None:
    done = call("plan", stopping_study(tmp_path), "--pilot", tmp_path / "pilot")
    assert done.code == 0
    assert narrow(done.out)
    assert "Pilot: s" in done.words
    assert "Mean tokens of a response to math: the base 3, adapters 3." in done.words
    assert "Seeds of 1 recipe on math.numeric_match: sd" in done.words
    assert "tokens at most, 1,980 if they are as long as the pilot's" in done.words
    assert "Where a run stops: gains math.numeric_match, one-sided 0.05" in done.words
    assert "Cost with an early stop" in done.words


def test_plans_as_json_do_not_change_from_call_to_call(call: Any, tmp_path: Path) -> None:
    arguments = ("plan", stopping_study(tmp_path), "--pilot", tmp_path / "pilot", "--json")
    first = call(*arguments).out
    assert call(*arguments).out == first
    printed = json.loads(first)
    assert [stop["margins"] for stop in printed["early"]["stops"]] == [2, 1, 0, -1]
    assert set(printed["pilot"]["metrics"][0]["cells"][0]) == {
        "adapter", "prompts", "differ", "discordance", "interval",
    }  # fmt: skip
    assert printed["cost"]["tasks"][0]["expected"] == 1980


def test_plan_of_a_study_to_the_end_says_in_a_line_what_stopping_would_save(
    call: Any, tmp_path: Path
) -> None:
    study = seeds_study(tmp_path)
    assert "--until decided" not in call("plan", study).words  # 40 prompts: one look, at the end
    examples(tmp_path, 400)
    done = call("plan", study)
    assert "With `assay run --until decided`, a share of these tokens:" in done.words
    assert "Where a run stops" not in done.words


def test_plan_of_recorded_responses_has_no_cost(call: Any, tmp_path: Path) -> None:
    done = call("plan", one_task_study(tmp_path, [True] * 20, {"a": [False] * 20}))
    assert done.code == 0
    assert "Cost" not in done.out
    assert "note: Nothing is generated: the responses are recorded." in done.words
