"""The rules for the part of FollowBench that needs no judge: a response and a row -> None, or why it fails.

They decide as the reference does (`code/rule_based_evaluation.py` of YJiangcm/FollowBench), also where that is
harsh or lax:

- a sentence ends at each `.`, `!` and `?`: `3.5` makes two, and so do space or a line break behind the last one;
- words are what single spaces split; a response is compared as it is, space around it included;
- in an event list fewer lines than were asked for pass, if each is right;
- the table of group 22 cannot be cared for at levels 4 and 5: the number of a paragraph, `1.`, is a sentence of
  one word there, where each needs more than 20;
- group 30 is asked for short points from level 2 on and for keywords at level 5; the reference looks for keywords
  from level 2 on, and lets every word pass but those that end in `-ly` with its hyphen.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["BY_LEVEL", "BY_TARGET", "GROUPS", "fails", "rule_of"]


_KEYWORD = re.compile(r"\*\*\d")


@dataclass(frozen=True, slots=True)
class _Check:
    """One constraint."""

    failure: str
    """The reason where it does not hold."""
    holds: Callable[[str], bool]


def _sentences(text: str) -> list[str]:
    return [part for part in re.split(r"[.!?]", text) if part]


def _count(text: str) -> int:
    return len(_sentences(text))


def _words(text: str) -> int:
    return len(text.split(" "))


def _has(text: str, word: str) -> bool:
    return re.search(rf"\b{re.escape(word)}\b", text) is not None


def _nth_has(text: str, nth: int, word: str) -> bool:
    parts = _sentences(text)
    return nth <= len(parts) and _has(parts[nth - 1], word)


def _punctuation(text: str) -> int:
    return sum(character in string.punctuation for character in text)


def _sentences_are(count: int) -> _Check:
    sentences = "one sentence" if count == 1 else f"{count} sentences"
    return _Check(f"is not {sentences}", lambda text: _count(text) == count)


def _fewer_words(most: int) -> _Check:
    return _Check(f"has more than {most} words", lambda text: _words(text) <= most)


def _with(word: str) -> _Check:
    return _Check(f'"{word}" is missing', lambda text: _has(text, word))


def _without(word: str) -> _Check:
    return _Check(f'"{word}" is there', lambda text: not _has(text, word))


def _starred(text: str) -> list[str]:
    """Sentences as group 30 counts them: a break behind a stop or question mark, but for abbreviations."""
    return re.split(r"(?<!\w\.\w.)(?<![A-Z][a-z]\.)(?<=\.|\?)\s", text)


def _keywords(text: str) -> int:
    """Keywords like `**1. Growth:`, as `\\*\\*\\d.+?:` finds them, in linear time."""
    count = 0
    for line in text.split("\n"):
        at = 0
        while (match := _KEYWORD.search(line, at)) and (end := line.find(":", match.end() + 1)) >= 0:
            count, at = count + 1, end + 1
    return count


def _numbered(text: str) -> bool:
    paragraphs = [part.lstrip() for part in text.split("\n\n")]
    return all(re.match(r"\d+\.", part) for part in paragraphs if part)


def _short_points(text: str) -> bool:
    points = [part for part in _starred(text) if any(f"{number}." in part for number in range(1, 6))]
    return all(len(part.split(".")) < 3 for part in points)


def _short_paragraphs(text: str) -> bool:
    return all(_count(part) < 3 for part in text.split("\n\n")[:3])


BY_LEVEL: Mapping[str, tuple[_Check, ...]] = {
    "cnn_dailymail": (
        _sentences_are(3),
        _Check(
            "a sentence has 15 words or more", lambda text: all(len(s.split()) < 15 for s in _sentences(text))
        ),
        _Check(
            'its sentences lack "Potter", "actor" and "films", in this order',
            lambda text: all(
                _nth_has(text, n, word) for n, word in enumerate(("Potter", "actor", "films"), 1)
            ),
        ),
        _Check('"lavish" is in the second sentence', lambda text: not _nth_has(text, 2, "lavish")),
        _Check(
            "the third sentence is not in the present perfect",
            lambda text: _count(text) > 2 and bool(re.search(r"\b(has|have)\s+\w+", _sentences(text)[2])),
        ),
    ),
    "xsum": (
        _sentences_are(1),
        _fewer_words(19),
        _without("Newton Stewart"),
        _Check("has no present continuous", lambda text: bool(re.search(r"\b(am|is|are)\s+\w+ing\b", text))),
        _with("operation"),
    ),
    "samsum": (
        _sentences_are(1),
        _fewer_words(14),
        _with("stuff"),
        _Check(
            "a form of procrastinating is there",
            lambda text: re.search("procrast", text, re.IGNORECASE) is None,
        ),
        _Check("has not exactly one punctuation mark", lambda text: _punctuation(text) == 1),
    ),
    "gigaword": (
        _Check("has not 8 words", lambda text: _words(text) == 8),
        _Check("has punctuation", lambda text: not _punctuation(text)),
        _Check("is not in lower case", str.islower),
        _without("bus"),
        _with("in"),
    ),
    "arxiv": (
        _sentences_are(1),
        _fewer_words(20),
        _Check('does not begin with "We"', lambda text: text.startswith("We")),
        _with("activations"),
        _without("transformer"),
    ),
    "format-30": (
        _Check('"**" is missing', lambda text: "**" in text),
        _Check("has not 5 keywords like `**1. Growth:`", lambda text: _keywords(text) == 5),
        _Check("a point has 2 sentences or more", _short_points),
        _Check(
            "a sentence has not 10 to 15 words",
            lambda text: all(10 <= len(part.split()) <= 15 for part in _starred(text)),
        ),
        _Check('a word ends in "-ly"', lambda text: not any(word.endswith("-ly") for word in text.split())),
    ),
}
"""Groups with a constraint more at each level; at a level all up to it must hold."""

_FORM_22: tuple[_Check, ...] = (
    _Check("a paragraph has 3 sentences or more", _short_paragraphs),
    _Check(
        "a sentence has 20 words or fewer",
        lambda text: all(len(part.split()) > 20 for part in _sentences(text)),
    ),
    _Check("a paragraph does not begin with a number", _numbered),
    _Check('does not end with "Those are suggestions"', lambda text: text.endswith("Those are suggestions")),
)


def _table(response: str, level: int) -> str | None:
    """Group 22 of format: three paragraphs, and at level 5 a fourth with the last words."""
    paragraphs = 4 if level == 5 else 3
    if len(response.split("\n\n")) != paragraphs:
        return f"has not {paragraphs} paragraphs"
    return _first(_FORM_22[: level - 1], response)


def _first(checks: Sequence[_Check], response: str) -> str | None:
    return next((check.failure for check in checks if not check.holds(response)), None)


def _exact(response: str, target: Any) -> str | None:
    return None if response == target else f"is not {target!r}"[:200]


def _events(response: str, target: str) -> str | None:
    known = target.split("\n")
    wrong = next((line for line in response.split("\n") if line not in known), None)
    return None if wrong is None else f"{wrong[:80]!r} is none of the events"


def _entity(response: str, target: Sequence[str]) -> str | None:
    return None if response in target else f"is none of {', '.join(target)}"[:200]


def _last(pattern: str) -> Callable[[str, Any], str | None]:
    def check(response: str, target: Any) -> str | None:
        answers = re.findall(pattern, response)
        if answers and answers[-1] == target:
            return None
        return (
            f"answers {answers[-1]}, right is {target}" if answers else f"gives no answer, right is {target}"
        )

    return check


def _held(response: str, target: Any) -> str | None:
    return None if target in response else f"{target!r} is not in it"


def _template(response: str, target: str) -> str | None:
    """A response in the form that the worked examples show; one line stands for the answer."""
    form = target.replace("{instruction}\n", "")
    form = form.replace("{{", "{").replace("}}", "}").replace("{answer}", ".*")
    pattern = ".*".join(map(re.escape, form.split(".*")))
    return None if re.fullmatch(pattern, response) else f"is not of the form {form!r}"[:200]


BY_TARGET: Mapping[str, Callable[[str, Any], str | None]] = {
    "E2E": _exact,
    "WIKIEVENTS": _events,
    "CONLL2003": _entity,
    "text_editing": _exact,
    "BBH_logical": _last(r"\([A-Z]\)"),
    "BBH_time": _last(r"\d{2}/\d{2}/\d{4}"),
    "self_made_space": _held,
    "gsm_8k": _last(r"\$\d+"),
    "example": _template,
}
"""Groups whose rows have the right answer, or its form."""
GROUPS = {("format", 22): "format-22", ("format", 30): "format-30"}
"""Groups of which the source says nothing."""


def rule_of(kind: str, group: int, source: str) -> str | None:
    """The rule that decides a row, by its kind, group and source; None where a judge has to."""
    if kind == "example":
        return "example"
    if source in BY_TARGET or source in BY_LEVEL:
        return source
    return GROUPS.get((kind, group))


def fails(rule: str, response: str, target: Any, level: int) -> str | None:
    """Why a response fails its rule at a level; None where it passes."""
    if rule in BY_TARGET:
        return BY_TARGET[rule](response, target)
    if rule == "format-22":
        return _table(response, level)
    return _first(BY_LEVEL[rule][:level], response)
