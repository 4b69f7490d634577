"""What a comparison says in words."""

from __future__ import annotations

import pytest

from assay.comparison import Cause
from assay.comparison.words import explains, moved_words, name, why


def test_why_counts_what_is_known() -> None:
    needed = Cause(("margin",), "1", "2", "gain", "gain", False, True)
    unknown = Cause(("engine",), "1", "2")
    neither = Cause(("alpha",), "1", "2", "gain", "gain", False, False)
    assert why(True, True, (needed, neither)) == "margin"
    assert why(True, True, (neither, neither)) == "together: alpha, alpha"
    assert why(True, True, (neither, unknown)) == "not known; these differ: alpha, engine"
    assert why(False, True, ()) == "only in the right run"


@pytest.mark.parametrize(
    ("enough", "needed", "word"),
    [
        (True, True, "yes"),
        (True, False, "enough"),
        (True, None, "enough"),
        (False, True, "needed"),
        (None, True, "needed"),
        (False, False, "no"),
        (None, False, "no"),
        (None, None, "not known"),
    ],
)
def test_whether_a_difference_explains_a_change(enough: bool | None, needed: bool | None, word: str) -> None:
    assert explains(Cause(("margin",), "1", "2", enough=enough, needed=needed)) == word


def test_differences_that_cannot_be_separated_are_named_together() -> None:
    assert name(Cause(("base", "engine", "settings"), "1", "2")) == "base, engine and settings"


@pytest.mark.parametrize(("moved", "words"), [(0.02, "within"), (-0.02, "within"), (0.021, "beyond")])
def test_noise_is_compared_with_its_limit(moved: float, words: str) -> None:
    cause = Cause(("noise",), "1", "2", moved=moved, limit=0.02)
    assert f", {words} the noise limit of 2.0" in moved_words(cause)
    assert "limit" not in moved_words(Cause(("adapter",), "1", "2", moved=moved))
