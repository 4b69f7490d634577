"""Brackets and quotation marks, one inside the other. Each check returns None when followed, else the reason.

parentheses("(a)")    # "1 level of brackets, at least 5 asked"
"""

from __future__ import annotations

import re
import string

from assay.tasks.ifbench.marks import plain_quotes
from assay.tasks.ifbench.registry import fixed, instruction
from assay.tasks.ifeval.matching import numbered

_OPENING = {")": "(", "]": "[", "}": "{"}
_BRACKET = re.compile(r"[()\[\]{}]")
_LEVELS, _QUOTE_LEVELS = 5, 3
_APOSTROPHE = re.compile(r"(?<=\w)['’](?=\w)")
_NO_END = string.digits + string.punctuation.replace('"', "")


@instruction("format:parentheses")
def parentheses(text: str) -> str | None:
    """A bracket closes after five stood open; one that closes another kind starts again.

    The reference asks for one of the five to close.
    """
    stack: list[str] = []
    deepest = most = 0
    for sign in _BRACKET.findall(text):
        if sign not in _OPENING:
            stack.append(sign)
            deepest = max(deepest, len(stack))
            most = max(most, deepest)
        elif stack and stack[-1] == _OPENING[sign]:
            stack.pop()
            if deepest >= _LEVELS:
                return None
        else:
            stack, deepest = [], 0
    return "five brackets open, none closes" if most >= _LEVELS else _levels(most)


@fixed("format:parentheses", "the reference passes five open brackets of which one is closed")
def parentheses_fixed(text: str) -> str | None:
    """Five brackets, one inside the other, all closed."""
    stack: list[str] = []
    most = 0
    inside = [0]  # levels closed inside each open bracket, and outside of all
    for sign in _BRACKET.findall(text):
        if sign not in _OPENING:
            stack.append(sign)
            inside.append(0)
        elif stack and stack[-1] == _OPENING[sign]:
            stack.pop()
            levels = inside.pop() + 1
            inside[-1] = max(inside[-1], levels)
            most = max(most, levels)
        else:
            stack, inside = [], [0]
    return None if most >= _LEVELS else _levels(most)


@instruction("format:quotes")
def quotes(text: str) -> str | None:
    """`"` and `'` stand three deep in each other, and close; in the reference, an apostrophe is one of them."""
    stack: list[str] = []
    deepest = 0
    for sign in text:
        if stack and sign == stack[-1]:
            stack.pop()
            if deepest - len(stack) >= _QUOTE_LEVELS:
                return None
        elif sign in "\"'":
            stack.append(sign)
            deepest = max(deepest, len(stack))
    if deepest >= _QUOTE_LEVELS:
        return "quotes that do not close"
    return f"{numbered(deepest, 'level')} of quotes, at least {_QUOTE_LEVELS} asked"


@fixed("format:quotes", "the reference takes an apostrophe for a quotation mark and knows no curly ones")
def quotes_fixed(text: str) -> str | None:
    """Likewise, curly ones too; an apostrophe inside a word is none."""
    return quotes(plain_quotes(_APOSTROPHE.sub("", text)))


@instruction("format:quote_unquote")
def quote_unquote(text: str) -> str | None:
    """No two `"` stand side by side but for space, and none at the end but for digits and marks."""
    text = "".join(text.replace("'\"'", "").split())
    if '""' in text:
        return "a quote follows a quote"
    return "ends with a quote" if text.strip(_NO_END).endswith('"') else None


@fixed("format:quote_unquote", "the reference knows no curly quotes")
def quote_unquote_fixed(text: str) -> str | None:
    """Likewise, curly quotes too."""
    return quote_unquote(plain_quotes(text))


def _levels(most: int) -> str:
    return f"{numbered(most, 'level')} of brackets, at least {_LEVELS} asked"
