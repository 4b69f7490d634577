"""A PostgreSQL server of the test's own, from Debian's package."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

__all__ = ["server"]

SETTINGS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


@contextmanager
def server() -> Iterator[str]:
    """The address of a server, without a database; skips where PostgreSQL is not installed."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not programs or not (programs[-1] / "initdb").exists():
        pytest.skip("PostgreSQL is not installed (Debian: apt install postgresql)")
    user = _user()
    home = Path(tempfile.mkdtemp(prefix="assay-postgres-"))
    if user is not None:
        shutil.chown(home, user)
    data, program = home / "data", programs[-1]
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    def run(*arguments: str) -> None:
        subprocess.run(arguments, check=True, user=user, cwd=home, capture_output=True, timeout=300)

    try:
        run(
            str(program / "initdb"), "-D", str(data), "-U", "assay", "-A", "trust", "-E", "UTF8", "--locale=C"
        )
        options = " ".join(["-h 127.0.0.1", f"-p {port}", f"-k {home}", *(f"-c {text}" for text in SETTINGS)])
        log = str(home / "log")
        run(str(program / "pg_ctl"), "-D", str(data), "-w", "-t", "120", "-l", log, "-o", options, "start")
        try:
            yield f"postgresql://assay@127.0.0.1:{port}"
        finally:
            run(str(program / "pg_ctl"), "-D", str(data), "-m", "immediate", "stop")
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _user() -> str | None:
    """Who runs it: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"
