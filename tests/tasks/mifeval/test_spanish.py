"""What Spanish checks count, beyond the cases of `cases.py`."""

from __future__ import annotations

import pytest

from assay.tasks.mifeval import spanish


@pytest.mark.parametrize(
    ("text", "first_word", "reason"),
    [
        ("Uno.\n\n-Sí- no", "Sí", None),
        ("Uno.\n\nSí", "sí no", 'paragraph 2 starts with "sí", "sí no" asked'),
        ("Uno.", "Uno", "1 paragraph, so no paragraph 2"),
        ("Uno.\n\nSí\n\nTres", "Sí", "3 paragraphs, exactly 2 asked"),
    ],
)
def test_a_paragraph_starts_with_one_word_or_several(text: str, first_word: str, reason: str | None) -> None:
    assert spanish.nth_paragraph_first_word(text, 2, 2, first_word) == reason


@pytest.mark.parametrize("text", ["¿Qué?", "¡¿Qué?!", "¿¿Qué\nmás??", "¿ ? ¿Sí?"])
def test_a_question_is_between_its_marks(text: str) -> None:
    assert spanish.question_marks(text) is None


@pytest.mark.parametrize("text", ["Qué?", "¿Qué", "¿¿?", "¿\n?"])
def test_a_mark_alone_is_no_question(text: str) -> None:
    assert spanish.question_marks(text) is not None


def test_many_open_marks_are_read_in_linear_time() -> None:
    assert spanish.question_marks("¿" * 300_000) == "no question in ¿ ?"
    assert spanish.exclamation_marks("¡" * 300_000) == "no exclamation in ¡ !"


@pytest.mark.parametrize(("text", "bullets"), [("* a\n*b", 2), ("** a", 0), ("- a", 0), ("  * a", 1)])
def test_a_bullet_is_a_star(text: str, bullets: int) -> None:
    assert spanish.number_bullet_lists(text, bullets) is None


def test_one_full_stop_may_follow_the_end() -> None:
    assert spanish.end_checker('Un saludo."', "Un saludo") is None
    assert spanish.end_checker("Un saludo..", "Un saludo") == 'does not end with "Un saludo"'


@pytest.mark.parametrize(
    ("text", "words"), [("- a\n\n  * b\n1. c", 3), ("a - b\n", 2), ("\n\n-\n\na", 1), ("1.5", 1), ("--a", 1)]
)
def test_a_list_mark_is_at_the_start_of_a_line(text: str, words: int) -> None:
    pytest.importorskip("spacy", reason="spaCy is not installed")
    assert spanish.number_words(text, words, "exactly") is None


def test_many_line_breaks_are_read_in_linear_time() -> None:
    pytest.importorskip("spacy", reason="spaCy is not installed")
    assert spanish.number_words("\n" * 100_000 + "a", 2, "exactly") is None
