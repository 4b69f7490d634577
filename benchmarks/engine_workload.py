"""What every system of the engine benchmark is given: one base, adapters, prompts and a limit, in one folder.

The base has the shape of Qwen2.5-0.5B (494 M parameters) with random weights in bfloat16; adapters are of
rank 8 on q_proj and v_proj; prompts are random words. Knows no system that runs them.

    workload.json: {model, adapters: {name: folder}, prompts: [text], tokens, threads}
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, product
from pathlib import Path
from string import ascii_lowercase
from typing import Any

import torch
from safetensors.torch import save_file
from tokenizers.pre_tokenizers import ByteLevel
from transformers import AutoModelForCausalLM, Qwen2Config, Qwen2Tokenizer

__all__ = ["VOCABULARY", "ifeval_lengths", "prompts", "save_base", "save_tokenizer", "write_adapter"]

VOCABULARY = 151936
END = "<|endoftext|>"
SPACE = "\N{LATIN CAPITAL LETTER G WITH DOT ABOVE}"
"""How a byte-level vocabulary writes a space."""
LENGTHS = (31, 88, 44, 107, 26, 52, 61, 39, 74, 35, 47, 95, 29, 58, 66, 38)
"""Tokens of 16 prompts: mean 56, as in IFEval."""
SHAPE = {"q_proj": (896, 896), "v_proj": (896, 128)}


def save_base(folder: Path) -> Path:
    """The base, and a tokenizer that has a word for each token. A folder that is there already is kept."""
    if (folder / "tokenizer.json").is_file():
        return folder
    config: Any = Qwen2Config(
        vocab_size=VOCABULARY, hidden_size=896, intermediate_size=4864, num_hidden_layers=24,
        num_attention_heads=14, num_key_value_heads=2, max_position_embeddings=32768,
        tie_word_embeddings=True, eos_token_id=None, bos_token_id=None, pad_token_id=0,
    )  # fmt: skip
    torch.manual_seed(0)
    make: Any = AutoModelForCausalLM.from_config
    make(config, dtype=torch.bfloat16).save_pretrained(folder)
    save_tokenizer(folder)
    return folder


def save_tokenizer(folder: Path) -> None:
    """A tokenizer that has a word for each token."""
    vocabulary, merges = _words()
    tokenizer: Any = Qwen2Tokenizer
    # Random weights do not happen to say the end token, and the runs check that.
    tokenizer(vocabulary, merges, eos_token=END, pad_token=END, unk_token=END).save_pretrained(folder)


def _words() -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Bytes, then a space and one to four letters, until the vocabulary is full; and how each is put together."""
    tokens = sorted(ByteLevel.alphabet())
    merges = []
    for word in _spelled():
        if len(tokens) == VOCABULARY - 1:
            break
        tokens.append(SPACE + word)
        merges.append((SPACE + word[:-1], word[-1]))
    return {token: i for i, token in enumerate([*tokens, END])}, merges


def _spelled() -> Iterator[str]:
    return ("".join(word) for length in range(1, 5) for word in product(ascii_lowercase, repeat=length))


def write_adapter(
    folder: Path, seed: int, rank: int = 8, shape: Mapping[str, tuple[int, int]] = SHAPE, layers: int = 24
) -> Path:
    """An adapter as peft saves it. shape: (in, out) of the layers that it changes."""
    torch.manual_seed(seed)
    weights = {}
    for layer in range(layers):
        for name, (width, height) in shape.items():
            place = f"base_model.model.model.layers.{layer}.self_attn.{name}"
            weights[f"{place}.lora_A.weight"] = torch.randn(rank, width) * 0.02
            weights[f"{place}.lora_B.weight"] = torch.randn(height, rank) * 0.02
    folder.mkdir(parents=True, exist_ok=True)
    save_file(weights, folder / "adapter_model.safetensors")
    config = {"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": rank, "lora_alpha": 16}
    config |= {"target_modules": list(shape), "base_model_name_or_path": "random"}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    return folder


def ifeval_lengths(path: Path) -> list[int]:
    """Words and punctuation marks of each prompt of IFEval's own file: close to a tokenizer's count."""
    rows = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line)
    return [len(re.findall(r"\w+|[^\w\s]", row["prompt"])) for row in rows]


def prompts(count: int, lengths: Sequence[int] = LENGTHS) -> list[str]:
    """Random words of one token each, as many a prompt as `lengths` says."""
    draw = random.Random(1)  # noqa: S311 - not for secrets
    words = list(islice(_spelled(), VOCABULARY - 257))
    wanted = (lengths[i % len(lengths)] for i in range(count))
    return ["".join(f" {draw.choice(words)}" for _ in range(length)) for length in wanted]
