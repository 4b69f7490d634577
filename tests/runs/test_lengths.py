"""Lengths of responses, from those that ended, those that were cut, and those under way."""

from __future__ import annotations

import numpy as np
import pytest

from assay.runs.lengths import WEIGHT, Lengths, Survival, draw

BASE, OTHER = ("ifeval", "base"), ("ifeval", "other")
LIMIT = 1000
MANY = 5000


def responses(seed: int, count: int = MANY) -> tuple[list[int], list[bool]]:
    """Tokens, and whether the response ended: half of the responses never do."""
    rng = np.random.default_rng(seed)
    lengths = np.where(rng.random(count) < 0.5, 10**6, rng.lognormal(5.5, 0.8, count).astype(int) + 1)
    return np.minimum(lengths, LIMIT).tolist(), (lengths <= LIMIT).tolist()


def mean(curve: Survival) -> float:
    return float(curve[:-1].sum())


def test_of_many_complete_responses_the_mean_is_theirs() -> None:
    lengths, (tokens, ended) = Lengths(), responses(0)
    for length, end in zip(tokens, ended, strict=True):
        lengths.add(BASE, length, ended=end)
    curve = lengths.survival("ifeval", LIMIT, {}, [BASE])[BASE]
    assert curve[0] == 1
    assert mean(curve) == pytest.approx(np.mean(tokens), rel=0.01)
    assert curve[LIMIT] == pytest.approx(1 - np.mean(ended), abs=0.01)


def test_those_under_way_do_not_make_the_others_short() -> None:
    """Rows that entered one after the other: complete ones alone are the short ones."""
    lengths, (tokens, ended) = Lengths(), responses(1)
    ages = np.random.default_rng(2).integers(1, LIMIT, MANY).tolist()
    under_way = [age for age, length in zip(ages, tokens, strict=True) if age < length]
    complete = [(length, end) for age, length, end in zip(ages, tokens, ended, strict=True) if age >= length]
    for length, end in complete:
        lengths.add(BASE, length, ended=end)
    curve = lengths.survival("ifeval", LIMIT, {BASE: under_way}, [BASE])[BASE]
    assert np.mean([length for length, _ in complete]) < 0.6 * np.mean(tokens)
    assert mean(curve) == pytest.approx(np.mean(tokens), rel=0.04)


def test_a_subject_without_responses_is_as_the_others_of_its_task() -> None:
    lengths = Lengths()
    for _ in range(MANY):
        lengths.add(BASE, 50, ended=True)
        lengths.add(("gsm8k", "other"), 900, ended=True)
    curves = lengths.survival("ifeval", LIMIT, {}, [BASE, OTHER])
    assert mean(curves[OTHER]) == pytest.approx(50, rel=0.02)


def test_a_subject_of_many_responses_is_as_they_are_whatever_the_others() -> None:
    lengths = Lengths()
    for _ in range(MANY):
        lengths.add(BASE, 50, ended=True)
        lengths.add(OTHER, LIMIT, ended=False)
    curves = lengths.survival("ifeval", LIMIT, {}, [BASE, OTHER])
    assert mean(curves[BASE]) == pytest.approx(50, rel=0.02)
    assert mean(curves[OTHER]) == pytest.approx(LIMIT, rel=0.1 * WEIGHT / 10)


def test_before_anything_was_seen_half_of_the_limit_is_expected() -> None:
    for limit in (64, LIMIT, 8192):
        curve = Lengths().survival("ifeval", limit, {}, [BASE])[BASE]
        assert 0.45 < mean(curve) / limit < 0.55
        assert (np.diff(curve) <= 0).all()


def test_continuations_that_are_scored_have_no_length() -> None:
    assert Lengths().survival("arc", 0, {}, [BASE])[BASE].tolist() == [1.0]


def test_drawn_lengths_are_spread_as_the_curve_says() -> None:
    curve = np.exp(-np.arange(LIMIT + 1) / 300)
    for tokens in (0, 500):
        lengths = draw(curve, LIMIT, np.full(MANY, tokens))
        assert lengths.min() > tokens
        assert lengths.max() == LIMIT
        expected = tokens + curve[tokens:LIMIT].sum() / curve[tokens]
        assert lengths.mean() == pytest.approx(expected, rel=0.02)
