"""Scores summed over clusters of examples that are not independent evidence. It knows no task."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from assay.records import Scores
from assay.tasks import Example, Task

__all__ = ["by_cluster", "clusters_of", "count_independent"]


def clusters_of(task: Task, examples: Sequence[Example]) -> NDArray[np.int64] | None:
    """(examples,): the cluster of each example, numbered from 0 in file order; None where all are independent.

    By the groups of the task or of its file, and by what is asked: a question that occurs twice is no evidence twice,
    and joins the groups in which it occurs.
    """
    names = (task.cluster, task.asked) if task.groups_examples(examples) else (task.asked,)
    first: dict[tuple[int, str], int] = {}
    earlier = list(range(len(examples)))
    """An example of the same cluster, for all but the first one of each."""

    def begin(position: int) -> int:
        while earlier[position] != position:
            position = earlier[position]
        return position

    for position, example in enumerate(examples):
        for kind, name in enumerate(names):
            low, high = sorted(map(begin, (position, first.setdefault((kind, name(example)), position))))
            earlier[high] = low
    numbers: dict[int, int] = {}
    found = [numbers.setdefault(begin(position), len(numbers)) for position in range(len(examples))]
    return None if len(numbers) == len(found) else np.array(found, dtype=np.int64)


def count_independent(task: Task, examples: Sequence[Example]) -> int:
    """The number of examples that are evidence of their own: of clusters, or of all examples where each is."""
    clusters = clusters_of(task, examples)
    return len(examples) if clusters is None else int(clusters.max()) + 1


def by_cluster(scores: Scores, clusters: NDArray[np.int64]) -> Scores:
    """Passed checks and all checks, summed over each cluster; a cluster has the position of its first example.

    clusters: (all examples of the task,). The score is unchanged: only the unit of evidence changes.
    """
    _, first, own = np.unique(clusters[scores.positions], return_index=True, return_inverse=True)
    passed, out_of = (
        np.zeros((len(first), *part.shape[1:]), np.int64) for part in (scores.passed, scores.out_of)
    )
    np.add.at(passed, own, scores.passed)
    np.add.at(out_of, own, scores.out_of)
    return Scores(passed, out_of, scores.positions[first])
