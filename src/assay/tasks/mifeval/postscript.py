"""A postscript's marker, in any of the languages. It knows no instruction.

whole_postscript("DE TEMPS EN TEMPS", "PS")    # 'no postscript "PS"'
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from assay.tasks.ifeval.content import POSTSCRIPTS
from assay.tasks.ifeval.matching import as_text

__all__ = ["INSIDE_WORDS", "whole_postscript"]

INSIDE_WORDS = "the reference finds a postscript's marker in the middle of a word"


def whole_postscript(
    text: str, postscript_marker: str, known: Mapping[str, re.Pattern[str]] = POSTSCRIPTS
) -> str | None:
    """The marker is found letter by letter and is no part of a word, in any case; `known` ones as their patterns say."""
    marker = postscript_marker.strip()
    mark = (known.get(marker) or as_text(marker.lower())).pattern
    pattern = re.compile(rf"(?<!\w){mark}" + r"(?!\w)" * marker[-1].isalnum())
    return None if pattern.search(text.lower()) else f'no postscript "{marker}"'
