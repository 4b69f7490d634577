"""The 25 instructions of IFEval: what each is called, what it needs, and who judges it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assay.tasks.ifeval import content, keywords, language, layout, length, startend
from assay.tasks.instructions import Argument, Instruction

__all__ = ["INSTRUCTIONS", "LANGUAGES"]

# What langdetect can tell.
LANGUAGES = (
    *(
        "af",
        "ar",
        "bg",
        "bn",
        "ca",
        "cs",
        "cy",
        "da",
        "de",
        "el",
        "en",
        "es",
        "et",
        "fa",
        "fi",
        "fr",
        "gu",
        "he",
    ),
    *(
        "hi",
        "hr",
        "hu",
        "id",
        "it",
        "ja",
        "kn",
        "ko",
        "lt",
        "lv",
        "mk",
        "ml",
        "mr",
        "ne",
        "nl",
        "no",
        "pa",
        "pl",
    ),
    *("pt", "ro", "ru", "sk", "sl", "so", "sq", "sv", "sw", "ta", "te", "th", "tl", "tr", "uk", "ur", "vi"),
    *("zh-cn", "zh-tw"),
)


COUNT = Argument("a whole number, 1 or more", lambda value: type(value) is int and value >= 1)
TEXT = Argument("a text", lambda value: isinstance(value, str) and bool(value.strip()))
TEXTS = Argument("a list of texts", lambda value: isinstance(value, list) and all(map(TEXT.accepts, value)))
SIGN = Argument("one character", lambda value: isinstance(value, str) and len(value) == 1)
RELATION = Argument('"at least" or "less than"', lambda value: value in ("at least", "less than"))
LANGUAGE = Argument(f"one of {', '.join(LANGUAGES)}", lambda value: value in LANGUAGES)

_PATTERN = "the reference takes a keyword for a regular expression"
_SIGNS = "the reference misses or misreads a forbidden word with signs in it"
_UNDETECTED = "the reference passes a text whose language cannot be detected"
_CAPITAL = "the reference detects the language of a text in capitals by first letters alone, and passes it if it cannot"
_PARAGRAPH = "the reference counts empty paragraphs on the way to the nth"


def _beyond(arguments: Mapping[str, Any]) -> str:
    nth, number = arguments["nth_paragraph"], arguments["num_paragraphs"]
    if nth <= number:
        return ""
    return f"`nth_paragraph` is {nth} of {number} in `num_paragraphs`; a paragraph of these is expected"


INSTRUCTIONS: dict[str, Instruction] = {
    "keywords:existence": Instruction(
        keywords.existence, {"keywords": TEXTS}, keywords.existence_fixed, _PATTERN
    ),
    "keywords:frequency": Instruction(
        keywords.frequency,
        {"keyword": TEXT, "frequency": COUNT, "relation": RELATION},
        keywords.frequency_fixed,
        _PATTERN,
    ),
    "keywords:forbidden_words": Instruction(
        keywords.forbidden_words, {"forbidden_words": TEXTS}, keywords.forbidden_words_fixed, _SIGNS
    ),
    "keywords:letter_frequency": Instruction(
        keywords.letter_frequency, {"letter": SIGN, "let_frequency": COUNT, "let_relation": RELATION}
    ),
    "language:response_language": Instruction(
        language.response_language, {"language": LANGUAGE}, language.response_language_fixed, _UNDETECTED
    ),
    "length_constraints:number_sentences": Instruction(
        length.number_sentences, {"num_sentences": COUNT, "relation": RELATION}, punkt=True
    ),
    "length_constraints:number_paragraphs": Instruction(length.number_paragraphs, {"num_paragraphs": COUNT}),
    "length_constraints:number_words": Instruction(
        length.number_words, {"num_words": COUNT, "relation": RELATION}
    ),
    "length_constraints:nth_paragraph_first_word": Instruction(
        length.nth_paragraph_first_word,
        {"num_paragraphs": COUNT, "nth_paragraph": COUNT, "first_word": TEXT},
        length.nth_paragraph_first_word_fixed,
        _PARAGRAPH,
        clash=_beyond,
    ),
    "detectable_content:number_placeholders": Instruction(
        content.number_placeholders, {"num_placeholders": COUNT}
    ),
    "detectable_content:postscript": Instruction(
        content.postscript, {"postscript_marker": TEXT}, content.postscript_fixed, _PATTERN
    ),
    "detectable_format:number_bullet_lists": Instruction(layout.number_bullet_lists, {"num_bullets": COUNT}),
    "detectable_format:constrained_response": Instruction(layout.constrained_response),
    "detectable_format:number_highlighted_sections": Instruction(
        layout.number_highlighted_sections, {"num_highlights": COUNT}
    ),
    "detectable_format:multiple_sections": Instruction(
        layout.multiple_sections,
        {"section_spliter": TEXT, "num_sections": COUNT},
        layout.multiple_sections_fixed,
        _PATTERN,
    ),
    "detectable_format:json_format": Instruction(layout.json_format),
    "detectable_format:title": Instruction(layout.title),
    "combination:two_responses": Instruction(startend.two_responses),
    "combination:repeat_prompt": Instruction(startend.repeat_prompt, {"prompt_to_repeat": TEXT}),
    "startend:end_checker": Instruction(startend.end_checker, {"end_phrase": TEXT}),
    "startend:quotation": Instruction(startend.quotation),
    "change_case:capital_word_frequency": Instruction(
        language.capital_word_frequency,
        {"capital_frequency": COUNT, "capital_relation": RELATION},
        punkt=True,
    ),
    "change_case:english_capital": Instruction(
        language.english_capital, fixed=language.english_capital_fixed, why=_CAPITAL
    ),
    "change_case:english_lowercase": Instruction(
        language.english_lowercase, fixed=language.english_lowercase_fixed, why=_UNDETECTED
    ),
    "punctuation:no_comma": Instruction(content.no_comma),
}
