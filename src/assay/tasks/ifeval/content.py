"""Placeholders, postscript, no comma. Each check returns None when followed, else the reason."""

from __future__ import annotations

import re

from assay.tasks.ifeval.amounts import amount
from assay.tasks.ifeval.patterns import as_pattern, as_text

__all__ = ["no_comma", "number_placeholders", "postscript", "postscript_fixed"]

# To the end of the line where no bracket closes: `[` a million times must not be read a million times.
_PLACEHOLDER = re.compile(r"\[[^\]\n]*+(\]?)")
_POSTSCRIPTS = {"P.P.S": re.compile(r"p\.\s?p\.\s?s"), "P.S.": re.compile(r"p\.\s?s\.")}


def no_comma(text: str) -> str | None:
    """No comma anywhere."""
    found = text.count(",")
    return f"{found} comma{'' if found == 1 else 's'}" if found else None


def number_placeholders(text: str, num_placeholders: int) -> str | None:
    """At least so many `[...]`, each within a line."""
    found = sum(1 for closed in _PLACEHOLDER.findall(text) if closed)
    return amount(found, "at least", num_placeholders, "placeholder")


def postscript(text: str, postscript_marker: str) -> str | None:
    """The marker is found in lower case: `P.P.S` and `P.S.` with or without a space inside.

    The reference takes any other marker for a regular expression.
    """
    marker = postscript_marker.strip()
    # A pattern that starts with a quantifier takes the reference's own prefix as what it repeats.
    before = r"\s*" if marker.startswith(("*", "+", "?", "{")) else ""
    pattern = _POSTSCRIPTS.get(marker) or as_pattern(marker.lower(), before, ".*$", re.MULTILINE)
    return None if pattern.search(text.lower()) else f'no postscript "{marker}"'


def postscript_fixed(text: str, postscript_marker: str) -> str | None:
    """Likewise, any other marker letter by letter."""
    marker = postscript_marker.strip()
    pattern = _POSTSCRIPTS.get(marker) or as_text(marker.lower())
    return None if pattern.search(text.lower()) else f'no postscript "{marker}"'
