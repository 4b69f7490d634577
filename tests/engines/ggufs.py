"""Makes GGUF files of a toy Llama, as llama.cpp's converter writes them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from numpy.typing import NDArray

SHAPE = {"hidden": 32, "inner": 64, "layers": 2, "heads": 4, "kv_heads": 2, "context": 512}
NAMES = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}
TEMPLATE = "<s>{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}[assistant]"
Weights = dict[str, NDArray[np.float32]]


def tokens() -> list[str]:
    """One for each byte, two letters that merge, and three special ones: 260."""
    visible = [*range(33, 127), *range(161, 173), *range(174, 256)]
    alphabet = [chr(byte) for byte in visible] + [chr(256 + i) for i in range(256 - len(visible))]
    return [*sorted(alphabet), "th", "<s>", "</s>", "<|endoftext|>"]


def toy_weights(seed: int = 0) -> Weights:
    """Random weights by the names that transformers has for them."""
    rng = np.random.default_rng(seed)
    hidden, inner, vocabulary = SHAPE["hidden"], SHAPE["inner"], len(tokens())
    values = hidden * SHAPE["kv_heads"] // SHAPE["heads"]
    shapes: dict[str, tuple[int, ...]] = {
        "self_attn.q_proj": (hidden, hidden),
        "self_attn.k_proj": (values, hidden),
        "self_attn.v_proj": (values, hidden),
        "self_attn.o_proj": (hidden, hidden),
        "mlp.gate_proj": (inner, hidden),
        "mlp.up_proj": (inner, hidden),
        "mlp.down_proj": (hidden, inner),
        "input_layernorm": (hidden,),
        "post_attention_layernorm": (hidden,),
    }
    made = {
        f"model.layers.{layer}.{name}.weight": rng.normal(0, 0.25, shape)
        for layer in range(SHAPE["layers"])
        for name, shape in shapes.items()
    }
    made |= {
        "model.embed_tokens.weight": rng.normal(0, 0.25, (vocabulary, hidden)),
        "model.norm.weight": rng.normal(1, 0.1, (hidden,)),
        "lm_head.weight": rng.normal(0, 0.25, (vocabulary, hidden)),
    }
    return {
        name: (1 + weight if "layernorm" in name else weight).astype(np.float32)
        for name, weight in made.items()
    }


def name_in_file(name: str) -> str:
    """What the file calls a weight."""
    parts = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}
    layer = name.removesuffix(".weight")
    if layer in parts:
        return f"{parts[layer]}.weight"
    number, _, rest = layer.removeprefix("model.layers.").partition(".")
    return f"blk.{number}.{NAMES[rest]}.weight"


def write_gguf(
    path: Path,
    weights: Weights | None = None,
    kind: str = "F32",
    more: Callable[[gguf.GGUFWriter], None] | None = None,
    architecture: str = "llama",
    **fields: Any,
) -> Path:
    """A file whose large tensors have this type. more: adds to the header or the tensors."""
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_context_length(SHAPE["context"])
    writer.add_embedding_length(SHAPE["hidden"])
    writer.add_block_count(SHAPE["layers"])
    writer.add_feed_forward_length(SHAPE["inner"])
    writer.add_head_count(SHAPE["heads"])
    writer.add_head_count_kv(SHAPE["kv_heads"])
    writer.add_rope_dimension_count(SHAPE["hidden"] // SHAPE["heads"])
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_vocab_size(len(tokens()))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens())
    writer.add_token_types([3 if token.startswith("<") and len(token) > 2 else 1 for token in tokens()])
    writer.add_token_merges(["t h"])
    writer.add_bos_token_id(257)
    writer.add_eos_token_id(258)
    writer.add_pad_token_id(259)
    writer.add_unk_token_id(259)
    writer.add_add_bos_token(True)
    writer.add_chat_template(fields.get("template", TEMPLATE))
    if more is not None:
        more(writer)
    for name, weight in (toy_weights() if weights is None else weights).items():
        _add(writer, name, weight, kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _add(writer: gguf.GGUFWriter, name: str, weight: NDArray[np.float32], kind: str) -> None:
    if name.endswith(("q_proj.weight", "k_proj.weight")):
        heads = SHAPE["heads" if "q_proj" in name else "kv_heads"]
        rows = weight.reshape(heads, 2, weight.shape[0] // heads // 2, weight.shape[1])
        weight = np.ascontiguousarray(rows.swapaxes(1, 2).reshape(weight.shape))
    if kind == "F32" or weight.ndim == 1:
        writer.add_tensor(name_in_file(name), weight)
    elif kind == "F16":
        writer.add_tensor(name_in_file(name), weight.astype(np.float16))
    else:
        packed = gguf.GGMLQuantizationType[kind]
        writer.add_tensor(name_in_file(name), gguf.quantize(weight, packed), raw_dtype=packed)
