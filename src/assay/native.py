"""Builds a library from C with the machine's own compiler, once for each source and processor. It imports no torch.

library = build(KERNELS, cache_folder())         # its path; or, as text, why there is none
"""

from __future__ import annotations

import hashlib
import os
import platform
import shlex
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

__all__ = ["KERNELS", "build", "cache_folder"]

KERNELS = Path(__file__).parent / "engines" / "torch" / "kernels.c"
"""Decode attention and LoRA adapters on a CPU."""
SECONDS = 120
"""For one compiler."""


def cache_folder() -> Path:
    """Where this user's libraries are kept. A relative XDG_CACHE_HOME is ignored."""
    home = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (home if home.is_absolute() else Path.home() / ".cache") / "assay"


def build(source: Path, folder: Path) -> Path | str:
    """The library of a source in this folder, built if it is not there; or why it cannot be built.

    It is built under another name and renamed, since other processes may build it at the same time. Nothing is
    loaded from a folder that another user may write.
    """
    library = folder / f"{source.stem}-{_key(source)}.so"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if foreign := next(filter(_is_foreign, (folder, library)), None):
            return (
                f"other users may write {foreign}; remove it, or set XDG_CACHE_HOME to a folder of your own"
            )
        if library.is_file():
            return library
        with tempfile.TemporaryDirectory(dir=folder) as place:
            made = Path(place) / library.name
            bad = _compile(source, made)
            if not bad:
                made.replace(library)
    except OSError as failed:
        return f"no library can be kept in {folder} ({failed})"
    return bad or library


def _is_foreign(path: Path) -> bool:
    """Whether another user owns a path, or every user may write it."""
    if not hasattr(os, "geteuid") or not path.exists():
        return False
    state = path.stat()
    return state.st_uid != os.geteuid() or bool(state.st_mode & stat.S_IWOTH)


def _compile(source: Path, library: Path) -> str:
    """With the first compiler that can. Returns why none can; else empty."""
    bad = "no C compiler is here (cc, gcc, clang)"
    native = "-march=native" if platform.machine() in ("x86_64", "AMD64") else "-mcpu=native"
    for compiler in _compilers():
        command = [*compiler, "-O3", native, "-shared", "-fPIC", "-o", str(library), str(source)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)  # noqa: S603 - a compiler, and files of ours
        except (OSError, subprocess.TimeoutExpired) as failed:
            bad = f"{shlex.join(compiler)} failed ({failed})"
            continue
        if done.returncode == 0:
            return ""
        bad = f"{shlex.join(compiler)} failed ({done.stderr.strip()[:200]})"
    return bad


def _compilers() -> Iterator[list[str]]:
    if named := shlex.split(os.environ.get("CC", "")):
        yield named
    yield from ([name] for name in ("cc", "gcc", "clang") if shutil.which(name))
    if find_spec("ziglang"):  # a package that holds clang
        yield [sys.executable, "-m", "ziglang", "cc"]


def _key(source: Path) -> str:
    """Of the source and of the processor, whose instructions the library may use."""
    parts = [source.read_text(encoding="utf-8"), platform.machine(), platform.processor()]
    described = Path("/proc/cpuinfo")
    if described.is_file():
        names = ("model name", "flags", "Features", "CPU part")
        lines = described.read_text(encoding="utf-8", errors="replace").splitlines()
        parts += sorted({line for line in lines if line.startswith(names)})
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
