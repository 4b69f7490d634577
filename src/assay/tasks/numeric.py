r"""Numeric match (NM): is the number in a response the right one? It knows no subject and no model.

    example: {"question": "Ann has 3 pens and buys 2. How many has she?", "answer": "3 + 2 = 5\n#### 5"}
    response: "She had 3 and bought 2. The answer is **5**, so Ann has 5 pens in 2 colours."
    format: 5, the last number that the text calls its answer; flexible: 2, the last number in it

Data: GSM8K's form (JSONL, the number after `####`), SVAMP's (a JSON array of ID, Body, Question,
Answer), or JSONL of `{key?, question, answer}`. An answer is stated by `#### x`, `A: x`, `\boxed{x}`,
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

Asked without a chat template, the form and the stops are those of lm-eval's `gsm8k`, whose figures
differ by its examples (5 drawn from GSM8K's training set for each question, with `<<3+2=5>>` in their
answers; here the same 4 of `few_shot`, `shots: 5` in a study for as many) and its limit (256 tokens, unless
told; here 1024, so that a long way to an answer is not cut). With one, lm-eval sends the same text as a
user's turn; here a sentence asks for steps and a last line `#### x`. Its `gsm8k_cot` says `Q:`, `A:` and
`The answer is x.`, which is read here too.
"""

from __future__ import annotations

import re
from collections import deque
from decimal import Context, Decimal, DecimalException, DivisionByZero, Inexact, InvalidOperation
from math import isfinite
from pathlib import Path
from typing import ClassVar

from assay.tasks.data_file import Row, read_examples
from assay.tasks.few_shot import EXAMPLES, few_shot_text
from assay.tasks.task import Example, Form, HubData, Metric, Score, Task

__all__ = ["Numeric", "last_number", "number", "stated_number"]

TO_ANSWER = "Work step by step, and end with a last line that holds only #### and the answer as a number."
"""The words after a question under a chat template."""

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


class Numeric(Task):
    """Word problems with a number as the answer: GSM8K, SVAMP, or one's own."""

    kind: ClassVar[str] = "numeric"
    capability: ClassVar[str] = "numeric"
    data_field: ClassVar[str] = "examples"
    version: ClassVar[str] = "1"
    source: ClassVar[str] = (
        "https://raw.githubusercontent.com/openai/grade-school-math/master/grade_school_math/data/test.jsonl"
    )
    form: ClassVar[Form] = Form(
        max_tokens=1024, stop=("Question:", "</s>", "<|im_end|>"), shots=4, most_shots=len(EXAMPLES)
    )
    hub: ClassVar[HubData | None] = HubData(
        "openai/gsm8k", "cc7b047b6e5bb11b4f1af84efc572db110a51b3c", split="test", config="main"
    )
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("numeric_match", "binary", "numeric match, last number", extracted_by="numeric_found"),
        Metric("format_match", "binary", "numeric match, stated answer", extracted_by="format_found"),
        Metric("numeric_found", "binary", "responses with a number"),
        Metric("format_found", "binary", "responses with a stated answer"),
    )

    def read(self, path: Path) -> tuple[Example, ...]:
        """The examples of a GSM8K, SVAMP or plain file. Raises TaskError naming file, line and fix.

        Keys are `key` or SVAMP's `ID`, else the position from 0.
        """
        return read_examples(path, _example)

    def prompt(self, example: Example, chat: bool, shots: int) -> str:
        """The question and how to answer it; without a chat template, worked examples and `Answer:`."""
        if not chat:
            return f"{few_shot_text(shots)}Question: {example.prompt}\nAnswer:"
        question = f"{few_shot_text(shots)}Question: {example.prompt}" if shots else example.prompt
        return f"{question}\n\n{TO_ANSWER}"

    def score(self, example: Example, response: str) -> Score:
        """Compare both extractions with the right answer."""
        right = Decimal(example.data["answer"])
        flexible, stated = last_number(response), stated_number(response)
        right_last = flexible is not None and number(flexible) == right
        right_stated = stated is not None and number(stated) == right
        detail = {
            "flexible": right_last,
            "format": right_stated,
            "extracted": _shown(flexible),
            "format_extracted": _shown(stated),
        }
        passed = (right_last, right_stated, flexible is not None, stated is not None)
        return Score(tuple(map(int, passed)), (1, 1, 1, 1), detail)


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


def last_number(text: str) -> str | None:
    """The last number in a text, as written there."""
    same = text.translate(_SAME) if not text.isascii() else text
    end = len(same)
    while end >= 0:
        # No number spans lines: whole lines can be read from the last ones backwards.
        start = same.rfind("\n", 0, max(0, end - 1000)) + 1
        if found := deque(_NUMBER.finditer(same, start, end), maxlen=1):
            return text[found[0].start() : found[0].end()]
        end = start - 1
    return None


def stated_number(text: str) -> str | None:
    """The last number that a text states as its answer, as written there."""
    same = text.translate(_SAME) if not text.isascii() else text
    for match in reversed(deque(_STATED.finditer(same), maxlen=100)):  # bounds what a hostile text costs
        listed = match["hashes"] or "\n" in match["markup"]
        if listed and _ITEM.match(same, match.end()):
            continue
        if span := _statement(same, match):
            return text[span[0] : span[1]].strip()
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


def _shown(text: str | None) -> str | None:
    return text if text is None or len(text) <= 80 else f"{text[:80]}..."


def _example(row: Row) -> Example:
    svamp = "Body" in row.values
    key = row.key("key", "ID")
    question = f"{row.text('Body').strip()} {row.text('Question').strip()}" if svamp else row.text("question")
    return Example(key, question, {"answer": _answer(row, "Answer" if svamp else "answer")})


def _answer(row: Row, name: str) -> str:
    """The right answer in plain digits."""
    answer = row.values.get(name)
    value = None
    if isinstance(answer, str):
        value = number(answer.rpartition("####")[2])
    elif isinstance(answer, int | float) and not isinstance(answer, bool):
        value = Decimal(repr(answer)) if isfinite(answer) else None
    if value is None:
        end = repr(answer)
        held = f"...{end[-80:]}" if name in row.values and len(end) > 80 else row.shown(name)
        raise row.error(
            f"`{name}` is {held}, which is no number",
            "write digits, as in `18`, `2.5` or, after a solution, `#### 18`",
        )
    if isinstance(answer, float) and len(value.as_tuple().digits) > 15:
        raise row.error(f"`{name}` is {answer!r}, too long for JSON's numbers", "write it in quotes")
    plain = f"{value:f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain
