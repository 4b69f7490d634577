"""Scores summed over clusters of examples that are not independent evidence. It knows no task."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from assay.records import Scores
from assay.tasks import Example, Task

__all__ = ["by_cluster", "clusters_of"]


def clusters_of(task: Task, examples: Sequence[Example]) -> NDArray[np.int64] | None:
    """(examples,): the cluster of each example, numbered from 0 in file order; None where all are independent.

    By the groups of the task or of its file, else by what is asked: a question that occurs twice is no evidence twice.
    """
    name = task.cluster if task.groups_examples(examples) else task.asked
    numbers: dict[str, int] = {}
    found = [numbers.setdefault(name(example), len(numbers)) for example in examples]
    return None if len(numbers) == len(found) else np.array(found, dtype=np.int64)


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
