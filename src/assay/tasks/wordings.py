"""Wordings of one request: the examples of a cluster that a data file names. It knows no task.

first_wordings(examples, 3)    # [[0, 1, 2], [5, 6, 7]]: two clusters have three wordings or more
"""

from __future__ import annotations

from collections.abc import Sequence

from assay.tasks.task import Example

__all__ = ["first_wordings", "most_wordings"]

FEWEST = 2
"""Clusters, below which nothing is said of a number of wordings."""


def first_wordings(examples: Sequence[Example], k: int) -> list[list[int]]:
    """Positions of the first k wordings, in file order, of each cluster that has so many."""
    return [positions[:k] for positions in _clusters(examples) if len(positions) >= k]


def most_wordings(examples: Sequence[Example]) -> int:
    """The largest number of wordings that two clusters have; 0 where the file names no clusters of several examples."""
    sizes = sorted(map(len, _clusters(examples)), reverse=True)
    return sizes[FEWEST - 1] if len(sizes) >= FEWEST and sizes[FEWEST - 1] > 1 else 0


def _clusters(examples: Sequence[Example]) -> list[list[int]]:
    positions: dict[str, list[int]] = {}
    for position, example in enumerate(examples):
        if "cluster" in example.data:
            positions.setdefault(str(example.data["cluster"]), []).append(position)
    return list(positions.values())
