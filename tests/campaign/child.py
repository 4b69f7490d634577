"""The process that inputs run in: feeds them one after the other and says what went wrong. `watchdog` starts it.

    python -m tests.campaign.child KIND FIRST COUNT FOLDER SECONDS

Standard output gets a line of JSON for each fault. `FOLDER/progress` holds the number of the input, the processor time at
which it began, and its size, so that the parent can see an input that never ends.
"""

from __future__ import annotations

import faulthandler
import json
import mmap
import os
import resource
import signal
import struct
import sys
import time
import traceback
import warnings
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any

from assay.errors import AssayError
from tests.campaign.kinds import Kind
from tests.campaign.mutation import damaged
from tests.campaign.planted import PLANTED

MEBIBYTE = 2**20
MOST_MEMORY = 256 * MEBIBYTE
"""Growth of one input's memory, as of 5 MB."""
MOST_ADDRESSES = 1536 * MEBIBYTE
"""Growth of the address space; beyond, an allocation fails: a bomb must not take the machine down."""
ROOT = Path(__file__).parents[2]
PROGRESS = struct.Struct("qqq")
"""Number of the input, processor time at which it began (ns), its size."""
STARTING, BETWEEN, ENDED, SCENE = -4, -3, -2, -1
"""Instead of a size: before the first input, between two, after the last; in a scene, which may take minutes."""
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
STARTS = (
    "subprocess.Popen",
    "os.system",
    "os.exec",
    "os.fork",
    "os.forkpty",
    "os.posix_spawn",
    "os.spawn",
    "pty.spawn",
)
SOCKETS = (
    "socket.connect",
    "socket.getaddrinfo",
    "socket.gethostbyname",
    "socket.bind",
    "socket.sendto",
    "urllib.Request",
)
CHANGES = (
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.mkdir",
    "os.link",
    "os.symlink",
    "os.truncate",
    "os.chmod",
    "os.chown",
)


def kind_of(name: str) -> Kind:
    """A kind by its name."""
    if name in PLANTED:
        return PLANTED[name]
    from tests.campaign.inputs import KINDS  # late: it loads all of assay

    return KINDS[name]


class EscapeError(BaseException):
    """An input started something, connected to something, or touched a file outside its folder."""


class Guard:
    """Watches what the interpreter does, by its audit events."""

    def __init__(self, folder: Path) -> None:
        self.escapes: list[str] = []
        self.active = False
        self._own = (str(folder), "/dev/null", "/dev/tty")
        shared = [os.environ[name] for name in ("ASSAY_SHARED", "NLTK_DATA") if name in os.environ]
        self._readable = (
            *(*self._own, *sys.path[1:], sys.prefix, sys.base_prefix, str(ROOT), *shared),
            *(
                "/proc",
                "/sys",
                "/usr",
                "/lib",
                "/dev/urandom",
                "/dev/shm",  # noqa: S108
                "/etc/localtime",
                "/etc/ssl",
                "/etc/mime.types",
            ),
        )

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Called by the interpreter."""
        if not self.active:
            return
        if event == "open":
            self._opened(*arguments)
        elif (
            (event in STARTS and "sandbox_process" not in str(arguments))
            or event in SOCKETS
            or event == "pickle.find_class"
            or (event in CHANGES and not self._below(arguments[0], self._own))
        ):
            self._escape(event, arguments)

    def _opened(self, path: Any, mode: Any, flags: Any) -> None:
        if isinstance(path, int):
            return
        writes = bool(isinstance(flags, int) and flags & WRITES) or bool(set(str(mode or "")) & set("wax+"))
        if not self._below(path, self._own if writes else self._readable):
            self._escape(f"open for {'writing' if writes else 'reading'}", (path,))

    def _below(self, path: Any, folders: tuple[str, ...]) -> bool:
        text = os.path.abspath(os.fsdecode(path)) if isinstance(path, str | bytes | os.PathLike) else ""  # noqa: PTH100 - no file is looked at
        return text.startswith(folders)

    def _escape(self, event: str, arguments: tuple[Any, ...]) -> None:
        where = next((f"{f.f_code.co_filename}" for f in _frames() if "assay/" in f.f_code.co_filename), "")
        self.escapes.append(f"{event} {str(arguments)[:200]} {where}")
        raise EscapeError(self.escapes[-1])


def _frames() -> Any:
    frame = sys._getframe(2)
    while frame is not None:
        yield frame
        frame = frame.f_back  # type: ignore[assignment]


def run(kind: Kind, numbers: range, folder: Path, seconds: float) -> None:
    """Feed each input; ends early when the time is up."""
    whole = kind.whole()
    work = folder / "work"
    work.mkdir()
    os.chdir(folder)
    for files in whole[: kind.warm]:  # what is loaded late is loaded before the limits
        _outcome(kind, files, work)
        _empty(work)
    guard = Guard(folder)
    sys.addaudithook(guard)
    before = 2**62 if kind.scenes else _limits()
    progress = _progress(folder)
    end, reached = time.monotonic() + seconds, numbers.start
    for number in numbers:
        if time.monotonic() > end:
            break
        reached = number + 1
        files = damaged(whole, Random(f"{kind.name}:{number}"))
        size = sum(map(len, files.values()))
        PROGRESS.pack_into(progress, 0, number, time.process_time_ns(), SCENE if kind.scenes else size)
        guard.active = not kind.scenes
        trouble = _outcome(kind, files, work)
        guard.active = False
        PROGRESS.pack_into(progress, 0, number, 0, BETWEEN)
        if guard.escapes:
            trouble = {"what": "escape", "where": guard.escapes[0], "detail": guard.escapes[0]}
            guard.escapes.clear()
        grown = _peak() - before
        if trouble is None and grown > MOST_MEMORY + size:
            trouble = {"what": "memory", "where": kind.name, "detail": f"{grown / MEBIBYTE:.0f} MiB"}
        if trouble is not None:
            print(json.dumps({"kind": kind.name, "number": number, **trouble}), flush=True)
        _empty(work)
        if grown > MOST_MEMORY:
            break  # the peak is the process's: a new one must measure the next input
    PROGRESS.pack_into(progress, 0, reached, 0, ENDED)


def replay(kind: Kind, number: int, folder: Path) -> None:
    """Feed one input without a watchdog; its exception is raised."""
    files = damaged(kind.whole(), Random(f"{kind.name}:{number}"))
    for name, content in files.items():
        print(f"--- {name}: {len(content)} bytes\n{content[:1500]!r}")
    kind.feed(files, folder)


def _outcome(kind: Kind, files: Any, work: Path) -> dict[str, str] | None:
    """What went wrong; None where the input was read or refused."""
    try:
        kind.feed(files, work)
    except AssayError as refusal:
        return _refusal(refusal)
    except BaseException as bad:  # panics of other languages are no Exception
        what = "memory" if isinstance(bad, MemoryError) else "crash"
        return {
            "what": what,
            "where": _where(bad.__traceback__),
            "detail": f"{type(bad).__name__}: {bad}"[:300],
        }
    return None


def _refusal(refusal: AssayError) -> dict[str, str] | None:
    """A refusal whose message could not be printed or says nothing is a fault too."""
    try:
        text = str(refusal)
        text.encode()
    except Exception as bad:
        return {
            "what": "message",
            "where": _where(refusal.__traceback__),
            "detail": f"{type(bad).__name__}: {bad}"[:300],
        }
    if not text.strip() or len(text) > 50_000:
        return {
            "what": "message",
            "where": _where(refusal.__traceback__),
            "detail": f"{len(text)} characters",
        }
    return None


def _where(trace: TracebackType | None) -> str:
    """The last line of assay's in a traceback."""
    frames = [(frame.f_code, line) for frame, line in traceback.walk_tb(trace)]
    ours = [(code, line) for code, line in frames if "/assay/" in code.co_filename]
    code, line = (ours or frames)[-1]
    return f"{code.co_filename.rpartition('/assay/')[2]}:{line} {code.co_name}"


def _limits() -> int:
    """Set the limits; the most memory that was in use before, bytes."""
    addresses = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (addresses + MOST_ADDRESSES,) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    return _peak()


def _peak() -> int:
    """The most memory that this process has had, bytes; `getrusage` would count its parent's."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split(maxsplit=1)[0]) * 1024


def _progress(folder: Path) -> mmap.mmap:
    path = folder / "progress"
    path.write_bytes(PROGRESS.pack(0, 0, STARTING))
    with path.open("r+b") as file:
        return mmap.mmap(file.fileno(), PROGRESS.size)


def _empty(folder: Path) -> None:
    for root, folders, names in os.walk(folder, topdown=False):
        for name in names:
            os.unlink(os.path.join(root, name))  # noqa: PTH108, PTH118
        for name in folders:
            path = os.path.join(root, name)  # noqa: PTH118
            os.unlink(path) if os.path.islink(path) else os.rmdir(path)  # noqa: PTH106, PTH108, PTH114


if __name__ == "__main__":
    faulthandler.register(signal.SIGUSR1, all_threads=False)
    warnings.simplefilter("ignore")
    name, first, count, into, time_given = sys.argv[1:]
    start = int(first)
    run(kind_of(name), range(start, start + int(count)), Path(into), float(time_given))
