"""Headers of safetensors files on the hub, by range requests: no weights are downloaded. It knows no adapter.

huggingface_hub is imported only here, when a hub id is given.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from assay.engines.api import ModelRef
from assay.engines.files import TEXTS, Entry, located, read_header
from assay.errors import EngineError

__all__ = ["HubFiles"]


class HubFiles:
    """A folder of a repository on the hub: its small files in the cache, the headers of its weights by request."""

    def __init__(self, ref: ModelRef) -> None:
        """Downloads the small files. Raises EngineError where there is no such repository, or it cannot be reached."""
        self.ref = ref
        self.folder = located(ref, TEXTS)
        """The small files."""
        depth = len(Path(ref.folder or "").parts)
        self.commit = [self.folder, *self.folder.parents][depth].name
        """The commit that they are of."""

    def header(self, name: str) -> Mapping[str, Entry] | None:
        """What a safetensors file holds; None where there is no such file. Raises EngineError."""
        if (self.folder / name).is_file():  # downloaded before
            return read_header(self.folder / name)
        from huggingface_hub import HfApi, errors

        with _explained(self.ref):
            try:
                metadata = HfApi().parse_safetensors_file_metadata(
                    str(self.ref.source), self._path(name), revision=self.commit
                )
            except errors.EntryNotFoundError:
                return None
        return _entries(metadata)

    def base_headers(self) -> Mapping[str, Entry]:
        """What the safetensors files of a base hold together; empty where it has none. Raises EngineError."""
        from huggingface_hub import HfApi, errors

        with _explained(self.ref):
            try:
                metadata = HfApi().get_safetensors_metadata(str(self.ref.source), revision=self.commit)
            except errors.NotASafetensorsRepoError:
                return {}
        return {
            name: entry for file in metadata.files_metadata.values() for name, entry in _entries(file).items()
        }

    def weights_sha256(self, name: str) -> str | None:
        """SHA-256 of a large file as the hub states it; None where it does not."""
        from huggingface_hub import HfApi

        with _explained(self.ref):
            paths = HfApi().get_paths_info(str(self.ref.source), [self._path(name)], revision=self.commit)
        large: Any = getattr(paths[0], "lfs", None) if paths else None
        return None if large is None else str(large.sha256)

    def holds(self, name: str) -> bool:
        """Whether there is such a file."""
        from huggingface_hub import HfApi

        with _explained(self.ref):
            return HfApi().file_exists(str(self.ref.source), self._path(name), revision=self.commit)

    def _path(self, name: str) -> str:
        return f"{self.ref.folder}/{name}" if self.ref.folder else name


def _entries(metadata: Any) -> dict[str, Entry]:
    return {name: _entry(tensor) for name, tensor in metadata.tensors.items()}


def _entry(tensor: Any) -> Entry:
    first, last = tensor.data_offsets
    return Entry(tensor.dtype, tuple(tensor.shape), last - first, first)


@contextmanager
def _explained(ref: ModelRef) -> Iterator[None]:
    """Failures of the hub as errors that name the repository."""
    try:
        yield
    except EngineError:
        raise
    except Exception as bad:
        cause = " ".join(str(bad).split())[:300]
        raise EngineError(
            f"the header of its weights cannot be read from the hub: {cause}",
            place=ref.address,
            fix="try again later",
        ) from bad
