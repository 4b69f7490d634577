"""The exact interval of a proportion."""

from __future__ import annotations

import pytest
from scipy.stats import binom, binomtest

from assay.stats import proportion_interval


@pytest.mark.parametrize(("passed", "n"), [(0, 1), (1, 1), (0, 20), (3, 20), (20, 20), (400, 541)])
def test_it_is_scipys(passed: int, n: int) -> None:
    ends = binomtest(passed, n).proportion_ci(0.9, method="exact")
    assert proportion_interval(passed, n, 0.9) == pytest.approx((ends.low, ends.high))


@pytest.mark.parametrize("share", [0.01, 0.3, 0.5, 0.97])
def test_it_holds_the_share_as_often_as_it_says(share: float) -> None:
    n = 30
    inside = [low <= share <= high for low, high in (proportion_interval(x, n, 0.9) for x in range(n + 1))]
    assert sum(binom.pmf(x, n, share) for x in range(n + 1) if inside[x]) >= 0.9


@pytest.mark.parametrize(("passed", "n", "confidence"), [(2, 1, 0.9), (-1, 1, 0.9), (0, 0, 0.9), (1, 2, 1.0)])
def test_counts_that_cannot_be_are_refused(passed: int, n: int, confidence: float) -> None:
    with pytest.raises(ValueError, match=r"need 0 to n|strictly between"):
        proportion_interval(passed, n, confidence)
