"""Runs that are interrupted."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from assay.engines import Prompt

__all__ = ["interrupted_at"]

_Said = TypeVar("_Said")


def interrupted_at(instant: int, answer: Callable[[Prompt], _Said]) -> Callable[[Prompt], _Said]:
    """`answer`, but for KeyboardInterrupt instead of the answer to this request, counted from 1."""
    asked = 0

    def say(request: Prompt) -> _Said:
        nonlocal asked
        asked += 1
        if asked == instant:
            raise KeyboardInterrupt
        return answer(request)

    return say
