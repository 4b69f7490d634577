"""The whole truth table with a champion, and the gate against another implementation of it on random policies."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any
from xml.etree import ElementTree

import pytest

from assay.cli.show import show_gate
from assay.plan import Policy
from assay.report import apply_gate, to_junit
from assay.stats import Verdict
from assay.verdicts import Cell, ClaimResult, Matrix, Measured, Result
from assay.verdicts.parts import Row
from tests.report.test_gate import cell, claim, drift, result
from tests.report.test_gate_rules import on

NOW = datetime(2026, 12, 1, tzinfo=UTC)
DIGEST, OTHER = "a" * 64, "b" * 64
SUBJECTS = ("base", "a", "champ")
INTERVALS = {
    "better": (0.01, 0.1),
    "within": (-0.02, 0.1),
    "over": (-0.3, -0.1),
    "open": (-0.2, 0.1),
    "unmeasured": None,
}
STATES = {
    "passed": "confirmed",
    "failed": "harmed",
    "undecided": "undecided",
    "missing": "not measured",
    "stale": "gain",
}


def against(task: str, how: str, adapter: str = "a") -> Cell:
    found = replace(cell(INTERVALS[how], adapter, "regression"), metric=f"{task}.numeric_match")
    return replace(found, against="champ", score=0.5, better=5, worse=5)


def rows(*stale: str) -> tuple[Measured, ...]:
    return tuple(
        Measured(name, task, "base", OTHER if task in stale else DIGEST, None, NOW.isoformat())
        for name in SUBJECTS
        for task in ("math", "other")
    )


def with_subjects(found: Result, *names: str) -> Result:
    return replace(found, matrix=Matrix((), tuple(Row(name, "base", {}, {}) for name in names)))


TASK = {
    ("standard", "passed"): "pass",
    ("standard", "failed"): "fail",
    ("standard", "undecided"): "undecided",
    ("standard", "missing"): "undecided",
    ("standard", "stale"): "undecided",
    ("required", "passed"): "pass",
    ("required", "failed"): "fail",
    ("required", "undecided"): "undecided",
    ("required", "missing"): "fail",
    ("required", "stale"): "fail",
    ("advisory", "passed"): "pass",
    ("advisory", "failed"): "pass",
    ("advisory", "undecided"): "pass",
    ("advisory", "missing"): "pass",
    ("advisory", "stale"): "pass",
}
"""Beside another task that passes in all respects."""
CHAMPION = {
    "none": "pass",
    "better": "pass",
    "within": "pass",
    "over": "fail",
    "open": "undecided",
    "unmeasured": "undecided",
    "absent": "fail",
    "not compared": "undecided",
}
"""On a task that counts. The last two are about the whole adapter, and count whatever the tier of the task."""
ORDER = ("pass", "undecided", "fail")
TABLE = [
    (
        tier,
        state,
        champion,
        max(
            TASK[tier, state],
            "pass"
            if tier == "advisory" and champion not in ("absent", "not compared")
            else CHAMPION[champion],
            key=ORDER.index,
        ),
    )
    for (tier, state), champion in product(TASK, CHAMPION)
]


def test_the_table_has_every_row() -> None:
    assert len(TABLE) == 3 * 5 * 8


@pytest.mark.parametrize(("tier", "state", "champion", "outcome"), TABLE)
def test_a_row_of_the_table(tier: str, state: str, champion: str, outcome: str) -> None:
    found = result([on("other", "confirmed"), on("math", STATES[state])])
    found = with_subjects(found, "base", "a", *(["champ"] if champion != "absent" else []))
    if champion in INTERVALS:
        found = replace(found, regressions=(against("other", "within"), against("math", champion)))
    found = replace(found, measured=rows("math") if state == "stale" else rows())
    policy: dict[str, Any] = {"current_bases": {"base": DIGEST}}
    policy |= {} if tier == "standard" else {tier: ("math",)}
    policy |= {} if champion == "none" else {"champion": "champ"}
    gate = apply_gate(found, Policy(**policy), NOW)
    assert gate.outcome == outcome
    assert gate.exit_code == {"pass": 0, "fail": 1, "undecided": 2}[outcome]
    (adapter,) = gate.adapters
    assert bool(adapter.reasons) == (outcome != "pass")
    assert all(rule.needs for rule in adapter.rules if rule.outcome != "pass")


def test_a_champion_that_fails_its_own_label_is_shown_and_not_counted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = replace(
        with_subjects(result([on("math", "confirmed"), on("math", "harmed", "champ")]), *SUBJECTS),
        regressions=(against("math", "within"),),
    )
    gate = apply_gate(found, Policy(champion="champ"))
    assert {entry.adapter: (entry.outcome, entry.champion) for entry in gate.adapters} == {
        "a": ("pass", False),
        "champ": ("fail", True),
    }
    assert gate.outcome == "pass"
    show_gate(gate)
    assert "fail champ (the champion: not counted)" in capsys.readouterr().out
    suite = ElementTree.fromstring(to_junit(gate, "study"))
    assert (suite.get("failures"), suite.get("skipped")) == ("0", "1")


def test_a_study_of_nothing_but_the_champion_is_undecided() -> None:
    found = with_subjects(result([on("math", "confirmed", "champ")]), "base", "champ")
    assert apply_gate(found, Policy(champion="champ")).exit_code == 2


def test_a_fall_over_the_budget_on_fewer_than_six_prompts_is_undecided() -> None:
    few = replace(against("math", "over"), better=0, worse=5)
    found = replace(with_subjects(result([on("math", "confirmed")]), *SUBJECTS), regressions=(few,))
    assert apply_gate(found, Policy(champion="champ")).outcome == "undecided"


@pytest.mark.parametrize(("noise", "outcome"), [(0.02, "pass"), (0.04, "undecided")])
def test_a_budget_that_the_engines_noise_could_fill_is_undecided(noise: float, outcome: str) -> None:
    noisy = replace(against("math", "within"), noise=noise)
    found = replace(with_subjects(result([on("math", "confirmed")]), *SUBJECTS), regressions=(noisy,))
    assert apply_gate(found, Policy(champion="champ")).outcome == outcome


# -- another implementation ----------------------------------------------------------------------------


def expected(found: Result, policy: Policy, name: str) -> str:
    """The outcome of one adapter, by the documentation, from scratch."""
    everything: list[Any] = [*found.claims, *found.cells]
    mine = [entry for entry in everything if entry.adapter == name]
    scored = {task_of(entry) for entry in mine if entry.score is not None}
    votes = [(task, "pass" if task in scored else "fail") for task in policy.required]
    judged = {task_of(entry) for entry in mine if entry.kind != "descriptive"}
    for entry in mine:
        if isinstance(entry, ClaimResult):
            votes.append((task_of(entry), claimed(entry, policy)))
        elif entry.kind == "exploratory" or (
            task_of(entry) in policy.required and task_of(entry) not in judged
        ):
            limit = entry.margin if policy.tolerated_harm is None else policy.tolerated_harm
            votes += (
                [(task_of(entry), fall(entry, limit))] if entry.score or entry.kind == "exploratory" else []
            )
            judged |= {task_of(entry)}
    pairs = [
        entry for entry in found.regressions if entry.adapter == name != policy.champion == entry.against
    ]
    votes += [(task_of(entry), fall(entry, policy.regression_budget or entry.margin)) for entry in pairs]
    judged |= {task_of(entry) for entry in pairs}
    votes += [(task, expired(found, policy, name, task)) for task in judged & scored]
    votes += drifted(found, policy, name)
    counted = [outcome for task, outcome in votes if task not in policy.advisory]
    if policy.champion not in (None, name) and not pairs:
        there = policy.champion in [row.subject for row in found.matrix.rows]
        counted.append("undecided" if there else "fail")
    return max(counted, key=ORDER.index, default="undecided")


def task_of(entry: Any) -> str:
    return str(entry.metric.split(".")[0])


def claimed(entry: ClaimResult, policy: Policy) -> str:
    if entry.within_noise or (entry.extreme and entry.verdict in ("no gain", "trivial")):
        return "undecided"
    return (
        "pass"
        if entry.verdict in policy.passing
        else "fail"
        if entry.verdict in policy.failing
        else "undecided"
    )


def fall(entry: Cell, limit: float) -> str:
    """Whether a fall of the limit is excluded, or shown beyond noise, and on six prompts or by the margin."""
    if limit >= 1 or entry.interval is None:
        return "pass" if limit >= 1 else "undecided"
    above, below = (round(end + limit, 9) for end in entry.interval)
    beyond = entry.noise + 1e-9 if entry.noise else 0
    if above > 0:
        return "pass" if above > beyond else "undecided"
    ratio = entry.kind == "regression"
    shown = (below < 0 or (below == 0 and not ratio)) and (-below > beyond or not entry.noise)
    enough = entry.better + entry.worse >= 6 or (not ratio and entry.interval[1] <= -entry.margin)  # type: ignore[operator]
    return "fail" if shown and enough and not (above == 0 and entry.noise) else "undecided"


def expired(found: Result, policy: Policy, name: str, task: str) -> str:
    (row,) = (row for row in found.measured if (row.subject, row.task) == (name, task))
    moved = policy.current_bases and not str(row.base_sha256).startswith(policy.current_bases["base"])
    old = policy.max_age_days and NOW - datetime.fromisoformat(str(row.at)) > timedelta(policy.max_age_days)
    return ("fail" if task in policy.required else "undecided") if moved or old else "pass"


def drifted(found: Result, policy: Policy, name: str) -> list[tuple[str, str]]:
    if (budget := policy.drift_budget) is None:
        return []
    gaps = [
        (entry.target.split(".")[0], entry.interval or (-9, 9))
        for entry in found.drift
        if entry.adapter == name
    ]
    words = [
        (task, "pass" if high <= budget else "fail" if low > budget else "undecided")
        for task, (low, high) in gaps
    ]
    targets = {task for task, _ in gaps}
    claimed_on = {task_of(entry) for entry in found.claims if entry.adapter == name}
    unknown = [(task, "undecided") for task in claimed_on - targets]
    return [*words, *unknown] if words else [("", "undecided")]


TASKS = ("math", "ifeval", "svamp")


def random_interval(dice: random.Random) -> tuple[float, float] | None:
    low = dice.randrange(-40, 10) / 200
    return None if dice.random() < 0.1 else (low, low + dice.randrange(0, 60) / 200)


def random_cell(dice: random.Random, name: str, task: str, kind: str) -> Cell:
    interval = random_interval(dice)
    found = replace(cell(interval, name, kind), metric=f"{task}.m", noise=dice.choice((0.0, 0.0, 0.012)))
    differ = dice.choice((1, 2, 5, 30))
    return replace(found, score=None if interval is None else 0.5, better=differ, worse=dice.choice((0, 1)))


def random_result(dice: random.Random) -> Result:
    claims: list[ClaimResult] = []
    cells: list[Cell] = []
    pairs: list[Cell] = []
    for name, task in product(("a", "b", "champ"), TASKS):
        how = dice.choice(("claim", "claim", "exploratory", "descriptive"))
        if how == "claim" or task == "math":
            word = dice.choice(list(Verdict))
            made = replace(claim(word, name), metric=f"{task}.m", within_noise=dice.random() < 0.1)
            made = replace(made, extreme=dice.choice((None, None, "floor")))
            claims.append(replace(made, score=None if word == "not measured" else 0.5, reason="because"))
        else:
            cells.append(random_cell(dice, name, task, how))
        if name != "champ":
            pairs.append(replace(random_cell(dice, name, task, "regression"), against="champ"))
    at = {task: (NOW - timedelta(days=dice.choice((1, 20)))).isoformat() for task in TASKS}
    digests = {task: dice.choice((DIGEST, DIGEST, OTHER)) for task in TASKS}
    drifts = [replace(drift(random_interval(dice)), target="math.m")] if dice.random() < 0.7 else []
    subjects = ["base", "a", "b", *(["champ"] if dice.random() < 0.8 else [])]
    return replace(
        with_subjects(result(claims, cells, tuple(drifts)), *subjects),
        regressions=tuple(pairs) if "champ" in subjects and dice.random() < 0.8 else (),
        measured=tuple(
            Measured(name, task, "base", digests[task], None, at[task])
            for name, task in product(("a", "b", "champ"), TASKS)
        ),
    )


def random_policy(dice: random.Random) -> Policy:
    tiers: dict[str, list[str]] = {"required": [], "advisory": [], "standard": []}
    for task in (*TASKS, "absent"):
        tiers[dice.choice(list(tiers))].append(task)
    words = dice.sample(list(Verdict), 9)
    cut = dice.randrange(1, 6)
    champion = dice.choice((None, "champ"))
    return Policy(
        passing=tuple(words[:cut]),
        failing=tuple(words[cut : cut + dice.randrange(0, 4)]),
        tolerated_harm=dice.choice((None, 0.02, 0.1, 1.0)),
        drift_budget=dice.choice((None, 0.05)),
        required=tuple(tiers["required"]),
        advisory=tuple(tiers["advisory"]),
        champion=champion,
        regression_budget=dice.choice((None, 0.02, 0.1)) if champion else None,
        current_bases=dice.choice(({}, {"base": DIGEST[:9]})),
        max_age_days=dice.choice((None, 10.0)),
    )


@pytest.mark.parametrize("seed", range(40))
def test_random_policies_and_findings_give_what_another_implementation_gives(seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311
    for _ in range(50):
        found, policy = random_result(dice), random_policy(dice)
        gate = apply_gate(found, policy, NOW)
        ours = {entry.adapter: str(entry.outcome) for entry in gate.adapters}
        theirs = {name: expected(found, policy, name) for name in ours}
        assert ours == theirs, (policy, [entry.rules for entry in gate.adapters])
        counted = [outcome for name, outcome in theirs.items() if name != policy.champion]
        assert gate.outcome == (max(counted, key=ORDER.index) if counted else "undecided")


@pytest.mark.parametrize("seed", range(10))
def test_what_a_policy_adds_never_makes_an_outcome_better(seed: int) -> None:
    """Required tasks, an expiry and a champion: for each adapter but the champion, the same or worse."""
    dice = random.Random(seed)  # noqa: S311
    for _ in range(50):
        found, policy = random_result(dice), random_policy(dice).model_copy(update={"advisory": ()})
        plain = Policy(
            passing=policy.passing,
            failing=policy.failing,
            tolerated_harm=policy.tolerated_harm,
            drift_budget=policy.drift_budget,
        )
        before = {entry.adapter: str(entry.outcome) for entry in apply_gate(found, plain, NOW).adapters}
        for entry in apply_gate(found, policy, NOW).adapters:
            assert ORDER.index(str(entry.outcome)) >= ORDER.index(before[entry.adapter])


@pytest.mark.parametrize(("how", "outcome"), [("within", "undecided"), ("unmeasured", "pass")])
def test_a_champion_that_was_measured_long_ago_is_stale_where_the_adapter_is_compared_with_it(
    how: str, outcome: str
) -> None:
    found = with_subjects(
        replace(result([on("math", "confirmed")]), regressions=(against("math", how),)), *SUBJECTS
    )
    measured = [
        replace(row, at="2026-01-01T00:00:00+00:00") if row.subject == "champ" else row for row in rows()
    ]
    gate = apply_gate(
        replace(found, measured=tuple(measured)), Policy(champion="champ", max_age_days=30), NOW
    )
    (rule,) = (rule for rule in gate.adapters[0].rules if rule.kind == "expiry")
    assert rule.outcome == outcome
    assert ("champ: measured 334.0 days ago" in rule.evidence) == (outcome == "undecided")
