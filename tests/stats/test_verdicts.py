"""Verdicts. Conditions: design note on statistics, section 6."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.stats import (
    ClaimKind,
    Design,
    PairedGain,
    RecipeGain,
    RepeatedGain,
    Verdict,
    contradicted,
    judge,
    paired_interval,
    tango_interval,
)
from tests.stats.oracles import tables

DELTA = 0.05
JUST = 1e-9


@dataclass(frozen=True)
class Known:
    """A gain whose interval is given."""

    low: float
    high: float
    discordant: int = 100
    of_seeds: float = 0.0
    n: int = 200
    standard_error: float = 0.01
    p_two_sided: float = 0.5

    @property
    def estimate(self) -> float:
        return (self.low + self.high) / 2

    def interval(self, confidence: float) -> tuple[float, float]:  # noqa: ARG002
        return self.low, self.high

    def p_above(self, t: float) -> float:
        return 0.3 + t

    def p_below(self, t: float) -> float:
        return 0.6 + t

    def rejects_above(self, t: float, alpha: float) -> bool:  # noqa: ARG002
        return self.low > t

    def rejects_below(self, t: float, alpha: float) -> bool:  # noqa: ARG002
        return self.high < t

    def seed_share(self, confidence: float) -> float:  # noqa: ARG002
        return self.of_seeds


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [
        (DELTA + JUST, 0.2, "confirmed"),
        (DELTA, DELTA, "gain"),
        (DELTA - JUST, DELTA, "gain"),
        (JUST, 0.2, "gain"),
        (JUST, DELTA - JUST, "trivial"),
        (0.0, DELTA - JUST, "no gain"),
        (-0.2, 0.0, "no gain"),
        (0.0, 0.0, "no gain"),
        (-0.2, -JUST, "harmed"),
        (0.0, DELTA, "undecided"),
        (-0.2, 0.2, "undecided"),
    ],
)
def test_the_words_for_a_claimed_gain_meet_at_the_tables_boundaries(
    low: float, high: float, word: str
) -> None:
    assert judge(Known(low, high), "gains", DELTA, 0.05).verdict == word


@pytest.mark.parametrize(
    ("low", "high", "word", "material", "within"),
    [
        (-DELTA + JUST, 0.0, "kept", False, False),
        (0.1, 0.2, "kept", False, False),
        (-DELTA, 0.0, "undecided", False, False),
        (-DELTA, -JUST, "harmed", False, False),
        (-DELTA + JUST, -JUST, "harmed", False, True),
        (-0.2, -DELTA - JUST, "harmed", True, False),
        (-0.2, -DELTA, "harmed", False, False),
    ],
)
def test_the_words_for_a_claim_to_keep_meet_at_the_tables_boundaries(
    low: float, high: float, word: str, material: bool, within: bool
) -> None:
    found = judge(Known(low, high), "keeps", DELTA, 0.05)
    assert (found.verdict, found.material, found.kept_within_margin) == (word, material, within)


def test_a_claimed_gain_that_fell_by_the_margin_is_harmed_materially() -> None:
    assert judge(Known(-0.2, -DELTA - JUST), "gains", DELTA, 0.05).material
    assert not judge(Known(-0.2, -DELTA), "gains", DELTA, 0.05).material
    assert not judge(Known(-0.01, -JUST), "gains", DELTA, 0.05).kept_within_margin


def conditions(low: float, high: float, margin: float) -> dict[str, bool]:
    """The table of section 6, each row by itself."""
    return {
        "confirmed": low > margin,
        "gain": 0 < low <= margin <= high,
        "trivial": low > 0 and high < margin,
        "no gain": low <= 0 <= high < margin,
        "harmed": high < 0,
        "undecided": low <= 0 and high >= margin,
    }


ends = st.one_of(st.sampled_from([-1.0, -DELTA, 0.0, DELTA, 1.0]), st.floats(-1, 1))


@given(ends, ends, st.one_of(st.just(DELTA), st.floats(0.001, 0.9)))
def test_exactly_one_row_of_the_table_holds_and_it_is_the_verdict(
    one: float, other: float, margin: float
) -> None:
    low, high = sorted((one, other))
    holding = [word for word, holds in conditions(low, high, margin).items() if holds]
    assert holding == [judge(Known(low, high), "gains", margin, 0.05).verdict]


@given(ends, ends)
def test_a_narrower_interval_never_takes_a_word_back(one: float, other: float) -> None:
    """Only `undecided`, `gain` and `no gain` may give way, and only to words that say more."""
    sharper: dict[str, set[str]] = {
        "undecided": set(Verdict),
        "gain": {"gain", "confirmed", "trivial"},
        "no gain": {"no gain", "trivial", "harmed"},
    }
    low, high = sorted((one, other))
    before = judge(Known(low, high), "gains", DELTA, 0.05).verdict
    for part in (0.9, 0.5, 0.1):
        inner = Known(high - (high - low) * part, high), Known(low, low + (high - low) * part)
        for narrower in inner:
            assert judge(narrower, "gains", DELTA, 0.05).verdict in sharper.get(before, {before})


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "margin", "alpha"), [("gains", 0.2, 0.1), ("keeps", 0.15, 0.1)])
def test_word_interval_and_p_value_agree_for_every_table(
    kind: ClaimKind, margin: float, alpha: float
) -> None:
    words = set()
    for n in (1, 2, 7, 40) if kind == "gains" else range(1, 30):
        for b, c in tables(n):
            gain = PairedGain(b, c, n)
            found = judge(gain, kind, margin, alpha)
            words.add(found.verdict)
            rises, falls = gain.p_above(0) <= alpha, gain.p_below(0) <= alpha
            assert (found.verdict in {"confirmed", "gain", "trivial"}) == (kind == "gains" and rises)
            assert (found.verdict == "harmed") == falls
            assert (found.verdict == "undecided") == (found.examples_needed is not None)
            if found.verdict == "confirmed":
                assert gain.p_above(margin) <= alpha
            if found.verdict != "undecided":
                assert found.p <= alpha
            assert (gain.p_above(-margin) <= alpha) == (found.low > -margin)
            if kind == "gains":
                assert conditions(found.low, found.high, margin)[found.verdict]
    assert words == ({"kept", "harmed", "undecided"} if kind == "keeps" else set(conditions(0, 0, 1)))


def test_the_p_value_is_of_the_null_that_the_word_rejects() -> None:
    for low, high, p in [
        (0.1, 0.2, 0.3),
        (0.01, 0.2, 0.3),
        (0.01, 0.02, 0.3),
        (-0.1, 0.02, 0.6 + DELTA),
        (-0.2, -0.1, 0.6),
        (-0.2, 0.2, 0.3),
    ]:
        assert judge(Known(low, high), "gains", DELTA, 0.05).p == pytest.approx(p)
    for low, high, p in [(-0.01, 0.2, 0.3 - DELTA), (-0.2, -0.1, 0.6), (-0.2, 0.2, 0.3 - DELTA)]:
        assert judge(Known(low, high), "keeps", DELTA, 0.05).p == pytest.approx(p)


def test_the_level_leaves_alpha_on_each_side() -> None:
    found = judge(PairedGain(30, 10, 100), "gains", DELTA, 0.01)
    assert found.level == 0.98
    assert (found.low, found.high) == paired_interval(30, 10, 100, 0.98)


def test_the_worked_example_of_the_design_note_is_harmed() -> None:
    assert judge(PairedGain(6, 16, 161), "gains", DELTA, 0.05).verdict == "harmed"


def test_examples_needed_shrinks_the_half_width_to_what_decides() -> None:
    found = judge(Known(-0.04, 0.06, n=100), "gains", DELTA, 0.05)
    assert found.examples_needed == 157
    """Half width .05 must fall below .04: n' > 100 (.05/.04)²."""
    assert judge(Known(-0.01, 0.11, n=100), "gains", DELTA, 0.05).examples_needed == 145
    assert judge(Known(-0.06, 0.02, n=100), "keeps", DELTA, 0.05).examples_needed == 178


@given(st.integers(0, 40), st.integers(0, 40), st.integers(20, 120), st.sampled_from(["gains", "keeps"]))
def test_a_few_more_than_the_examples_needed_decide_at_the_same_rates(
    b: int, c: int, more: int, kind: ClaimKind
) -> None:
    """By the interval at counts in proportion, not by the shrunken half width."""
    n = b + c + more
    needed = judge(PairedGain(b, c, n), kind, DELTA, 0.05).examples_needed
    if needed is None:
        return
    assert needed > n
    factor = 1.03 * needed / n
    low, high = tango_interval(b * factor, c * factor, n * factor, 0.9)
    assert low > -DELTA or high < 0 if kind == "keeps" else low > 0 or high < DELTA


def test_where_seeds_leave_the_doubt_no_number_of_prompts_is_promised() -> None:
    up, down = np.r_[np.ones(30), np.zeros(30)], np.r_[np.zeros(30), -np.ones(30)]
    found = judge(RecipeGain(np.column_stack([up, down]), np.ones(60)), "gains", DELTA, 0.05)
    assert (found.verdict, found.examples_needed) == ("undecided", None)
    partly = judge(Known(-0.04, 0.06, n=100, of_seeds=0.5), "gains", DELTA, 0.05).examples_needed
    assert partly == 100 * 0.5 // (0.8**2 - 0.5) + 1


def test_every_word_has_a_meaning_and_every_meaning_is_a_sentence() -> None:
    assert set(Verdict) == {
        "confirmed", "gain", "trivial", "no gain", "harmed", "kept", "undecided", "not applied", "not measured",
    }  # fmt: skip
    assert all(
        text[0].isupper() and text.endswith(".") and text.count(".") == 1
        for text in (word.sentence for word in Verdict)
    )


@pytest.mark.parametrize(
    ("kind", "margin", "alpha", "message"),
    [
        ("loses", 0.05, 0.05, "kind"),
        ("gains", 0, 0.05, "margin"),
        ("gains", 5, 0.05, "margin"),
        ("gains", 0.05, 0, "alpha"),
        ("gains", 0.05, 0.5, "alpha"),
    ],
)
def test_unusable_claims_are_refused(kind: ClaimKind, margin: float, alpha: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        judge(PairedGain(1, 2, 9), kind, margin, alpha)


def state(b: int, c: int, n: int, margin: float, alpha: float) -> tuple[int, int]:
    """How many of the nulls are rejected from below, and how many are not from above: both rise with the gain."""
    gain = PairedGain(b, c, n)
    nulls = (-margin, 0.0, margin)
    return (
        sum(gain.rejects_above(null, alpha) for null in nulls),
        sum(not gain.rejects_below(null, alpha) for null in nulls),
    )


@given(
    st.integers(10, 400),
    st.floats(0, 1),
    st.floats(0, 1),
    st.sampled_from([0.02, 0.05, 0.1]),
    st.sampled_from([0.1, 0.05, 0.05 / 16, 0.0005]),
)
def test_a_failure_turned_into_a_pass_never_gives_a_worse_word(
    n: int, differ: float, rise: float, margin: float, alpha: float
) -> None:
    """Where every prompt has one check: a failure on a prompt that the base passes, or on one that it fails."""
    b = round(n * differ**3 * rise)
    c = round(n * differ**3) - b
    before = state(b, c, n, margin, alpha)
    better = [(b + 1, c)] if b + c < n else []
    better += [(b, c - 1)] if c else []
    for table in better:
        after = state(*table, n, margin, alpha)
        assert all(now >= then for then, now in zip(before, after, strict=True))


@pytest.mark.parametrize(
    ("b", "c", "n", "word"),
    [
        (0, 3, 100, "harmed"),
        (1, 3, 100, "no gain"),
        (3, 0, 300, "trivial"),
        (6, 0, 60, "gain"),
        (7, 0, 60, "confirmed"),
        (0, 0, 58, "undecided"),
        (0, 0, 59, "no gain"),
        (54, 38, 541, "gain"),
    ],
)
def test_words_at_small_counts_follow_the_exact_tests(b: int, c: int, n: int, word: str) -> None:
    assert judge(PairedGain(b, c, n), "gains", DELTA, 0.05).verdict == word


def test_looks_that_contradict_each_other_decide_nothing() -> None:
    """20 more of the first 60 pass; over all 300 as many pass as before."""
    looks = (PairedGain(30, 0, 60), PairedGain(30, 30, 300))
    gain = RepeatedGain(looks, pool=300, spending=Design(300).spending)
    assert contradicted(gain, (0.05,), 0.05) == (0.05,)
    found = judge(gain, "gains", 0.05, 0.05)
    assert found.verdict == "undecided"
    assert found.low <= 0
    assert found.high >= 0.05
