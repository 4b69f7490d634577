r"""Reads numbers: the last one in a text, and the one that a text states as its answer.

An answer is stated by `#### x`, `A: x`, `\boxed{x}`,
`answer is x` or `Answer: x`, with or without markup between; `A: 16 - 3 = 13` states 13, and
`A: 16 - 3`, a range, a date or a time states nothing.

A number, as read here, exactly and without float:

- `1,234,567`, `1,00,000`, `1'234`, `1_234`, `1{,}234`, `1\,234` and groups split by a no-break space
  are grouped; a plain space groups only in a stated answer that fills its line (`#### 12 345`). The
  point is decimal, always: `1.000,5` is 1.000 and then 5.
- `$5`, `5 €`, `50%` are 5, 5 and 50: signs of currency and percent are dropped, not applied; so are
  words (`1.8 billion` is 1.8). `-$5`, `$-5` and `−5` (U+2212, or an en dash) are minus 5.
- A minus after a digit, a letter or a closing bracket is a hyphen: `10-5`, `3–4` and `2024-01-05` end
  in 5, 4 and 5.
- `1/2` is 0.5; `1/3`, which is no decimal number, equals nothing; `2/5/2024` is no fraction.
- `3.5e2` is 350. Digits of any script count (`１２`).
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Context, Decimal, DecimalException, DivisionByZero, Inexact, InvalidOperation

__all__ = ["Number", "last_number", "number", "stated_number"]

# Typographic variants, a character for a character: places in the text stay.
_SAME = str.maketrans("−–－﹣＋．٫٬：％\u00a0\u2007\u2009", "----+..,:%\u202f\u202f\u202f")
_CURRENCY = "$¢-¥֏؋৲৳৻૱௹฿៛₠-⃀﷼﹩＄￠￡￥￦"
_DROPPED = re.compile(r"[,'’_{}\\!\u202f ]")

# Quantifiers are possessive or bounded: a text of any length is read in linear time.
_POWER = r"(?:[eE][-+]?\d{1,3}+(?!\w))?+"
_BODY = rf"""(?:
      (?<![/.\d])\d{{1,30}}+/\d{{1,30}}+(?![/\d]|\.\d)
    | (?: \d{{1,3}}+(?:(?:,(?:\\!)?|\{{,\}}|\\,|['’_\u202f])\d{{3}}(?!\d))++
        | \d{{1,2}}+(?:,\d\d(?!\d)){{1,5}}+,\d{{3}}(?!\d)
        | \d++ )
      (?:\.\d++)?+ {_POWER}
    | (?<![\w.)\]}}%])\.\d++ {_POWER} )"""
_NUMBER_SOURCE = rf"""(?:
      (?P<sign>(?<![^\W_])(?<![)\]}}%$+-])[-+])?+ (?:\\?[{_CURRENCY}][ ]?)?+ (?P<body>{_BODY})
    | \\?[{_CURRENCY}][ ]?(?P<inner_sign>[-+])(?P<inner_body>{_BODY}) )"""
_NUMBER = re.compile(_NUMBER_SOURCE, re.VERBOSE)
_MARKUP = r"""(?:[\s*_`"'“”‘’(\[{:=~≈>$]|\\[(\[$]|\\(?:text|mathbf|mathrm|textbf)\b|[A-Za-z][ ]?=){0,24}?"""
_STATED = re.compile(
    rf"""(?: (?<!\#)(?P<hashes>\#{{4,}}+)
           | (?<![^\W_])A[ ]?:
           | (?i:\banswer)[*_\s]{{0,4}}(?:(?i:is|was|equals)\b|[:=])
           | \\(?:boxed|fbox)\s{{0,3}}\{{ )
         (?P<markup>{_MARKUP}) {_NUMBER_SOURCE}""",
    re.VERBOSE,
)
_GROUPS = re.compile(r"(?: \d{3}(?!\d))++(?:\.\d++)?+(?=[ \t*_`$}.)\]]{0,10}(?:\n|\r|\Z))")
_ITEM = re.compile(r"[.)][ \t]+\S")  # `1. First`: a list or a heading, not an answer
_AFTER = re.compile(rf"[\s%.{_CURRENCY}]*+")
_TERM = re.compile(rf"[ \t]*(?:[-+*/×÷·x^:]|\\times|\\cdot|\\div)[ \t]*\\?[{_CURRENCY}]?[ ]?[\d(.]")
_RESULT = re.compile(rf"=(?P<markup>{_MARKUP}){_NUMBER_SOURCE}", re.VERBOSE)


@dataclass(frozen=True, slots=True)
class Number:
    """A number in a text."""

    text: str
    """As written there."""
    value: Decimal | None
    """None where it is no decimal number, as 1/3."""

    def shown(self, right: Callable[[Decimal], bool]) -> tuple[str, bool]:
        """As written, and whether it is right."""
        return self.text, self.value is not None and right(self.value)


def _number(text: str) -> Number:
    return Number(text, number(text))


def number(text: str) -> Decimal | None:
    """The value of a text that is one number and nothing else; None for another text, and for 1/3."""
    text = text.translate(_SAME).strip()
    match = _NUMBER.match(text)
    if match is None:
        return None
    end = _end(match, text)
    if not _AFTER.fullmatch(text, end):
        return None
    minus = "-" in (match["sign"], match["inner_sign"])
    body = _DROPPED.sub("", text[_body(match)[0] : end])
    return _decimal(f"-{body}" if minus else body)


def last_number(text: str) -> Number | None:
    """The last number in a text, as written there."""
    same = text.translate(_SAME) if not text.isascii() else text
    end = len(same)
    while end >= 0:
        # No number spans lines: whole lines can be read from the last ones backwards.
        start = same.rfind("\n", 0, max(0, end - 1000)) + 1
        if found := deque(_NUMBER.finditer(same, start, end), maxlen=1):
            return _number(text[found[0].start() : found[0].end()])
        end = start - 1
    return None


def stated_number(text: str) -> Number | None:
    """The last number that a text states as its answer, as written there."""
    same = text.translate(_SAME) if not text.isascii() else text
    for match in reversed(deque(_STATED.finditer(same), maxlen=100)):  # bounds what a hostile text costs
        listed = match["hashes"] or "\n" in match["markup"]
        if listed and _ITEM.match(same, match.end()):
            continue
        if span := _statement(same, match):
            return _number(text[span[0] : span[1]].strip())
    return None


def _statement(text: str, match: re.Match[str]) -> tuple[int, int] | None:
    """Where the stated number is: behind the last `=` of a calculation, nowhere in one without."""
    start, end = match.end("markup"), _end(match, text)
    if not _TERM.match(text, end):
        return start, end
    stop = text.find("\n", end, end + 200)
    results = list(_RESULT.finditer(text, end, stop if stop >= 0 else end + 200))
    return (results[-1].end("markup"), results[-1].end()) if results else None


def _body(match: re.Match[str]) -> tuple[int, int]:
    return match.span("body" if match["body"] is not None else "inner_body")


def _end(match: re.Match[str], text: str) -> int:
    """Where a number ends, with the groups of three that plain spaces split off."""
    start, end = _body(match)
    groups = _GROUPS.match(text, end) if text[start:end].isdigit() and end - start <= 3 else None
    return groups.end() if groups else end


def _decimal(text: str) -> Decimal | None:
    if "/" not in text:
        return Decimal(text)
    above, below = text.split("/")
    try:
        exact = Context(prec=200, traps=[Inexact, DivisionByZero, InvalidOperation])
        return exact.divide(Decimal(above), Decimal(below))
    except DecimalException:
        return None
