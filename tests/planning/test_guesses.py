"""What a forecast assumes: shares, spreads, and the middle of several."""

from __future__ import annotations

import pytest

from assay.errors import AssayError
from assay.planning import Guesses


@pytest.mark.parametrize("share", [0.0, -0.1, 1.5])
def test_what_is_no_share_is_refused(share: float) -> None:
    with pytest.raises(AssayError, match="is a share of prompts"):
        Guesses((share,))


@pytest.mark.parametrize("spread", [-0.1, 1.0])
def test_what_is_no_spread_is_refused(spread: float) -> None:
    with pytest.raises(AssayError, match="is a spread of gains"):
        Guesses(seed_sd=spread)


def test_the_middle_of_shares_is_one_of_them() -> None:
    guesses = Guesses((0.3, 0.1), of_metric={"math.numeric_match": (0.05, 0.1, 0.2)})
    assert (guesses.of("other"), guesses.middle("other")) == ((0.1, 0.3), 0.3)
    assert guesses.middle("math.numeric_match") == 0.1
