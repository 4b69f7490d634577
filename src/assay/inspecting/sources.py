"""Where an adapter's files are: a local folder, or a folder of a repository on the hub. It downloads no weights.

source = find_source("owner/library/relevance/lora")
source.read()          # configuration and header
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from assay.adapter_folders import split_hub_id
from assay.engines.adapter_files import (
    INDEX,
    MLX,
    PICKLE,
    WEIGHTS,
    AdapterFiles,
    join_files,
    read_config,
    weights_files,
)
from assay.engines.api import ModelRef
from assay.engines.files import Entry, json_sha256, read_headers, read_shard_names, sha256s
from assay.errors import EngineError
from assay.files import file_exists, folder_exists
from assay.inspecting.hub import HubFiles

__all__ = ["Source", "find_source"]


class Source(Protocol):
    """An adapter's files."""

    @property
    def folder(self) -> Path:
        """Where its small files are."""
        ...

    def read(self) -> tuple[AdapterFiles, Mapping[str, Entry]]:
        """Its configuration and tensors, and the header itself. Raises EngineError."""
        ...

    def weights_sha256(self, files: AdapterFiles) -> str | None:
        """Digest of its weights; None where it cannot be had without downloading them."""
        ...


def find_source(path: str) -> Source:
    """A folder where there is one, else a hub id with or without a folder. Raises EngineError where it can be neither."""
    folder = Path(path).expanduser()
    if folder_exists(folder):
        return _Local(folder)
    if file_exists(folder):
        raise EngineError(f"{path} is a file", fix="give the folder that holds it")
    name, inner = split_hub_id(path)
    local = path.startswith(("/", "./", "../", "~")) or folder_exists(path.split("/")[0])
    if local or "/" not in name:
        raise EngineError(f"no folder {path}, and no hub id (owner/name)", fix="correct the path")
    return _Remote(HubFiles(ModelRef(path, name, folder=inner)))


@dataclass(frozen=True, slots=True)
class _Local:
    folder: Path

    def read(self) -> tuple[AdapterFiles, Mapping[str, Entry]]:
        config, weights = read_config(self.folder), weights_files(self.folder)
        entries = read_headers(weights)
        return join_files(self.folder, config, weights, entries), entries

    def weights_sha256(self, files: AdapterFiles) -> str | None:
        return _joined(sha256s(files.weights))


@dataclass(frozen=True, slots=True)
class _Remote:
    files: HubFiles

    @property
    def folder(self) -> Path:
        return self.files.folder

    def read(self) -> tuple[AdapterFiles, Mapping[str, Entry]]:
        config = read_config(self.folder)
        headers = self._headers()
        entries = {name: entry for header in headers.values() for name, entry in header.items()}
        weights = [self.folder / name for name in headers]
        return join_files(self.folder, config, weights, entries), entries

    def _headers(self) -> dict[str, Mapping[str, Entry]]:
        """The header of each file of weights, by its name."""
        if names := read_shard_names(self.folder / INDEX):
            headers = {name: self.files.header(name) for name in names}
            if absent := [name for name, header in headers.items() if header is None]:
                raise EngineError(
                    f"no {absent[0]} in {self.files.ref.address}", fix="the upload is incomplete"
                )
            return {name: header for name, header in headers.items() if header is not None}
        for name in (WEIGHTS, MLX):
            if (header := self.files.header(name)) is not None:
                return {name: header}
        if self.files.holds(PICKLE):
            raise EngineError(
                f"its weights are a pickle, {PICKLE}, which can run code", fix=f"save it as {WEIGHTS}"
            )
        raise EngineError(f"no {WEIGHTS} in {self.files.ref.address}", fix="the upload is incomplete")

    def weights_sha256(self, files: AdapterFiles) -> str | None:
        digests = [self.files.weights_sha256(path.name) for path in files.weights]
        return None if None in digests else _joined(sorted(map(str, digests)))


def _joined(digests: list[str]) -> str:
    """One digest of one or more files."""
    return digests[0] if len(digests) == 1 else json_sha256(digests)
