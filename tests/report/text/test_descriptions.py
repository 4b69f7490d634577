"""What changed in the responses is shown where something did, and named where nothing did."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

from assay.report.text.descriptions import measures, unmoved_words
from assay.verdicts import Result
from assay.verdicts.descriptive import Change, Difference


def _result(*differences: Difference) -> Result:
    change = Change("a", "base", "sums", "sums.match", 0.1, 300, 0.95, differences, ())
    return cast("Result", SimpleNamespace(changes=(change,)))


def test_a_measure_that_is_the_same_on_both_sides_is_named_and_not_shown() -> None:
    result = _result(
        Difference("empty", 0.0, 0.0, 0.0, (-0.01, 0.01)), Difference("tokens", 21.0, 29.0, 8.0, (6.0, 9.0))
    )
    assert measures(result) == ("tokens",)
    assert unmoved_words(result) == "Not shown, because both sides have the same value everywhere: empty."


def test_nothing_is_said_where_every_measure_moved() -> None:
    assert unmoved_words(_result(Difference("tokens", 21.0, 29.0, 8.0, None))) == ""
