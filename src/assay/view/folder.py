"""The runs of a folder: a run is a folder that holds `records.sqlite`. It opens none of them.

A run is addressed by its key, which `Folder.runs` lists; no address is ever made into a path.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from assay.errors import RunError

__all__ = ["Entry", "Folder"]

DEPTH = 3
"""Levels of folders that are searched; a run is not searched for others."""
RECORDS = "records.sqlite"
FILES = (RECORDS, f"{RECORDS}-wal", "verdicts.json", "study.yaml")
"""What a run's page depends on."""
Stamp = tuple[tuple[int, int] | None, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A run of the folder."""

    key: str
    """In addresses; unique in the folder."""
    name: str
    """Its path within the folder, for a reader."""
    path: Path

    def stamp(self) -> Stamp:
        """Time of change and size of each of its files: equal while nothing was written."""
        return tuple(map(_stat, (self.path / name for name in FILES)))

    @property
    def changed(self) -> float:
        """When its records or findings were written last, in seconds since 1970."""
        return max((stat[0] for stat in self.stamp()[:3] if stat), default=0) / 1e9


class Folder:
    """A folder of runs, or one run."""

    def __init__(self, path: Path) -> None:
        """Raises RunError where there is no such folder."""
        if not path.is_dir():
            raise RunError("no such folder", place=path, fix="name a run, or a folder that holds runs")
        self.path = path
        self.is_run = (path / RECORDS).is_file()
        """Whether the folder itself is a run."""

    def runs(self) -> dict[str, Entry]:
        """By key, in the order of their names."""
        names = {".": self.path} if self.is_run else dict(_runs(self.path, "", DEPTH))
        entries = (
            Entry(_key(name), self.path.absolute().name if name == "." else name, path)
            for name, path in sorted(names.items(), key=lambda item: _order(item[0]))
        )
        return {entry.key: entry for entry in entries}

    def key_of(self, path: Path) -> str | None:
        """The key of a run by its path; None where it is none of this folder's."""
        try:
            name = path.absolute().relative_to(self.path.absolute()).as_posix()
        except ValueError:
            return None
        inside = self.is_run if name == "." else not self.is_run and name.count("/") < DEPTH
        return _key(name) if inside and (path / RECORDS).is_file() else None


def _runs(folder: Path, above: str, depth: int) -> Iterator[tuple[str, Path]]:
    """Links are followed in the folder itself alone, so that no ring of links is walked."""
    with suppress(OSError), os.scandir(folder) as inside:
        for item in inside:
            if item.name.startswith(".") or not item.is_dir(follow_symlinks=not above):
                continue
            name, path = f"{above}{item.name}", Path(item.path)
            if (path / RECORDS).is_file():
                yield name, path
            elif depth > 1:
                yield from _runs(path, f"{name}/", depth - 1)


def _key(name: str) -> str:
    """The name itself where it can be part of any address, else a digest of it."""
    if re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]*", name):
        return name
    return "~" + hashlib.sha256(os.fsencode(name)).hexdigest()[:20]


def _order(name: str) -> list[tuple[int, str]]:
    """`run2` before `run10`."""
    return [
        (int(part), "") if part.isascii() and part.isdigit() else (-1, part)
        for part in re.split(r"(\d+)", name)
    ]


def _stat(path: Path) -> tuple[int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size
