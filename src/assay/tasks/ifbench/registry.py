"""The 58 instructions of IFBench by id, and what their arguments may be. Each enters itself where its check is."""

from __future__ import annotations

from assay.tasks.instructions import Argument, Instructions

__all__ = ["INSTRUCTIONS", "fixed", "instruction"]


def _is_whole(value: object) -> bool:
    """5 and 5.0: the published file has both."""
    return type(value) in (int, float) and value == value // 1  # type: ignore[operator]


COUNT = Argument("a whole number, 1 or more", lambda value: _is_whole(value) and value >= 1, int)
PLACE = Argument("a whole number, 0 or more", lambda value: _is_whole(value) and value >= 0, int)
PERCENT = Argument("a whole number, 0 to 100", lambda value: _is_whole(value) and 0 <= value <= 100, int)
TEXT = Argument("a text", lambda value: isinstance(value, str) and bool(value.strip()))

INSTRUCTIONS = Instructions()
instruction, fixed = INSTRUCTIONS.add, INSTRUCTIONS.repair
