"""Adjusted p-values. Golden numbers: design note on statistics, section 13; oracle: statsmodels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from assay.stats import benjamini_hochberg, holm
from tests.often import first_often

P = [0.001, 0.004, 0.02, 0.03, 0.2, 0.6]


def test_holm_and_benjamini_hochberg_give_the_published_values() -> None:
    assert holm(P) == pytest.approx([0.006, 0.02, 0.08, 0.09, 0.4, 0.6])
    assert benjamini_hochberg(P) == pytest.approx([0.006, 0.012, 0.04, 0.045, 0.24, 0.6])


@pytest.mark.parametrize("seed", first_often(range(10)))
def test_adjusted_p_values_are_those_of_statsmodels_in_input_order(seed: int) -> None:
    rng = np.random.default_rng(seed)
    p = np.round(rng.uniform(0, 1, seed + 1) ** 3, 2)
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1], rel=1e-9, abs=1e-300)
    assert benjamini_hochberg(p) == pytest.approx(multipletests(p, method="fdr_bh")[1], rel=1e-9, abs=1e-300)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_adjusting_never_lowers_a_p_value_nor_changes_their_order(p: list[float]) -> None:
    for adjusted in (holm(p), benjamini_hochberg(p)):
        assert (adjusted >= np.array(p) * (1 - 1e-12)).all()
        assert (np.diff(adjusted[np.argsort(p, kind="stable")]) >= 0).all()
    assert (benjamini_hochberg(p) <= holm(p) * (1 + 1e-12)).all()


def test_no_p_values_adjust_to_none() -> None:
    assert holm([]).shape == benjamini_hochberg([]).shape == (0,)


def test_one_p_value_stays_as_it_is() -> None:
    assert holm([0.03]).tolist() == benjamini_hochberg([0.03]).tolist() == [0.03]


@pytest.mark.parametrize("p", [[0.1, 1.1], [-0.1], [np.nan], [[0.1]]])
def test_anything_but_a_list_of_probabilities_is_refused(p: list[float]) -> None:
    with pytest.raises(ValueError, match="from 0 to 1"):
        holm(p)
    with pytest.raises(ValueError, match="from 0 to 1"):
        benjamini_hochberg(p)
