"""Errors of words, summed over all tables: at or below alpha, for every word of a full run.

`confirmed` and a rise reject {gain <= margin} and {gain <= 0}, `kept` {gain <= -margin}; `material`, `harmed` and
`no gain` are their mirror images.
"""

import numpy as np
import pytest
from scipy.stats import binom

from assay.stats import tango_p_above
from assay.stats.enumeration import first_rejected, rejection_probability, worst_error
from assay.stats.exact import hull_p
from tests.often import first_often
from tests.stats.oracles import tables, weighed_tables


@pytest.mark.parametrize(("n", "alpha"), first_often([(28, 0.05), (28, 0.1), (41, 0.05 / 16), (41, 0.05)]))
@pytest.mark.parametrize("t", [0.0, 0.05, -0.05])
def test_a_better_table_is_rejected_wherever_a_worse_one_is(n: int, alpha: float, t: float) -> None:
    rejected = {(b, c): hull_p(b, c, n, t, "above") <= alpha for b, c in tables(n)}
    for (b, c), found in rejected.items():
        if found:
            assert rejected.get((b + 1, c), True)
            assert rejected.get((b + 1, c - 1), True)
            assert rejected.get((b, c - 1), True)
    first = first_rejected(n, t, alpha)
    assert all(found == (b >= first[c]) for (b, c), found in rejected.items())


@pytest.mark.parametrize("alpha", [0.05, 0.05 / 16])
@pytest.mark.parametrize("n", [28, 60])
def test_no_word_errs_more_often_than_alpha(n: int, alpha: float) -> None:
    for t in (0.0, 0.05, -0.05):
        assert worst_error(first_rejected(n, t, alpha), t)[0] <= 1.002 * alpha


@pytest.mark.slow
@pytest.mark.parametrize("alpha", [0.05, 0.05 / 16, 0.0005])
@pytest.mark.parametrize("n", [28, 40, 60, 100, 150, 200, 300, 541, 1319])
def test_no_word_errs_more_often_than_alpha_at_any_size_or_margin(n: int, alpha: float) -> None:
    for t in (0.0, 0.02, -0.02, 0.05, -0.05, 0.1, -0.1):
        assert worst_error(first_rejected(n, t, alpha), t)[0] <= 1.002 * alpha


@pytest.mark.parametrize(
    ("n", "t", "error", "discordance"),
    [
        (60, 0.05, 0.0880, 0.07),
        (150, 0.02, 0.0888, 0.03),
        (100, 0.0, 0.0522, 0.10),
        (100, -0.1, 0.0576, 0.10),
    ],
)
def test_tangos_own_errors_are_those_of_the_design_note(
    n: int, t: float, error: float, discordance: float
) -> None:
    found, at = worst_error(first_rejected(n, t, 0.05, tango_p_above), t)
    assert found == pytest.approx(error, abs=6e-5)
    assert at == pytest.approx(discordance, abs=0.006)


@pytest.mark.parametrize(("gain", "discordance"), [(0.0, 0.2), (0.05, 0.05), (-0.1, 0.3), (0.02, 1.0)])
def test_a_regions_probability_is_the_sum_over_its_tables(gain: float, discordance: float) -> None:
    n = 50
    first = first_rejected(n, 0.0, 0.05)
    summed = sum(p for b, c, p in weighed_tables(n, discordance, gain) if b >= first[c])
    assert rejection_probability(first, gain, discordance) == pytest.approx([summed], abs=1e-4)


def test_where_all_that_differ_rise_it_is_a_binomial_tail() -> None:
    first = np.array([4, 9, 9, 9, 9, 9, 9, 9, 9, 9])
    assert rejection_probability(first, 0.3, 0.3) == pytest.approx([binom.sf(3, 9, 0.3)])
