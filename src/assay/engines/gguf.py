"""GGUF files as bases: where one is, whether it is whole, and what its header says. It needs no torch and loads no weights.

    path = gguf_file(ModelRef("base", Path("SmolLM2-135M-Instruct.Q4_1.gguf")))
    header = read_gguf(path)                  # raises EngineError: cut short, one part of several, scaled positions
    header.layers["blk.0.attn_q"]             # (out, in)

The package `gguf` reads the file: the extra `gguf`. Errors here do not name the base: callers add that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from assay.engines.api import ModelRef
from assay.engines.files import POINTER, located
from assay.errors import EngineError
from assay.files import file_sha256

__all__ = ["GgufHeader", "gguf_file", "gguf_identity", "is_gguf", "read_gguf", "refuse_gguf"]

SUFFIX = ".gguf"
FLOATS = {"F32": "float32", "F16": "float16", "BF16": "bfloat16"}
"""Tensor types that are plain numbers; every other type is quantized."""
ROPE_TENSORS = ("rope_freqs", "rope_factors_long", "rope_factors_short")
"""Tensors that scale positions, which transformers leaves out."""
ENDS = ("eos_token_id", "eot_token_id", "eom_token_id")
"""Fields below `tokenizer.ggml` that name a token which ends a text."""


LLAMA_FORM = ("llama", "qwen2", "qwen3", "gemma", "gemma2", "gemma3")
"""Architectures whose layers transformers calls as it does Llama's."""
WHOLE = {"token_embd": "model.embed_tokens", "output": "lm_head"}
WITHIN = {
    **{f"attn_{name}": f"self_attn.{name}_proj" for name in ("q", "k", "v")},
    "attn_output": "self_attn.o_proj",
    **{f"ffn_{name}": f"mlp.{name}_proj" for name in ("gate", "up", "down")},
}
"""Layers of a block, and what transformers calls them."""
BIASED = {"qwen2": ("attn_q", "attn_k", "attn_v")}
"""Of those architectures, the layers that transformers gives biases when it reads a GGUF file."""
SPECIAL = {
    "bos_token": "bos_token_id",
    "eos_token": "eos_token_id",
    "pad_token": "padding_token_id",
    "unk_token": "unknown_token_id",
}
"""Special tokens, and the fields below `tokenizer.ggml` that name them."""


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """What a GGUF file holds beside its weights."""

    architecture: str
    """As llama.cpp names it: `llama`, `qwen2`, ..."""
    layers: Mapping[str, tuple[int, ...]]
    """Shape of each tensor, (out, in), by its name in the file without `.weight`."""
    dtype: str | None
    """The plain type of its large tensors; None where some are quantized."""
    ends: frozenset[int]
    """Tokens that end a text."""
    tokens: tuple[str, ...] = ()
    """Of its tokenizer, in order."""
    special: Mapping[str, str] = field(default_factory=dict)
    """Special tokens by what they are for: `bos_token`, ..."""
    template: str | None = None
    """Its chat template."""

    @property
    def places(self) -> dict[str, tuple[int, ...]]:
        """Shapes of linear layers and embeddings by the names that transformers has for them, as a base's folder has them.

        Empty for architectures whose layers are not those of Llama.
        """
        if self.architecture not in LLAMA_FORM:
            return {}
        named = {}
        for name, shape in self.layers.items():
            block, _, inner = name.removeprefix("blk.").partition(".")
            if name in WHOLE:
                named[WHOLE[name]] = shape
            elif inner in WITHIN:
                named[f"model.layers.{block}.{WITHIN[inner]}"] = shape
        return {"lm_head": self.layers["token_embd"], **named} if "token_embd" in self.layers else {}


def is_gguf(path: Path | str) -> bool:
    """Whether a path names a GGUF file, by its ending."""
    return str(path).lower().endswith(SUFFIX)


def gguf_file(weights: ModelRef) -> Path | None:
    """The GGUF file that a base is; None where it is a folder of another format.

    Raises EngineError where the file is missing, or `file` names no GGUF file.
    """
    if weights.file is None:
        if not is_gguf(weights.source):
            return None
        path = Path(weights.source).expanduser()
        if weights.revision is not None:
            raise EngineError(
                f"{path} is a file, which has no revision {weights.revision!r}; remove `revision`"
            )
    else:
        if not is_gguf(weights.file):
            raise EngineError(f"`file: {weights.file}` is no GGUF file; name one, or remove `file`")
        path = located(weights, [weights.file]) / weights.file
    if not path.is_file():
        raise EngineError(f"no file {path}; correct the path")
    return path


def refuse_gguf(weights: ModelRef, engine: str) -> None:
    """Raise EngineError if a base is a GGUF file, which this engine does not load."""
    if weights.file is not None or is_gguf(weights.source):
        raise EngineError(
            f"{weights.file or weights.source} is a GGUF file, which the engine {engine!r} does not load",
            fix="write `engine: {name: torch}`, or give a folder with safetensors",
        )


def gguf_identity(settings: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Digest of a GGUF file, which holds weights, configuration and tokenizer, with the settings of the engine."""
    return {**settings, "format": "gguf", "weights": [file_sha256(path)]}


def read_gguf(path: Path) -> GgufHeader:
    """What a GGUF file holds. Raises EngineError if it is not whole, or would not be the model that it is elsewhere."""
    stat = path.stat()
    return _read(path, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=8)  # a vocabulary takes seconds to read
def _read(path: Path, *_: int) -> GgufHeader:
    try:
        from gguf import GGUFReader
    except ImportError:
        raise EngineError(
            f"{path} needs the package gguf", fix="install it with `pip install 'lora-assay[gguf]'`"
        ) from None
    with path.open("rb") as file:
        if file.read(len(POINTER)) == POINTER:
            raise EngineError(f"{path} is a Git LFS pointer; fetch the file with `git lfs pull`")
    try:
        reader = GGUFReader(path)
        architecture = str(_value(reader, "general.architecture"))
    except Exception as bad:  # of a file cut short the reader says what numpy says
        raise EngineError(
            f"{path} ({path.stat().st_size} bytes) is not a complete GGUF file ({' '.join(str(bad).split())[:200]}); "
            f"download it again"
        ) from None
    if (parts := _value(reader, "split.count")) and int(parts) > 1:
        raise EngineError(
            f"{path} is one of {parts} parts of a model", fix="join them with `llama-gguf-split --merge`"
        )
    _refuse_scaled(path, reader, architecture)
    layers = {
        tensor.name.removesuffix(".weight"): tuple(int(size) for size in reversed(tensor.shape))
        for tensor in reader.tensors
    }
    _refuse_biased(path, layers, architecture)
    ends = {_value(reader, f"tokenizer.ggml.{name}") for name in ENDS}
    tokens = tuple(map(str, _value(reader, "tokenizer.ggml.tokens") or ()))
    special = {name: _value(reader, f"tokenizer.ggml.{key}") for name, key in SPECIAL.items()}
    return GgufHeader(
        architecture,
        layers,
        _dtype(reader),
        frozenset(int(token) for token in ends if token is not None),
        tokens,
        {name: tokens[token] for name, token in special.items() if token is not None and token < len(tokens)},
        _value(reader, "tokenizer.chat_template"),
    )


def _value(reader: Any, name: str) -> Any:
    """A field of the header; None where there is none."""
    field = reader.get_field(name)
    return None if field is None else field.contents()


def _dtype(reader: Any) -> str | None:
    """The type of most numbers, where all are plain ones."""
    sizes: dict[str, int] = {}
    for tensor in reader.tensors:
        kind = str(tensor.tensor_type.name)
        sizes[kind] = sizes.get(kind, 0) + int(tensor.n_elements)
    return FLOATS[max(sizes, key=lambda kind: sizes[kind])] if sizes and set(sizes) <= set(FLOATS) else None


def _refuse_scaled(path: Path, reader: Any, architecture: str) -> None:
    """Raise EngineError for scaled positions: transformers leaves them out, and would run another model."""
    tensors = {tensor.name.removesuffix(".weight") for tensor in reader.tensors}
    scaled = next((name for name in ROPE_TENSORS if name in tensors), None)
    kind, factor = (_value(reader, f"{architecture}.rope.scaling.{field}") for field in ("type", "factor"))
    if scaled is None and (kind in (None, "none") or factor == 1):
        return
    what = f"the tensor {scaled}" if scaled else f"rope.scaling.type: {kind}"
    raise EngineError(
        f"{path} scales its positions ({what}), which transformers does not read from a GGUF file: it would run "
        f"another model",
        fix="give the base as a folder with safetensors",
    )


def _refuse_biased(path: Path, tensors: Iterable[str], architecture: str) -> None:
    """Raise EngineError for biases that llama.cpp applies and transformers leaves out."""
    known = BIASED.get(architecture, ())
    lost = [
        name
        for name in tensors
        if name.endswith(".bias") and name.removesuffix(".bias").rpartition(".")[2] not in known
    ]
    if lost and architecture in LLAMA_FORM:
        raise EngineError(
            f"{path} has {len(lost)} biases ({lost[0]}, ...), which transformers does not read from a GGUF file of the "
            f"architecture {architecture!r}: it would run another model",
            fix="give the base as a folder with safetensors",
        )
