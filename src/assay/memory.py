"""How much memory this process can still take. It knows no device: the engine of a GPU measures the GPU's memory.

To try it: `python -c "from assay.memory import free_bytes; print(free_bytes())"`.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import psutil

__all__ = ["cgroup_left", "free_bytes"]

_CGROUPS, _MEMBERSHIP = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")
_LAYOUTS = (
    ("", "", "memory.max", "memory.current"),
    ("memory", "memory", "memory.limit_in_bytes", "memory.usage_in_bytes"),
)
"""Versions 2 and 1: the controller's name in the membership, its folder, the limit, what is used."""


def free_bytes(cgroups: Path = _CGROUPS, membership: Path = _MEMBERSHIP) -> int:
    """Memory that the system can give out, in bytes, within the limits of this process's control groups."""
    available = int(psutil.virtual_memory().available)
    left = cgroup_left(cgroups, membership)
    return available if left is None else min(available, left)


def cgroup_left(cgroups: Path = _CGROUPS, membership: Path = _MEMBERSHIP) -> int | None:
    """Bytes left within the tightest limit of cgroup version 1 or 2; None where there is no limit.

    The limits of all parents hold too. In a container the root of the mounted tree is the container's own group,
    even where the membership names the group as the host sees it.
    """
    left: list[int] = []
    for controller, folder, limit, used in _LAYOUTS:
        group = PurePosixPath(_groups(membership).get(controller, "/")).relative_to("/")
        for path in (group, *group.parents):
            values = [_number(cgroups / folder / path / name) for name in (limit, used)]
            if values[0] is not None and values[1] is not None:
                left.append(max(0, values[0] - values[1]))
    return min(left, default=None)


def _groups(membership: Path) -> dict[str, str]:
    """The group of each controller, from lines such as `4:memory:/jobs/7`; version 2 has the empty controller."""
    try:
        lines = membership.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    fields = (line.split(":", 2) for line in lines if line.count(":") >= 2)
    return {name: group for _, names, group in fields for name in names.split(",")}


def _number(path: Path) -> int | None:
    """A file's number; None where there is no such file, or it says `max`."""
    try:
        text = path.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return None
    return int(text) if text.isdigit() else None
