"""The instructions for Japanese but those about letters. Each check returns None when followed, else the reason.

number_letters("三文字", num_letters=4, relation="at least")    # "3 letters, at least 4 asked"
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from itertools import pairwise

from assay.tasks.ifeval import content, language, layout
from assay.tasks.ifeval.matching import amount, as_pattern, as_text, numbered, quoted, times
from assay.tasks.ifeval.registry import COUNT, PATTERN, RELATION, TEXT, TEXTS
from assay.tasks.mifeval.japanese_words import WORDS, count_sentences, occurrences, tokens, without_quotes
from assay.tasks.mifeval.registry import LANGUAGE, borrow, fixed, instruction

_SEVERAL = "the reference never finds a keyword that janome splits into several words"
_ANSWERS = ("はい、そうです。", "いいえ、違います。", "どちらとも言えません。")
_POSTSCRIPTS = {
    "P.P.S": re.compile(r"p\.\s?p\.\s?s", re.IGNORECASE),
    "P.S.": re.compile(r"p\.\s?s\.", re.IGNORECASE),
}
# As IFEval's bullets: what follows the mark may be a line break, and then the next line is part of this item.
_BULLET = re.compile(r"^[^\S\n]*+・[^・].*$", re.MULTILINE)
_NUMBERED = re.compile(r"^[^\S\n]*+\d+\.\s.*$", re.MULTILINE)
_HIGHLIGHT = re.compile("《([^\n《》]*)》")
_SENTENCE_END = re.compile("[。！？]")

borrow(
    "ja",
    *("length_constraints:number_paragraphs", "detectable_content:number_placeholders"),
    *("detectable_format:json_format", "combination:two_responses"),
)

instruction("ja:detectable_format:constrained_response")(
    partial(layout.constrained_response, answers=_ANSWERS)
)
instruction("ja:detectable_format:title")(partial(layout.title, opening="『", closing="』"))
instruction("ja:startend:quotation")(partial(content.quotation, marks=("「」",)))
instruction("ja:language:response_language", language=LANGUAGE)(language.response_language)
fixed("ja:language:response_language", language.UNDETECTED)(language.response_language_fixed)


def _surfaces(text: str, word: str) -> int:
    return sum(token.surface == word for token in tokens(text))


@instruction("ja:keywords:existence", keywords=TEXTS, needs=(WORDS,))
def existence(text: str, keywords: list[str], count: Callable[[str, str], int] = _surfaces) -> str | None:
    """Every keyword is one of janome's words."""
    missing = {word for word in keywords if not count(text, word)}
    return f"missing: {quoted(missing)}" if missing else None


fixed("ja:keywords:existence", _SEVERAL)(partial(existence, count=occurrences))


@instruction("ja:keywords:frequency", keyword=TEXT, frequency=COUNT, relation=RELATION, needs=(WORDS,))
def frequency(
    text: str, keyword: str, frequency: int, relation: str, count: Callable[[str, str], int] = _surfaces
) -> str | None:
    """So many of janome's words are the keyword."""
    return times(count(text, keyword.strip()), relation, frequency, keyword.strip())


fixed("ja:keywords:frequency", _SEVERAL)(partial(frequency, count=occurrences))


@instruction("ja:keywords:forbidden_words", forbidden_words=TEXTS, needs=(WORDS,))
def forbidden_words(
    text: str, forbidden_words: list[str], count: Callable[[str, str], int] = _surfaces
) -> str | None:
    """None of janome's words is forbidden."""
    used = {word for word in forbidden_words if count(text, word)}
    return f"forbidden: {quoted(used)}" if used else None


fixed("ja:keywords:forbidden_words", _SEVERAL)(partial(forbidden_words, count=occurrences))


@instruction("ja:length_constraints:number_sentences", num_sentences=COUNT, relation=RELATION)
def number_sentences(text: str, num_sentences: int, relation: str) -> str | None:
    """That many sentences."""
    return amount(count_sentences(text), relation, num_sentences, "sentence")


@instruction("ja:length_constraints:number_letters", num_letters=COUNT, relation=RELATION)
def number_letters(text: str, num_letters: int, relation: str) -> str | None:
    """That many characters, spaces and line breaks too."""
    return amount(len(text), relation, num_letters, "letter")


@instruction(
    "ja:length_constraints:nth_paragraph_first_word",
    num_paragraphs=COUNT,
    nth_paragraph=COUNT,
    first_word=TEXT,
)
def nth_paragraph_first_word(
    text: str, num_paragraphs: int, nth_paragraph: int, first_word: str, fixed: bool = False
) -> str | None:
    """Exactly so many paragraphs between blank lines, the nth starting with the word; 「 and 『 may precede it.

    The reference puts the word in lower case and not the text, and counts empty paragraphs on the way to the nth.
    """
    paragraphs = text.split("\n\n")
    filled = [paragraph for paragraph in paragraphs if paragraph.strip()]
    if nth_paragraph > len(filled):
        return f"{numbered(len(filled), 'paragraph')}, so no paragraph {nth_paragraph}"
    paragraph = (filled if fixed else paragraphs)[nth_paragraph - 1].strip().lstrip("「").lstrip("『")
    word = first_word.lower()
    if not (paragraph.lower() if fixed else paragraph).startswith(word):
        return f'paragraph {nth_paragraph} starts with "{paragraph[: len(word)][:40]}", "{word}" asked'
    return amount(len(filled), "exactly", num_paragraphs, "paragraph")


fixed(
    "ja:length_constraints:nth_paragraph_first_word",
    "the reference counts empty paragraphs on the way to the nth, and never finds a word in capitals",
)(partial(nth_paragraph_first_word, fixed=True))


@instruction("ja:detectable_content:postscript", postscript_marker=TEXT)
def postscript(text: str, postscript_marker: str) -> str | None:
    """The marker is found in any case, letter by letter: `P.P.S` and `P.S.` with or without a space inside."""
    marker = postscript_marker.strip()
    pattern = _POSTSCRIPTS.get(marker) or as_text(marker, "", "", re.IGNORECASE)
    return None if pattern.search(text) else f'no postscript "{marker}"'


@instruction("ja:detectable_format:number_bullet_lists", num_bullets=COUNT)
def number_bullet_lists(text: str, num_bullets: int) -> str | None:
    """That many lines start with `・`."""
    return amount(len(_BULLET.findall(text)), "exactly", num_bullets, "bullet point")


@instruction("ja:detectable_format:number_numbered_lists", num_items=COUNT)
def number_numbered_lists(text: str, num_items: int) -> str | None:
    """That many lines start with a number, a point and a space."""
    return amount(len(_NUMBERED.findall(text)), "exactly", num_items, "numbered item")


@instruction("ja:detectable_format:number_highlighted_sections", num_highlights=COUNT)
def number_highlighted_sections(text: str, num_highlights: int) -> str | None:
    """At least so many `《...》`, each within a line and not blank."""
    highlights = sum(bool(inside.strip()) for inside in _HIGHLIGHT.findall(text))
    return amount(highlights, "at least", num_highlights, "highlighted section")


@instruction("ja:detectable_format:multiple_sections", section_spliter=TEXT, num_sections=COUNT)
def multiple_sections(text: str, section_spliter: str, num_sections: int) -> str | None:
    """At least so many marks such as `第1章`."""
    mark = as_pattern(section_spliter.strip(), r"\s?第\d+", r"\s?")
    return amount(len(mark.split(text)) - 1, "at least", num_sections, "section")


@fixed("ja:detectable_format:multiple_sections", f"{PATTERN}, and does not find 第一章")
def multiple_sections_fixed(text: str, section_spliter: str, num_sections: int) -> str | None:
    """Likewise, letter by letter; numbers may be written in kanji."""
    mark = as_text(section_spliter.strip(), "第(?:\\d|[〇一二三四五六七八九十百])+", "")
    return amount(len(mark.findall(text)), "at least", num_sections, "section")


@instruction("ja:detectable_format:nominal_ending", count=COUNT, needs=(WORDS,))
def nominal_ending(text: str, count: int) -> str | None:
    """At least so many sentences outside quotations end with a noun before `。`, `！` or `？`."""
    words = tokens(without_quotes(text))
    endings = sum(mark.surface in "。！？" and word.noun for word, mark in pairwise(words))
    return amount(endings, "at least", count, "sentence that ends with a noun")


@instruction("ja:combination:repeat_prompt", prompt_to_repeat=TEXT)
def repeat_prompt(text: str, prompt_to_repeat: str) -> str | None:
    """The text starts with the request."""
    return None if text.strip().startswith(prompt_to_repeat.strip()) else "does not start with the request"


@instruction("ja:startend:end_checker", end_phrase=TEXT)
def end_checker(text: str, end_phrase: str) -> str | None:
    """The phrase ends the text; 」 and 』 may follow either."""
    phrase = end_phrase.strip().strip("」』")
    return None if text.strip().strip("」』").endswith(phrase) else f'does not end with "{phrase}"'


@instruction("ja:startend:sentence_unified_end", ending=TEXT)
def sentence_unified_end(text: str, ending: str) -> str | None:
    """Whatever is written outside quotations before `。`, `！` or `？`, or last, ends with the ending."""
    return _ends(_SENTENCE_END.split(without_quotes(text)), ending)


@fixed("ja:startend:sentence_unified_end", "the reference takes a line break after `。` for a sentence")
def sentence_unified_end_fixed(text: str, ending: str) -> str | None:
    """Likewise, without the space around each sentence."""
    return _ends([part.strip() for part in _SENTENCE_END.split(without_quotes(text))], ending)


def _ends(sentences: list[str], ending: str) -> str | None:
    for sentence in sentences:
        if sentence and not sentence.endswith(ending):
            return f'a sentence ends with "{sentence[-10:]}", "{ending}" asked'
    return None


@instruction("ja:punctuation:no_comma")
def no_comma(text: str) -> str | None:
    """No `、` anywhere."""
    return numbered(text.count("、"), "comma") if "、" in text else None


@instruction("ja:punctuation:no_period")
def no_period(text: str) -> str | None:
    """No `。` anywhere."""
    return numbered(text.count("。"), "full stop") if "。" in text else None
