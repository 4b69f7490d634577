"""Words of a prompt file become patterns, and counts become reasons."""

from __future__ import annotations

from assay.tasks.ifeval import IFEval
from tests.tasks.ifeval.cases import example


def test_a_word_that_is_no_pattern_is_taken_letter_by_letter_in_both_modes() -> None:
    asked = example("keywords:existence", {"keywords": [":("]})
    for mode in IFEval.modes:
        assert IFEval(mode=mode).score(asked, "so :(").detail == {
            "strict": [True],
            "loose": [True],
            "reasons": [None],
        }
