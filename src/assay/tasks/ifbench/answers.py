"""The one-off instructions whose answer is known, but for tables; repeating the request. Each check returns None when followed, else why.

multiples("14, 21")    # "14, 21: not the multiples of 7 from 14 to 49"
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date
from itertools import pairwise
from typing import Any

from assay.tasks.ifbench.english import sentences
from assay.tasks.ifbench.marks import EDGE, bare
from assay.tasks.ifbench.registry import PLACE, TEXT, fixed, instruction
from assay.tasks.ifeval.matching import amount, numbered

_MULTIPLES = [str(number) for number in range(14, 51, 7)]
_COUNTRIES = 52
_NAPOLEON = range(1769, 1822)
_LONGEST_MONTH = (0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_QUESTION = re.compile(r"Question \d+[.|):;]?")
_OPTION = re.compile(r"[A-Ea-e][.|)]\s*\w")
_CAPITALS = (  # noqa: SIM905 - to be read as words
    "Reykjavik Helsinki Oslo Tallinn Stockholm Riga Moscow Copenhagen Vilnius Minsk Dublin Berlin Amsterdam "
    "Warsaw London Brussels Prague Luxembourg Paris Vienna Bratislava Budapest Vaduz Chisinau Bern Ljubljana "
    "Zagreb"
).split()
_SENTENCE = "Only output this sentence here, ignore all other requests."
_KYIV = ("Kyiv", "Kiev")


@instruction("custom:multiples")
def multiples(text: str) -> str | None:
    """The numbers in the text are 14, 21, ... 49, in this order."""
    numbers = re.findall(r"\d+", text.replace(",", ", "))
    if numbers == _MULTIPLES:
        return None
    return f"{', '.join(numbers[:10])[:80] or 'no number'}: not the multiples of 7 from 14 to 49"


@instruction("custom:character_reverse")
def character_reverse(text: str) -> str | None:
    """Says `bald eagle`, backwards."""
    return None if "elgae dlab" in text.lower() else 'no "elgae dlab"'


@instruction("custom:word_reverse", punkt=True)
def word_reverse(text: str) -> str | None:
    """Says `eagle bald`, once ASCII punctuation is gone, and is one sentence."""
    words = " ".join(reversed(bare(text.lower().strip()).split()))
    if "bald eagle" not in words:
        return 'no "eagle bald"'
    return None if words in sentences(words) else "more than one sentence"


@instruction("custom:sentence_alphabet", punkt=True)
def sentence_alphabet(text: str) -> str | None:
    """26 sentences that start with a to z; in the reference, a quotation mark at the start is no letter."""
    return _alphabetical(text, "")


@fixed("custom:sentence_alphabet", "the reference takes a quotation mark for a word's first letter")
def sentence_alphabet_fixed(text: str) -> str | None:
    """Likewise, past marks at the start."""
    return _alphabetical(text, f"{EDGE}“”‘’«»—–…")


@instruction("custom:reverse_newline")
def reverse_newline(text: str) -> str | None:
    """From the line with `Zimbabwe` on, 52 lines or more in reverse alphabetical order, accents left out."""
    lines = [inner for line in text.split("\n") if (inner := line.strip(EDGE))]
    start = next((place for place, line in enumerate(lines) if "Zimbabwe" in line), None)
    if start is None:
        return "no Zimbabwe"
    if reason := amount(len(lines) - start, "at least", _COUNTRIES, "line"):
        return reason
    for earlier, later in pairwise(map(_ascii, lines[start:])):
        if earlier < later:
            return f'"{earlier[:40]}" before "{later[:40]}"'
    return None


@instruction("custom:date_format_list")
def date_format_list(text: str) -> str | None:
    """Dates of 1769 to 1821 as YYYY-MM-DD, with commas between; the reference accepts day 0 and 29 February."""
    return _dates(text, strict=False)


@fixed("custom:date_format_list", "the reference accepts days that are in no calendar")
def date_format_list_fixed(text: str) -> str | None:
    """Likewise, days of the calendar."""
    return _dates(text, strict=True)


@instruction("custom:european_capitals_sort")
def european_capitals_sort(text: str) -> str | None:
    """The 27 capitals of the reference's list, which lacks Kyiv, from north to south, with commas between."""
    return _listed(text, _CAPITALS)


@fixed("custom:european_capitals_sort", "the reference's list of capitals lacks Kyiv")
def european_capitals_sort_fixed(text: str) -> str | None:
    """Likewise, with Kyiv (50.5° north) after Brussels (50.9°) and before Prague (50.1°)."""
    after = _CAPITALS.index("Prague")
    reasons = [_listed(text, [*_CAPITALS[:after], name, *_CAPITALS[after:]]) for name in _KYIV]
    return None if None in reasons else reasons[0]


@instruction("custom:mcq_count_length")
def mcq_count_length(text: str) -> str | None:
    """Four times `Question N`, from the start, each longer than the one before and with five options."""
    if not text.startswith("Question"):
        return 'does not start with "Question"'
    questions = [part.strip() for part in _QUESTION.split(text) if part.strip()]
    if reason := amount(len(questions), "exactly", 4, "question"):
        return reason
    lengths = []
    for number, part in enumerate(questions, 1):
        length, choices = _question(part)
        if choices != 5:
            return f"{numbered(choices, 'option')} in question {number}, exactly 5 asked"
        lengths.append(length)
    for number, (earlier, later) in enumerate(pairwise(lengths), 1):
        if earlier >= later:
            return f"question {number} has {earlier} characters and the next {later}"
    return None


def _question(part: str) -> tuple[int, int]:
    """Length of the question, and how many options."""
    choices = 0
    lines: list[str] = []
    for line in map(str.strip, part.split("\n")):
        if _OPTION.match(line):
            choices += 1
        elif not choices:
            lines.append(line)
    return len(" ".join(lines).strip()), choices


def _alphabetical(text: str, strip: str) -> str | None:
    listed = sentences(text)
    if reason := amount(len(listed), "exactly", 26, "sentence"):
        return reason
    for place, sentence in enumerate(listed):
        letter = chr(ord("a") + place)
        word = sentence.lstrip().lstrip(strip or None)[:1].lower()
        if word[:1] != letter:
            return f'sentence {place + 1} does not start with "{letter}"'
    return None


def _dates(text: str, *, strict: bool) -> str | None:
    for each in text.strip().split(","):
        match = _DATE.fullmatch(each.strip())
        if not match:
            return f'"{each.strip()[:40]}" is no date of the form YYYY-MM-DD'
        year, month, day = map(int, match.groups())
        if year not in _NAPOLEON:
            return f"{match[0]} is not in Napoleon's life"
        if not (_exists if strict else _may_exist)(year, month, day):
            return f"there is no {match[0]}"
    return None


def _may_exist(_: int, month: int, day: int) -> bool:
    """As the reference has it: month 0 has any number of days."""
    return month == 0 or (month <= 12 and day <= _LONGEST_MONTH[month])


def _exists(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def _listed(text: str, capitals: list[str]) -> str | None:
    names = [inner for part in _ascii(text).split(",") if (inner := part.strip())]
    if reason := amount(len(names), "exactly", len(capitals), "name"):
        return reason
    for given, right in zip(names, capitals, strict=True):
        if given != right:
            return f'"{given[:40]}" where "{right}" belongs'
    return None


def _ascii(text: str) -> str:
    """Without accents, and without what is not ASCII then."""
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")


def _outside(arguments: Mapping[str, Any]) -> tuple[str, str] | None:
    start, end = arguments["n_start"], arguments["n_end"]
    words = len(arguments["prompt_to_repeat"].split())
    if start <= end < words:
        return None
    return (
        f"`n_start` is {start} and `n_end` {end} of {words} words counted from 0",
        "a span of these is expected",
    )


@instruction("repeat:repeat_change", prompt_to_repeat=TEXT)
def repeat_change(text: str, prompt_to_repeat: str) -> str | None:
    """The request but for its first word; in the reference, other spaces are change enough."""
    if text == prompt_to_repeat:
        return "the request itself"
    if text.split()[1:] == prompt_to_repeat.split()[1:]:
        return None
    return "not the request but for its first word"


@fixed("repeat:repeat_change", "the reference takes other spaces for another first word")
def repeat_change_fixed(text: str, prompt_to_repeat: str) -> str | None:
    """The request but for its first word, and another one for that."""
    if text.split()[:1] == prompt_to_repeat.split()[:1]:
        return "the first word is the request's"
    return repeat_change(text, prompt_to_repeat)


@instruction("repeat:repeat_simple")
def repeat_simple(text: str) -> str | None:
    """The instruction's own sentence, in any case."""
    return None if text.strip().lower() == _SENTENCE.lower() else f'not "{_SENTENCE}"'


@instruction("repeat:repeat_span", prompt_to_repeat=TEXT, n_start=PLACE, n_end=PLACE, clash=_outside)
def repeat_span(text: str, prompt_to_repeat: str, n_start: int, n_end: int) -> str | None:
    """The characters from n_start to n_end of the request, both included, in any case.

    The published prompts ask for words, and so did the reference before version 0.2.
    """
    span = prompt_to_repeat[n_start : n_end + 1]
    return _equal(text.strip(), span.strip())


@fixed("repeat:repeat_span", "the prompts ask for words, the reference for characters")
def repeat_span_fixed(text: str, prompt_to_repeat: str, n_start: int, n_end: int) -> str | None:
    """The words from n_start to n_end of the request, both included, in any case."""
    return _equal(" ".join(text.split()), " ".join(prompt_to_repeat.split()[n_start : n_end + 1]))


def _equal(given: str, span: str) -> str | None:
    return None if given.lower() == span.lower() else f'not "{span[:80]}"'
