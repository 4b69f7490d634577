"""Reads a file as bytes or text in any encoding of Unicode, writes one atomically, and computes its digest.

It knows no format."""

from __future__ import annotations

import codecs
import gzip
import hashlib
import io
import os
import re
import stat
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from assay.errors import AssayError, OutputError, ResponsesError

__all__ = [
    "decode",
    "file_name",
    "file_sha256",
    "make_folder",
    "read_bytes",
    "read_text",
    "write_atomically",
    "write_text",
]


LARGEST, RATIO = 64 * 2**20, 16
"""What gzip may unpack to: so many bytes, or so many times the file."""
_GZIP = b"\x1f\x8b"
_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32",  # before UTF-16, whose mark it begins with
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""Byte-order marks."""


def read_text(path: Path, error: type[AssayError]) -> str:
    """The file as text; raises `error` if it is missing, unreadable or in no encoding of Unicode."""
    return decode(read_bytes(path, error), path, error)


def read_bytes(path: Path, error: type[AssayError]) -> bytes:
    """The content of a file, decompressed where gzip wrote it; raises `error` if it is missing, unreadable or cut off."""
    try:
        content = path.read_bytes()
        return _unpacked(content, path, error) if content.startswith(_GZIP) else content
    except (EOFError, zlib.error, gzip.BadGzipFile) as bad:
        raise error(f"not a whole gzip file ({bad})", place=path, fix="the file may be cut off") from None
    except OSError as bad:
        raise error(f"cannot be read: {bad.strerror}", place=path) from None


def _unpacked(content: bytes, path: Path, error: type[AssayError]) -> bytes:
    """What gzip packed. A few kilobytes could fill the memory."""
    most = max(LARGEST, RATIO * len(content))
    with gzip.open(io.BytesIO(content)) as file:
        unpacked = file.read(most + 1)
    if len(unpacked) > most:
        raise error(
            f"{len(content):,} bytes that unpack to more than {most:,}",
            place=path,
            fix="unpack it with `gunzip`",
        )
    return unpacked


def decode(content: bytes, path: Path, error: type[AssayError]) -> str:
    """Text in UTF-8, or in UTF-16 or UTF-32 with a byte-order mark; raises `error`, naming the line of the first other byte."""
    mark = next((mark for mark in _MARKS if content.startswith(mark)), b"")
    encoding = _MARKS.get(mark, "utf-8")
    try:
        return content.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except UnicodeDecodeError as bad:
        line = content[: bad.start].decode(encoding, errors="ignore").count("\n") + 1
        raise error(
            f"not {encoding.upper()} (byte 0x{content[bad.start]:02x})",
            place=f"{path}:{line}",
            fix="convert the file, e.g. with `iconv -f latin1 -t utf-8`"
            if encoding == "utf-8"
            else "its byte-order mark is followed by another encoding, or the file is cut off",
        ) from None


def file_name(text: str) -> str:
    """A name as part of a path, the way lm-eval writes it."""
    safe = re.sub(r"[\"<>:/|\\?*\[\]]+", "__", text)
    return "__" if safe in (".", "..") else safe


def file_exists(path: Path | str) -> bool:
    """Whether there is such a file. A name that no file can have, on which pathlib raises, is none."""
    return os.path.isfile(path)  # noqa: PTH113


def folder_exists(path: Path | str) -> bool:
    """Whether there is such a folder, likewise."""
    return os.path.isdir(path)  # noqa: PTH112


def make_folder(folder: Path, option: str = "--out") -> None:
    """Make the folder that `option` names, with its parents. Raises OutputError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as bad:
        raise OutputError(
            f"cannot be made: {bad.strerror}", place=folder, fix=f"choose another {option}"
        ) from None


def write_text(path: Path, text: str) -> None:
    """Write text so that a reader sees the old file or the new one, never a part."""
    write_atomically(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` make a file beside `path`, then put it in place. Raises OutputError.

    A link is kept and its target is replaced. A device or a pipe is written to in place.
    """
    if _irregular(path):
        try:
            write(path)
        except OSError as bad:
            raise OutputError(f"cannot be written: {bad.strerror}", place=path) from None
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
            f"cannot be written: {bad.strerror}", place=path, fix="the old file, if any, is unchanged"
        ) from None


def _irregular(path: Path) -> bool:
    """Whether the path exists and is not a file that can be replaced."""
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
        raise ResponsesError(f"cannot be read: {bad.strerror}", place=path) from None
