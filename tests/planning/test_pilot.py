"""A pilot's figures are those of its records, and a pilot of other tasks is refused."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import binomtest

import assay
from assay.audit import plan
from assay.engines import Fake, Prompt
from assay.errors import RunError
from assay.planning import Forecast, Guesses
from assay.planning.guesses import SEED_SD
from assay.planning.pilot import share_interval
from assay.stats import detectable_gain, seed_components
from assay.study import Study
from tests.studies import RIGHT, WRONG, examples, one_task_study

COUNT, PILOT = 300, 40
AGAIN = 60
"""Prompts that the base and an adapter answer twice."""


def study(folder: Path, limit: int | None = None, **fields: Any) -> Study:
    folder.mkdir(exist_ok=True)
    examples(folder, COUNT)
    entry: dict[str, Any] = {"task": "numeric", "name": "math", "examples": "examples.jsonl"}
    return Study.from_dict(
        {
            "name": "planned",
            "bases": [{"name": "base", "model": "owner/base"}],
            "adapters": [
                {"name": f"r-s{seed}", "recipe": "r", "seed": seed, "label": "numeric", "path": f"owner/a{seed}"}
                for seed in (1, 2)
            ],
            "tasks": [{**entry, "limit": limit} if limit else entry],
            "decoding": {"max_tokens": 100},
            "noise_prompts": AGAIN,
            **fields,
        },
        folder,
    )  # fmt: skip


def _chance(text: str) -> float:
    return zlib.crc32(text.encode()) / 2**32


def right(subject: str, example: str) -> bool:
    base = _chance(example) < 0.5
    chance = {"base": 0.0, "r-s1": 0.2, "r-s2": 0.35}[subject]
    return base != (_chance(f"{subject}/{example}") < chance)


def answer(request: Prompt) -> str:
    text = RIGHT if right(request.subject, request.example) else WRONG
    return text + (" word" * 8 if request.subject == "base" else " word" * 3)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """The study with 40 prompts, run."""
    assay.run(study(tmp_path, PILOT), tmp_path / "pilot", engine=Fake(answer).preflight)
    return tmp_path / "pilot"


def planned(folder: Path, run: Path, **more: Any) -> Forecast:
    return plan(study(folder), trial=False, pilot=run, **more)


def differing(adapter: str) -> int:
    return sum(right(adapter, str(i)) != right("base", str(i)) for i in range(PILOT))


def test_discordance_is_counted_for_each_adapter(tmp_path: Path, run: Path) -> None:
    found = planned(tmp_path, run).pilot
    assert found is not None
    (metric,) = found.metrics
    assert [(cell.adapter, cell.prompts, cell.differ) for cell in metric.cells] == [
        ("r-s1", PILOT, differing("r-s1")),
        ("r-s2", PILOT, differing("r-s2")),
    ]
    shares = [differing(name) / PILOT for name in ("r-s1", "r-s2")]
    assert (metric.low, metric.high) == (min(shares), max(shares))
    assert metric.discordance == pytest.approx(sum(shares) / 2)


def test_the_plan_counts_with_the_pilots_discordance(tmp_path: Path, run: Path) -> None:
    found = planned(tmp_path, run, guesses=Guesses((0.5,)))
    assert found.pilot is not None
    (metric,) = found.pilot.metrics
    (power,) = found.power
    assert [row.discordance for row in power.rows] == list(metric.shares)
    assert power.rows[1].detectable == detectable_gain(COUNT, metric.discordance, 0.05)
    assert power.prompts == COUNT
    assert found.recipes[0].discordance == metric.discordance
    assert found.early is not None
    assert found.early.stops[2].discordance == pytest.approx(metric.discordance)


@pytest.mark.parametrize(("count", "n"), [(0, 40), (7, 40), (40, 40), (1, 1)])
def test_intervals_are_exact(count: int, n: int) -> None:
    ends = binomtest(count, n).proportion_ci(0.9, method="exact")
    assert share_interval(count, n) == pytest.approx((ends.low, ends.high), abs=1e-9)


def test_the_spread_between_seeds_is_that_of_the_records_and_never_lowers_the_guess(
    tmp_path: Path, run: Path
) -> None:
    found = planned(tmp_path, run)
    assert found.pilot is not None
    seeds = found.pilot.metrics[0].seeds
    assert seeds is not None
    table = [[right(name, str(i)) - right("base", str(i)) for name in ("r-s1", "r-s2")] for i in range(PILOT)]
    assert seeds.recipes == 1
    assert seeds.sd == pytest.approx(seed_components(table).var_seed ** 0.5)
    assert found.recipes[0].seed_sd == max(SEED_SD, seeds.sd)
    assert planned(tmp_path, run, guesses=Guesses(seed_sd=0.01)).recipes[0].seed_sd == 0.01


def test_mean_tokens_of_the_pilot_give_the_tokens(tmp_path: Path, run: Path) -> None:
    found = planned(tmp_path, run)
    assert found.pilot is not None
    (length,) = found.pilot.lengths
    assert (length.task, length.base, length.adapters) == ("math", 10, 5)
    assert found.cost is not None
    assert found.cost.expected == 10 * (COUNT + AGAIN) + 5 * (2 * COUNT + AGAIN)
    assert found.early is not None
    for cost in found.early.costs:
        assert cost.expected is not None
        assert cost.share == pytest.approx(cost.expected / found.cost.expected, abs=1e-3)


def test_mean_tokens_of_the_pilot_give_the_time(tmp_path: Path, run: Path) -> None:
    found = plan(study(tmp_path), trial=True, engine=Fake(lambda _: "word " * 300).preflight, pilot=run)
    assert found.time is not None
    assert found.time.expected is not None
    assert found.time.low > found.time.expected  # 5 or 10 tokens, of 100
    assert found.cost is not None
    assert found.cost.exact
    assert found.cost.expected == 10 * (COUNT + AGAIN) + 5 * (2 * COUNT + AGAIN)


def recorded(folder: Path, base: Sequence[bool], adapter: Sequence[bool], **fields: Any) -> Path:
    path = one_task_study(folder, base, {"a": adapter}, **fields)
    assay.run(path, folder / "run")
    return path


def test_recorded_responses_have_no_lengths_and_one_adapters_range_is_its_interval(tmp_path: Path) -> None:
    path = recorded(tmp_path, [True] * 30, [True] * 27 + [False] * 3)
    found = plan(assay.load_study(path), pilot=tmp_path / "run").pilot
    assert found is not None
    assert found.lengths == ()
    assert found.metrics[0].seeds is None
    assert (found.metrics[0].low, found.metrics[0].high) == share_interval(3, 30)


def test_where_no_prompt_differs_power_counts_half_a_prompt(tmp_path: Path) -> None:
    def same(request: Prompt) -> str:
        return f"{request.subject}, {RIGHT}"

    run = tmp_path / "same"
    assay.run(study(tmp_path, PILOT), run, engine=Fake(same).preflight)
    found = planned(tmp_path, run)
    assert found.pilot is not None
    assert found.pilot.metrics[0].high == 0
    assert [row.discordance for row in found.power[0].rows] == [0.5 / PILOT]


def test_other_adapters_are_used_and_told(tmp_path: Path, run: Path) -> None:
    others = [{"name": "new", "label": "numeric", "path": "owner/new"}]
    found = plan(study(tmp_path, adapters=others), trial=False, pilot=run)
    assert found.pilot is not None
    assert len(found.pilot.metrics[0].cells) == 2
    assert any("None of the pilot's adapters claims math.numeric_match" in note for note in found.notes)


def test_another_decoding_is_told(tmp_path: Path, run: Path) -> None:
    found = plan(study(tmp_path, decoding={"max_tokens": 200}), trial=False, pilot=run)
    assert any("another decoding" in note for note in found.notes)
    assert not any("another decoding" in note for note in planned(tmp_path, run).notes)


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no run here"):
        planned(tmp_path, tmp_path / "nothing")


def test_a_run_of_other_tasks_is_refused(tmp_path: Path, run: Path) -> None:
    def refused(message: str, **fields: Any) -> None:
        with pytest.raises(RunError, match=message):
            plan(study(tmp_path, **fields), trial=False, pilot=run)

    entry = {"task": "numeric", "name": "math", "examples": "examples.jsonl"}
    refused("has no task 'gsm8k'.*with a `limit`", tasks=[{**entry, "name": "gsm8k"}])
    refused("its task 'math' is .*, and the study's is .* with 2 shots", tasks=[{**entry, "shots": 2}])
    other = tmp_path / "other.jsonl"
    other.write_text('{"key": "0", "question": "another", "answer": "1"}\n')
    refused("40 of its examples .*are not the study's", tasks=[{**entry, "examples": "other.jsonl"}])


def test_a_run_in_which_nothing_claimed_was_measured_is_refused(tmp_path: Path) -> None:
    path = recorded(tmp_path, [True] * 30, [True] * 30)
    with pytest.raises(RunError, match="no adapter of this pilot was measured on math"):
        plan(assay.load_study(path), pilot=tmp_path / "run")
