"""Names of an adapter's tensors, taken apart: the layer, the matrix, and what wrappers put around both."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = [
    "LEADING",
    "PREFIX",
    "WRAPPERS",
    "Part",
    "block_of",
    "is_embedding",
    "layer_suffix",
    "parse",
    "prefix_of",
]

PREFIX = "base_model.model."
"""What peft puts before the name of a layer."""
WRAPPERS = {
    "_orig_mod": "torch.compile",
    "_fsdp_wrapped_module": "FSDP",
    "_checkpoint_wrapped_module": "activation checkpointing",
    "_forward_module": "Lightning Fabric",
    "default": "the adapter's own name",
}
"""Words that a wrapper puts anywhere into names, and the wrapper."""
LEADING = {
    "module": "DataParallel or DeepSpeed",
    "pretrained_model": "trl's value head",
}
"""Words that a wrapper puts before everything else."""
EMBEDDINGS = ("embed_tokens", "wte", "word_embeddings", "embed_in", "tok_embeddings")
"""What architectures call their input embeddings."""
KEY = re.compile(
    r"(?P<layer>.+)\.(?P<matrix>lora_A|lora_B|lora_embedding_A|lora_embedding_B|lora_magnitude_vector|lora_a|lora_b)"
    r"(?P<more>(?:\.(?!(?:weight|bias)$)\w+)*)(?P<end>\.weight|\.bias)?"
)
"""A tensor of a LoRA. Between the matrix and the end may be the name of the adapter."""
SUFFIX = re.compile(r"(?:^|\.)((?:layers|h|blocks|block)\.\d+\..+)$")
"""The end of a layer's name that files agree on: what comes before differs between versions."""
BLOCK = re.compile(r"(layers|h|blocks|block)\.(\d+)\.(.+)")


@dataclass(frozen=True, slots=True)
class Part:
    """One tensor of a LoRA, by its name."""

    key: str
    layer: str
    """Without prefixes and wrappers' words."""
    matrix: str
    """`lora_A`, `lora_B`, `lora_embedding_A`, `lora_embedding_B`, `lora_magnitude_vector`, `lora_a`, `lora_b`."""
    adapter: str
    """The adapter's name between the matrix and the end, where that is not `default`; empty: none."""
    bias: bool
    """Whether it is the bias of that matrix."""
    words: tuple[str, ...]
    """What was taken off: wrappers' words, and peft's prefix where it is there more than once."""
    prefixed: bool
    """Whether peft's prefix was there."""


def parse(key: str) -> Part | None:
    """A tensor of a LoRA; None for any other."""
    match = KEY.fullmatch(key)
    if match is None:
        return None
    names = [name for name in match["more"].split(".") if name]
    layer, words, prefixed = unwrapped(match["layer"])
    if names == ["default"]:  # as peft itself names it; it reads that
        return Part(key, layer, match["matrix"], "", match["end"] == ".bias", words, prefixed)
    words += tuple(name for name in names if name in WRAPPERS)
    adapter = ".".join(name for name in names if name not in WRAPPERS)
    return Part(key, layer, match["matrix"], adapter, match["end"] == ".bias", words, prefixed)


def unwrapped(name: str) -> tuple[str, tuple[str, ...], bool]:
    """A name without prefixes and wrappers' words, the words, and whether peft's prefix was there."""
    words = [word for word in name.split(".") if word in WRAPPERS]
    parts = [part for part in name.split(".") if part not in WRAPPERS]
    prefixes = 0
    while True:
        if parts[:2] == ["base_model", "model"] and len(parts) > 2:
            parts, prefixes = parts[2:], prefixes + 1
        elif parts[0] in LEADING and len(parts) > 1:
            words.append(parts[0])
            parts = parts[1:]
        else:
            break
    words += [PREFIX.removesuffix(".")] * max(0, prefixes - 1)
    return ".".join(parts), tuple(words), prefixes > 0


def layer_suffix(name: str) -> str:
    """The end of a layer's name that files agree on, whatever comes before it."""
    suffix = SUFFIX.search(name)
    return suffix[1] if suffix else name.rpartition(".")[2]


def prefix_of(name: str) -> tuple[str, ...]:
    """What comes before that end, in words."""
    before = name.removesuffix(layer_suffix(name)).strip(".")
    return tuple(before.split(".")) if before else ()


def block_of(name: str) -> tuple[str, int, str] | None:
    """What a layer's block is called, its number, and the layer's name within it; None outside of blocks."""
    match = BLOCK.fullmatch(layer_suffix(name))
    return (match[1], int(match[2]), match[3]) if match else None


def is_embedding(name: str) -> bool:
    """Whether a layer is the input embeddings, by its name."""
    return name.rpartition(".")[2] in EMBEDDINGS
