"""Lines, bullets, options, emoji. Each check returns None when followed, else the reason.

list_fixed("- one", sep="-")    # '1 line starts with "-", at least 2 asked'
"""

from __future__ import annotations

import re
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from functools import cache
from itertools import pairwise
from typing import Any

from assay.tasks.ifbench.english import is_emoji, sentences
from assay.tasks.ifbench.marks import EDGE, bare, end_mark
from assay.tasks.ifbench.registry import TEXT, fixed, instruction
from assay.tasks.ifeval.matching import amount, numbered, quoted, times

_LETTERED = re.compile(r"\W*a\W*b\W*c", re.IGNORECASE)
_TEMPLATE = ("My Answer:", "My Conclusion:", "Future Outlook:")
_ITALICS = re.compile("<(i|em)>")
_KEYCAP = "\u20e3"


@instruction("format:options", options=TEXT)
def options(text: str, options: str) -> str | None:
    """One of the options and no more; a lettered one exactly, another in any case and with marks around it."""
    # Not by a word's bounds: the reference takes the first of these that it finds anywhere.
    separator = next((each for each in ("/", "or") if each in options), ",")
    choices = [option.strip() for option in options.split(separator)]
    if _LETTERED.match(options):
        followed = text in choices
    else:
        given = text.strip(EDGE).lower()
        followed = any(choice.strip(EDGE).lower() == given for choice in choices)
    return None if followed else f"none of {quoted(choices)}"


@instruction("format:newline")
def newline(text: str) -> str | None:
    """As many lines as words, once ASCII punctuation is gone; in the reference, a line of spaces is one."""
    text = bare(text).strip()
    lines, words = sum(1 for line in text.split("\n") if line), len(text.split())
    return None if lines == words else f"{words} words in {lines} lines"


@fixed("format:newline", "the reference compares two totals, and takes a line of spaces for a line")
def newline_fixed(text: str) -> str | None:
    """Each line has one word, or none."""
    counts = [len(line.split()) for line in bare(text).split("\n")]
    if most := max(counts, default=0):
        return None if most == 1 else f"a line of {most} words"
    return "no words"


@instruction("format:no_whitespace")
def no_whitespace(text: str) -> str | None:
    """No space, no line break, nothing of the kind."""
    count = sum(map(str.isspace, text))
    return numbered(count, "whitespace character") if count else None


@instruction("format:output_template")
def output_template(text: str) -> str | None:
    """The template's three titles, anywhere."""
    missing = [title for title in _TEMPLATE if title not in text]
    return f"missing: {quoted(missing)}" if missing else None


@instruction("format:emoji", punkt=True)
def emoji(text: str) -> str | None:
    """Each sentence ends with an emoji, or the next one starts with one.

    The last character or the one before it, whatever the last is: the reference knows no sequences.
    """
    return _with_emoji(text, lambda end: any(map(is_emoji, end[-2:])), lambda start: is_emoji(start[0]))


@fixed("format:emoji", "the reference knows no flags and keycaps, and passes a character behind an emoji")
def emoji_fixed(text: str) -> str | None:
    """Likewise, the last character as it is shown: flags, keycaps and families are one each."""
    cluster = _cluster()
    return _with_emoji(
        text,
        lambda end: _shows_emoji(cluster.findall(end[-40:])[-1]),
        lambda start: _shows_emoji(cluster.match(start)[0]),
    )


@instruction("format:line_indent")
def line_indent(text: str) -> str | None:
    """Each line is indented more than the one before; empty lines are passed over, though not all of them."""
    return _stairs(_left_by_reference(text.split("\n")))


@fixed(
    "format:line_indent",
    "the reference passes over some empty lines and not over others, and passes a single line",
)
def line_indent_fixed(text: str) -> str | None:
    """Each line is indented more than the one before, without empty lines; two lines at least."""
    lines = [line for line in text.split("\n") if line.strip()]
    return _stairs(lines) if len(lines) > 1 else "a single line, two or more needed for stairs"


@instruction("format:list", sep=TEXT)
def list_(text: str, sep: str) -> str | None:
    """The mark twice or more; the reference finds it anywhere."""
    return times(text.count(sep), "at least", 2, sep)


@fixed("format:list", "the reference finds the mark inside a line")
def list_fixed(text: str, sep: str) -> str | None:
    """Two or more lines start with the mark."""
    lines = sum(line.lstrip().startswith(sep) for line in text.split("\n"))
    if lines >= 2:
        return None
    return f'{lines} line{" starts" if lines == 1 else "s start"} with "{sep}", at least 2 asked'


@instruction("format:sub-bullets")
def sub_bullets(text: str) -> str | None:
    """A `-` follows each `*` before the next; the reference takes any star and any hyphen, or no star at all."""
    without = sum("-" not in part for part in text.split("*")[1:])
    return f"{without} * without a - behind" if without else None


@fixed(
    "format:sub-bullets",
    "the reference takes any star and any hyphen for a bullet, and passes a text without stars, loosely any",
)
def sub_bullets_fixed(text: str) -> str | None:
    """Lines that start with `*`, each followed by one that starts with `-` before the next."""
    subs: list[int] = []
    for line in text.split("\n"):
        if _is_bullet(line):
            subs.append(0)
        elif subs and line.lstrip().startswith("-"):
            subs[-1] += 1
    without = subs.count(0)
    if not subs:
        return "no bullet points"
    return f"{numbered(without, 'bullet point')} without a sub-bullet" if without else None


@instruction("format:no_bullets_bullets", punkt=True)
def no_bullets_bullets(text: str) -> str | None:
    """Two sentences or more, then two or more lines that start with `*`, and nothing else.

    The reference takes an empty line for the end of the sentences, and for something else behind a bullet.
    """
    sentences_over, before, bullets = False, 0, 0
    for line in map(str.strip, text.split("\n")):
        if line.startswith("*"):
            sentences_over, bullets = True, bullets + 1
            if before < 2:
                return amount(before, "at least", 2, "sentence")
        elif sentences_over:
            return "a line behind the sentences that is no bullet point"
        else:
            number = len(sentences(line))
            sentences_over, before = not number, before + number
    return amount(bullets, "at least", 2, "bullet point")


@fixed(
    "format:no_bullets_bullets", "the reference fails a text for an empty line, and asks for no full stops"
)
def no_bullets_bullets_fixed(text: str) -> str | None:
    """Likewise; empty lines count nowhere, and a sentence ends in a full stop."""
    before = bullets = 0
    for line in filter(None, map(str.strip, text.split("\n"))):
        if _is_bullet(line):
            bullets += 1
        elif bullets:
            return "a line behind a bullet point that is none"
        else:
            before += sum(end_mark(sentence) == "." for sentence in sentences(line))
    few = amount(before, "at least", 2, "sentence that ends in a full stop")
    return few or amount(bullets, "at least", 2, "bullet point")


@instruction("format:thesis")
def thesis(text: str) -> str | None:
    """Something in `<i>` or `<em>`, and something behind it; the reference reads both as three letters long."""
    start = next((place for tag in ("<i>", "<em>") if (place := text.find(tag)) >= 0), -1)
    if start < 0:
        return "no <i> or <em>"
    text = text[start:]
    end = next((place for tag in ("</i>", "</em>") if (place := text.find(tag)) >= 0), -1)
    if end < 0:
        return "no </i> or </em> behind it"
    if not text[3:end].strip():
        return "nothing in italics"
    return None if text[end + 4 :].strip() else "nothing behind the italics"


@fixed(
    "format:thesis",
    "the reference takes a part of <em> and </em> for text, and closes one kind with the other",
)
def thesis_fixed(text: str) -> str | None:
    """Likewise; the first that opens, closed by its own kind."""
    opened = _ITALICS.search(text)
    if not opened:
        return "no <i> or <em>"
    inside, closed, behind = text[opened.end() :].partition(f"</{opened[1]}>")
    if not closed:
        return f"no </{opened[1]}> behind it"
    if not inside.strip():
        return "nothing in italics"
    return None if behind.strip() else "nothing behind the italics"


def _is_bullet(line: str) -> bool:
    """Whether it starts with one star that is not half of an emphasis."""
    line = line.strip()
    return line.startswith("*") and (line[1:2].isspace() or line.count("*") == 1)


def _stairs(lines: Iterable[str]) -> str | None:
    indents = [len(line) - len(line.lstrip(" ")) for line in lines]
    for earlier, later in pairwise(indents):
        if later <= earlier:
            return f"a line indented by {earlier} before one indented by {later}"
    return None


def _left_by_reference(lines: list[str]) -> list[str]:
    """What is left where an empty line takes the first of its kind away, and the line behind it is passed over."""
    left, earlier = [True] * len(lines), defaultdict[str, deque[int]](deque)
    place = 0
    while place < len(lines):
        line = lines[place]
        if line.strip():
            place += 1
            continue
        earlier[line].append(place)
        left[earlier[line].popleft()] = False
        if place + 1 < len(lines) and not lines[place + 1].strip():
            earlier[lines[place + 1]].append(place + 1)
        place += 2
    return [line for line, is_left in zip(lines, left, strict=True) if is_left]


def _with_emoji(text: str, ends: Callable[[str], bool], starts: Callable[[str], bool]) -> str | None:
    shown = [bare(sentence).strip() for sentence in sentences(text)]
    for number, (sentence, following) in enumerate(zip(shown, [*shown[1:], ""], strict=True), 1):
        if not sentence or not (ends(sentence) or (following and starts(following))):
            return f"no emoji at the end of sentence {number}"
    return None


def _shows_emoji(cluster: str) -> bool:
    flag = len(cluster) > 1 and all("\U0001f1e6" <= sign <= "\U0001f1ff" for sign in cluster[:2])
    return flag or _KEYCAP in cluster or any(map(is_emoji, cluster))


@cache
def _cluster() -> Any:
    import regex  # late, for it is slow

    return regex.compile(r"\X")
