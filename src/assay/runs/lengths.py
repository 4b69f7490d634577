"""How long responses become, from those that ended, those that were cut at the limit, and those under way.

Kaplan-Meier by task and subject: a response that was cut or is under way counts as longer than it is. What few responses
of a subject cannot say, the others of its task say, and beyond the longest of these a power law. It knows no engine.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["Lengths", "Part", "Survival", "draw"]

Part = tuple[str, str]
"""Task and subject."""
Survival = NDArray[np.float64]
"""Share of the responses that are longer than 0, 1, 2, ... tokens."""
WEIGHT = 10.0
"""Responses that the more general curve counts for."""
GOLDEN = (5**0.5 - 1) / 2
ONSET = 0.1
"""Of the limit: the length from which ends become rarer, as 1 / length."""
EXPONENT, ENDS = 0.45, 10.0
"""Of the power law before anything was seen, with which half of the tokens of the limit are used; and the ends it counts for."""


class Lengths:
    """Lengths seen so far."""

    def __init__(self) -> None:
        self._ended: dict[Part, Counter[int]] = defaultdict(Counter)
        self._cut: dict[Part, Counter[int]] = defaultdict(Counter)

    def add(self, part: Part, tokens: int, *, ended: bool) -> None:
        """A response of so many tokens, which ended by itself or was cut."""
        (self._ended if ended else self._cut)[part][tokens] += 1

    def survival(
        self, task: str, limit: int, under_way: Mapping[Part, Sequence[int]], parts: Iterable[Part]
    ) -> dict[Part, Survival]:
        """(limit + 1) for each of these parts of a task; `under_way` has the tokens of responses so far."""
        known = {part for part in (*self._ended, *self._cut, *under_way) if part[0] == task}
        seen = {part: self._counts(part, under_way.get(part, ()), limit) for part in known}
        nothing = np.zeros((2, limit))
        together = sum(seen.values(), nothing)
        of_task = _hazard(together, _power_law(together))
        hazards = {part: _hazard(seen.get(part, nothing), of_task) for part in parts}
        return {part: np.concatenate(([1.0], np.cumprod(1 - hazard))) for part, hazard in hazards.items()}

    def _counts(self, part: Part, under_way: Sequence[int], limit: int) -> NDArray[np.float64]:
        """(2, limit): by length from 1 token on, responses that ended there, and those that came so far."""
        ended, reached = np.zeros(limit), np.zeros(limit)
        for tokens, count in self._ended[part].items():
            if 0 < tokens <= limit:
                ended[tokens - 1] += count
        for lengths in (self._ended[part], self._cut[part], Counter(under_way)):
            for tokens, count in lengths.items():
                if tokens:
                    reached[min(tokens, limit) - 1] += count
        return np.stack((ended, reached[::-1].cumsum()[::-1]))


def _hazard(counts: NDArray[np.float64], general: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of the responses that end at each length they reach; the general one where few came so far."""
    ended, reached = counts
    return np.asarray((ended + WEIGHT * general) / (reached + WEIGHT))


def _power_law(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """The share that ends falls as 1 / length, from the onset on. What short responses say of long ones counts little."""
    ended, reached = counts
    size = len(ended)
    rate = 1 / (np.arange(1, size + 1) + ONSET * size)
    known = np.count_nonzero(reached >= WEIGHT) / max(size, 1)
    exponent = (known * ended.sum() + ENDS) / (known * (reached @ rate) + ENDS / EXPONENT)
    return np.asarray(np.minimum(exponent * rate, 1.0))


def draw(curve: Survival, limit: int, tokens: NDArray[np.int64]) -> NDArray[np.float64]:
    """Lengths of responses that have so many tokens and are cut at the limit, spread as the curve says."""
    share = (np.arange(1, len(tokens) + 1) * GOLDEN) % 1
    lengths = np.searchsorted(-curve, -curve[np.minimum(tokens, limit)] * share)
    return np.asarray(np.maximum(np.minimum(lengths, limit), tokens + 1.0))
