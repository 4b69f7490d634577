"""A base as far as adapters are compared with it: its layers, chat template and tokens, by its files alone.

Its layers come from the headers of its weights; without weights, or with packed ones, from a table by its config.json
(`assay.engines.base_shapes`); else they are unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from assay.adapter_folders import is_adapter
from assay.engines.adapter_fit import BaseShapes, entry_shapes
from assay.engines.api import ModelRef
from assay.engines.base_shapes import FAMILIES, layer_shapes, tied_head
from assay.engines.files import Entry, located, read_header, read_object, read_shard_names
from assay.engines.gguf import is_gguf, read_gguf
from assay.errors import EngineError
from assay.inspecting.hub import HubFiles
from assay.inspecting.texts import GgufTexts, Texts

__all__ = ["KnownBase", "read_base"]

SINGLE, INDEX = "model.safetensors", "model.safetensors.index.json"


@dataclass(frozen=True, slots=True)
class KnownBase:
    """What adapters are compared with."""

    texts: Texts
    shapes: BaseShapes
    unknown: str = ""
    """Why its layers are not known; empty where they are."""
    local: bool = True
    """Whether it was given by a path, which is no name of a base."""


def read_base(source: str) -> KnownBase:
    """A folder, a GGUF file, a `config.json` alone, a hub id, or `embedded`. Raises EngineError where it is no base."""
    path = Path(source).expanduser()
    if path.is_file() and is_gguf(path):
        return _of_gguf(path, source)
    if path.is_file():
        if path.suffix != ".json":
            raise EngineError(
                "it is a file", place=f"--base {source}", fix="give its folder, or its config.json"
            )
        return _known(path.parent, read_object(path), {}, str(path.parent))
    ref = ModelRef(source, source)
    if path.is_dir() or source == "embedded":
        folder = located(ref, ())
        return _known(folder, read_object(folder / "config.json"), _headers(folder), source)
    files = HubFiles(ref)
    known = _known(files.folder, read_object(files.folder / "config.json"), files.base_headers(), source)
    return replace(known, local=False)


def _of_gguf(path: Path, source: str) -> KnownBase:
    """A GGUF file: its own layers, template and tokens."""
    header = read_gguf(path)
    layers = header.places
    shapes = BaseShapes(layers, header.architecture, "output" not in header.layers, source)
    unknown = (
        f"shapes unknown: no table of layers for the GGUF architecture {header.architecture!r}; whether the adapter fits is "
        f"not checked"
    )
    return KnownBase(GgufTexts(path.parent, header), shapes, "" if layers else unknown)


def _known(folder: Path, config: Mapping[str, Any], header: Mapping[str, Entry], name: str) -> KnownBase:
    kind = config.get("model_type")
    if not isinstance(kind, str):
        adapter = "; it is an adapter" if is_adapter(folder) else ""
        raise EngineError(
            f"no config.json with a `model_type` in {folder}{adapter}",
            place=f"--base {name}",
            fix="give the folder that transformers saved, or its config.json",
        )
    shapes = entry_shapes(config, header, name)
    if shapes.layers:
        return KnownBase(Texts(folder), shapes)
    shapes = replace(shapes, layers=layer_shapes(config) or {}, tied=tied_head(config) or False)
    packed = "quantization_config" in config
    return KnownBase(Texts(folder), shapes, "" if shapes.layers else _unknown(kind, packed))


def _unknown(kind: str, packed: bool) -> str:
    why = "the base's weights are packed" if packed else "there is no header of the base's weights"
    if kind in FAMILIES:
        more = "its config.json lacks a size or names code of its own"
    else:
        more = f"the table by config.json has the families {', '.join(FAMILIES)}, not {kind!r}"
    return f"shapes unknown: {why}, and {more}; whether the adapter fits is not checked"


def _headers(folder: Path) -> dict[str, Entry]:
    """The headers of a base's weights; a file may hold its header alone. Empty where one of them cannot be read."""
    names = [SINGLE]
    if not (folder / SINGLE).is_file():
        names = read_shard_names(folder / INDEX)
    entries: dict[str, Entry] = {}
    for name in names:
        try:
            entries |= read_header(folder / name, whole=False)
        except (OSError, EngineError):  # a pointer of Git LFS, a download that is not complete
            return {}
    return entries
