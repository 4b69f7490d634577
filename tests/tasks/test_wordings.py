"""The first wordings of each cluster, in file order."""

from __future__ import annotations

import pytest

from assay.tasks import Example
from assay.tasks.wordings import first_wordings, most_wordings


def examples(names: str) -> list[Example]:
    return [Example(str(i), f"prompt {i}", {"cluster": name}) for i, name in enumerate(names)]


@pytest.mark.parametrize(
    ("k", "positions"), [(1, [[0], [1], [4]]), (2, [[0, 2], [1, 3]]), (3, [[0, 2, 5]]), (4, [])]
)
def test_a_cluster_with_too_few_wordings_is_left_out(k: int, positions: list[list[int]]) -> None:
    assert first_wordings(examples("ababca"), k) == positions


@pytest.mark.parametrize(
    ("names", "most"), [("ababca", 2), ("aabbb", 2), ("aaabbb", 3), ("abc", 0), ("aaa", 0), ("", 0)]
)
def test_two_clusters_have_the_largest_number(names: str, most: int) -> None:
    assert most_wordings(examples(names)) == most


def test_examples_without_clusters_are_no_wordings() -> None:
    assert most_wordings([Example("1", "a"), Example("2", "b")]) == 0
