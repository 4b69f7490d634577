"""Makes foreign text harmless to a terminal or page: no control, invisible or bidirectional characters."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["plain", "plain_lines"]

_UNSAFE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def plain(text: str) -> str:
    """On one line, with unsafe characters as escapes: `\\u202e`."""
    return "".join(
        character if unicodedata.category(character) not in _UNSAFE else f"\\u{ord(character):04x}"
        for character in re.sub(r"\s+", " ", text)
    )


def plain_lines(text: str) -> str:
    """Like `plain`, keeping the line breaks."""
    return "\n".join(plain(line) for line in text.split("\n"))
