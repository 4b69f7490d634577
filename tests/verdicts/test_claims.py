"""What `assay run` says of a table of outcomes: exact, monotone, and silent where a benchmark cannot show a label."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

import assay
from assay import stats
from assay.audit import gate
from assay.errors import StudyError
from assay.stats import PairedGain, Verdict, judge
from tests.stats.oracles import score_z_by_likelihood
from tests.studies import RIGHT, WRONG, jsonl, one_task_study, responses, table, write_study

ALPHA, MARGIN = 0.05, 0.05
TABLES = [
    # better, worse, prompts
    (0, 0, 28),
    (3, 0, 100),
    (0, 3, 100),
    (1, 3, 100),
    (6, 0, 60),
    (7, 0, 60),
    (20, 5, 100),
    (12, 4, 40),
    (0, 5, 100),
    (14, 4, 28),
]


@cache
def rejected(b: int, c: int, n: int, t: float) -> bool:
    """Whether {gain <= t} is rejected: by Tango's score, and by the sum over every table at least as extreme.

    The sum is over tables that Tango's score orders, at every discordance of a fine grid: no code is shared.
    """
    z = score_z_by_likelihood(b, c, n, t)
    if z < 1.6448536269514722 - 1e-9:
        return False
    order = _order(n, t)
    extreme = order >= order[b, c] - 1e-9
    worst = max(_mass(n, t, psi, extreme) for psi in np.linspace(abs(t) + 1e-6, 1 - 1e-6, 300))
    return worst <= ALPHA


def _order(n: int, t: float) -> np.ndarray:
    """Tango's score of every table, less its skewness where t is above 0; -inf for what is no table."""
    scores = np.full((n + 1, n + 1), -np.inf)
    for b in range(n + 1):
        for c in range(n + 1 - b):
            scores[b, c] = _score(b, c, n, t)
    return scores


def _score(b: int, c: int, n: int, t: float) -> float:
    a = 2 * n
    linear = -b - c + (2 * n - b + c) * t
    q = (math.sqrt(max(linear**2 - 4 * a * -c * t * (1 - t), 0)) - linear) / (2 * a)
    variance = 2 * q + t * (1 - t)
    distance = b - c - n * t
    if variance <= 0:
        return 0.0 if distance == 0 else math.copysign(math.inf, distance)
    z = distance / math.sqrt(n * variance)
    if t <= 0:
        return z
    third = (q + t) * (1 - t) ** 3 - q * (1 + t) ** 3 - (1 - 2 * q - t) * t**3
    return float(z - max(third / variance**1.5, 0) / (6 * math.sqrt(n)) * (min(z * z, 64) - 1))


def _mass(n: int, t: float, psi: float, extreme: np.ndarray) -> float:
    down, up = max((psi - t) / 2, 0.0), (psi + t) / 2
    total = 0.0
    for c in range(n + 1):
        weight = binom.pmf(c, n, down)
        if weight > 1e-12:
            total += weight * float(
                (binom.pmf(np.arange(n + 1), n - c, up / (1 - down)) * extreme[:, c]).sum()
            )
    return total


def word_of(b: int, c: int, n: int) -> str:
    """The word that two tests of each null allow."""
    if rejected(c, b, n, 0.0):
        return "harmed"
    rises, excluded = rejected(b, c, n, 0.0), rejected(c, b, n, -MARGIN)
    if rises and rejected(b, c, n, MARGIN):
        return "confirmed"
    if excluded:
        return "trivial" if rises else "no gain"
    return "gain" if rises else "undecided"


@pytest.mark.slow
@pytest.mark.parametrize(("better", "worse", "count"), TABLES)
def test_the_word_of_a_run_is_that_of_enumeration(
    tmp_path: Path, better: int, worse: int, count: int
) -> None:
    base, adapter = table(better, worse, count, count // 2)
    path = one_task_study(tmp_path, base, {"a": adapter})
    if better == worse == 0:  # two responses that differ, and are judged alike
        rows = (
            {"key": str(i), "response": f"so: {RIGHT if passed else WRONG}"}
            for i, passed in enumerate(adapter)
        )
        jsonl(tmp_path / "a.jsonl", rows)
    (claim,) = assay.run(path, tmp_path / "run").claims
    assert claim.verdict == word_of(better, worse, count)
    low, high = claim.interval or (0.0, 0.0)
    for null in (0.0, MARGIN):
        assert (low > null) == rejected(better, worse, count, null)
        assert (high < null) == rejected(worse, better, count, -null)


def standing(gain: PairedGain, margin: float, alpha: float) -> tuple[bool, ...]:
    """What of a gain is shown; each entry only comes true as the gain rises."""
    return tuple(
        shown
        for null in (-margin, 0.0, margin)
        for shown in (gain.rejects_above(null, alpha), not gain.rejects_below(null, alpha))
    )


ORDER: dict[str, list[tuple[str, ...]]] = {
    "gains": [("harmed",), ("no gain",), ("undecided", "trivial"), ("gain",), ("confirmed",)],
    "keeps": [("harmed",), ("undecided",), ("kept",)],
}


def rank(kind: str, word: Verdict) -> int:
    return next(place for place, words in enumerate(ORDER[kind]) if word in words)


counts = st.integers(8, 600).flatmap(
    lambda n: st.tuples(st.integers(0, n), st.integers(1, n), st.just(n)).filter(lambda t: t[0] + t[1] <= n)
)


@settings(deadline=None, max_examples=60)
@given(counts, st.sampled_from([0.02, 0.05, 0.1]), st.sampled_from([0.05, 0.05 / 16]), st.booleans())
def test_one_more_pass_of_an_adapter_never_gives_a_worse_word(
    counts: tuple[int, int, int], margin: float, alpha: float, both_failed: bool
) -> None:
    b, c, n = counts
    more = (b + 1, c) if both_failed and b + c < n else (b, c - 1)
    before, after = PairedGain(b, c, n), PairedGain(*more, n)
    pairs = zip(standing(before, margin, alpha), standing(after, margin, alpha), strict=True)
    assert all(later >= earlier for earlier, later in pairs)
    for kind in ("gains", "keeps"):
        was, now = (judge(gain, kind, margin, alpha) for gain in (before, after))
        assert rank(kind, now.verdict) >= rank(kind, was.verdict)


@pytest.mark.slow
def test_one_more_pass_after_another_never_gives_a_worse_word_of_a_run(tmp_path: Path) -> None:
    base, worst = table(0, 12, 100, 50)
    adapters = {f"a{passes}": [*worst] for passes in range(1, 30, 2)}
    for passes, given_ in zip(range(1, 30, 2), adapters.values(), strict=True):
        failed = [i for i, right in enumerate(worst) if not right][:passes]
        for i in failed:
            given_[i] = True
    result = assay.run(one_task_study(tmp_path, base, adapters), tmp_path / "run")
    ranks = [rank("gains", claim.verdict) for claim in result.claims]
    assert ranks == sorted(ranks)
    assert (ranks[0], ranks[-1]) == (0, 4)


@pytest.mark.parametrize(
    ("better", "worse", "base_right", "extreme", "word"),
    [(2, 2, 4, "floor", "no gain"), (2, 2, 297, "ceiling", "no gain"), (2, 2, 150, None, "no gain")],
)
def test_at_a_floor_or_ceiling_a_missing_gain_is_no_finding(
    tmp_path: Path, better: int, worse: int, base_right: int, extreme: str | None, word: str
) -> None:
    base, adapter = table(better, worse, 300, base_right)
    result = assay.run(one_task_study(tmp_path, base, {"a": adapter}), tmp_path / "run")
    (claim,) = result.claims
    assert (claim.verdict, claim.extreme) == (word, extreme)
    assert result.counts.fails == (0 if extreme else 1)
    assert gate(tmp_path / "run").outcome == ("undecided" if extreme else "fail")
    text = (tmp_path / "run" / "report.md").read_text()
    assert (f"the base at a {extreme}" in text) == (extreme is not None)
    assert any(f"at the {extreme} of this benchmark" in warning for warning in result.warnings) == bool(
        extreme
    )


@pytest.mark.parametrize(
    ("control", "counts", "failed"),
    [
        ("gains", (60, 10), False),
        ("gains", (10, 10), True),
        ("gains", (30, 25), False),
        ("no gain", (10, 10), False),
        ("no gain", (60, 10), True),
    ],
)
def test_a_report_says_when_a_control_failed(
    tmp_path: Path, control: str, counts: tuple[int, int], failed: bool
) -> None:
    base, tested = table(60, 10, 300, 150)
    better, worse = counts
    known = [True] * better + base[better : 70 - worse] + [False] * worse + base[70:]
    path = one_task_study(tmp_path, base, {"a": tested, "known": known})
    document = yaml.safe_load(path.read_text())
    document["adapters"][1]["control"] = control
    result = assay.run(write_study(tmp_path, document), tmp_path / "run")
    (found,) = result.controls
    assert (found.adapter, found.expected, found.failed) == ("known", control, failed)
    assert any("control failed: 'known'" in warning for warning in result.warnings) == failed
    assert result.counts.claims == 1
    assert [entry.adapter for entry in gate(tmp_path / "run").adapters] == ["a"]
    assert ("control failed" in (tmp_path / "run" / "report.md").read_text()) == failed


def repeated(folder: Path, **fields: Any) -> Path:
    """30 questions, ten keys each; of the 30 the adapter alone passes 4, its base alone 4."""
    folder.mkdir(parents=True, exist_ok=True)
    base, adapter = table(4, 4, 30, 15)
    rows = [{"key": str(i), "question": f"question {i % 30}", "answer": "1"} for i in range(300)]
    jsonl(folder / "examples.jsonl", rows)
    document = {
        "name": "repeated",
        "bases": [{"name": "base", "responses": {"math": responses(folder / "base.jsonl", base * 10)}}],
        "adapters": [
            {
                "name": "a",
                "label": "numeric",
                "responses": {"math": responses(folder / "a.jsonl", adapter * 10)},
            }
        ],
        "tasks": [{"task": "numeric", "name": "math", "examples": "examples.jsonl"}],
        **fields,
    }
    return write_study(folder, document)


def test_a_prompt_that_occurs_ten_times_is_evidence_once(tmp_path: Path) -> None:
    result = assay.run(repeated(tmp_path), tmp_path / "run")
    (claim,) = result.claims
    assert (claim.n, claim.verdict) == (30, "undecided")
    report = (tmp_path / "run" / "report.md").read_text()
    assert "270 of its prompts repeat an earlier prompt" in report


def test_a_study_with_repeated_prompts_does_not_stop_early(tmp_path: Path) -> None:
    with pytest.raises(
        StudyError, match="cannot stop early, because 270 of its prompts repeat an earlier one"
    ):
        assay.run(repeated(tmp_path, stop="decided"), tmp_path / "run")


def test_a_loose_alpha_is_warned_of_and_a_looser_one_refused(tmp_path: Path) -> None:
    base, adapter = table(30, 25, 300, 150)
    result = assay.run(one_task_study(tmp_path, base, {"a": adapter}, alpha=0.15), tmp_path / "run")
    assert any("alpha is 0.15" in warning for warning in result.warnings)
    with pytest.raises(StudyError, match="alpha"):
        assay.run(one_task_study(tmp_path, base, {"a": adapter}, alpha=0.49), tmp_path / "other")


def test_an_interval_never_contradicts_the_word_beside_it(tmp_path: Path) -> None:
    base, adapter = table(
        9, 3, 32, 10
    )  # Tango's score ties with other tables here: an inverted end lies above 0
    (claim,) = assay.run(one_task_study(tmp_path, base, {"a": adapter}), tmp_path / "run").claims
    assert claim.verdict == "undecided"
    for low, high in (claim.interval, claim.adapter_interval, claim.study_interval):  # type: ignore[misc]
        assert low <= 0 < high


@pytest.mark.slow
@settings(deadline=None, max_examples=60)
@given(counts, st.sampled_from([0.02, 0.05, 0.1]), st.sampled_from([0.1, 0.05, 0.05 / 16]))
def test_words_and_intervals_agree(counts: tuple[int, int, int], margin: float, alpha: float) -> None:
    gain = PairedGain(*counts)
    low, high = stats.agreeing_interval(gain, margin, alpha)
    for null in (-margin, 0.0, margin):
        assert (low > null) == gain.rejects_above(null, alpha)
        assert (high < null) == gain.rejects_below(null, alpha)
