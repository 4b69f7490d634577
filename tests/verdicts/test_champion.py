"""Challengers against the policy's champion: the figures, the prompts, and what the gate makes of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import assay
from assay import stats
from assay.engines import Fake, Prompt
from assay.errors import StudyError
from assay.plan import Policy
from assay.report import apply_gate
from assay.stats import PairedGain
from assay.study import load_study
from assay.verdicts import Cell, Result
from tests.runs.generating import COUNT as PROMPTS
from tests.runs.generating import PASSES, generating, run
from tests.studies import RIGHT, WRONG
from tests.verdicts.test_against import COUNT, passes, study


def folder_of(home: Path, **gate: Any) -> Path:
    """A run in which `new` is better than `champ` on math and worse on other."""
    claims = {"numeric": ["math.numeric_match"]}
    assay.run(study(home / "study", claims=claims, gate=gate), home / "run")
    return home / "run"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder_of(tmp_path_factory.mktemp("champion"), champion="champ", regression_budget=0.08)


@pytest.fixture(scope="module")
def result(folder: Path) -> Result:
    return assay.open_result(folder)


def regressions(found: Result) -> dict[str, Cell]:
    return {cell.metric: cell for cell in found.regressions}


@pytest.mark.parametrize("task", ["math", "other"])
def test_its_figures_are_those_of_a_calculation_by_hand(result: Result, task: str) -> None:
    cell = regressions(result)[f"{task}.numeric_match"]
    champ, new = passes("champ", task), passes("new", task)
    better = sum(after > before for before, after in zip(champ, new, strict=True))
    worse = sum(after < before for before, after in zip(champ, new, strict=True))
    gain = PairedGain(better, worse, COUNT)
    assert (cell.adapter, cell.against, cell.kind, cell.margin) == ("new", "champ", "regression", 0.08)
    assert (cell.better, cell.worse, cell.n) == (better, worse, COUNT)
    assert (cell.base_score, cell.score) == (sum(champ) / COUNT, sum(new) / COUNT)
    assert cell.gain == (better - worse) / COUNT
    assert cell.level == pytest.approx(0.9)
    low, high = cell.interval or (0, 0)
    assert (low, high) == pytest.approx(stats.tango_interval(better, worse, COUNT, 0.9), abs=0.005)
    assert (low > -0.08) == cell.harm_excluded == gain.rejects_above(-0.08, 0.05)
    assert (high < -0.08) == gain.rejects_below(-0.08, 0.05)


def test_the_gate_fails_a_challenger_that_is_over_the_budget_on_one_task(folder: Path) -> None:
    gate = assay.gate(folder)
    entries = {entry.adapter: entry for entry in gate.adapters}
    assert (gate.outcome, gate.exit_code) == ("fail", 1)
    rules = [rule for rule in entries["new"].rules if rule.kind == "champion"]
    assert [(rule.name, rule.outcome, rule.evidence.partition(":")[0]) for rule in rules] == [
        ("math.numeric_match (regression, against champ)", "pass", "better"),
        ("other.numeric_match (regression, against champ)", "fail", "over the budget"),
    ]
    assert rules[1].needs == "a fall of 8 points or more against champ excluded"
    assert not [rule for rule in entries["champ"].rules if rule.kind == "champion"]


@pytest.mark.parametrize(
    ("budget", "outcome"), [(0.08, "fail"), (0.12, "undecided"), (0.18, "pass"), (0.3, "pass")]
)
def test_a_policy_given_to_the_gate_compares_under_its_own_budget(
    folder: Path, budget: float, outcome: str
) -> None:
    gate = assay.gate(
        folder, Policy(champion="champ", regression_budget=budget, tolerated_harm=1.0, advisory=())
    )
    rules = [rule for entry in gate.adapters for rule in entry.rules if rule.task == "other"]
    (rule,) = (rule for rule in rules if rule.kind == "champion")
    champ, new = passes("champ", "other"), passes("new", "other")
    better = sum(after > before for before, after in zip(champ, new, strict=True))
    gain = PairedGain(better, sum(champ) - sum(new) + better, COUNT)
    by_test = (
        "pass"
        if gain.rejects_above(-budget, 0.05)
        else "fail"
        if gain.rejects_below(-budget, 0.05)
        else "undecided"
    )
    assert rule.outcome == by_test == outcome


def test_a_champion_changes_no_other_finding(result: Result, tmp_path: Path) -> None:
    plain = assay.open_result(folder_of(tmp_path))
    kept = replace(result, regressions=(), claims_declared=plain.claims_declared)
    assert kept == plain


def test_the_budget_is_the_tasks_margin_unless_the_policy_has_one(tmp_path: Path) -> None:
    found = assay.open_result(folder_of(tmp_path, champion="champ"))
    assert {cell.margin for cell in found.regressions} == {0.05}


def test_a_champion_may_be_the_base_itself(tmp_path: Path) -> None:
    found = assay.open_result(folder_of(tmp_path, champion="base"))
    cells = {(cell.adapter, cell.metric): cell for cell in found.regressions}
    assert {adapter for adapter, _ in cells} == {"champ", "new"}
    claims = {claim.adapter: claim for claim in found.claims}
    math = cells["new", "math.numeric_match"]
    assert math.against == "base"
    assert (math.gain, math.better) == (claims["new"].gain, claims["new"].better)


def test_a_study_whose_gate_names_an_unknown_champion_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r'gate.champion: no subject "chump"; did you mean "champ"'):
        load_study(study(tmp_path / "study", gate={"champion": "chump"}))


def test_a_budget_without_a_champion_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"`regression_budget` without `champion`"):
        load_study(study(tmp_path / "study", gate={"regression_budget": 0.1}))


def answer(request: Prompt) -> str:
    """The champion answers as `good` does, but on every seventh prompt."""
    number = int(request.example)
    if request.subject == "other":
        return RIGHT if PASSES["good"][number] and number % 7 else WRONG
    return RIGHT if PASSES[request.subject][number] else WRONG


CHAMPION = {"champion": "other"}


@pytest.mark.parametrize("stop", ["full", "decided"])
def test_the_champion_is_asked_as_far_as_every_challenger(tmp_path: Path, stop: str) -> None:
    fake = Fake(answer)
    found = run(generating(tmp_path, ("good", "other", "bad"), gate=CHAMPION, stop=stop), fake)
    asked = {
        name: {prompt.example for prompt in fake.asked if prompt.subject == name and not prompt.variant}
        for name in ("good", "other", "bad")
    }
    assert asked["good"] | asked["bad"] <= asked["other"]
    cells = {cell.adapter: cell for cell in found.regressions}
    assert set(cells) == {"good", "bad"}
    assert {name: cell.n for name, cell in cells.items()} == {
        claim.adapter: claim.n for claim in found.claims if claim.adapter != "other"
    }
    for name, cell in cells.items():
        pairs = [
            (answer(Prompt(name, "math", example, "")), answer(Prompt("other", "math", example, "")))
            for example in asked[name]
        ]
        if stop == "full":
            assert len(pairs) == PROMPTS
        assert cell.better == sum(ours == RIGHT != theirs for ours, theirs in pairs)
        assert cell.worse == sum(theirs == RIGHT != ours for ours, theirs in pairs)


def test_a_champion_that_stopped_before_its_challengers_is_no_evidence(tmp_path: Path) -> None:
    """Its gate came later: it was not asked what they were, and where it stopped depends on how it did."""
    study = generating(tmp_path, ("good", "other", "bad"), stop="decided")
    found = run(study, Fake(answer))
    n = {claim.adapter: claim.n or 0 for claim in found.claims}
    gate = assay.gate(tmp_path / "run", Policy(champion="other"))
    rules = {
        entry.adapter: rule for entry in gate.adapters for rule in entry.rules if rule.kind == "champion"
    }
    assert set(rules) == {"good", "bad"}
    for name, rule in rules.items():
        missing = rule.evidence.startswith("not measured: no complete set of responses from the 'other'")
        assert missing == (n[name] > n["other"]), (name, n, rule.evidence)


def test_a_challenger_with_its_own_template_is_compared_under_it(tmp_path: Path) -> None:
    fake = Fake(answer, templates={"base": "[{prompt}]", "good": "<{prompt}>"})
    found = run(generating(tmp_path, ("good", "other"), gate=CHAMPION), fake)
    (cell,) = found.regressions
    assert (cell.n, cell.reason) == (PROMPTS, None)
    assert {("good", "<"), ("other", "<"), ("other", "[")} <= {(p.subject, p.text[0]) for p in fake.asked}


def test_a_champion_that_was_refused_leaves_its_challengers_undecided(tmp_path: Path) -> None:
    fake = Fake(answer, refused={"other": "its weights are broken"})
    study = generating(tmp_path, ("good", "other"), gate=CHAMPION)
    found = run(study, fake)
    gate = apply_gate(found, Policy(champion="other"))
    assert [entry.outcome for entry in gate.adapters] == ["undecided", "undecided"]
    (rule,) = (rule for rule in gate.adapters[0].rules if rule.kind == "champion")
    assert rule.evidence.startswith("not measured: 'other', which it is compared with, was not measured")
    assert rule.needs == "a run of the study with `champion: other` in its `gate`"
