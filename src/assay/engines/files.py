"""Folders of weights: where they are, whether they are complete, what they hold. It needs no torch.

Errors here name the file's fault and the fix, but not the base or adapter: callers add that.
"""

from __future__ import annotations

import glob
import hashlib
import json
import math
import os
import struct
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from operator import index
from pathlib import Path
from typing import Any, Self

import assay.embedded as embedded
from assay.adapter_folders import CONFIG
from assay.engines.api import ModelRef
from assay.errors import EngineError
from assay.files import file_exists, file_sha256

__all__ = [
    "TEXTS",
    "Entry",
    "Stamp",
    "json_sha256",
    "located",
    "read_header",
    "read_headers",
    "read_object",
    "read_shard_names",
    "sha256s",
    "shards",
]

POINTER = b"version https://git-lfs"
PICKLES = ("pytorch_model.bin", "pytorch_model.bin.index.json")
TEXTS = ("*.json", "*.jinja", "*.txt", "*.model")
"""Files of a folder that hold no weights: configuration, tokenizer, template."""
STAMPED = (".safetensors", ".bin", ".json", ".model", ".txt", ".py")
LONGEST_HEADER = 100 * 2**20
"""What the safetensors format allows."""
WIDTHS = {
    **dict.fromkeys(("F64", "I64", "U64"), 8),
    **dict.fromkeys(("F32", "I32", "U32"), 4),
    **dict.fromkeys(("F16", "BF16", "I16", "U16"), 2),
    **dict.fromkeys(("I8", "U8", "BOOL", "F8_E4M3", "F8_E5M2"), 1),
}
"""Bytes of a number of each type; those of other types are not checked."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One tensor of a safetensors file."""

    dtype: str
    """As the format writes it: `BF16`, `F32`, ..."""
    shape: tuple[int, ...]
    size: int
    """Bytes."""
    start: int
    """Where its bytes begin in the file."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """A folder's files at preflight: identity is computed once, and files are read later."""

    folder: Path
    """Or a file that holds everything."""
    files: tuple[tuple[str, int, int], ...]
    """Name, bytes and time of change of each file of weights, configuration or tokenizer."""

    @classmethod
    def of(cls, folder: Path) -> Self:
        """The present files; of a GGUF file, just this one."""
        paths = (
            [folder]
            if folder.is_file()
            else [path for path in folder.iterdir() if path.suffix in STAMPED and path.is_file()]
        )
        files = [(path, path.stat()) for path in paths]
        return cls(folder, tuple(sorted((path.name, stat.st_size, stat.st_mtime_ns) for path, stat in files)))

    @property
    def stale(self) -> bool:
        """Whether they have changed since."""
        return Stamp.of(self.folder) != self


def located(weights: ModelRef, patterns: Sequence[str]) -> Path:
    """The folder: as given, the embedded base's, or a snapshot of the hub (files of these patterns, downloaded if
    not yet there).

    Raises EngineError with the fix: absent, gated, offline and not downloaded yet.
    """
    if weights.source == embedded.NAME:  # as text: a Path of that name is a folder
        if weights.revision is not None:
            raise EngineError(f"the embedded base has no revision {weights.revision!r}; remove `revision`")
        return embedded.folder()
    folder = Path(weights.source).expanduser()
    if folder.is_dir():
        if weights.revision is not None:
            raise EngineError(
                f"{folder} is a folder, which has no revision {weights.revision!r}; remove `revision`"
            )
        return folder / (weights.folder or "")
    if folder.is_file():
        raise EngineError(f"{folder} is a file; give the folder that holds it")
    if isinstance(weights.source, Path) or folder.is_absolute() or weights.source.startswith("."):
        raise EngineError(f"no folder {folder}; correct the path, or give a hub id as in `org/name`")
    return _snapshot(weights, patterns)


def _snapshot(weights: ModelRef, patterns: Sequence[str]) -> Path:
    name, revision = str(weights.source), weights.revision
    within = f"{glob.escape(weights.folder)}/" if weights.folder else ""
    try:
        from huggingface_hub import errors, snapshot_download
    except ImportError:
        raise EngineError(
            f"{name} is not a folder here, and downloads need huggingface_hub: `pip install huggingface_hub`"
        ) from None
    try:
        # Only the one folder: below it are other formats of the same weights, and checkpoints.
        ignored = [f"{within}*/*", f"{within}consolidated*"]
        kept = [within + pattern for pattern in patterns]
        snapshot = snapshot_download(name, revision=revision, allow_patterns=kept, ignore_patterns=ignored)
    except errors.HFValidationError:
        raise EngineError(f"{name!r} is neither a folder here nor a hub id as in `org/name`") from None
    except errors.GatedRepoError:
        raise EngineError(
            f"{name} is gated on the hub; accept its terms at https://huggingface.co/{name}, then log in with "
            f"`hf auth login`"
        ) from None
    except errors.RepositoryNotFoundError:
        raise EngineError(
            f"no folder {name} here, and no such model on the hub for this login; correct the name, or log in "
            f"with `hf auth login` if it is private"
        ) from None
    except errors.RevisionNotFoundError:
        raise EngineError(f"{name} has no revision {revision!r} on the hub; correct or remove it") from None
    except (errors.LocalEntryNotFoundError, errors.OfflineModeIsEnabled):
        at = f" --revision {revision}" if revision else ""
        at += f" --include '{weights.folder}/*'" if weights.folder else ""
        raise EngineError(
            f"no folder {name} here, no complete download of it in the cache, and the hub cannot be reached (offline, or "
            f"HF_HUB_OFFLINE is set); run `hf download {name}{at}` with a network connection, or give a folder"
        ) from None
    except Exception as bad:
        raise EngineError(f"{name} cannot be downloaded: {_first(bad)}; try again later") from bad
    folder = Path(snapshot, weights.folder or "")
    if not folder.is_dir():
        where = f"in a folder {weights.folder}" if weights.folder else "at its top"
        raise EngineError(f"{name} has nothing on the hub {where} that is read", fix=_other_folders(weights))
    return folder


def _other_folders(weights: ModelRef) -> str:
    """What to write for an adapter that lies elsewhere in a repository, where the hub says what is in it."""
    from huggingface_hub import HfApi

    files: list[str] = []
    with suppress(Exception):
        files = HfApi().list_repo_files(str(weights.source), revision=weights.revision)
    folders = [path.removesuffix(f"/{CONFIG}") for path in files if path.endswith(f"/{CONFIG}")]
    if not folders:
        return "correct the hub id or the folder"
    shown = ", ".join(folders[:5]) + (f" and {len(folders) - 5} more" if len(folders) > 5 else "")
    return f"name one of its folders that hold adapters: {shown}"


def _first(bad: BaseException) -> str:
    return " ".join(str(bad).split())[:300]


def shards(folder: Path, *, allow_pickle: bool = False) -> tuple[Path, ...]:
    """The files that transformers would load the weights from. Raises EngineError if one is missing."""
    if other := read_object(folder / "config.json").get("transformers_weights"):
        raise EngineError(
            f"{folder / 'config.json'} names other weights, `transformers_weights: {other}`; rename that file "
            f"model.safetensors and remove the line"
        )
    single, index = folder / "model.safetensors", folder / "model.safetensors.index.json"
    if single.is_file():
        return (single,)
    if index.is_file():
        return _indexed(index)
    pickle, pickles = (folder / name for name in PICKLES)
    if not pickle.is_file() and not pickles.is_file():
        raise EngineError(f"no {single.name} in {folder}; the download or the training is incomplete")
    if not allow_pickle:
        present = pickle if pickle.is_file() else pickles
        raise EngineError(
            f"{present} is a pickle, which can run code, and there is no {single.name}; save it again with "
            f"`save_pretrained`, or set `engine.options.allow_pickle: true`"
        )
    return (pickle,) if pickle.is_file() else _indexed(pickles)


def _indexed(index: Path) -> tuple[Path, ...]:
    names = read_shard_names(index)
    if not names:
        raise EngineError(f"{index} has no `weight_map`; download it again")
    files = [index.parent / name for name in names]
    if absent := [path.name for path in files if not file_exists(path)]:
        raise EngineError(
            f"{index.name} names {len(absent)} files that are not in {index.parent} ({', '.join(absent[:3])}); "
            f"download them"
        )
    return tuple(files)


def read_shard_names(path: Path) -> list[str]:
    """The files that an index of weights names, sorted; empty where there is no `weight_map`.

    Raises EngineError for what is no file beside the index: weights are read from their own folder only.
    """
    places = read_object(path).get("weight_map")
    names = list(places.values()) if isinstance(places, dict) else []
    for name in names:
        inside = (
            isinstance(name, str) and name == Path(name).name and name not in ("", "..") and _sayable(name)
        )
        if not inside:
            raise EngineError(
                f"{path} names {repr(name)[:80]}, which is no file beside it", fix="download the folder again"
            )
    return sorted(set(names))


def _sayable(name: str) -> bool:
    """Whether a file can have such a name."""
    try:
        return b"\0" not in os.fsencode(name)
    except UnicodeEncodeError:  # half of a character
        return False


def read_header(path: Path, *, whole: bool = True) -> Mapping[str, Entry]:
    """What a safetensors file holds. Raises EngineError if it is cut short, or no such file.

    whole: whether the weights behind the header must be there.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(len(POINTER))
        if start == POINTER:
            raise EngineError(f"{path} is a Git LFS pointer; fetch the file with `git lfs pull`")
        length = struct.unpack("<Q", start[:8])[0] if size >= 8 else size
        file.seek(8)
        header = file.read(length) if length <= min(size - 8, LONGEST_HEADER) else b""
    try:
        content = json.loads(header).items()
        entries = {key: _entry(entry, 8 + length) for key, entry in content if key != "__metadata__"}
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        raise EngineError(
            f"{path} ({size} bytes) has no complete safetensors header; download it again"
        ) from None
    expected = 8 + length + sum(entry.size for entry in entries.values())
    if whole and size != expected:
        what = "it was cut short" if size < expected else "there is more in it than it says"
        raise EngineError(f"{path} holds {size} of {expected} bytes, {what}; download it again")
    return entries


def read_headers(paths: Iterable[Path]) -> dict[str, Entry]:
    """What safetensors files hold together; files of other kinds are left out. Raises as `read_header`."""
    return {
        name: entry
        for path in paths
        if path.suffix == ".safetensors"
        for name, entry in read_header(path).items()
    }


def _entry(entry: Mapping[str, Any], data: int) -> Entry:
    """A tensor's entry. Raises ValueError where its place in the file, its type and its shape contradict each other."""
    first, last = map(index, entry["data_offsets"])
    dtype, shape = str(entry["dtype"]), tuple(map(index, entry["shape"]))
    width = WIDTHS.get(dtype)
    if not 0 <= first <= last or min(shape, default=0) < 0:
        raise ValueError
    if width is not None and last - first != width * math.prod(shape):
        raise ValueError
    return Entry(dtype, shape, last - first, data + first)


def read_object(path: Path) -> dict[str, Any]:
    """A JSON object; empty where there is no such file. Raises EngineError if it is anything else."""
    try:
        if not path.is_file() and path.exists():  # to read a pipe could take for ever
            raise EngineError(f"{path} is no regular file; download it again")
        text = path.read_bytes()
        if not text.strip():
            raise EngineError(f"{path} is empty; download it again")
        value = json.loads(text)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as bad:
        raise EngineError(f"{path} is not JSON ({_first(bad)}); download it again") from None
    if not isinstance(value, dict):
        raise EngineError(f"{path} is not a JSON object; download it again")
    return value


def json_sha256(value: Any) -> str:
    """SHA-256 of JSON with sorted keys and no spaces, in hexadecimal."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def sha256s(paths: Sequence[Path]) -> list[str]:
    """Digests of files, sorted: what files are called and how they are ordered is no content."""
    return sorted(file_sha256(path) for path in paths)
