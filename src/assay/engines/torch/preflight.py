"""Look at a base and its adapters, and load nothing: files, configuration, shapes, digests, memory.

    looked = preflight(study.engine, ModelRef("base", Path("qwen")), [ModelRef("math", Path("adapters/math"))])
    looked.problems                          # what is wrong, before a token is spent
    with looked.load() as session:           # the base once, all its adapters
        for completion in session.complete(requests): ...

It knows no task, claim or store.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

from assay.engines.adapter_files import weights_file
from assay.engines.api import ModelRef, Problem
from assay.engines.chat_template import Tokens
from assay.engines.files import TEXTS, Stamp, located, sha256s
from assay.engines.identity import adapter_identity, base_identity
from assay.engines.preflight import Preflight, versions
from assay.engines.torch.adapter_load import read_adapter
from assay.engines.torch.checkpoint import base_files, refuse_misshapen
from assay.engines.torch.estimate import Need, adapter_bytes, base_bytes, refuse_too_large, row_bytes
from assay.engines.torch.graphs import obstacle
from assay.engines.torch.inspection import inspect_adapter, inspect_base
from assay.engines.torch.loading import Base, Source, load_base, load_skeleton
from assay.engines.torch.options import Setup, read_setup
from assay.engines.torch.peft_fallback import SpoiledError
from assay.engines.torch.session import CHANGED, Session, free
from assay.errors import EngineError
from assay.plan import EngineSettings

__all__ = ["TorchPreflight", "preflight"]

PACKAGES = ("torch", "transformers", "tokenizers", "peft", "safetensors")
UNBOUNDED = 2**31
"""A context of this many positions or more is one that its configuration does not bound."""


def preflight(settings: EngineSettings, base: ModelRef, adapters: Sequence[ModelRef]) -> TorchPreflight:
    """Look at a base and its adapters. Raises EngineError if the base or a setting is unusable."""
    setup = read_setup(settings)
    try:
        folder, weights = base_files(
            base, allow_pickle=setup.allow_pickle, remote_code=setup.trust_remote_code
        )
        stamp = Stamp.of(folder)
        skeleton = load_skeleton(_source(folder, setup), base.name, str(base.source))
        refuse_misshapen(folder, weights, skeleton.model)
    except EngineError as bad:
        text = str(bad)
        start = f"base {base.name!r}: "
        raise EngineError(text if text.startswith(start) else start + text) from bad
    found = TorchPreflight(base.name, stamp, setup, skeleton)
    dtype = str(skeleton.model.dtype).removeprefix("torch.")
    held = {"engine": "torch", "dtype": dtype, "quantization": setup.quantization}
    identity = base_identity(held, folder, sha256s(weights), remote_code=setup.trust_remote_code)
    found.add_base(identity, skeleton.template)
    found.note(*inspect_base(skeleton, folder), *_slow(base.name, setup, skeleton))
    for adapter in adapters:
        found.look(adapter)
    found.weigh(base_bytes(skeleton, setup.quantization, weights))
    return found


@dataclass(frozen=True, slots=True)
class Usable:
    """An adapter that can be loaded."""

    folder: Path
    apart: bool
    size: int
    """Bytes in memory."""
    stamp: Stamp


class TorchPreflight(Preflight):
    """A base as its skeleton, and its adapters."""

    def __init__(self, name: str, stamp: Stamp, setup: Setup, skeleton: Base) -> None:
        super().__init__(name, Tokens.of(skeleton.tokenizer))
        self.setup = setup
        self.adapters: dict[str, Usable] = {}
        self._stamp = stamp
        self._skeleton = skeleton
        self.context = None if skeleton.context >= UNBOUNDED else skeleton.context
        packages = [*PACKAGES, *(["bitsandbytes"] if setup.quantization != "none" else [])]
        self.provenance = versions(*packages) | {"device": _device(setup.place)}

    @contextmanager
    def load(self) -> Iterator[Session]:
        """Load the weights, once. Raises EngineError if the base cannot be run."""
        session = self._session()
        try:
            yield session
        finally:
            session.close()

    def look(self, weights: ModelRef) -> None:
        """At one adapter: what is wrong with it, else what it is."""
        pickle = self.setup.allow_pickle
        patterns = [*TEXTS, "adapter_model.safetensors", *(["adapter_model.bin"] if pickle else [])]
        try:
            folder = located(weights, patterns)
        except EngineError as bad:
            self.note(Problem(weights.name, "error", str(bad)))
            return
        stamp = Stamp.of(folder)
        found = inspect_adapter(weights.name, folder, self._skeleton, allow_pickle=pickle)
        self.note(*found.problems)
        if found.adapter is None:
            return
        file = weights_file(folder, allow_pickle=pickle)
        dtype = torch.float32
        if not self.setup.exact_adapters and not found.adapter.unstackable:
            dtype = self._skeleton.model.dtype
        identity = adapter_identity(
            folder, file, self.identities[self.name], str(dtype).removeprefix("torch.")
        )
        self.add_adapter(weights.name, identity, found.template)
        twice = self.setup.place.type == "cpu"
        size = adapter_bytes(found.adapter, file, dtype.itemsize, twice=twice)
        self.adapters[weights.name] = Usable(folder, bool(found.adapter.unstackable), size, stamp)

    def weigh(self, weights: int) -> None:
        """Raise EngineError if this is more than fits."""
        stacked = sum(one.size for one in self.adapters.values() if not one.apart)
        alone = max((one.size for one in self.adapters.values() if one.apart), default=0)
        row = row_bytes(self._skeleton, self.setup.length)
        need = Need(weights, stacked + alone, row, self.setup.length)
        try:
            refuse_too_large(need, self.setup.place, self.setup.quantization)
        except EngineError as bad:
            raise EngineError(f"base {self.name!r}: {bad}") from None

    def _session(self) -> Session:
        """With the adapters that load. The base is loaded anew for each that leaves it changed."""
        failed: dict[str, str] = {}
        stamps = {name: one.stamp for name, one in self.adapters.items()}
        while True:
            base = load_base(_source(self._stamp.folder, self.setup), self.name, self._skeleton.source)
            if self._stamp.stale:
                raise EngineError(f"base {self.name!r}: {CHANGED}")
            read = []
            for name, one in self.adapters.items():
                if name in failed:
                    continue
                try:
                    adapter = read_adapter(name, one.folder, base, allow_pickle=self.setup.allow_pickle)
                except EngineError as bad:
                    failed[name] = str(bad)
                    continue
                if one.stamp.stale:
                    failed[name] = CHANGED
                else:
                    read.append(adapter)
            try:
                return Session(base, read, self.setup.batching, failed, stamps)
            except SpoiledError as bad:
                failed[bad.adapter] = str(bad)
            del base, read
            free()


def _slow(name: str, setup: Setup, skeleton: Base) -> list[Problem]:
    """A note where a GPU will decode more slowly than it could."""
    quantized = setup.quantization != "none" or bool(
        getattr(skeleton.model.config, "quantization_config", None)
    )
    why = obstacle(setup.place, quantized=quantized) if setup.place.type == "cuda" and setup.graphs else ""
    return [Problem(name, "note", f"it decodes without CUDA graphs, more slowly: {why}")] if why else []


def _source(folder: Path, setup: Setup) -> Source:
    return Source(
        str(folder),
        dtype=setup.dtype,
        device=str(setup.place),
        quantization=setup.quantization,
        trust_remote_code=setup.trust_remote_code,
        allow_pickle=setup.allow_pickle,
    )


def _device(place: torch.device) -> str:
    if place.type == "cuda":
        return torch.cuda.get_device_name(place)
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        model = platform.processor() or platform.machine()
    return f"{place.type}: {model}"
