"""A base, by transformers: weights, tokenizer, and what ends a text."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from assay.engines.torch.attention import NAME
from assay.errors import EngineError

__all__ = ["Base", "Source", "load_base"]

Quantization = Literal["none", "8bit", "4bit"]
KNOWN_LAYERS = {"full_attention", "sliding_attention"}


@dataclass(frozen=True, slots=True)
class Source:
    """Where a base comes from and how it is held."""

    model: str
    """A folder, or a hub id."""
    revision: str | None = None
    dtype: str = "bfloat16"
    device: str | None = None
    """`cpu`, `cuda`, `cuda:1`; None: a GPU where there is one."""
    quantization: Quantization = "none"
    trust_remote_code: bool = False


@dataclass(frozen=True, slots=True)
class Base:
    """A loaded base."""

    name: str
    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    ends: frozenset[int]
    """Tokens that end a text, by the model's generation configuration."""
    context: int
    """Positions that the model was made for."""

    @property
    def device(self) -> torch.device:
        """Where the input goes."""
        weight: Tensor = self.model.get_input_embeddings().weight  # type: ignore[assignment]
        return weight.device

    @property
    def takes_keep(self) -> bool:
        """Whether its forward can be told which positions need logits."""
        return "logits_to_keep" in inspect.signature(self.model.forward).parameters

    def chat(self, prompt: str, template: str | None = None) -> str:
        """The prompt as one user turn under the chat template (the tokenizer's own, or `template`)."""
        turn = [{"role": "user", "content": prompt}]
        try:
            text = self.tokenizer.apply_chat_template(
                turn, chat_template=template, tokenize=False, add_generation_prompt=True
            )
        except ValueError as bad:
            raise EngineError(f"base {self.name!r}: no chat template: {bad}; set `template: none`") from None
        return str(text)


def load_base(source: Source, name: str = "base") -> Base:
    """Load a base onto its device. Raises EngineError with the fix if it cannot be run."""
    device = source.device or ("cuda" if torch.cuda.is_available() else "cpu")
    options: dict[str, Any] = {
        "revision": source.revision,
        "trust_remote_code": source.trust_remote_code,
    }
    try:
        tokenizer = AutoTokenizer.from_pretrained(source.model, **options)
        model = AutoModelForCausalLM.from_pretrained(
            source.model, dtype=_dtype(source.dtype), **options, **_quantized(source, device)
        )
    except (OSError, ValueError, KeyError, ImportError) as bad:
        raise EngineError(f"base {name!r}: {source.model} cannot be loaded: {bad}") from bad
    if source.quantization == "none":
        model.to(torch.device(device))  # type: ignore[arg-type]
    return wrap_base(name, model, tokenizer)


def wrap_base(name: str, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> Base:
    """Make a loaded model ready: our attention, no dropout, no gradients."""
    config = model.config.get_text_config()
    _refuse(name, model, config)
    model.set_attn_implementation(NAME)
    model.eval().requires_grad_(False)
    ends = model.generation_config.eos_token_id if model.generation_config else None
    ends = tokenizer.eos_token_id if ends is None else ends
    tokens = [] if ends is None else ends if isinstance(ends, list) else [ends]
    return Base(name, model, tokenizer, frozenset(tokens), _context(config))


def _dtype(name: str) -> torch.dtype:
    dtype = getattr(torch, name, None)
    if not isinstance(dtype, torch.dtype) or not dtype.is_floating_point:
        raise EngineError(f"dtype {name!r} is unknown; use float32, bfloat16 or float16")
    return dtype


def _quantized(source: Source, device: str) -> dict[str, Any]:
    if source.quantization == "none":
        return {}
    from transformers import BitsAndBytesConfig

    wanted = {"8bit": {"load_in_8bit": True}, "4bit": {"load_in_4bit": True}}[source.quantization]
    if source.quantization == "4bit":
        wanted |= {"bnb_4bit_compute_dtype": _dtype(source.dtype)}  # type: ignore[dict-item]
    return {"quantization_config": BitsAndBytesConfig(**wanted), "device_map": {"": device}}


def _refuse(name: str, model: PreTrainedModel, config: Any) -> None:
    """Architectures whose attention is not causal, full or windowed, or bypasses AttentionInterface."""
    kind = type(model).__name__
    if not type(model)._can_set_attn_implementation():
        raise EngineError(
            f"base {name!r}: {kind} does not go through transformers' AttentionInterface, which this engine "
            f"needs; use another engine for it"
        )
    odd = set(getattr(config, "layer_types", None) or ()) - KNOWN_LAYERS
    if getattr(config, "attention_chunk_size", None):
        odd.add("chunked_attention")
    if getattr(config, "use_bidirectional_attention", False) or getattr(config, "is_causal", True) is False:
        odd.add("bidirectional attention")
    if odd:
        raise EngineError(
            f"base {name!r}: {kind} has {', '.join(sorted(odd))}, which this engine lacks; use another engine"
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
