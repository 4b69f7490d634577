"""Words and letters are counted in any script, also those that are no pattern."""

from __future__ import annotations

import pytest

from assay.tasks.ifeval import IFEval
from tests.tasks.ifeval.cases import example


def test_a_sign_that_is_no_letter_is_counted_itself_and_said_so() -> None:
    asked = example(
        "keywords:letter_frequency", {"letter": "#", "let_frequency": 2, "let_relation": "at least"}
    )
    detail = IFEval().score(asked, "#a #b").detail
    assert detail["strict"] == [True]
    assert detail["notes"] == {"0": '"#" is counted, where lm-eval counts a letter drawn at random'}
    assert "notes" not in IFEval(mode="fixed").score(asked, "#a #b").detail


@pytest.mark.parametrize("letter", ["İ", "ß", "ǅ", "Σ", "K"])
def test_letters_of_any_script_are_counted_in_either_case(letter: str) -> None:
    asked = example(
        "keywords:letter_frequency", {"letter": letter, "let_frequency": 2, "let_relation": "at least"}
    )
    assert IFEval().score(asked, f"{letter}a {letter.lower()}b").detail["strict"] == [True]
