"""Placeholders, postscript, commas; how a response starts and ends. Each check returns None when followed, else why."""

from __future__ import annotations

import re
from collections.abc import Mapping

from assay.tasks.ifeval.matching import amount, as_pattern, as_text, numbered
from assay.tasks.ifeval.registry import COUNT, PATTERN, TEXT, fixed, instruction

# To the end of the line where no bracket closes: `[` a million times must not be read a million times.
_PLACEHOLDER = re.compile(r"\[[^\]\n]*+(\]?)")
POSTSCRIPTS = {"P.P.S": re.compile(r"p\.\s?p\.\s?s"), "P.S.": re.compile(r"p\.\s?s\.")}


@instruction("punctuation:no_comma")
def no_comma(text: str) -> str | None:
    """No comma anywhere."""
    commas = text.count(",")
    return numbered(commas, "comma") if commas else None


@instruction("detectable_content:number_placeholders", num_placeholders=COUNT)
def number_placeholders(text: str, num_placeholders: int, relation: str = "at least") -> str | None:
    """At least so many `[...]`, each within a line."""
    placeholders = sum(1 for closed in _PLACEHOLDER.findall(text) if closed)
    return amount(placeholders, relation, num_placeholders, "placeholder")


@instruction("detectable_content:postscript", postscript_marker=TEXT)
def postscript(
    text: str, postscript_marker: str, known: Mapping[str, re.Pattern[str]] = POSTSCRIPTS
) -> str | None:
    """The marker is found in lower case: `P.P.S` and `P.S.` with or without a space inside.

    The reference takes any other marker for a regular expression.
    """
    marker = postscript_marker.strip()
    # A pattern that starts with a quantifier takes the reference's own prefix as what it repeats.
    before = r"\s*" if marker.startswith(("*", "+", "?", "{")) else ""
    pattern = known.get(marker) or as_pattern(marker.lower(), before, ".*$", re.MULTILINE)
    return None if pattern.search(text.lower()) else f'no postscript "{marker}"'


@fixed("detectable_content:postscript", PATTERN)
def postscript_fixed(text: str, postscript_marker: str) -> str | None:
    """Likewise, any other marker letter by letter."""
    marker = postscript_marker.strip()
    pattern = POSTSCRIPTS.get(marker) or as_text(marker.lower())
    return None if pattern.search(text.lower()) else f'no postscript "{marker}"'


@instruction("startend:end_checker", end_phrase=TEXT)
def end_checker(text: str, end_phrase: str) -> str | None:
    """The phrase ends the text, in any case; quotation marks may follow."""
    if text.strip().strip('"').lower().endswith(end_phrase.strip().lower()):
        return None
    return f'does not end with "{end_phrase.strip()}"'


@instruction("startend:quotation")
def quotation(text: str, marks: tuple[str, ...] = ('""',)) -> str | None:
    """Quotation marks of one kind around all of it."""
    text = text.strip()
    if len(text) > 1 and text[0] + text[-1] in marks:
        return None
    return f"not wrapped in {' or '.join(' '.join(pair) for pair in marks)}"


@instruction("combination:repeat_prompt", prompt_to_repeat=TEXT)
def repeat_prompt(text: str, prompt_to_repeat: str) -> str | None:
    """The request stands first, in any case."""
    if text.strip().lower().startswith(prompt_to_repeat.strip().lower()):
        return None
    return "does not start with the request"


@instruction("combination:two_responses")
def two_responses(text: str) -> str | None:
    """Two different texts, divided by `******`; it may also stand at the start and the end."""
    parts = [part.strip() for part in text.split("******")]
    if not all(parts[1:-1]):
        return "nothing between two ******"
    filled = [part for part in parts if part]
    if len(filled) != 2:
        return f"{numbered(len(filled), 'response')}, exactly 2 asked"
    return "twice the same response" if filled[0] == filled[1] else None
