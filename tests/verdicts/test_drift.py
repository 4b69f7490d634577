"""Drift counts evidence once: metrics of one task, and tasks over the same prompts, are averaged prompt by prompt."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import assay
from assay import stats
from assay.engines import Fake, Prompt
from assay.verdicts.result import DriftResult
from tests.studies import RIGHT, WRONG, examples, jsonl, responses, table, write_study

N = 300
TARGET, AWAY = table(20, 50, N, 150), table(60, 20, N, 150)


def drifts(
    folder: Path, off_target: list[str], prompts: str = "away", **fields: Any
) -> dict[str, DriftResult]:
    """Drift of one adapter by variant; `away` and `also` are off target, both answered alike."""
    examples(folder, N)
    for name in ("away", "also"):
        rows = ({"key": str(i), "question": f"{prompts} {i}", "answer": "1"} for i in range(N))
        jsonl(folder / f"{name}.jsonl", rows)
        prompts = prompts if prompts == "away" else f"{prompts} more"
    sides = {"base": 0, "a": 1}
    given = {
        name: {
            "math": responses(folder / f"{name}-math.jsonl", TARGET[side]),
            "away": responses(folder / f"{name}-away.jsonl", AWAY[side]),
            "also": responses(folder / f"{name}-also.jsonl", AWAY[side]),
        }
        for name, side in sides.items()
    }
    document = {
        "name": "drift",
        "bases": [{"name": "base", "responses": given["base"]}],
        "adapters": [{"name": "a", "label": "numeric", "responses": given["a"]}],
        "tasks": [
            {"task": "numeric", "name": "math", "examples": "examples.jsonl"},
            {"task": "numeric", "name": "away", "examples": "away.jsonl"},
            {"task": "numeric", "name": "also", "examples": "also.jsonl"},
        ],
        "claims": {"numeric": ["math.numeric_match"]},
        "off_target": off_target,
        **fields,
    }
    result = assay.run(write_study(folder, document), folder / "run")
    return {drift.variant: drift for drift in result.drift}


def test_a_metric_that_repeats_another_narrows_no_interval(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    single = drifts(one, ["away.numeric_match"])["gap"]
    double = drifts(two, ["away.numeric_match", "away.format_match"])["gap"]
    assert double.value == pytest.approx(single.value)
    assert double.interval == pytest.approx(single.interval)
    assert double.off_target == ("away.numeric_match", "away.format_match")


def test_tasks_over_the_same_prompts_are_one(tmp_path: Path) -> None:
    same, other, one = (tmp_path / name for name in ("same", "other", "one"))
    for folder in (same, other, one):
        folder.mkdir()
    both = ["away.numeric_match", "also.numeric_match"]
    single = drifts(one, both[:1])["gap"].interval
    assert drifts(same, both)["gap"].interval == pytest.approx(single)
    low, high = drifts(other, both, prompts="others")["gap"].interval or (0.0, 0.0)
    assert single is not None
    assert single[0] < low < high < single[1]  # prompts of their own are evidence of their own


def test_each_variant_speaks_of_all_its_metrics(tmp_path: Path) -> None:
    found = drifts(tmp_path, ["away.numeric_match", "away.format_match"])
    assert set(found) == {"gap", "gap_max", "excess"}
    for drift in found.values():
        assert drift.off_target_gain == pytest.approx(40 / N)
        assert drift.min_off_target_gain == pytest.approx(40 / N)
        assert drift.target_gain == pytest.approx(-30 / N)
    assert found["gap_max"].interval is None


def passes(seed: int, share: float) -> list[bool]:
    draws = random.Random(seed)  # noqa: S311
    return [draws.random() < share for _ in range(N)]


def recorded(
    folder: Path, files: dict[str, str], answers: dict[str, dict[str, list[bool]]], off_target: list[str]
) -> assay.Result:
    """The first task is the target, and all others are answered as `answers` says. files: of each task's examples."""
    given = {
        name: {task: responses(folder / f"{name}-{task}.jsonl", right) for task, right in of_task.items()}
        for name, of_task in answers.items()
    }
    document = {
        "name": "recorded",
        "bases": [{"name": "base", "responses": given.pop("base")}],
        "adapters": [
            {"name": name, "label": "numeric", "recipe": "math", "seed": seed, "responses": own}
            for seed, (name, own) in enumerate(given.items())
        ],
        "tasks": [{"task": "numeric", "name": name, "examples": file} for name, file in files.items()],
        "claims": {"numeric": [f"{next(iter(files))}.numeric_match"]},
        "off_target": [f"{name}.numeric_match" for name in off_target],
    }
    return assay.run(write_study(folder, document), folder / "-".join(off_target))


def test_a_task_that_asks_the_targets_prompts_may_fall_where_the_target_rises(tmp_path: Path) -> None:
    """An answer that satisfies one of two tasks fails the other: the gap is twice the gain, and as uncertain as that."""
    examples(tmp_path, N)
    answers = {
        name: {"math": right, "opposite": [not each for each in right]}
        for name, right in (("base", passes(0, 0.5)), ("a", passes(1, 0.4)), ("b", passes(2, 0.45)))
    }
    files = dict.fromkeys(("math", "opposite"), "examples.jsonl")
    result = recorded(tmp_path, files, answers, ["opposite"])
    math = np.array([[answers[name]["math"][i] for name in ("base", "a", "b")] for i in range(N)], dtype=int)
    for drift in result.drift:
        gain: stats.Gain = stats.RecipeGain(math[:, 1:] - math[:, :1], np.ones(N))
        if drift.adapter:
            gain = stats.paired_gain(
                math[:, 0], math[:, {"a": 1, "b": 2}[drift.adapter]], np.ones(N, dtype=int)
            )
        low, high = gain.interval(drift.level)
        if drift.variant != "excess":
            assert drift.interval == pytest.approx((-2 * high, -2 * low))
    assert {drift.recipe for drift in result.drift} == {None, "math"}


def width(result: assay.Result) -> float:
    low, high = next(drift.interval for drift in result.drift if drift.variant == "gap") or (0.0, 0.0)
    return high - low


def test_tasks_over_the_same_prompts_in_other_clusters_narrow_no_interval(tmp_path: Path) -> None:
    examples(tmp_path, N)
    rows = [{"key": str(i), "question": f"away {i}", "answer": "1"} for i in range(N)]
    jsonl(tmp_path / "away.jsonl", (row | {"cluster": i // 2} for i, row in enumerate(rows)))
    jsonl(tmp_path / "also.jsonl", (row | {"cluster": i % (N // 2)} for i, row in enumerate(rows)))
    away = {"base": passes(0, 0.5), "a": passes(1, 0.5)}
    answers = {name: {"math": [True] * N, "away": right, "also": right} for name, right in away.items()}
    files = {"math": "examples.jsonl", "away": "away.jsonl", "also": "also.jsonl"}
    widths = [width(recorded(tmp_path, files, answers, names)) for names in (["away"], ["also"])]
    assert width(recorded(tmp_path, files, answers, ["away", "also"])) == pytest.approx(
        np.mean(widths), rel=0.01
    )


def test_tasks_over_the_same_prompts_narrow_no_interval_in_a_run_that_may_stop_early(tmp_path: Path) -> None:
    def answer(prompt: Prompt) -> str:
        drawn = random.Random(f"{prompt.subject} {prompt.example}")  # noqa: S311
        return RIGHT if prompt.task == "math" or drawn.random() < 0.5 else WRONG

    examples(tmp_path, N)
    away = ({"key": str(i), "question": f"away {i}", "answer": "1"} for i in range(N))
    jsonl(tmp_path / "away.jsonl", away)
    files = {"math": "examples.jsonl", "away": "away.jsonl", "also": "away.jsonl"}
    document = {
        "name": "early",
        "bases": [{"name": "base", "model": "owner/base"}],
        "adapters": [{"name": "a", "label": "numeric", "path": "owner/a"}],
        "tasks": [{"task": "numeric", "name": name, "examples": file} for name, file in files.items()],
        "claims": {"numeric": ["math.numeric_match"]},
        "stop": "decided",
    }
    widths = []
    for names in (["away"], ["away", "also"]):
        off_target = {"off_target": [f"{name}.numeric_match" for name in names]}
        study = write_study(tmp_path, document | off_target)
        widths.append(width(assay.run(study, tmp_path / "-".join(names), engine=Fake(answer).preflight)))
    assert widths[1] == pytest.approx(widths[0])
