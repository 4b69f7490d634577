"""Rounded proportions. Facts: design note on statistics, section 11, about arXiv 2603.22379."""

from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

import pytest

from assay.stats import attainable_counts, attainable_sizes, attainable_tables, attainable_words
from assay.stats.attainable import Rounding

PLA, ILA, NM = (".250", ".143"), (".313", ".271"), (".133", ".632")


def test_the_papers_pla_fits_28_prompts_and_their_multiples_but_not_541() -> None:
    for rounding in ("half_up", "half_even"):
        sizes = attainable_sizes(PLA, 600, rounding)
        assert sizes[:4] == [28, 56, 84, 112]
        assert 541 not in sizes
    assert not attainable_counts(".143", 541)


def test_the_papers_ila_fits_48_when_halves_round_up_and_166_when_they_round_to_even() -> None:
    assert attainable_sizes(ILA, 200)[:2] == [48, 96]
    assert attainable_sizes(ILA, 200, "half_even") == [166]


def test_the_papers_numeric_match_needs_285_examples() -> None:
    assert attainable_sizes(NM, 300) == attainable_sizes(NM, 300, "half_even") == [285]
    assert list(attainable_counts(".133", 285)) == [38]
    assert list(attainable_counts(".632", 285)) == [180]


def test_at_28_prompts_the_verdict_depends_on_counts_that_are_not_published() -> None:
    found = {(one.b, one.c): one.finding.verdict for one in attainable_tables(*PLA, 28, 0.05, 0.05)}
    assert found == {
        (0, 3): "no gain",
        (1, 4): "no gain",
        (2, 5): "undecided",
        (3, 6): "undecided",
        (4, 7): "undecided",
    }


def test_every_table_of_38_to_180_of_285_confirms_a_gain() -> None:
    found = attainable_tables(*NM, 285, 0.05, 0.05)
    assert {one.b - one.c for one in found} == {180 - 38}
    assert {one.finding.verdict for one in found} == {"confirmed"}


@pytest.mark.parametrize(("rounding", "mode"), [("half_up", ROUND_HALF_UP), ("half_even", ROUND_HALF_EVEN)])
def test_counts_are_those_that_exact_division_and_rounding_give(rounding: Rounding, mode: str) -> None:
    for places, sizes in (("0.01", range(1, 60)), ("0.001", (16, 48, 80, 333, 541))):
        for n in sizes:
            printed: dict[str, list[int]] = {}
            for k in range(n + 1):
                shown = str((Decimal(k) / n).quantize(Decimal(places), mode))
                printed.setdefault(shown, []).append(k)
            for shown, expected in printed.items():
                assert list(attainable_counts(shown, n, rounding)) == expected


def test_proportions_that_no_size_gives_have_no_tables() -> None:
    assert attainable_tables(*PLA, 541, 0.05, 0.05) == []
    assert len(attainable_counts(Decimal("0.250"), 28)) == 1


@pytest.mark.parametrize(
    ("proportion", "message"),
    [
        (0.25, "as it was printed"),
        ("25%", "not a number"),
        ("1.2", "between 0 and 1"),
        ("NaN", "between 0 and 1"),
        ("-0.1", "between 0 and 1"),
    ],
)
def test_anything_but_a_printed_proportion_is_refused(proportion: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        attainable_counts(proportion, 28)


def test_unknown_rounding_and_no_prompts_are_refused() -> None:
    with pytest.raises(ValueError, match="half_up"):
        attainable_counts(".250", 28, "down")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="one prompt"):
        attainable_counts(".250", 0)


@pytest.mark.parametrize(
    "proportions",
    [
        NM,
        *(pytest.param(given, marks=pytest.mark.slow) for given in (PLA, (".313", ".271"), (".500", ".540"))),
    ],
)
def test_words_are_those_of_every_table(proportions: tuple[str, str]) -> None:
    for n in attainable_sizes(proportions, 170):
        tables = attainable_tables(*proportions, n, 0.05, 0.05)
        assert attainable_words(*proportions, n, 0.05, 0.05) == {table.finding.verdict for table in tables}
