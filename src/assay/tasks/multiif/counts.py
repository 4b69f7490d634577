"""The checks that Multi-IF changes: words and sentences by language, quotation marks, keywords that are no pattern.

Each returns None when followed, else the reason.
"""

from __future__ import annotations

import re
from functools import partial

from assay.tasks.ifeval import content, detection, keywords, language, length
from assay.tasks.ifeval.language import response_language_fixed as response_language
from assay.tasks.ifeval.matching import amount, as_text
from assay.tasks.ifeval.registry import PATTERN, RELATION, TEXT
from assay.tasks.multiif import characters
from assay.tasks.multiif.registry import COUNT, fixed, instruction

_CHINESE = ("zh-cn", "zh-tw", "ja")


@instruction("length_constraints:number_words", num_words=COUNT, relation=RELATION, needs=(characters.EMOJI,))
def number_words(text: str, num_words: int, relation: str) -> str | None:
    """That many words: of Chinese or Japanese by character, else as IFEval counts them."""
    if detection.language(text) in _CHINESE:
        return amount(characters.chinese_words(text), relation, num_words, "word")
    return length.number_words(text, num_words, relation)


@instruction("length_constraints:number_sentences", num_sentences=COUNT, relation=RELATION, punkt=True)
def number_sentences(text: str, num_sentences: int, relation: str) -> str | None:
    """That many sentences: of Chinese, Japanese or Hindi by their marks, else as IFEval counts them."""
    detected = detection.language(text)
    if detected in _CHINESE:
        return amount(characters.chinese_sentences(text), relation, num_sentences, "sentence")
    if detected == "hi":
        return amount(characters.hindi_sentences(text), relation, num_sentences, "sentence")
    return length.number_sentences(text, num_sentences, relation)


instruction("startend:quotation")(partial(content.quotation, marks=('""', "“”", "「」")))


@instruction("keywords:frequency", keyword=TEXT, frequency=COUNT, relation=RELATION)
def frequency(text: str, keyword: str, frequency: int, relation: str) -> str | None:
    """As IFEval's; a keyword that is no regular expression is not followed."""
    try:
        re.compile(keyword.strip())
    except (re.error, OverflowError, RecursionError):
        return f'"{keyword.strip()}" is no regular expression'
    return keywords.frequency(text, keyword, frequency, relation)


fixed("keywords:frequency", PATTERN)(partial(keywords.frequency, pattern=as_text))


@fixed("language:response_language", f"{language.UNDETECTED}, and fails all Chinese where `zh` is asked")
def response_language_fixed(text: str, language: str) -> str | None:
    """The language is detected; `zh` is either Chinese."""
    either = language == "zh" and detection.language(text) in ("zh-cn", "zh-tw")
    return None if either else response_language(text, language)
