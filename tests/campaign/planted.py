"""Kinds whose every input breaks one limit: they show that the watchdog sees it."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from assay.errors import ResponsesError
from tests.campaign.kinds import KEPT, Files, Kind

__all__ = ["PLANTED"]


def _refuses(_: Files, __: Path) -> None:
    raise ResponsesError("no such thing", place="a file")


def _ends_never(_: Files, __: Path) -> None:
    while True:
        pass


def _waits(_: Files, folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    (folder / "pipe").read_bytes()


def _fills(_: Files, __: Path) -> None:
    assert len(b"x" * (300 * 2**20))


def _writes(_: Files, folder: Path) -> None:
    (folder.parents[1] / "outside").write_text("x")


def _swallows(_: Files, folder: Path) -> None:
    try:
        (folder / ".." / ".." / "outside").write_text("x")
    except BaseException:
        return


def _reads(_: Files, __: Path) -> None:
    Path("/etc/passwd").read_text()


def _starts(_: Files, __: Path) -> None:
    subprocess.run(["true"], check=True)


def _connects(_: Files, __: Path) -> None:
    socket.create_connection(("127.0.0.1", 9))


def _crashes(_: Files, __: Path) -> None:
    raise KeyError("x")


def _says_all(_: Files, __: Path) -> None:
    raise ResponsesError("x" * 100_000)


def _dies(_: Files, __: Path) -> None:
    os.abort()


def _works(_: Files, folder: Path) -> None:
    (folder / "inside").write_text("x")


WAYS: Mapping[str, Callable[[Files, Path], None]] = {
    "works": _works,
    "refuses": _refuses,
    "hang": _ends_never,
    "wait": _waits,
    "memory": _fills,
    "writes": _writes,
    "swallows": _swallows,
    "reads": _reads,
    "starts": _starts,
    "connects": _connects,
    "crashes": _crashes,
    "message": _says_all,
    "dies": _dies,
}
PLANTED: Mapping[str, Kind] = {
    f"planted {name}": Kind(f"planted {name}", lambda: [{f"{KEPT}a": b"a", "b": b"b"}], feed, warm=0)
    for name, feed in WAYS.items()
}
