"""Spanish words are spaCy's, by rules and without a model."""

from __future__ import annotations

import time

import pytest

from assay.tasks.mifeval import spanish_words

spacy = pytest.importorskip("spacy", reason="spaCy is not installed")


def test_punctuation_is_no_word_and_a_hyphen_or_an_abbreviation_makes_none() -> None:
    spanish_words.require()
    assert spanish_words.words("¿Qué dice el Sr. Franco-Gil?") == ("Qué", "dice", "el", "Sr.", "Franco-Gil")


def test_a_sign_and_a_second_space_are_words() -> None:
    assert spanish_words.words("1  + 2") == ("1", " ", "+", "2")


@pytest.mark.parametrize("signs", ["{%", "C$", "US$", "\N{EM DASH}", "\N{GRINNING FACE}"])
@pytest.mark.parametrize(("word", "end"), [("", ""), ("a", ""), ("", "a"), ("a", "a")])
def test_a_long_run_of_signs_takes_no_time_that_grows_with_its_square(
    signs: str, word: str, end: str
) -> None:
    spanish_words.require()
    began = time.process_time()
    spanish_words.words(word + signs * (20_000 // len(signs)) + end)
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    "text",
    [
        "Uno " + "{%" * 300 + "tres,  cuatro",
        "Uno,  " + "-" * 300 + " dos" + ")!" * 300 + "  tres",
        "Uno " + "=" * 300 + " dos{%" + "{%" * 300 + "tres",
        "\N{GRINNING FACE}" * 300 + "\n\nUno",
    ],
)
def test_words_around_a_run_of_signs_are_those_of_spacy(text: str) -> None:
    plain = spacy.blank("es").tokenizer(text)
    assert spanish_words.words(text) == tuple(token.text for token in plain if not token.is_punct)
