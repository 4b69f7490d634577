"""p-values adjusted for their number, in their given order. It knows no claim."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["benjamini_hochberg", "holm"]


def holm(p: ArrayLike) -> NDArray[np.float64]:
    """Holm's adjusted p-values: those at or below alpha are all right with probability 1 - alpha.

    p: (k,), each in [0, 1], under any dependence. Raises ValueError for anything else.
    Source: Holm 1979, Scand J Stat 6:65.
    """
    values, order = _sorted(p)
    falling = np.arange(len(values), 0, -1)
    return _restored(np.maximum.accumulate(values * falling), order)


def benjamini_hochberg(p: ArrayLike) -> NDArray[np.float64]:
    """Benjamini and Hochberg's q-values: of those at or below q, a share q is wrong on average at most.

    p: (k,), each in [0, 1], independent or positively dependent. Raises ValueError for anything else.
    Source: Benjamini and Hochberg 1995, JRSS B 57:289.
    """
    values, order = _sorted(p)
    count = len(values)
    stepped = values * (count / np.arange(1, count + 1))
    return _restored(np.minimum.accumulate(stepped[::-1])[::-1], order)


def _sorted(p: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    values = np.asarray(p, dtype=np.float64)
    if values.ndim != 1 or not ((values >= 0) & (values <= 1)).all():
        raise ValueError(f"p-values must be a list of numbers from 0 to 1; got {p!r}")
    order = np.argsort(values, kind="stable")
    return values[order], order


def _restored(adjusted: NDArray[np.float64], order: NDArray[np.intp]) -> NDArray[np.float64]:
    result = np.empty_like(adjusted)
    result[order] = np.minimum(adjusted, 1.0)
    return result
