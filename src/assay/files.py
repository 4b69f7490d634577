"""Reading a file as text, writing one whole or not at all, and its digest."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from assay.errors import AssayError, OutputError, ResponsesError

__all__ = ["file_sha256", "read_text", "write_atomically", "write_text"]


def read_text(path: Path, error: type[AssayError]) -> str:
    """The file as text; raises `error` if it is missing, unreadable or not UTF-8."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as bad:
        line = bad.object.count(b"\n", 0, bad.start) + 1
        raise error(
            f"{path}:{line}: not UTF-8 (byte 0x{bad.object[bad.start]:02x}); "
            f"convert the file, e.g. with `iconv -f latin1 -t utf-8`"
        ) from None
    except OSError as bad:
        raise error(f"{path}: cannot be read: {bad.strerror}") from None


def write_text(path: Path, text: str) -> None:
    """Write text so that a reader sees the old file or the new one, never a part."""
    write_atomically(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` make a file beside `path`, then put it in place. Raises OutputError.

    A link stays, and what it leads to is replaced. A device or a pipe stays too: it is written to as it is.
    """
    if _irregular(path):
        try:
            write(path)
        except OSError as bad:
            raise OutputError(f"{path}: cannot be written: {bad.strerror}") from None
        return
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{target.name}.part")
    try:
        write(temporary)
        temporary.replace(target)
    except OSError as bad:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise OutputError(
            f"{path}: cannot be written: {bad.strerror}; the old file, if any, stands"
        ) from None


def _irregular(path: Path) -> bool:
    """Whether something is there that is no file to be replaced."""
    try:
        return not stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return False


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal. Raises ResponsesError if it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as bad:
        raise ResponsesError(f"{path}: cannot be read: {bad.strerror}") from None
