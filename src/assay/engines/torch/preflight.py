"""Checks a base and its adapters and loads no weights: files, configuration, shapes, digests, memory.

    looked = preflight(study.engine, ModelRef("base", Path("qwen")), [ModelRef("math", Path("adapters/math"))])
    looked.problems                          # what is wrong, before a token is spent
    with looked.load() as session:           # the base once, all its adapters
        for completion in session.complete(prompts): ...

It knows no task, claim or store.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

from assay.engines.adapter_files import PICKLE, WEIGHT_FILES
from assay.engines.api import ModelRef, Problem
from assay.engines.chat_template import Tokens
from assay.engines.end_tokens import own_end
from assay.engines.files import TEXTS, Stamp, located, sha256s
from assay.engines.gguf import gguf_identity, is_gguf
from assay.engines.identity import adapter_identity, base_identity
from assay.engines.preflight import Preflight, versions
from assay.engines.torch.adapter_load import read_adapter
from assay.engines.torch.checkpoint import base_files, refuse_misshapen
from assay.engines.torch.estimate import adapter_bytes, base_bytes, refuse_too_large, row_bytes
from assay.engines.torch.graphs import obstacle
from assay.engines.torch.inspection import inspect_adapter, inspect_base
from assay.engines.torch.loading import Base, Source, load_base, load_skeleton
from assay.engines.torch.options import TorchSettings, read_settings
from assay.engines.torch.peft_fallback import SpoiledError
from assay.engines.torch.session import CHANGED, TorchSession, free
from assay.errors import EngineError, Place
from assay.plan import EngineSettings

__all__ = ["TorchPreflight", "preflight"]

PACKAGES = ("torch", "transformers", "tokenizers", "peft", "safetensors")
BITS = {"none": "", "8bit": "8 bits", "4bit": "4 bits"}
"""Precision of a base's weights under `engine.quantization`; empty: that of its files."""
UNBOUNDED = 2**31
"""A context of this many positions or more is one that its configuration does not bound."""


def preflight(settings: EngineSettings, base: ModelRef, adapters: Sequence[ModelRef]) -> TorchPreflight:
    """Look at a base and its adapters. Raises EngineError if the base or a setting is unusable."""
    checked = read_settings(settings)
    options = checked.options
    try:
        folder, weights = base_files(
            base, allow_pickle=options.allow_pickle, remote_code=options.trust_remote_code
        )
        if is_gguf(folder) and checked.quantization != "none":
            raise EngineError(
                "a GGUF file is unpacked into plain weights",
                place=Place.of("engine", "quantization"),
                fix="remove the line, or give the base as a folder with safetensors",
            )
        stamp = Stamp.of(folder)
        skeleton = load_skeleton(_source(folder, checked), base.name, str(base.source))
        refuse_misshapen(folder, weights, skeleton.model)
        looked = TorchPreflight(base.name, stamp, checked, skeleton)
        looked.look_at_base(weights)
        for adapter in adapters:
            looked.look(adapter)
        looked.refuse_too_large(weights)
    except EngineError as bad:
        raise bad.at(f"base {base.name!r}") from bad
    return looked


@dataclass(frozen=True, slots=True)
class Usable:
    """An adapter that can be loaded."""

    folder: Path
    stackable: bool
    size: int
    """Bytes in memory."""
    stamp: Stamp
    scale: float = 1.0


class TorchPreflight(Preflight):
    """A base as its skeleton, and its adapters."""

    def __init__(self, name: str, stamp: Stamp, settings: TorchSettings, skeleton: Base) -> None:
        super().__init__(name, Tokens.of(skeleton.tokenizer))
        self.settings, self.options = settings, settings.options
        self.adapters: dict[str, Usable] = {}
        self._stamp = stamp
        self._weights: tuple[Path, ...] = ()
        self._skeleton = skeleton
        self.context = None if skeleton.context >= UNBOUNDED else skeleton.context
        packages = [*PACKAGES, *(["bitsandbytes"] if settings.quantization != "none" else [])]
        packages += ["gguf"] if is_gguf(stamp.folder) else []
        self.provenance = versions(*packages) | {"device": _device(self.options.place)}

    @contextmanager
    def load(self) -> Iterator[TorchSession]:
        """Load the weights, once. Raises EngineError if the base cannot be run."""
        with closing(self._session()) as session:
            yield session

    def look_at_base(self, weights: Sequence[Path]) -> None:
        """What the base is, and what is odd about it."""
        skeleton, folder = self._skeleton, self._stamp.folder
        self._weights = tuple(weights)
        settings = {
            "engine": "torch",
            "dtype": str(skeleton.model.dtype).removeprefix("torch."),
            "quantization": self.settings.quantization,
        }
        identity = (
            gguf_identity(settings, folder)
            if is_gguf(folder)
            else base_identity(settings, folder, sha256s(weights), remote_code=self.options.trust_remote_code)
        )
        self.add_base(identity, skeleton.template)
        self.note(*inspect_base(skeleton, folder))
        if why := _decodes_slowly(self.settings, skeleton):
            self.note(Problem(self.name, "note", f"it decodes without CUDA graphs, which is slower: {why}"))

    def look(self, ref: ModelRef) -> None:
        """At one adapter: what is wrong with it, else what it is."""
        pickle = self.options.allow_pickle
        try:
            folder = located(ref, [*TEXTS, *WEIGHT_FILES, *([PICKLE] if pickle else [])])
        except EngineError as bad:
            self.note(Problem(ref.name, "error", str(bad)))
            return
        stamp = Stamp.of(folder)
        precision = BITS[self.settings.quantization]
        inspection = inspect_adapter(
            ref.name,
            folder,
            self._skeleton,
            allow_pickle=pickle,
            precision=precision,
            weights=self._weights,
        )
        self.note(*inspection.problems)
        if inspection.adapter is None:
            return
        try:
            inspection.adapter.at(ref.scale)
        except EngineError as bad:
            self.note(Problem(ref.name, "error", str(bad)))
            return
        weights = inspection.adapter.files.weights
        stackable = not inspection.adapter.unstackable
        dtype = self._skeleton.model.dtype if stackable and not self.options.exact_adapters else torch.float32
        identity = adapter_identity(
            folder, weights, self.identities[self.name], str(dtype).removeprefix("torch."), ref.scale
        )
        self.add_adapter(ref.name, identity, inspection.template)
        self.add_end(ref.name, own_end(folder), self._skeleton.ends, self._skeleton.tokenizer.get_vocab())
        twice = self.options.place.type == "cpu"
        size = adapter_bytes(inspection.adapter, dtype.itemsize, twice=twice)
        self.adapters[ref.name] = Usable(folder, stackable, size, stamp, ref.scale)

    def end_texts(self) -> Mapping[str, int]:
        """Tokens that end the base's own texts, and their numbers."""
        return {
            str(self._skeleton.tokenizer.convert_ids_to_tokens(token)): token
            for token in sorted(self._skeleton.ends)
        }

    def token(self, text: str) -> int | None:
        """Number of a token of the base's; None where it has none."""
        return self._skeleton.tokenizer.get_vocab().get(text)

    def refuse_too_large(self, weights: Sequence[Path]) -> None:
        """Raise EngineError if base and adapters are more than fits."""
        base = base_bytes(self._skeleton, self.settings.quantization, weights)
        stacked = sum(adapter.size for adapter in self.adapters.values() if adapter.stackable)
        alone = max((adapter.size for adapter in self.adapters.values() if not adapter.stackable), default=0)
        length = self.options.length
        row, quantized = row_bytes(self._skeleton, length), self.settings.quantization != "none"
        refuse_too_large(base, stacked + alone, row, self.options.place, length=length, quantized=quantized)

    def _session(self) -> TorchSession:
        """With the adapters that load. The base is loaded again for each that leaves it changed."""
        failed: dict[str, str] = {}
        stamps = {name: adapter.stamp for name, adapter in self.adapters.items()}
        while True:
            base = load_base(_source(self._stamp.folder, self.settings), self.name, self._skeleton.source)
            if self._stamp.stale:
                raise EngineError(CHANGED, place=f"base {self.name!r}")
            read = []
            for name, usable in self.adapters.items():
                if name in failed:
                    continue
                try:
                    adapter = read_adapter(name, usable.folder, base, allow_pickle=self.options.allow_pickle)
                    adapter = adapter.at(usable.scale)
                except EngineError as bad:
                    failed[name] = str(bad)
                    continue
                if usable.stamp.stale:
                    failed[name] = CHANGED
                else:
                    read.append(adapter)
            try:
                return TorchSession(base, read, self.options.batching, failed, stamps)
            except SpoiledError as bad:
                failed[bad.adapter] = str(bad)
            del base, read
            free()


def _decodes_slowly(settings: TorchSettings, skeleton: Base) -> str:
    """Why a GPU will decode more slowly than it could; empty where it will not."""
    place = settings.options.place
    quantized = getattr(skeleton.model.config, "quantization_config", None)
    if place.type != "cuda" or not settings.options.graphs:
        return ""
    return obstacle(place, quantized=settings.quantization != "none" or bool(quantized))


def _source(folder: Path, settings: TorchSettings) -> Source:
    return Source(
        str(folder),
        dtype=settings.dtype,
        device=str(settings.options.place),
        quantization=settings.quantization,
        trust_remote_code=settings.options.trust_remote_code,
        allow_pickle=settings.options.allow_pickle,
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
