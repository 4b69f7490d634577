from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from assay.memory import cgroup_left, free_bytes

V1 = "memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"


def tree(root: Path, files: dict[str, str], membership: str = "") -> tuple[Path, Path]:
    for name, text in files.items():
        (root / "cgroup" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "cgroup" / name).write_text(text)
    (root / "membership").write_text(membership)
    return root / "cgroup", root / "membership"


@pytest.mark.parametrize(
    ("files", "left"),
    [
        ({"memory.max": "1000\n", "memory.current": "400\n"}, 600),
        ({"memory.max": "1000\n", "memory.current": "1400\n"}, 0),
        ({"memory.max": "max\n", "memory.current": "400\n"}, None),
        ({V1[0]: "1000", V1[1]: "1"}, 999),
        ({V1[0]: "1000"}, None),
        ({}, None),
    ],
)
def test_a_containers_limit_leaves_what_is_not_used(
    tmp_path: Path, files: dict[str, str], left: int | None
) -> None:
    cgroups, membership = tree(tmp_path, files)
    assert cgroup_left(cgroups, membership) == left
    assert free_bytes(cgroups, membership) == left or left is None


def test_the_tightest_limit_counts_from_the_processs_own_group_up_to_the_root(tmp_path: Path) -> None:
    files = {
        "memory.max": "9000", "memory.current": "0",
        "jobs/memory.max": "2000", "jobs/memory.current": "1500",
        "jobs/7/memory.max": "700", "jobs/7/memory.current": "0",
        "other/memory.max": "1", "other/memory.current": "1",
    }  # fmt: skip
    assert cgroup_left(*tree(tmp_path, files, "0::/jobs/7\n")) == 500
    assert cgroup_left(*tree(tmp_path, files, "0::/not/mounted/here\n")) == 9000


def test_version_1_has_a_tree_for_memory_alone(tmp_path: Path) -> None:
    files = {
        "memory/jobs/memory.limit_in_bytes": "800", "memory/jobs/memory.usage_in_bytes": "100",
        "memory/memory.limit_in_bytes": str(2**63 - 4096), "memory/memory.usage_in_bytes": "100",
    }  # fmt: skip
    assert cgroup_left(*tree(tmp_path, files, "5:cpu,cpuacct:/\n4:hugetlb,memory:/jobs\n0::/\n")) == 700


def test_free_memory_is_what_the_system_has_available_where_no_group_limits_it(tmp_path: Path) -> None:
    before = psutil.virtual_memory()
    free = free_bytes(tmp_path, tmp_path / "none")
    assert before.available / 2 < free < before.total
