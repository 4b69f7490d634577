"""Faults of the system below: full and broken disks, memory that ends, a database that another process holds.

Whatever fails, it ends in an error that says what to do, and the work that is done again ends as if nothing had failed.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from functools import cache
from pathlib import Path
from random import Random

from assay.errors import AssayError
from tests.campaign.kinds import KEPT, Files, Kind
from tests.campaign.scenes.kills import forked, prepared
from tests.campaign.scenes.works import WORKS
from tests.campaign.watchdog import ROOT

__all__ = ["KINDS"]

SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>
static long left = -1;
static int hit(int fd) {
    char link[64], path[4096];
    const char *folder = getenv("FAULT_IN");
    if (left < 0) left = atol(getenv("FAULT_AFTER"));
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n < 0) return 0;
    path[n] = 0;
    if (!strstr(path, folder)) return 0;
    return left > 0 ? (--left, 0) : 1;
}
static size_t some(size_t n) { return !strcmp(getenv("FAULT"), "short") && n > 1 ? n / 2 : n; }
static int fails(void) { errno = !strcmp(getenv("FAULT"), "full") ? ENOSPC : EIO; return strcmp(getenv("FAULT"), "short"); }
#define NEXT(name) (dlsym(RTLD_NEXT, name))
ssize_t write(int fd, const void *b, size_t n) {
    if (hit(fd)) { if (fails()) return -1; n = some(n); }
    return ((ssize_t (*)(int, const void *, size_t))NEXT("write"))(fd, b, n);
}
ssize_t pwrite(int fd, const void *b, size_t n, off_t o) {
    if (hit(fd)) { if (fails()) return -1; n = some(n); }
    return ((ssize_t (*)(int, const void *, size_t, off_t))NEXT("pwrite"))(fd, b, n, o);
}
ssize_t pwrite64(int fd, const void *b, size_t n, off64_t o) {
    if (hit(fd)) { if (fails()) return -1; n = some(n); }
    return ((ssize_t (*)(int, const void *, size_t, off64_t))NEXT("pwrite64"))(fd, b, n, o);
}
int fsync(int fd) {
    if (hit(fd) && fails()) return -1;
    return ((int (*)(int))NEXT("fsync"))(fd);
}
int fdatasync(int fd) {
    if (hit(fd) && fails()) return -1;
    return ((int (*)(int))NEXT("fdatasync"))(fd);
}
"""
PRELOADED = """
import sys, traceback
from pathlib import Path
from assay.errors import AssayError
from tests.campaign.scenes.works import WORKS
work = WORKS[sys.argv[1]](Path(sys.argv[2]))
try:
    work.run(Path(sys.argv[3]))
except AssayError as bad:
    print(bad)
    sys.exit(64)
"""
SAID = (
    "cannot be",
    "disk",
    "full",
    "space",
    "I/O",
    "database",
    "read-only",
    "readonly",
    "another assay process",
    "memory",
)
"""One of these words is in every message about the system below."""


def _ended(do: Callable[[], object], folder: Path) -> BaseException | None:
    """What a process of its own ended with."""
    kept = folder / "ended"

    def attempt() -> None:
        try:
            do()
        except (AssayError, MemoryError) as bad:
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
            kept.write_bytes(pickle.dumps((type(bad).__name__, str(bad))))

    soft = resource.getrlimit(resource.RLIMIT_FSIZE)
    status = os.waitpid(forked(attempt, folder / "log"), 0)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, soft)
    assert status == 0, (
        (folder / "log").read_text()[-2000:] if (folder / "log").exists() else f"status {status}"
    )
    if not kept.exists():
        return None
    name, text = pickle.loads(kept.read_bytes())  # noqa: S301 - written above
    kept.unlink()
    return MemoryError(text) if name == "MemoryError" else AssayError(text)


def _checked(bad: BaseException | None) -> None:
    """An error says what is wrong below."""
    if isinstance(bad, AssayError):
        assert any(word in str(bad) for word in SAID), str(bad)


def _same(name: str, run: Path, folder: Path) -> None:
    """Done again without faults, it ends as undisturbed work."""
    work, _, _, expected = prepared(name)
    assert _ended(lambda: work.run(run), folder) is None
    assert work.state(run) == expected


def _small_files(name: str, folder: Path, random: Random) -> None:
    """No file may grow beyond some size."""
    work, _, _, _ = prepared(name)
    most = random.choice((0, 100, 4096, 20_000, 60_000, 120_000, 250_000))

    def do() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
        work.run(folder / "run")

    _checked(_ended(do, folder))
    _same(name, folder / "run", folder)


def _little_memory(name: str, folder: Path, random: Random) -> None:
    """The address space ends; whatever that ends in, the work can be done again."""
    work, _, _, _ = prepared(name)
    more = random.choice((1, 4, 16, 40)) * 2**20

    def do() -> None:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        resource.setrlimit(
            resource.RLIMIT_AS, (pages * resource.getpagesize() + more, resource.RLIM_INFINITY)
        )
        with suppress(Exception):
            work.run(folder / "run")
        os._exit(0)

    os.waitpid(forked(do, folder / "log"), 0)
    _same(name, folder / "run", folder)


@contextmanager
def _mounted(size: int) -> Iterator[Path]:
    """A file system of its own of so many bytes."""
    place = Path(tempfile.mkdtemp(prefix="below-"))
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)
        place.rmdir()


def _mount_again(place: Path, option: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{option}", str(place)], check=True)


def _full_disk(name: str, folder: Path, random: Random) -> None:
    """A file system fills up, and gets room again."""
    work, _, _, _ = prepared(name)
    with _mounted(random.choice((4096, 40_960, 102_400, 204_800))) as place:
        _checked(_ended(lambda: work.run(place / "run"), folder))
        _mount_again(place, "size=64M")
        _same(name, place / "run", folder)


def _read_only(name: str, folder: Path, random: Random) -> None:
    """A file system turns read-only under a run that was ended half-way; it can still be read."""
    work, _, seconds, _ = prepared(name)
    with _mounted(64 * 2**20) as place:
        process = forked(lambda: work.run(place / "run"), folder / "log")
        time.sleep(random.random() * seconds)
        os.kill(process, 9)
        os.waitpid(process, 0)
        _mount_again(place, "ro")
        _checked(_ended(lambda: work.run(place / "run"), folder))
        _mount_again(place, "rw")
        _same(name, place / "run", folder)


def _held_database(name: str, folder: Path, random: Random) -> None:
    """Another program holds the records for a while."""
    work, _, seconds, _ = prepared(name)
    run = folder / "run"
    process = forked(lambda: work.run(run), folder / "first.log")
    time.sleep(random.random() * seconds)
    os.kill(process, 9)
    os.waitpid(process, 0)
    path = run / "records.sqlite"
    if path.exists():
        start = random.choice(("BEGIN EXCLUSIVE", "BEGIN IMMEDIATE"))
        other = forked(lambda: _hold(path, start), folder / "other.log")
        time.sleep(0.3)
        assert _ended(lambda: work.run(run), folder) is None
        os.waitpid(other, 0)
    _same(name, run, folder)


def _hold(path: Path, start: str) -> None:
    """Hold a database for a second, as another program: SQLite's locks are a process's own."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute(start)
        time.sleep(1)
        other.execute("ROLLBACK")


@cache
def _shim() -> Path:
    """The library that makes writes fail."""
    folder = Path(tempfile.mkdtemp(prefix="shim-"))
    (folder / "shim.c").write_text(SHIM)
    built = ["cc", "-shared", "-fPIC", "-o", str(folder / "shim.so"), str(folder / "shim.c"), "-ldl"]
    subprocess.run(built, check=True)
    return folder / "shim.so"


def _broken_writes(name: str, folder: Path, random: Random) -> None:
    """Writes fail, fill the disk or write a part only, from the n-th one on."""
    made = folder / "files"
    made.mkdir()
    fault = {"FAULT": random.choice(("eio", "short", "full")), "FAULT_AFTER": str(random.randrange(400))}
    run = folder / "run-with-faults"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PRELOADED, name, str(made), str(run)],
        cwd=ROOT,
        env={**os.environ, **fault, "FAULT_IN": run.name, "LD_PRELOAD": str(_shim())},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 64), (fault, done.stderr[-2000:])
    assert fault["FAULT"] != "short" or done.returncode == 0, (fault, done.stdout)
    if done.returncode == 64:
        _checked(AssayError(done.stdout))
    work = WORKS[name](made)
    expected = prepared(name)[3]
    assert _ended(lambda: work.run(run), folder) is None
    assert work.state(run) == expected


FAULTS: Mapping[str, Callable[[str, Path, Random], None]] = {
    "small files": _small_files,
    "little memory": _little_memory,
    "held database": _held_database,
    **({"broken writes": _broken_writes} if shutil.which("cc") else {}),
}
ROOTS: Mapping[str, Callable[[str, Path, Random], None]] = {
    "full disk": _full_disk,
    "read-only disk": _read_only,
}
"""Faults that only root can make."""


@cache
def _may_mount() -> bool:
    try:
        with _mounted(4096):
            return True
    except (OSError, subprocess.CalledProcessError):
        return False


def _break(files: Files, folder: Path) -> None:
    random = Random(hashlib.sha256(files["seed"]).digest())
    faults = {**FAULTS, **ROOTS}
    faults[files[f"{KEPT}fault"].decode()](files[f"{KEPT}work"].decode(), folder, random)


def _whole() -> Sequence[Files]:
    faults = [*FAULTS, *(ROOTS if _may_mount() else ())]
    return [
        {
            f"{KEPT}fault": fault.encode(),
            f"{KEPT}work": work.encode(),
            "seed": b"seed of a fault, to be changed",
        }
        for fault in faults
        for work in (("recorded",) if fault == "broken writes" else ("recorded", "import"))
        if (fault, work) != ("held database", "import")
    ]


KINDS = (Kind("faults below", _whole, _break, warm=0, scenes=10),)
