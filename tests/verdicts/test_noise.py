"""Noise is measured where the claim is: a path noisier than the base's makes no harm and no gain that a gate believes."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import assay
from assay import stats
from assay.audit import gate
from assay.engines import Fake, Prompt
from assay.plan import Policy
from assay.report.gate import apply_gate
from assay.stats import Verdict
from assay.verdicts import Result
from assay.verdicts.result import DriftResult
from tests.studies import RIGHT, WRONG, examples, write_study

N = 541


def same_adapters(folder: Path, pairs: int, count: int = N, **fields: Any) -> Path:
    """A study of bases with one adapter each, which answers as its base does but for noise."""
    examples(folder, count)
    document = {
        "name": "same",
        "bases": [{"name": f"base{i}", "model": f"owner/base{i}"} for i in range(pairs)],
        "adapters": [
            {"name": f"a{i}", "base": f"base{i}", "label": "numeric", "path": f"owner/a{i}"}
            for i in range(pairs)
        ],
        "tasks": [{"task": "numeric", "name": "math", "examples": "examples.jsonl"}],
        "noise_prompts": 200,
        **fields,
    }
    return write_study(folder, document)


def noisy(
    rate: float, loses: float, wins: float, of_base: float = 0.0, seed: int = 0
) -> Callable[[Prompt], str]:
    """Answers that pass at a rate; the adapter's path turns passes and fails around, each time anew."""
    drawn = random.Random(seed)  # noqa: S311
    truth: dict[tuple[str, str], bool] = {}

    def answer(prompt: Prompt) -> str:
        right = truth.setdefault((prompt.subject[-2:].lstrip("ae"), prompt.example), drawn.random() < rate)
        of_adapter = prompt.subject.startswith("a")
        flip = (loses if right else wins) if of_adapter else of_base
        passes = right != (drawn.random() < flip)
        return f"{RIGHT if passes else WRONG}{' ' * of_adapter}."

    return answer


def run(folder: Path, answer: Callable[[Prompt], str], pairs: int, count: int = N, **fields: Any) -> Result:
    study = same_adapters(folder, pairs, count, **fields)
    return assay.run(study, folder / "run", engine=Fake(answer).preflight)


CASES = [
    # pass rate, the adapter's path loses, and wins
    (0.3, 0.05, 0.05),
    (0.3, 0.10, 0.10),
    (0.6, 0.05, 0.05),
    (0.6, 0.02, 0.0),
    (0.6, 0.05, 0.0),
    (0.8, 0.05, 0.05),
    (0.8, 0.10, 0.0),
]


@pytest.mark.slow
@pytest.mark.parametrize(("rate", "loses", "wins"), CASES)
def test_a_noisier_path_fails_and_passes_no_gate_by_itself(
    tmp_path: Path, rate: float, loses: float, wins: float
) -> None:
    pairs = 40
    result = run(tmp_path, noisy(rate, loses, wins), pairs)
    words = Counter(str(claim.verdict) for claim in result.claims)
    believed = [
        claim
        for claim in result.claims
        if claim.verdict in ("harmed", "gain", "confirmed") and not claim.within_noise
    ]
    assert words["harmed"] + words["gain"] + words["confirmed"] > 0
    assert len(believed) <= 6  # 40 x .05 and two and a half standard deviations


@pytest.mark.slow
@pytest.mark.parametrize("flips", [0.02, 0.05, 0.1])
def test_noise_that_is_equal_on_both_sides_needs_no_allowance(tmp_path: Path, flips: float) -> None:
    result = run(tmp_path, noisy(0.6, flips, flips, of_base=flips), 40)
    assert sum(claim.verdict == "harmed" for claim in result.claims) <= 6
    assert sum(claim.verdict in ("gain", "confirmed") for claim in result.claims) <= 6


def test_a_word_within_the_noise_is_marked_in_every_report_and_undecided_for_the_gate(tmp_path: Path) -> None:
    result = run(tmp_path, noisy(0.8, 0.05, 0.0), 1)
    (claim,) = result.claims
    (noise,) = result.engine_noise
    assert (claim.verdict, claim.within_noise) == ("harmed", True)
    assert (noise.base_differ, noise.base_changed, noise.n) == (0, 0.0, 200)
    assert noise.adapter_changed > 0.02
    assert noise.limit is not None
    assert noise.limit > noise.adapter_changed
    assert gate(tmp_path / "run").outcome == "undecided"
    for name in ("report.md", "report.html"):
        text = (tmp_path / "run" / name).read_text().replace("&#39;", "'")
        assert "within the engine's noise" in text
        assert "unequal noise may move a gain by up to" in text
    assert '"within_noise": true' in (tmp_path / "run" / "verdicts.json").read_text()


def test_passes_that_are_identical_leave_no_room_for_noise(tmp_path: Path) -> None:
    def answer(prompt: Prompt) -> str:
        number = int(prompt.example)
        return RIGHT if number < 300 - 60 * prompt.subject.startswith("a") else WRONG

    result = run(tmp_path, answer, 1)
    (noise,) = result.engine_noise
    assert (noise.identical, noise.limit) == (True, 0.0)
    assert (result.claims[0].verdict, result.claims[0].within_noise) == ("harmed", False)
    assert gate(tmp_path / "run").outcome == "fail"


def test_too_few_prompts_measure_no_noise_and_mark_nothing(tmp_path: Path) -> None:
    result = run(tmp_path, noisy(0.8, 0.4, 0.0), 1, count=140)
    (noise,) = result.engine_noise
    assert noise.limit is None
    assert (result.claims[0].verdict, result.claims[0].within_noise) == ("harmed", False)
    assert (
        "how far unequal noise may move a gain is not measured below 150 prompts"
        in (tmp_path / "run" / "report.md").read_text()
    )


def test_noise_is_pooled_over_tasks_and_adapters(tmp_path: Path) -> None:
    examples(tmp_path, 120)
    document = {
        "name": "pooled",
        "bases": [{"name": "base", "model": "owner/base"}],
        "adapters": [{"name": name, "label": "numeric", "path": f"owner/{name}"} for name in ("one", "two")],
        "tasks": [
            {"task": "numeric", "name": name, "examples": "examples.jsonl"} for name in ("math", "more")
        ],
        "noise_prompts": 200,
    }

    def answer(prompt: Prompt) -> str:
        lost = prompt.name == "two/again" and prompt.task == "more"
        return WRONG if lost else f"{RIGHT}{prompt.subject}"

    fake = Fake(answer)
    result = assay.run(write_study(tmp_path, document), tmp_path / "run", engine=fake.preflight)
    again = Counter((prompt.name, prompt.task) for prompt in fake.asked if prompt.variant)
    assert (again["base/again", "math"], again["base/again", "more"]) == (100, 100)
    assert again["one/again", "more"] + again["two/again", "more"] == 100
    (noise,) = result.engine_noise
    lost = again["two/again", "more"]
    assert (noise.adapters, noise.tasks, noise.n) == (("one", "two"), ("math", "more"), 200)
    assert (noise.base_differ, noise.adapter_differ) == (0, lost)
    assert noise.adapter_changed == pytest.approx(lost / 200)
    assert {cell.noise for cell in result.cells} <= {noise.limit}
    assert noise.limit == pytest.approx(stats.paired_interval(lost, 0, 200, 0.9)[1])


def test_a_drift_within_the_noise_is_undecided_for_the_gate(tmp_path: Path) -> None:
    result = run(tmp_path, noisy(0.8, 0.05, 0.0), 1)
    (noise,) = result.engine_noise
    assert noise.limit is not None
    drift = DriftResult(
        adapter="a0", recipe=None, base="base0", variant="gap", target="math.numeric_match",
        off_target=("more.numeric_match",), value=-0.2, interval=(-0.3, -0.1), level=0.9, target_gain=0.2,
        off_target_gain=0.0, min_off_target_gain=0.0,
    )  # fmt: skip
    claim = replace(result.claims[0], verdict=Verdict.CONFIRMED, within_noise=False)
    for noise_, outcome in ((0.0, "pass"), (0.05, "pass"), (0.2, "undecided")):
        shown = replace(result, claims=(claim,), cells=(), drift=(replace(drift, noise=noise_),))
        assert apply_gate(shown, Policy(drift_budget=0.0)).outcome == outcome


def test_changes_that_come_in_bursts_are_warned_of_and_change_no_word(tmp_path: Path) -> None:
    seen: Counter[str] = Counter()

    def answer(prompt: Prompt) -> str:
        seen[prompt.name] += 1
        outage = prompt.name == "a0/again" and 60 < seen[prompt.name] <= 90
        return "" if outage else f"{RIGHT}{' ' * prompt.subject.startswith('a')}."

    result = run(tmp_path, answer, 1)
    (noise,) = result.engine_noise
    assert noise.adapter_differ == 30
    assert noise.n == 200
    if noise.clustering_p is not None:  # None where all came at one time
        assert noise.clustering_p < 0.01
        assert any("are clustered in time" in warning for warning in result.warnings)


def test_noise_whose_bound_is_not_measured_is_warned_of(tmp_path: Path) -> None:
    """A pass that loses answers at random, over fewer prompts than bound it."""
    study, told = (
        same_adapters(tmp_path, 1, count=100),
        "how far unequal noise may move their gains is not measured",
    )
    lossy = assay.run(study, tmp_path / "lossy", engine=Fake(noisy(1.0, 0.3, 0.0)).preflight)
    assert any(told in text for text in lossy.warnings)
    steady = assay.run(
        study, tmp_path / "steady", engine=Fake(lambda prompt: RIGHT + prompt.subject).preflight
    )
    assert not any(told in text for text in steady.warnings)
