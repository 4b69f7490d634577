"""The 25 instructions of IFEval by id, and what their arguments may be. Each enters itself where its check is."""

from __future__ import annotations

from assay.tasks.instructions import Argument, Instructions

__all__ = ["COUNT", "INSTRUCTIONS", "LANGUAGES", "fixed", "instruction"]

# What langdetect can tell.
LANGUAGES = (  # noqa: SIM905 - to be read as words
    "af ar bg bn ca cs cy da de el en es et fa fi fr gu he hi hr hu id it ja kn ko lt lv mk ml mr ne nl no pa pl "
    "pt ro ru sk sl so sq sv sw ta te th tl tr uk ur vi zh-cn zh-tw"
).split()

COUNT = Argument("a whole number, 1 or more", lambda value: type(value) is int and value >= 1)
TEXT = Argument("a text", lambda value: isinstance(value, str) and bool(value.strip()))
TEXTS = Argument("a list of texts", lambda value: isinstance(value, list) and all(map(TEXT.accepts, value)))
SIGN = Argument("one character", lambda value: isinstance(value, str) and len(value) == 1)
RELATION = Argument('"at least" or "less than"', lambda value: value in ("at least", "less than"))
LANGUAGE = Argument(f"one of {', '.join(LANGUAGES)}", lambda value: value in LANGUAGES)

PATTERN = "the reference takes a keyword for a regular expression"
"""A defect of several checks."""

INSTRUCTIONS = Instructions()
instruction, fixed = INSTRUCTIONS.add, INSTRUCTIONS.repair
