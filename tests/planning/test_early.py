"""Where runs are expected to stop, and what that costs: base once, cells without a claim as the study says."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assay import load_study, stats
from assay.audit import plan
from assay.engines import Fake
from assay.planning import Early, Forecast, Guesses
from assay.planning.early import TRUTHS
from assay.progress import silent
from assay.study import Study
from tests.studies import examples, jsonl, one_task_study


def study(folder: Path, names: tuple[str, ...] = ("a", "b"), count: int = 200, **fields: Any) -> Study:
    """Two numeric tasks, of which one is claimed."""
    examples(folder, count)
    return Study.from_dict(
        {
            "name": "planned",
            "bases": [{"name": "base", "model": "owner/base"}],
            "adapters": [{"name": name, "label": "numeric", "path": f"owner/{name}"} for name in names],
            "tasks": [
                {"task": "numeric", "name": "math", "examples": "examples.jsonl"},
                {"task": "numeric", "name": "away", "examples": "examples.jsonl"},
            ],
            "claims": {"numeric": ["math.numeric_match"]},
            "decoding": {"max_tokens": 100},
            "stop": "decided",
            "noise_prompts": 0,
            **fields,
        },
        folder,
    )


def planned(of: Study, **more: Any) -> Forecast:
    return plan(of, trial=False, **more)


def early(of: Study, **more: Any) -> Early:
    found = planned(of, **more).early
    assert found is not None
    return found


def test_every_true_gain_is_simulated_in_margins(tmp_path: Path) -> None:
    found = early(study(tmp_path))
    assert found.stated
    assert [(stop.margins, stop.gain) for stop in found.stops] == [
        (2, 0.1),
        (1, 0.05),
        (0, 0),
        (-1, -0.05),
    ]
    assert {stop.discordance for stop in found.stops} == {0.2}
    for stop in found.stops:
        assert 0 < stop.share <= 1
        assert sum(stop.words.values()) == pytest.approx(1)
        assert list(stop.words.values()) == sorted(stop.words.values(), reverse=True)


def test_figures_are_those_of_a_small_simulation_by_stand(tmp_path: Path) -> None:
    of = study(tmp_path, count=160, stop={"when": "decided", "first": 80, "every": 80}, margin=0.1)
    stop = next(one for one in early(of).stops if one.margins == -1)
    design, rng = stats.Design(160, first=80, every=80), np.random.default_rng(3)
    runs = []
    for _ in range(250):
        drawn = rng.choice([1.0, -1.0, 0.0], size=160, p=[0.05, 0.15, 0.8])
        for n in design.looks:
            evidence = design.evidence(drawn[:n])
            standing = stats.stand(evidence, "gains", 0.1, 0.05, pool=160, futility=design.futility)
            if standing.stops:
                break
        runs.append((standing.n, standing.verdict))
    mean, spread = np.mean([n for n, _ in runs]), np.std([n for n, _ in runs])
    assert abs(160 * stop.share - mean) < 4 * spread / np.sqrt(250)
    harmed = sum(word == "harmed" for _, word in runs) / 250
    assert abs(stop.words["harmed"] - harmed) < 4 * np.sqrt(harmed * (1 - harmed) / 250)


def test_the_same_study_gives_the_same_figures_and_another_seed_others(tmp_path: Path) -> None:
    found = early(study(tmp_path))
    assert early(study(tmp_path)) == found
    assert early(study(tmp_path, seed=1)) != found
    json.dumps(asdict(found))


def test_one_adapters_base_goes_as_far_as_it_does(tmp_path: Path) -> None:
    found = early(study(tmp_path, ("a",), stop={"when": "decided", "elsewhere": 50}))
    for stop, cost in zip(found.stops, found.costs, strict=True):
        asked = stop.share * 2 * 200 + 50 / 200 * 2 * 200
        assert cost.responses == pytest.approx(asked, abs=1)
        assert cost.longest == pytest.approx(100 * asked, abs=100)
        assert cost.share == pytest.approx(asked / (4 * 200))


def test_a_base_of_many_adapters_goes_further_than_each(tmp_path: Path) -> None:
    def responses(names: tuple[str, ...]) -> float:
        found = early(study(tmp_path, names, stop={"when": "decided", "elsewhere": 1}))
        return next(cost for cost in found.costs if cost.margins == -1).responses

    of_base = [responses(names) for names in (("a",), ("a", "b"), tuple("abcdefgh"))]
    share = next(stop for stop in early(study(tmp_path)).stops if stop.margins == -1).share
    second, eighth = of_base[1] - of_base[0], (of_base[2] - of_base[0]) / 7
    assert second > eighth > share * 200
    assert of_base[2] < 9 * share * 200 + 400 + 8 * 1 + 2


def test_what_is_not_claimed_is_asked_to_its_end_by_default(tmp_path: Path) -> None:
    few = early(study(tmp_path, stop={"when": "decided", "elsewhere": 50}))
    whole = early(study(tmp_path))
    for one, other in zip(few.costs, whole.costs, strict=True):
        assert other.responses - one.responses == pytest.approx(150 / 200 * (3 * 200), abs=1)


def test_two_claims_on_a_cell_ask_as_far_as_the_later_one(tmp_path: Path) -> None:
    claims = {"numeric": ["math.numeric_match", {"metric": "math.format_match", "kind": "keeps"}]}
    found = early(study(tmp_path, ("a",), claims=claims, stop={"when": "decided", "elsewhere": 1}))
    assert len(found.stops) == 2 * len(TRUTHS)
    for cost in found.costs:
        furthest = max(stop.share for stop in found.stops if stop.margins == cost.margins)
        assert cost.responses >= int(furthest * 2 * 200)


def test_a_discordance_below_the_gain_is_raised_to_it(tmp_path: Path) -> None:
    found = early(study(tmp_path), guesses=Guesses((0.06,)))
    assert [stop.discordance for stop in found.stops] == [0.1, 0.06, 0.06, 0.06]


def test_a_study_to_the_end_says_what_stopping_would_save(tmp_path: Path) -> None:
    found = early(study(tmp_path, stop="full"))
    assert not found.stated
    assert [cost.share for cost in found.costs] == [cost.share for cost in early(study(tmp_path)).costs]


def test_recorded_responses_are_not_simulated_unless_the_study_stops(tmp_path: Path) -> None:
    path = one_task_study(tmp_path, [True] * 90, {"a": [False] * 90})
    assert plan(load_study(path)).early is None
    path = one_task_study(tmp_path, [True] * 90, {"a": [False] * 90}, stop="decided")
    found = plan(load_study(path)).early
    assert found is not None
    assert found.costs == ()


def test_time_follows_the_share(tmp_path: Path) -> None:
    of = study(tmp_path, ("a",), stop={"when": "decided", "elsewhere": 1}, margin=0.2)
    found = plan(of, trial=True, engine=Fake(lambda _: "word " * 300).preflight)
    assert found.early is not None
    assert found.time is not None
    for cost in found.early.costs:
        assert cost.high is not None
        assert cost.high < found.time.high
        assert cost.expected_time is None


def several(folder: Path, **fields: Any) -> Study:
    rows = (
        {
            "key": i,
            "prompt": f"Do as I say, {i}.",
            "instruction_id_list": ["punctuation:no_comma", "change_case:english_lowercase"],
            "kwargs": [{}, {}],
        }
        for i in range(120)
    )
    prompts = jsonl(folder / "prompts.jsonl", rows)
    return study(
        folder,
        tasks=[{"task": "ifeval", "prompts": str(prompts)}],
        claims={"numeric": ["ifeval.instruction_strict"]},
        **fields,
    )


def test_several_checks_are_simulated_as_power_counts_them(tmp_path: Path) -> None:
    stops = {stop.margins: stop for stop in early(several(tmp_path)).stops}
    assert stops[1].gain == pytest.approx(0.05)
    assert stops[1].discordance == pytest.approx(0.2)


def test_a_bet_on_several_checks_is_told_and_not_simulated(tmp_path: Path) -> None:
    found = planned(several(tmp_path, stop={"when": "decided", "design": "betting"}))
    assert found.early is None
    assert any("cannot stop early on ifeval.instruction_strict" in note for note in found.notes)


def test_simulating_shows_how_far_it_is(tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []

    def progress(what: str, done: int, total: int, note: str = "", part: str = "", left: str = "") -> None:
        seen.append((what, done, total))
        silent(what, done, total, note, part, left)

    planned(study(tmp_path), progress=progress)
    assert seen == [("simulating early stops", 0, 1), ("simulating early stops", 1, 1)]
