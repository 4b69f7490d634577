"""The instructions for Spanish. Each check returns None when followed, else the reason.

tildes("Qué tal está", num_words=3, relation="at least")    # "2 words with an accent, at least 3 asked"
"""

from __future__ import annotations

import re
import string
import unicodedata
from functools import partial

from assay.tasks.ifeval import content, language, layout
from assay.tasks.ifeval.matching import amount, as_text, numbered
from assay.tasks.ifeval.registry import COUNT, PATTERN, RELATION, TEXT
from assay.tasks.mifeval.postscript import INSIDE_WORDS, whole_postscript
from assay.tasks.mifeval.registry import LANGUAGE, borrow, fixed, instruction
from assay.tasks.mifeval.sentences import SPANISH, count_sentences
from assay.tasks.mifeval.spanish_words import WORDS, words

_IGNORED = "the reference does not read `relation`"
_ANSWERS = ("Sí.", "No.", "Quizás.")
_POSTSCRIPTS = {"P.D.": re.compile(r"p\.\s?d\."), "Nota": re.compile("nota")}
# Space without a mark is read too, so that it is read once.
_LIST_MARK = re.compile(r"^\s*+((?:\d+\.|[-*])\s*+)?", re.MULTILINE)
_QUESTION, _EXCLAMATION = re.compile(r"¿([^?]*+)(\??)"), re.compile(r"¡([^!]*+)(!?)")
_ASCII_MARKS = str.maketrans("", "", string.punctuation)

borrow(
    "es",
    *("keywords:existence", "keywords:frequency", "keywords:forbidden_words", "keywords:letter_frequency"),
    *("length_constraints:number_paragraphs", "detectable_format:json_format", "detectable_format:title"),
    *("combination:two_responses", "combination:repeat_prompt", "punctuation:no_comma", "startend:quotation"),
)


@instruction("es:length_constraints:number_words", num_words=COUNT, relation=RELATION, needs=(WORDS,))
def number_words(text: str, num_words: int, relation: str, only_words: bool = False) -> str | None:
    """That many of spaCy's words, without list marks; the reference also counts signs and runs of spaces."""
    counted = words(_without_list_marks(text).replace("\n", " "))
    count = sum(any(map(str.isalnum, word)) for word in counted) if only_words else len(counted)
    return amount(count, relation, num_words, "word")


fixed("es:length_constraints:number_words", "the reference counts signs and runs of spaces as words")(
    partial(number_words, only_words=True)
)


@instruction(
    "es:length_constraints:number_sentences", num_sentences=COUNT, relation=RELATION, needs=(SPANISH,)
)
def number_sentences(text: str, num_sentences: int, relation: str) -> str | None:
    """That many sentences without list marks, as punkt splits Spanish; the reference asks models of spaCy."""
    count = count_sentences(_without_list_marks(text), SPANISH)
    return amount(count, relation, num_sentences, "sentence")


@instruction(
    "es:length_constraints:nth_paragraph_first_word",
    num_paragraphs=COUNT,
    nth_paragraph=COUNT,
    first_word=TEXT,
)
def nth_paragraph_first_word(
    text: str, num_paragraphs: int, nth_paragraph: int, first_word: str, fixed: bool = False
) -> str | None:
    """Exactly so many paragraphs between blank lines, the nth starting with the word or words.

    The reference takes ASCII punctuation alone out of the text's words, and none out of the words asked.
    """
    paragraphs = text.split("\n\n")
    filled = [paragraph for paragraph in paragraphs if paragraph.strip()]
    if nth_paragraph > len(filled):
        return f"{numbered(len(filled), 'paragraph')}, so no paragraph {nth_paragraph}"
    paragraph = (filled if fixed else paragraphs)[nth_paragraph - 1]
    if fixed:
        required, start = _bare(first_word).split(), _bare(paragraph).split()
    else:
        required = first_word.lower().split()
        start = [word.translate(_ASCII_MARKS).lower() for word in paragraph.split(maxsplit=len(required))]
    if start[: len(required)] != required:
        begins = " ".join(start[: len(required)])[:40]
        return f'paragraph {nth_paragraph} starts with "{begins}", "{" ".join(required)}" asked'
    return amount(len(filled), "exactly", num_paragraphs, "paragraph")


fixed(
    "es:length_constraints:nth_paragraph_first_word",
    "the reference counts empty paragraphs on the way to the nth, and a mark such as `¿` as part of a word",
)(partial(nth_paragraph_first_word, fixed=True))


@instruction("es:detectable_content:number_placeholders", num_placeholders=COUNT, relation=RELATION)
def number_placeholders(text: str, num_placeholders: int, relation: str) -> str | None:  # noqa: ARG001
    """At least so many `[...]`; the reference does not read `relation`."""
    return content.number_placeholders(text, num_placeholders)


fixed("es:detectable_content:number_placeholders", _IGNORED)(content.number_placeholders)


@instruction("es:detectable_format:number_highlighted_sections", num_highlights=COUNT, relation=RELATION)
def number_highlighted_sections(text: str, num_highlights: int, relation: str) -> str | None:  # noqa: ARG001
    """At least so many `*...*` and `**...**`; the reference does not read `relation`."""
    return layout.number_highlighted_sections(text, num_highlights)


fixed("es:detectable_format:number_highlighted_sections", _IGNORED)(layout.number_highlighted_sections)


@instruction(
    "es:detectable_format:multiple_sections", section_spliter=TEXT, num_sections=COUNT, relation=RELATION
)
def multiple_sections(text: str, section_spliter: str, num_sections: int, relation: str) -> str | None:  # noqa: ARG001
    """At least so many marks such as `SECCIÓN 1`; the reference does not read `relation`."""
    return layout.multiple_sections(text, section_spliter, num_sections)


fixed("es:detectable_format:multiple_sections", f"{PATTERN}, and does not read `relation`")(
    partial(layout.multiple_sections, pattern=as_text)
)

instruction("es:detectable_content:postscript", postscript_marker=TEXT)(
    partial(content.postscript, known=_POSTSCRIPTS)
)
fixed("es:detectable_content:postscript", INSIDE_WORDS)(partial(whole_postscript, known=_POSTSCRIPTS))
instruction("es:detectable_format:constrained_response")(
    partial(layout.constrained_response, answers=_ANSWERS)
)
instruction("es:language:response_language", language=LANGUAGE)(language.response_language)
fixed("es:language:response_language", language.UNDETECTED)(language.response_language_fixed)


@instruction("es:detectable_format:number_bullet_lists", num_bullets=COUNT)
def number_bullet_lists(text: str, num_bullets: int) -> str | None:
    """That many lines start with `*` and not with `**`."""
    return amount(len(layout.STAR_BULLET.findall(text)), "exactly", num_bullets, "bullet point")


@instruction("es:startend:end_checker", end_phrase=TEXT)
def end_checker(text: str, end_phrase: str) -> str | None:
    """The phrase ends the text, in any case; a full stop and quotation marks may follow."""
    end = text.strip().strip('"').lower().removesuffix(".")
    return None if end.endswith(end_phrase.strip().lower()) else f'does not end with "{end_phrase.strip()}"'


@fixed("es:startend:end_checker", "the reference never finds a phrase that ends with a full stop")
def end_checker_fixed(text: str, end_phrase: str) -> str | None:
    """Likewise, also where the phrase itself ends with a full stop."""
    return end_checker(text, end_phrase.strip().removesuffix("."))


@instruction("es:change_case:spanish_capital")
def spanish_capital(text: str) -> str | None:
    """No letter but capitals once accents are taken apart, and Spanish or no language is detected."""
    for letter in unicodedata.normalize("NFKD", text):
        if letter.isalpha() and not letter.isupper() and not unicodedata.combining(letter):
            return f'not all capital letters: "{letter}"'
    return language.response_language(text.lower(), "es")


fixed("es:change_case:spanish_capital", f"{language.UNDETECTED}, and fails `ª` and `º` in capitals")(
    lambda text: language.capital_fixed(text.translate({ord("ª"): None, ord("º"): None}), "es")
)
instruction("es:change_case:spanish_lowercase")(partial(language.lowercase, language="es"))
fixed("es:change_case:spanish_lowercase", language.UNDETECTED)(
    partial(language.lowercase_fixed, language="es")
)


@instruction(
    "es:change_case:capital_word_frequency",
    capital_frequency=COUNT,
    capital_relation=RELATION,
    needs=(WORDS,),
)
def capital_word_frequency(text: str, capital_frequency: int, capital_relation: str) -> str | None:
    """That many of spaCy's words in capitals."""
    return amount(sum(map(str.isupper, words(text))), capital_relation, capital_frequency, "word in capitals")


@instruction("es:punctuation:question_marks")
def question_marks(text: str) -> str | None:
    """Something that is not blank is written in `¿...?`."""
    return None if _filled(_QUESTION, "¿", text) else "no question in ¿ ?"


@instruction("es:punctuation:exclamation_marks")
def exclamation_marks(text: str) -> str | None:
    """Something that is not blank is written in `¡...!`."""
    return None if _filled(_EXCLAMATION, "¡", text) else "no exclamation in ¡ !"


@instruction("es:special_character:enie", let_frequency=COUNT, needs=(WORDS,))
def enie(text: str, let_frequency: int) -> str | None:
    """Exactly so many of spaCy's words have an ñ."""
    return amount(_with_letters("ñ", text), "exactly", let_frequency, "word with ñ")


@instruction("es:special_character:dieresis", let_frequency=COUNT, needs=(WORDS,))
def dieresis(text: str, let_frequency: int) -> str | None:
    """Exactly so many of spaCy's words have a ü."""
    return amount(_with_letters("ü", text), "exactly", let_frequency, "word with ü")


@instruction("es:special_character:tildes", num_words=COUNT, relation=RELATION, needs=(WORDS,))
def tildes(text: str, num_words: int, relation: str) -> str | None:
    """So many of spaCy's words have a vowel with an acute accent."""
    return amount(_with_letters("áéíóú", text), relation, num_words, "word with an accent")


def _without_list_marks(text: str) -> str:
    return _LIST_MARK.sub(lambda match: "" if match[1] else match[0], text)


def _with_letters(letters: str, text: str) -> int:
    return sum(any(letter in letters for letter in word.lower()) for word in words(text))


def _filled(pattern: re.Pattern[str], opening: str, text: str) -> bool:
    return any(closed and inside.lstrip(opening).strip() for inside, closed in pattern.findall(text))


def _bare(text: str) -> str:
    """In lower case, without any mark of punctuation."""
    return "".join(sign for sign in text.lower() if not unicodedata.category(sign).startswith("P"))
