"""Look at a base and its adapters, and load nothing: files, configuration, shapes, digests, memory.

    looked = preflight(study.engine, ModelRef("base", Path("qwen")), [ModelRef("math", Path("adapters/math"))])
    looked.problems                          # what is wrong, before a token is spent
    with looked.load() as session:           # the base once, all its adapters
        for completion in session.complete(requests): ...

It knows no task, claim or store.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from assay.engines.api import ModelRef, Problem
from assay.engines.files import Stamp, located
from assay.engines.torch.adapters import read_adapter, weights_file
from assay.engines.torch.apart import SpoiledError
from assay.engines.torch.chat_template import TemplateError, render_chat, template_error
from assay.engines.torch.checkpoint import TEXTS, base_files, refuse_misshapen
from assay.engines.torch.configuration import AdapterError
from assay.engines.torch.estimate import Need, adapter_bytes, base_bytes, refuse_too_large, row_bytes
from assay.engines.torch.graphs import obstacle
from assay.engines.torch.identity import adapter_identity, base_identity
from assay.engines.torch.inspection import inspect_adapter, inspect_base
from assay.engines.torch.loading import Base, Source, load_base, load_skeleton
from assay.engines.torch.options import Setup, read_setup
from assay.engines.torch.session import CHANGED, Session, free
from assay.errors import EngineError
from assay.plan import EngineSettings

__all__ = ["TorchPreflight", "preflight"]

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
    identity = base_identity(
        folder,
        weights,
        str(skeleton.model.dtype).removeprefix("torch."),
        setup.quantization,
        remote_code=setup.trust_remote_code,
    )
    found.identities[base.name] = identity
    if skeleton.template is not None:
        found.templates[base.name] = skeleton.template
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


class TorchPreflight:
    """Satisfies `Preflight`: a base and its adapters, looked at and not loaded."""

    def __init__(self, name: str, stamp: Stamp, setup: Setup, skeleton: Base) -> None:
        self.name = name
        self.setup = setup
        self.identities: dict[str, Mapping[str, Any]] = {}
        """What answers, by content: the base first, then each adapter that can be asked."""
        self.templates: dict[str, str] = {}
        """Chat template of the base, where it has one, and of each adapter that brings another.

        The base's may be one that cannot be used: `chat` says so of a study that asks under it.
        """
        self.adapters: dict[str, Usable] = {}
        self._stamp = stamp
        self._skeleton = skeleton
        self._problems: list[Problem] = []
        self._faults: dict[str, str] = {}
        """By chat template: what is wrong with it, once it was looked at."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """An adapter with an `error` has no identity and is not loaded."""
        return tuple(self._problems)

    @property
    def provenance(self) -> Mapping[str, str]:
        """Versions of packages, and the device."""
        names = ["torch", "transformers", "tokenizers", "peft", "safetensors"]
        names += ["bitsandbytes"] if self.setup.quantization != "none" else []
        versions = {"assay": _version("lora-assay"), "python": platform.python_version()}
        return versions | {name: _version(name) for name in names} | {"device": _device(self.setup.place)}

    def chat(self, prompt: str, template: str) -> str:
        """The prompt as one user turn under a chat template, ready for an answer.

        Raises EngineError if the template cannot be applied to it, or leaves prompts out.
        """
        return self.converse(({"role": "user", "content": prompt},), template, False)

    def converse(self, turns: Sequence[Mapping[str, str]], template: str, begun: bool) -> str:
        """Turns under a chat template, ready for an answer; begun: the last turn is its beginning. Raises as `chat`."""
        if template not in self._faults:
            self._faults[template] = template_error(self._skeleton.tokenizer, template)
        if found := self._faults[template]:
            raise EngineError(self._refusal(template, found))
        try:
            return render_chat(self._skeleton.tokenizer, turns, template, begun)
        except TemplateError as bad:
            raise EngineError(self._refusal(template, bad.fault)) from bad

    @property
    def context(self) -> int | None:
        """Positions of a prompt and its response together; None where the base does not bound them."""
        return None if self._skeleton.context >= UNBOUNDED else self._skeleton.context

    @contextmanager
    def load(self) -> Iterator[Session]:
        """Load the weights, once. Raises EngineError if the base cannot be run."""
        session = self._session()
        try:
            yield session
        finally:
            session.close()

    def note(self, *problems: Problem) -> None:
        """Keep findings."""
        self._problems += problems

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
        file = weights_file(weights.name, folder, allow_pickle=pickle)
        dtype = torch.float32
        if not self.setup.exact_adapters and not found.adapter.unstackable:
            dtype = self._skeleton.model.dtype
        identity = adapter_identity(
            folder, file, self.identities[self.name], str(dtype).removeprefix("torch.")
        )
        self._duplicate(weights.name, identity)
        self.identities[weights.name] = identity
        if found.template is not None:
            self.templates[weights.name] = found.template
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

    def _refusal(self, template: str, found: str) -> str:
        """Why prompts cannot be asked under a template, whose it is, and the fix."""
        if template == self.templates.get(self.name):
            return (
                f"base {self.name!r}: its chat template {found}; set `decoding.template: FILE` to one that can be "
                f"used, or `decoding.template: none` to send prompts as they are"
            )
        if template in self.templates.values():
            return f"its chat template {found}; mend it, or remove it to use the base's"
        return f"the chat template that `decoding.template` names {found}; mend it, or name another"

    def _duplicate(self, name: str, identity: Mapping[str, Any]) -> None:
        for other in self.adapters:
            if self.identities[other]["weights"] == identity["weights"]:
                text = (
                    f"its weights are those of adapter {other!r}, byte for byte; if that is not meant, correct "
                    f"the path of one"
                )
                self.note(Problem(name, "warning", text))
                return

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
                except AdapterError as bad:
                    failed[name] = bad.reason
                    continue
                if one.stamp.stale:
                    failed[name] = CHANGED
                else:
                    read.append(adapter)
            try:
                return Session(base, read, self.setup.batching, failed, stamps)
            except SpoiledError as bad:
                failed[bad.name] = bad.reason
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


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"


def _device(place: torch.device) -> str:
    if place.type == "cuda":
        return torch.cuda.get_device_name(place)
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        model = platform.processor() or platform.machine()
    return f"{place.type}: {model}"
