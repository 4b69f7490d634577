"""Adapters by their files alone: what each is, whether it would load, and where. It loads no weights.

    [found] = inspect_adapters(["adapters/math"], base="Qwen/Qwen3-4B")
    found.status, found.reasons                # "usable", "warnings" or "unusable"; why

It reads `adapter_config.json` and the header of the weights, of a local folder or by a range request of the hub, and
imports neither torch nor transformers nor peft.

inspection  what is found      adapter  one adapter            sources, hub  its files, here or on the hub
base        what it is compared with                           layers, texts, engines  parts of the finding
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from assay.inspecting.adapter import inspect_adapter
from assay.inspecting.base import KnownBase, read_base
from assay.inspecting.inspection import Inspection, LayerKind, Readiness, exit_code

__all__ = [
    "Inspection",
    "KnownBase",
    "LayerKind",
    "Readiness",
    "exit_code",
    "inspect_adapter",
    "inspect_adapters",
    "read_base",
]


def inspect_adapters(
    paths: Iterable[str], base: str | None = None, *, digest: bool = False
) -> Iterator[Inspection]:
    """Each adapter in the order given. Raises EngineError if the base is none; an adapter never raises.

    base: a folder, a GGUF file, a `config.json` alone, a hub id, or `embedded`. digest: whether weights are read for their digest.
    """
    known = None if base is None else read_base(base)
    for path in paths:
        yield inspect_adapter(path, known, digest=digest)
