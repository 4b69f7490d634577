r"""Reads numbers as people write them: the last one in a text, and the one that a text states as its answer.

A number, as read here, exactly and without float:

- `1,234,567`, `1,00,000`, `1'234`, `1_234`, `1{,}234`, `1\,234` and groups split by a no-break space are grouped. So are
  `1.234.567` and `1.234,50`, whose comma is decimal.
- `$5`, `5 €` are 5; `-$5`, `$-5` and `−5` (U+2212, or an en dash) are minus 5.
- A minus after a digit, a letter or a closing bracket is a hyphen: `10-5`, `3–4` and `2024-01-05` end in 5, 4 and 5.
- `1/2`, `\frac{1}{2}` and `½` are 0.5, `2½` is 2.5; `1/3`, which is no decimal number, equals nothing; `2/5/2024` is no
  fraction.
- `3.5e2`, `3.5 × 10^2` and `3.5 \times 10^{2}` are 350. Digits of any script count (`１２`).

Some forms have two readings. The first one is the number; an answer is right if any reading is the right one:

| written | readings |
|---|---|
| `1 234` | 234 (the last number), 1 (a stated one), or 1234 |
| `1.234` | 1.234, or 1234 |
| `12,5` | 5 (or 12, stated), or 12.5; `12,500` is 12500 |
| `2 1/2` | 0.5, or 2.5 |
| `50 %` | 50, or 0.5 |
| `1.5 million`, `3k`, `2 dozen` | 1.5, or 1,500,000 |
| `($5)`, `minus 5` | 5, or minus 5 |

An answer is stated by `#### x`, `A: x`, `\boxed{x}`, `answer is x` or `Answer: x` (also in other languages), `<answer>x</answer>`,
with or without markup and words such as "approximately" between; and by a last line that holds nothing but a number in bold or
as a heading (`**42**`, `### 42`). `A: 16 - 3 = 13` states 13; `A: 16 - 3`, a range, `18 or 19`, a date or a time state nothing;
`18 or 18.00` and `$18 or 1800 cents` state 18. Words for numbers (`eighteen`) are not read.

Of several statements the last one counts, up to where a model runs on: behind a line `#### x`, unless it is a heading or `answer
is` or `\boxed` follows; and before a question that follows a finished answer. A response that itself begins with a question asks
its own, and is read to its end.

Three texts may be a model that runs on or an answer in steps. They are read as the references read them, which take the first
match, GSM8K's of `#### (-?[0-9.,]+)` and lm-eval's `gsm8k_cot` of `The answer is (-?[0-9.,]+).`: lines `#### 1`, `#### 2`,
`#### 18` without words state 1; `The answer is 9.` before a line `Question 2:` states 9; and `#### 9 eggs left` states 9 where
nothing follows that states another number, which a last line `**18**` does not.
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
_VULGAR = {"½": "1/2", "¼": "1/4", "¾": "3/4", "⅓": "1/3", "⅔": "2/3", "⅕": "1/5", "⅖": "2/5", "⅗": "3/5", "⅘": "4/5", "⅛": "1/8", "⅜": "3/8", "⅝": "5/8", "⅞": "7/8"}  # fmt: skip
_DROPPED = re.compile(r"[,'’_{}\\!\u202f ]")
_TIMES = r"(?:×|·|\*|x|\\times|\\cdot)"

# Quantifiers are possessive or bounded: a text of any length is read in linear time.
_POWER = rf"(?:[eE][-+]?\d{{1,3}}+(?!\w)|[ ]?{_TIMES}[ ]?10[ ]?\^[ ]?\{{?[-+]?\d{{1,3}}+\}}?)?+"
_BODY = rf"""(?:
      (?<![/.\d])\d{{1,30}}+/\d{{1,30}}+(?![/\d]|\.\d)
    | \d{{0,9}}+\\[dt]?frac(?:\{{\d{{1,30}}+\}}\{{\d{{1,30}}+\}}|\d\d(?!\d))
    | \d{{0,9}}+[{"".join(_VULGAR)}]
    | (?<![.,\d])\d{{1,3}}+(?:[.\u202f]\d{{3}})++,\d++(?![.,]?\d)
    | (?<![.,\d])\d{{1,3}}+(?:\.\d{{3}}){{2,}}+(?![.,]?\d)
    | (?: \d{{1,3}}+(?:(?:,(?:\\!)?|\{{,\}}|\\,|['’_\u202f])\d{{3}}(?!\d))++
        | \d{{1,2}}+(?:,\d\d(?!\d)){{1,5}}+,\d{{3}}(?!\d)
        | \d++ )
      (?:\.\d++)?+ {_POWER}
    | (?<![\w.)\]}}%])\.\d++ {_POWER} )"""
_NUMBER_SOURCE = rf"""(?:
      (?P<sign>(?<![^\W_])(?<![)\]}}%$+-])[-+])?+ (?:\\?[{_CURRENCY}][ ]?)?+ (?P<body>{_BODY})
    | \\?[{_CURRENCY}][ ]?(?P<inner_sign>[-+])(?P<inner_body>{_BODY}) )"""
_NUMBER = re.compile(_NUMBER_SOURCE, re.VERBOSE)
_HEDGE = r"(?i:approximately|approx\.?|about|around|roughly|nearly|almost|exactly|equal[ ]to|ca\.|circa|etwa|environ|aproximadamente)"
_MARKUP = rf"""(?:[\s*_`"'“”‘’(\[{{:=~≈>$]|\\[(\[$]|\\(?:text|mathbf|mathrm|textbf)\b|[A-Za-z][ ]?=|\b{_HEDGE}){{0,24}}?"""
_ANSWER = r"answer|respuesta|réponse|antwort|resposta|risposta|antwoord|odpowiedź|ответ"
_IS = r"is|was|equals|would[ ]be|should[ ]be|es|est|ist|lautet|beträgt|é|è|(?:comes|amounts)[ ]to"
_STATED = re.compile(
    rf"""(?: (?<!\#)(?P<hashes>\#{{4,}}+)
           | (?<![^\W_])A[ ]?:
           | (?i:\b(?:{_ANSWER})(?:[ ](?:final|correcta|finale))?)[*_\s]{{0,4}}(?:(?P<verb>(?i:{_IS}))\b|[:=])
           | (?:答案|答え)[ ]?(?:是|は|为|為|:)
           | [<\[](?i:(?:final[_ ]?)?answer)[>\]]
           | \\(?:boxed|fbox)\s{{0,3}}\{{ )
         (?P<markup>{_MARKUP}) {_NUMBER_SOURCE}""",
    re.VERBOSE,
)
_ALONE = re.compile(
    r"(?:\A|\n)[ \t]*+(?:\#{1,3}[ \t]++(?:\*\*)?|\*\*|__)(?P<markup>[ $\\(]{0,4})"
    + _NUMBER_SOURCE
    + r"[ )*_.!$\\\s]{0,24}\Z",
    re.VERBOSE,
)
_GROUPS = re.compile(r"(?: \d{3}(?!\d))++(?:\.\d++)?+(?=[ \t*_`$}.)\]]{0,10}(?:\n|\r|\Z))")
# `1. First`, `1st step`: a list or a heading, not an answer.
_ITEM = re.compile(r"[.)][ \t]+\S|(?:st|nd|rd|th)\b[ \t]+\S")
_AFTER = re.compile(rf"[\s%.{_CURRENCY}]*+")
_TERM = re.compile(rf"[ \t]*(?:[-+*/×÷·x^:]|\\times|\\cdot|\\div)[ \t]*\\?[{_CURRENCY}]?[ ]?[\d(.]")
_OTHERWISE = re.compile(rf"[ \t]+(?P<word>or|to|oder|ou)[ \t]+(?=\\?[{_CURRENCY}]?[ ]?\d)")
_UNIT = re.compile(r"[ ]?[^\W\d_]")
_RESULT = re.compile(rf"=(?P<markup>{_MARKUP}){_NUMBER_SOURCE}", re.VERBOSE)
_FILLED = re.compile(
    rf"(?<!\#)\#{{4,}}+(?P<markup>[ \t*_$\\(]{{0,8}}){_NUMBER_SOURCE}(?=[^\n\d:]{{0,20}}(?:\n|\Z))",
    re.VERBOSE,
)
_BARE = re.compile(r"[^\w\n]*+(?:\n|\Z)")
_ASKED = r"(?:Question|Problem|Q|Human|User|Instruction)"
_NEXT = re.compile(rf"\n[ \t*_#]{{0,8}}{_ASKED}[ ]?(?:\d{{1,3}})?:")
_NEXT_EXAMPLE = re.compile(rf"\n[ \t\r]*+\n[ \t*_#]{{0,8}}{_ASKED}[ ]?:")
_ASKS = re.compile(
    rf"\s*+[*_#]{{0,8}}[ ]?(?:(?:[Ss]ub-?)?{_ASKED}[ ]?(?:\d{{1,3}})?:|\d{{1,2}}[.)][ ][^\n?]{{1,300}}\?)"
)
_LABELLED = re.compile(
    rf"(?:\A|\n)[ \t*_#]{{0,8}}(?:A|(?i:(?:final[ ])?answer))[*_ ]{{0,4}}:(?P<markup>{_MARKUP}){_NUMBER_SOURCE}",
    re.VERBOSE,
)
_SCALES = {
    "dozen": 12, "hundred": 100, "thousand": 10**3, "tausend": 10**3, "mil": 10**3, "k": 10**3, "lakh": 10**5, "crore": 10**7,
    "million": 10**6, "millions": 10**6, "millionen": 10**6, "millones": 10**6, "mio": 10**6, "m": 10**6,
    "billion": 10**9, "billions": 10**9, "milliard": 10**9, "milliards": 10**9, "milliarden": 10**9, "bn": 10**9, "b": 10**9,
    "trillion": 10**12, "trillions": 10**12,
}  # fmt: skip
_WORDS = "|".join(name for name in _SCALES if len(name) > 2)
_SCALE = re.compile(rf"[ ]?(?:{_WORDS}|per[ ]?cent)\b|[ ]?\\?%|(?:bn|[kmb])\b", re.IGNORECASE)
_SPACED = re.compile(r"(?<![\d.,])\d{1,3}(?: \d{3})+(?!\d)(?:[.,]\d+)?")
_MARKED = re.compile(r"(?<![\d.,])\d{1,30}[,.]\d{1,30}(?![,.]?\d)")
_THOUSANDS = re.compile(r"[1-9]\d{0,2}[.,]\d{3}")
_MIXED = re.compile(r"(?<![\d.,/])(\d{1,9}) (\d{1,9})/(\d{1,9})(?![/\d])")
_ACCOUNT = re.compile(rf"\([ ]?\\?[{_CURRENCY}][ ]?\Z")
_NEGATIVE = re.compile(rf"(?i:\b(?:minus|negative)) \\?[{_CURRENCY}]?[ ]?\Z")
_FRACTION = re.compile(r"(\d*)\\[dt]?frac\{?(\d+?)\}?\{?(\d+)\}?")
_TEN = re.compile(rf"(.+?)[ ]?{_TIMES}[ ]?10[ ]?\^[ ]?\{{?([-+]?\d+)\}}?")
_EUROPEAN = re.compile(r"\d{1,3}(?:[.\u202f]\d{3})+,\d+|\d{1,3}(?:\.\d{3}){2,}")
_EXACT = Context(prec=200, traps=[Inexact, DivisionByZero, InvalidOperation])


@dataclass(frozen=True, slots=True)
class Number:
    """A number in a text."""

    text: str
    """As written there."""
    value: Decimal | None
    """None where it is no decimal number, as 1/3."""
    others: tuple[tuple[str, Decimal], ...] = ()
    """Other readings, each with all that it reads."""

    def shown(self, right: Callable[[Decimal], bool]) -> tuple[str, bool]:
        """As written, and whether a reading is right; of a right one all that it reads."""
        if self.value is not None and right(self.value):
            return self.text, True
        return next(((text, True) for text, value in self.others if right(value)), (self.text, False))


def number(text: str) -> Decimal | None:
    """The value of a text that is one number and nothing else, in its first reading; None for another text, and for 1/3."""
    text = text.translate(_SAME).strip()
    match = _NUMBER.match(text)
    if match is None:
        return None
    end = _end(match, text)
    return _read(text, text, match, match.start(), end).value if _AFTER.fullmatch(text, end) else None


def last_number(text: str) -> Number | None:
    """The last number in a text, up to where its answer ends."""
    same = _same(text)
    end = _answer_end(same)
    while end >= 0:
        # No number spans lines: whole lines can be read from the last ones backwards.
        start = same.rfind("\n", 0, max(0, end - 1000)) + 1
        if last := deque(_NUMBER.finditer(same, start, end), maxlen=1):
            return _read(text, same, last[0], last[0].start(), last[0].end())
        end = start - 1
    return None


def stated_number(text: str) -> Number | None:
    """The last number that a text states as its answer, up to where the answer ends."""
    same = _same(text)
    end = _answer_end(same)
    for match in reversed(
        deque(_STATED.finditer(same, 0, end), maxlen=100)
    ):  # bounds what a hostile text costs
        listed = match["hashes"] or "\n" in match["markup"]
        if listed and _ITEM.match(same, match.end()):
            continue
        if stated := _statement(same, match):
            return _read(text, same, *stated)
    last = same[:end].rstrip().rfind("\n")
    alone = _ALONE.match(same, max(last, 0), end)
    return _read(text, same, alone, alone.end("markup"), _end(alone, same)) if alone else None


def _same(text: str) -> str:
    return text if text.isascii() else text.translate(_SAME)


def _answer_end(text: str) -> int:
    """Where the answer ends and a model runs on."""
    asks = _ASKS.match(text)
    if asks and _NEXT.search(text, asks.end()):
        return len(text)  # a problem in parts, each with its own answer
    stop = _next_example(text)
    line = _final_line(text, stop)
    end = text.find("\n", line.end(), stop) if line else -1
    return end if end >= 0 else stop


def _next_example(text: str) -> int:
    """Where a further example begins after a finished answer. Only a blank line tells one from a next part after `A: 5`."""
    starts = [len(text)]
    if not _NEXT.search(text):  # nearly every text, and much faster than what follows
        return len(text)
    finished = (
        match for match in _STATED.finditer(text) if _finishes(match) and not _ITEM.match(text, match.end())
    )
    if (answer := next(finished, None)) and (question := _NEXT.search(text, answer.end())):
        starts.append(question.start())
    if (answer := _LABELLED.search(text)) and (question := _NEXT_EXAMPLE.search(text, answer.end())):
        starts.append(question.start())
    return min(starts)


def _finishes(match: re.Match[str]) -> bool:
    """Is it `#### x`, `answer is x` or `\\boxed{x}`, which end an answer as `A: x`, perhaps of a part, does not?"""
    return bool(match["hashes"] or match["verb"] or match[0].startswith("\\"))


def _final_line(text: str, stop: int) -> re.Match[str] | None:
    """The line `#### x` that ends the answer: the first that nothing corrects; one with words may be a heading."""
    if "####" not in text:
        return None
    stated = deque(_STATED.finditer(text, 0, stop), maxlen=100)
    corrected = next((match.start() for match in reversed(stated) if _corrects(text, match)), -1)
    lines = [line for line in _FILLED.finditer(text, 0, stop) if not _ITEM.match(text, line.end())]
    for line in lines:
        if line.start() > corrected and _BARE.match(text, line.end(), stop):
            return line
    alone = len(lines) == 1 and all(match.start() <= lines[0].start() for match in stated)
    return lines[0] if alone else None


def _corrects(text: str, match: re.Match[str]) -> bool:
    """Does a statement count more than a bare `#### x` before it? A second bare one is a model that repeats itself."""
    if not match["hashes"]:
        return _finishes(match)
    stated = _statement(text, match)
    return stated is not None and stated[0] is not match


def _statement(text: str, match: re.Match[str]) -> tuple[re.Match[str], int, int] | None:
    """The stated number and its place: behind the last `=` of a calculation, nowhere in one without."""
    start, end = match.end("markup"), _end(match, text)
    if other := _OTHERWISE.match(text, end):
        same = _same_again(text, _read(text, text, match, start, end), other)
        return (match, start, end) if same else None
    if not _TERM.match(text, end):
        return match, start, end
    stop = text.find("\n", end, end + 200)
    results = list(_RESULT.finditer(text, end, stop if stop >= 0 else end + 200))
    return (results[-1], results[-1].end("markup"), results[-1].end()) if results else None


def _same_again(text: str, first: Number, other: re.Match[str]) -> bool:
    """Is the number behind `or` the first one again: equal, or in a smaller unit (`$18 or 1800 cents`)?"""
    match = _NUMBER.match(text, other.end())
    if match is None or first.value is None:
        return False
    end = _end(match, text)
    second = _read(text, text, match, match.start(), end)
    if second.shown(lambda value: first.shown(value.__eq__)[1])[1]:
        return True
    if other["word"] == "to" or not first.value or second.value is None or not _UNIT.match(text, end):
        return False
    # `18 or 19 eggs` is no answer: units that people convert between differ by ten times or more.
    try:
        times = _EXACT.divide(second.value, first.value)
    except DecimalException:
        return False
    return times >= 10 and times == times.to_integral_value()


def _body(match: re.Match[str]) -> tuple[int, int]:
    return match.span("body" if match["body"] is not None else "inner_body")


def _end(match: re.Match[str], text: str) -> int:
    """Where a number ends, with the groups of three that plain spaces split off."""
    start, end = _body(match)
    groups = _GROUPS.match(text, end) if text[start:end].isdigit() and end - start <= 3 else None
    return groups.end() if groups else end


def _read(text: str, same: str, match: re.Match[str], start: int, end: int) -> Number:
    """The number at a place, with its other readings."""
    body = _body(match)[0]
    size = _size(same[body:end])
    minus = "-" in (match["sign"], match["inner_sign"])
    others = [
        (text[min(left, start) : max(right, end)], _signed(other, minus))
        for left, right, other in _others(same, body, end, size)
    ]
    return Number(text[start:end].strip(), _signed(size, minus) if size is not None else None, tuple(others))


def _others(text: str, start: int, end: int, size: Decimal | None) -> list[tuple[int, int, Decimal]]:
    """Place and size of each further reading of the number at a place."""
    readings = [] if size is None else [(start, end, size)]
    for form in (_SPACED, _MARKED, _MIXED):
        for match in form.finditer(text, max(0, start - 60), end + 60):
            if match.start() <= start and match.end() >= end:
                readings += [(match.start(), match.end(), other) for other in _sizes(match)]
    after = max([end, *(right for _, right, _ in readings)])
    if scale := _SCALE.match(text, after):
        scaled = [
            (left, scale.end(), product)
            for left, right, other in readings
            if right == after and (product := _product(other, _factor(scale))) is not None
        ]
        readings += scaled
    account = text[end : end + 1] == ")" and _ACCOUNT.search(text, max(0, start - 5), start)
    if size is not None and (account or _NEGATIVE.search(text, max(0, start - 12), start)):
        readings.append((start, end, size.copy_negate()))
    return [reading for reading in dict.fromkeys(readings) if reading[2] != size]


def _sizes(match: re.Match[str]) -> list[Decimal]:
    if match.re is _MIXED:
        part = _quotient(match[2], match[3])
        return [] if part is None or part >= 1 else [_EXACT.add(Decimal(match[1]), part)]
    digits = match[0].replace(" ", "")
    if match.re is _MARKED and _THOUSANDS.fullmatch(digits):
        return [Decimal(digits.replace(".", ""))] if "." in digits else []
    return [Decimal(digits.replace(",", "."))]


def _factor(scale: re.Match[str]) -> Decimal:
    word = scale[0].strip(" \\").casefold()
    return Decimal("0.01") if word.startswith(("%", "per")) else Decimal(_SCALES[word])


def _signed(size: Decimal, minus: bool) -> Decimal:
    return size.copy_negate() if minus else size


def _size(body: str) -> Decimal | None:
    """The value of a number without its sign, as written."""
    if body[-1:] in _VULGAR:
        return _mixed(body[:-1], *_VULGAR[body[-1]].split("/"))
    if fraction := _FRACTION.fullmatch(body):
        return _mixed(*fraction.groups())
    if "/" in body:
        return _mixed("", *body.split("/"))
    if power := _TEN.fullmatch(body):
        size = _size(power[1])
        return None if size is None else _product(size, Decimal(10).scaleb(int(power[2]) - 1))
    if _EUROPEAN.fullmatch(body):
        body = body.replace(".", "").replace("\u202f", "").replace(",", ".")
    return Decimal(_DROPPED.sub("", body))


def _mixed(whole: str, above: str, below: str) -> Decimal | None:
    part = _quotient(above, below)
    return None if part is None else _EXACT.add(Decimal(whole or 0), part)


def _product(size: Decimal, factor: Decimal) -> Decimal | None:
    """None where a number has too many digits to be multiplied exactly."""
    try:
        return _EXACT.multiply(size, factor)
    except DecimalException:
        return None


def _quotient(above: str, below: str) -> Decimal | None:
    try:
        return _EXACT.divide(Decimal(above), Decimal(below))
    except DecimalException:
        return None
