"""Which of many cases the default run takes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

__all__ = ["first_often"]


def first_often(values: Iterable[Any]) -> list[Any]:
    """The first case by default, all of them where slow tests run."""
    first, *others = values
    return [
        first,
        *(
            pytest.param(*(value if isinstance(value, tuple) else (value,)), marks=pytest.mark.slow)
            for value in others
        ),
    ]
