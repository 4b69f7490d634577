"""Spanish words are spaCy's, by rules and without a model."""

from __future__ import annotations

import pytest

from assay.tasks.mifeval import spanish_words

pytest.importorskip("spacy", reason="spaCy is not installed")


def test_punctuation_is_no_word_and_a_hyphen_or_an_abbreviation_makes_none() -> None:
    spanish_words.require()
    assert spanish_words.words("¿Qué dice el Sr. Franco-Gil?") == ("Qué", "dice", "el", "Sr.", "Franco-Gil")


def test_a_sign_and_a_second_space_are_words() -> None:
    assert spanish_words.words("1  + 2") == ("1", " ", "+", "2")
