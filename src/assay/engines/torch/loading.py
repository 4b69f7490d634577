"""Loads a base by transformers: weights, tokenizer, and tokens that end a text; or all of these without the weights.

It knows no adapter."""

from __future__ import annotations

import inspect
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from logging import CRITICAL
from pathlib import Path
from typing import Any, Literal, get_args

import torch
from torch import Tensor
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    GenerationConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils import logging

from assay.engines.chat_template import default_template
from assay.engines.files import read_headers, shards
from assay.engines.gguf import is_gguf, read_gguf
from assay.engines.torch.attention import NAME
from assay.engines.torch.checkpoint import damaged, refuse_mute, without_tokenizer
from assay.engines.torch.gguf_load import as_plain, gguf_error, pretrained, unpacking
from assay.errors import EngineError

__all__ = ["DTYPES", "QUANTIZATIONS", "Base", "Source", "calm", "load_base", "load_skeleton", "out_of_memory"]

Quantization = Literal["none", "8bit", "4bit"]
QUANTIZATIONS: tuple[str, ...] = get_args(Quantization)
DTYPES = ("float32", "bfloat16", "float16")
STORED = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}
"""What a safetensors file calls a dtype."""
UNKNOWN = re.compile(r"model type `(.*?)` but Transformers does not recognize")
"""What transformers says of an architecture that it lacks."""
KNOWN_LAYERS = {"full_attention", "sliding_attention"}


@dataclass(frozen=True, slots=True)
class Source:
    """Where a base comes from and how it is held."""

    model: str
    """A folder, a GGUF file, or a hub id."""
    revision: str | None = None
    dtype: str = "auto"
    """`auto`: the checkpoint's own, float32 where it says none; bfloat16 of a quantized GGUF file."""
    device: str | None = None
    """`cpu`, `cuda`, `cuda:1`; None: a GPU where there is one."""
    quantization: Quantization = "none"
    trust_remote_code: bool = False
    allow_pickle: bool = False
    """Of a folder: load weights that are pickles, where there is nothing else."""


@dataclass(frozen=True, slots=True)
class Base:
    """A base: loaded, or its skeleton on the meta device."""

    name: str
    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    ends: frozenset[int]
    """Tokens that end a text, by the model's generation configuration."""
    context: int
    """Positions that the model was made for."""
    source: str = ""
    """The folder or hub id that it was asked for by; empty: as transformers recorded it."""

    @property
    def device(self) -> torch.device:
        """Where the input goes."""
        weight: Tensor = self.model.get_input_embeddings().weight  # type: ignore[assignment]
        return weight.device

    @property
    def takes_keep(self) -> bool:
        """Whether its forward can be told which positions need logits."""
        return "logits_to_keep" in inspect.signature(self.model.forward).parameters

    @property
    def called(self) -> str:
        """The folder or hub id that it came from."""
        return self.source or str(self.model.name_or_path)

    @property
    def template(self) -> str | None:
        """Its chat template: the one called `default` where it has several."""
        return default_template(self.tokenizer.chat_template)


def load_base(source: Source, name: str = "base", called: str = "") -> Base:
    """Load a base onto its device; `called`: the hub id, where the source is a snapshot of one.

    Raises EngineError with the fix if it cannot be run.
    """
    try:
        if Path(source.model).is_dir():
            shards(Path(source.model), allow_pickle=source.allow_pickle)
        with calm(), pretrained(source.model, _options(source)) as (place, options):
            tokenizer = AutoTokenizer.from_pretrained(place, **options)
            model = _load_weights(source, place, options)
    except Exception as bad:
        raise _explained(source, bad).at(f"base {name!r}") from bad
    return _wrapped(source, name, model, tokenizer, called)


def _wrapped(
    source: Source, name: str, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, called: str
) -> Base:
    """Ready to run; the header of a GGUF file may name more tokens that end a text than transformers reads."""
    base = wrap_base(name, model, tokenizer, called)
    if not is_gguf(source.model):
        return base
    ends = base.ends | read_gguf(Path(source.model)).ends
    return replace(base, ends=ends, source=called or source.model)


def _load_weights(source: Source, place: str, options: Mapping[str, Any]) -> PreTrainedModel:
    device = source.device or ("cuda" if torch.cuda.is_available() else "cpu")
    dtype = own_dtype(source)
    model: Any
    report: dict[str, Any]
    model, report = AutoModelForCausalLM.from_pretrained(
        place,
        dtype=dtype,
        output_loading_info=True,
        use_safetensors=None if source.allow_pickle or is_gguf(source.model) else True,
        **options,
        **_quantized(source, dtype, device),
    )  # type: ignore[misc]
    if absent := sorted(report["missing_keys"]):
        raise EngineError(
            f"{source.model} holds no weights for {len(absent)} of its tensors ({', '.join(absent[:3])}), which "
            f"would be random; download it again"
        )
    if is_gguf(source.model):
        as_plain(model)
    return model if source.quantization != "none" else model.to(torch.device(device))


@contextmanager
def calm() -> Iterator[None]:
    """No bars and no log lines of transformers' own: what matters in them is an error or a Problem here."""
    shown, level = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity(CRITICAL)
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if shown:
            logging.enable_progress_bar()


def load_skeleton(source: Source, name: str = "base", called: str = "") -> Base:
    """The base without its weights, which stay on the meta device: configuration, layers, tokenizer.

    Raises EngineError with the fix if this engine could not run it.
    """
    with (
        _blaming(source, name, "config.json"),
        pretrained(source.model, _options(source)) as (place, options),
    ):
        config = AutoConfig.from_pretrained(place, **options)
    with (
        _blaming(source, name, "tokenizer.json"),
        pretrained(source.model, _options(source)) as (place, options),
    ):
        tokenizer = AutoTokenizer.from_pretrained(place, **options)
        refuse_mute(tokenizer, Path(source.model))
    with _blaming(source, name), torch.device("meta"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = AutoModelForCausalLM.from_config(
            config, dtype=own_dtype(source), trust_remote_code=source.trust_remote_code
        )
    if (Path(source.model) / "generation_config.json").is_file():
        with _blaming(source, name, "generation_config.json"):
            model.generation_config = GenerationConfig.from_pretrained(source.model)
    return _wrapped(source, name, model, tokenizer, called)


@contextmanager
def _blaming(source: Source, name: str, file: str = "") -> Iterator[None]:
    """Whatever goes wrong is an EngineError that names the base, the file, and the fix."""
    try:
        with calm():
            yield
    except Exception as bad:
        raise _explained(source, bad, file).at(f"base {name!r}") from bad


def own_dtype(source: Source) -> torch.dtype:
    """The dtype that the weights get: as asked for, or the checkpoint's own as `transformers` finds it."""
    if source.dtype != "auto":
        return _dtype(source.dtype)
    if is_gguf(source.model):
        return _dtype(read_gguf(Path(source.model)).dtype or "bfloat16")
    config = AutoConfig.from_pretrained(source.model, **_options(source))
    named = getattr(config, "dtype", None) or getattr(config.get_text_config(), "dtype", None)
    if named is not None:
        return named if isinstance(named, torch.dtype) else _dtype(str(named))
    files = shards(Path(source.model), allow_pickle=True) if Path(source.model).is_dir() else ()
    stored = read_headers(files[:1]).values()
    return next((STORED[entry.dtype] for entry in stored if entry.dtype in STORED), torch.float32)


def out_of_memory(bad: BaseException) -> bool:
    """Whether this is what torch raises where memory runs out, on any device."""
    phrases = ("can't allocate memory", "out of memory", "STATUS_ALLOC_FAILED")
    return isinstance(bad, torch.OutOfMemoryError | MemoryError) or (
        isinstance(bad, RuntimeError) and any(text in str(bad) for text in phrases)
    )


def _options(source: Source) -> dict[str, Any]:
    return {"revision": source.revision, "trust_remote_code": source.trust_remote_code}


def _explained(source: Source, bad: Exception, file: str = "") -> EngineError:
    """Why a base, or this file of it, cannot be loaded, and the fix."""
    if isinstance(bad, EngineError):
        return bad
    text = " ".join(str(bad).split())
    folder = Path(source.model)
    if out_of_memory(bad):
        return EngineError(
            f"memory ran out while {source.model} was loaded",
            fix="set `engine.quantization` or a smaller `engine.dtype`, or use a machine with more memory",
        )
    if "trust_remote_code" in text:
        return EngineError(
            f"{source.model} comes with code of its own",
            fix="read that code, then set `engine.options.trust_remote_code: true`, or use another base",
        )
    if folder.is_dir():
        damage = damaged(folder) or (without_tokenizer(folder) if file == "tokenizer.json" else "")
        if damage:
            return EngineError(damage)
    if isinstance(bad, ImportError):
        missing = bad.name or "another package"
        return EngineError(f"{source.model} needs {missing}, which is not installed: {text[:300]}")
    if is_gguf(source.model):
        return gguf_error(source.model, text)
    if kind := UNKNOWN.search(text):
        return EngineError(
            f"{folder / 'config.json'} has model_type {kind[1]!r}, which transformers {version('transformers')} "
            f"does not know",
            fix="update transformers, or use another base",
        )
    if file:
        return EngineError(f"{folder / file} cannot be used ({text[:300]})", fix="download it again")
    return EngineError(f"{source.model} cannot be loaded: {text[:300]}")


def wrap_base(
    name: str, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, source: str = ""
) -> Base:
    """Make a loaded model ready: our attention, no dropout, no gradients."""
    config = model.config.get_text_config()
    _refuse(name, model, config)
    model.set_attn_implementation(NAME)
    model.eval().requires_grad_(False)
    ends = model.generation_config.eos_token_id if model.generation_config else None
    ends = tokenizer.eos_token_id if ends is None else ends
    tokens = [] if ends is None else ends if isinstance(ends, list) else [ends]
    return Base(name, model, tokenizer, frozenset(tokens), _context(config), source)


def _dtype(name: str) -> torch.dtype:
    dtype = getattr(torch, name, None)
    if not isinstance(dtype, torch.dtype) or not dtype.is_floating_point:
        raise EngineError(f"dtype {name!r} is unknown; use {', '.join(DTYPES)}, or auto")
    return dtype


def _quantized(source: Source, dtype: torch.dtype, device: str) -> dict[str, Any]:
    if is_gguf(source.model):
        return unpacking()
    if source.quantization == "none":
        return {}
    from transformers import BitsAndBytesConfig

    options: dict[str, Any] = {f"load_in_{source.quantization}": True}
    if source.quantization == "4bit":
        options["bnb_4bit_compute_dtype"] = dtype
    return {"quantization_config": BitsAndBytesConfig(**options), "device_map": {"": device}}


def _refuse(name: str, model: PreTrainedModel, config: Any) -> None:
    """Architectures whose attention is not causal, full or windowed, or bypasses AttentionInterface."""
    kind = type(model).__name__
    if not type(model)._can_set_attn_implementation():
        raise EngineError(
            f"{kind} does not go through transformers' AttentionInterface, which this engine needs",
            place=f"base {name!r}",
            fix="use another engine for it",
        )
    odd = set(getattr(config, "layer_types", None) or ()) - KNOWN_LAYERS
    if getattr(config, "attention_chunk_size", None):
        odd.add("chunked_attention")
    if getattr(config, "use_bidirectional_attention", False) or getattr(config, "is_causal", True) is False:
        odd.add("bidirectional attention")
    if odd:
        raise EngineError(
            f"{kind} has {', '.join(sorted(odd))}, which this engine lacks",
            place=f"base {name!r}",
            fix="use another engine",
        )


def _context(config: Any) -> int:
    """Positions up to which one length's result does not depend on another's: see `rope_type`."""
    longest = int(getattr(config, "max_position_embeddings", None) or 2**31)
    ropes = getattr(config, "rope_parameters", None) or {}
    for rope in [ropes, *(value for value in ropes.values() if isinstance(value, dict))]:
        if rope.get("rope_type") in ("dynamic", "longrope"):
            # Beyond this length these change every row of a batch by its longest one.
            first = rope.get("original_max_position_embeddings")
            first = first or getattr(config, "original_max_position_embeddings", None)
            longest = min(longest, int(first or longest))
    return longest
