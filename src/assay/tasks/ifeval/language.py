"""Language and case. Each check returns None when followed, else the reason.

The reference passes a text whose language cannot be detected, such as one letter repeated; the repaired
checks fail it.
"""

from __future__ import annotations

from collections.abc import Callable

from assay.tasks.ifeval import detection, punkt
from assay.tasks.ifeval.matching import amount
from assay.tasks.ifeval.registry import COUNT, LANGUAGE, RELATION, fixed, instruction

UNDETECTED = "the reference passes a text whose language cannot be detected"
_CAPITAL = "the reference detects the language of a text in capitals by first letters alone, and passes it if it cannot"


@instruction("language:response_language", language=LANGUAGE)
def response_language(text: str, language: str) -> str | None:
    """The language is detected, or none is."""
    detected = detection.language(text)
    return None if detected is None else _other(detected, language)


@fixed("language:response_language", UNDETECTED)
def response_language_fixed(text: str, language: str) -> str | None:
    """The language is detected."""
    return _other(detection.language(text), language)


@instruction("change_case:english_capital")
def capital(text: str) -> str | None:
    """Capital letters only, and English or no language is detected."""
    return cased(text, str.isupper, "capital") or response_language(text, "en")


@fixed("change_case:english_capital", _CAPITAL)
def capital_fixed(text: str, language: str = "en") -> str | None:
    """Capital letters only, and the language.

    Detection skips words in capitals, so it sees little more than their first letters: it is given the
    text in lower case.
    """
    return cased(text, str.isupper, "capital") or response_language_fixed(text.lower(), language)


@instruction("change_case:english_lowercase")
def lowercase(text: str, language: str = "en") -> str | None:
    """Lowercase letters only, and the language or none is detected."""
    return cased(text, str.islower, "lowercase") or response_language(text, language)


@fixed("change_case:english_lowercase", UNDETECTED)
def lowercase_fixed(text: str, language: str = "en") -> str | None:
    """Lowercase letters only, and the language."""
    return cased(text, str.islower, "lowercase") or response_language_fixed(text, language)


@instruction(
    "change_case:capital_word_frequency", capital_frequency=COUNT, capital_relation=RELATION, punkt=True
)
def capital_word_frequency(text: str, capital_frequency: int, capital_relation: str) -> str | None:
    """That many words in capitals, as nltk splits English words."""
    return amount(punkt.count_capital_words(text), capital_relation, capital_frequency, "word in capitals")


def _other(detected: str | None, required: str) -> str | None:
    if detected == required:
        return None
    language = "no language detected" if detected is None else f"language {detected}"
    return f"{language}, {required} asked"


def cased(text: str, follows: Callable[[str], bool], name: str) -> str | None:
    """Whether `str.isupper` or `str.islower` holds; the reason names the first letter at fault."""
    if follows(text):
        return None
    for place, letter in enumerate(text):
        if (letter.isupper() or letter.islower() or letter.istitle()) and not follows(letter):
            return f'not all {name} letters: "{letter}" at character {place + 1}'
    return f"no {name} letters"
