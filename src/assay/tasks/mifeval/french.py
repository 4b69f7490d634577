"""The instructions for French. Each check returns None when followed, else the reason.

no_accents("À bientôt")    # 'accent: "À" at character 1'
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import partial

from assay.tasks.ifeval import content, detection, language, layout
from assay.tasks.ifeval.matching import amount, as_text
from assay.tasks.ifeval.registry import COUNT, RELATION, TEXT
from assay.tasks.instructions import Argument
from assay.tasks.mifeval.postscript import INSIDE_WORDS, whole_postscript
from assay.tasks.mifeval.registry import LANGUAGE, borrow, fixed, instruction
from assay.tasks.mifeval.sentences import FRENCH, count_sentences

_WORDS_WITH_ACCENTS = Argument(
    "an object of words without accents and with them",
    lambda value: (
        isinstance(value, dict) and bool(value) and all(isinstance(word, str) for word in value.values())
    ),
)

_ANSWERS = ("Oui.", "Non.", "Peut-être.")
_QUOTES = ('""', "''", "«»")
_INFORMAL = re.compile(r"\b(?:tu|te|t'\b|toi|ton|ta|tes)\b", re.IGNORECASE)
_ACCENT = re.compile("[àáâãäåçèéêëìíîïñòóôõöùúûüýÿÀÁÂÃÄÅÇÈÉÊËÌÍÎÏÑÒÓÔÕÖÙÚÛÜÝ]")
_WORD = re.compile(r"\b\w+\b")
_DIGIT = re.compile(r"\d")
_CHINESE = ("zh-cn", "zh-tw")

borrow(
    "fr",
    *("keywords:existence", "keywords:frequency", "keywords:forbidden_words", "keywords:letter_frequency"),
    *("length_constraints:number_words", "length_constraints:number_paragraphs"),
    *("length_constraints:nth_paragraph_first_word", "detectable_content:number_placeholders"),
    *("detectable_format:number_bullet_lists", "detectable_format:number_highlighted_sections"),
    *("detectable_format:multiple_sections", "detectable_format:json_format", "combination:two_responses"),
    *("combination:repeat_prompt", "startend:end_checker", "change_case:capital_word_frequency"),
    "punctuation:no_comma",
)

instruction("fr:detectable_format:constrained_response")(
    partial(layout.constrained_response, answers=_ANSWERS)
)
instruction("fr:detectable_format:title")(partial(layout.title, opening="##", closing="##"))
instruction("fr:startend:quotation")(partial(content.quotation, marks=_QUOTES))
instruction("fr:change_case:french_lowercase")(partial(language.lowercase, language="fr"))
fixed("fr:change_case:french_lowercase", language.UNDETECTED)(
    partial(language.lowercase_fixed, language="fr")
)


@instruction("fr:change_case:french_capital")
def french_capital(text: str) -> str | None:
    """Capital letters only, and French or no language is detected."""
    return language.cased(text, str.isupper, "capital") or language.response_language(text.lower(), "fr")


fixed("fr:change_case:french_capital", language.UNDETECTED)(partial(language.capital_fixed, language="fr"))

instruction("fr:language:response_language", language=LANGUAGE)(language.response_language)


@fixed("fr:language:response_language", f"{language.UNDETECTED}, and fails all Chinese where `zh` is asked")
def response_language_fixed(text: str, language: str) -> str | None:
    """The language is detected; `zh` is either Chinese."""
    detected = detection.language(text)
    if detected == language or (language == "zh" and detected in _CHINESE):
        return None
    return f"{f'language {detected}' if detected else 'no language detected'}, {language} asked"


@instruction(
    "fr:length_constraints:number_sentences", num_sentences=COUNT, relation=RELATION, needs=(FRENCH,)
)
def number_sentences(text: str, num_sentences: int, relation: str) -> str | None:
    """That many sentences, as punkt splits French."""
    return amount(count_sentences(text, FRENCH), relation, num_sentences, "sentence")


instruction("fr:detectable_content:postscript", postscript_marker=TEXT)(content.postscript)
fixed("fr:detectable_content:postscript", INSIDE_WORDS)(whole_postscript)


@instruction("fr:special_character:ethel_or_cedilla", forbidden_char=TEXT)
def ethel_or_cedilla(text: str, forbidden_char: str) -> str | None:
    """The character is not found, in either case."""
    match = as_text(forbidden_char, "", "", re.IGNORECASE).search(text)
    return f'forbidden: "{match[0]}" at character {match.start() + 1}' if match else None


@instruction("fr:detectable_content:informal_address")
def informal_address(text: str) -> str | None:
    """One of tu, te, t', toi, ton, ta, tes is found."""
    return None if _INFORMAL.search(text) else "none of tu, te, t', toi, ton, ta, tes"


@fixed("fr:detectable_content:informal_address", "the reference does not find `t’`")
def informal_address_fixed(text: str) -> str | None:
    """Likewise, with either apostrophe."""
    return informal_address(text.replace("’", "'"))


@instruction("fr:special_character:no_accents")
def no_accents(text: str) -> str | None:
    """No letter with an accent, a cedilla or a tilde."""
    match = _ACCENT.search(text)
    return f'accent: "{match[0]}" at character {match.start() + 1}' if match else None


@instruction("fr:special_character:accents", word_to_accentuate=_WORDS_WITH_ACCENTS)
def accents(text: str, word_to_accentuate: Mapping[str, str]) -> str | None:
    """Each of the words is written with its accents wherever it is found, in any case."""
    for word in _WORD.findall(text.lower()):
        if word != word_to_accentuate.get(_plain(word), word):
            return f'"{word}", "{word_to_accentuate[_plain(word)]}" asked'
    return None


@instruction("fr:detectable_content:no_digits")
def no_digits(text: str) -> str | None:
    """No digit anywhere."""
    match = _DIGIT.search(text)
    return f'digit "{match[0]}" at character {match.start() + 1}' if match else None


def _plain(word: str) -> str:
    return "".join(sign for sign in unicodedata.normalize("NFKD", word) if not unicodedata.combining(sign))
