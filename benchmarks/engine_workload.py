"""What every system of the engine benchmark is given: one base, adapters, prompts and a limit, in one folder.

The real workload: SmolLM2-135M-Instruct, IFEval's prompts in its chat template, adapters of rank 8 on all linear
layers whose B is small random numbers; a response ends where the model ends it. The random one: a base of the shape
of Qwen2.5-0.5B (494 M parameters) with random weights, adapters of rank 8 on q_proj and v_proj, prompts of random
words, all responses equally long. Both in bfloat16. Knows no system that runs them.

    workload.json: {model, adapters: {name: folder}, prompts: [text], tokens, exact, threads}
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
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, Qwen2Config, Qwen2Tokenizer

__all__ = [
    "REAL",
    "VOCABULARY",
    "chat_prompts",
    "ifeval_lengths",
    "prompts",
    "real_base",
    "save_base",
    "save_tokenizer",
    "write_adapter",
    "write_real_adapter",
]

REAL = "HuggingFaceTB/SmolLM2-135M-Instruct"

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
    return _save(folder, weights, rank, list(shape))


def _save(folder: Path, weights: Mapping[str, torch.Tensor], rank: int, targets: Sequence[str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    save_file(dict(weights), folder / "adapter_model.safetensors")
    config = {"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": rank, "lora_alpha": 16}
    config |= {"target_modules": list(targets), "base_model_name_or_path": "base"}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    return folder


def real_base(model: str) -> Path:
    """The folder of a model, which may be a hub id."""
    if Path(model).is_dir():
        return Path(model)
    from huggingface_hub import snapshot_download

    return Path(snapshot_download(model))


def write_real_adapter(base: Path, folder: Path, seed: int, rank: int = 8) -> Path:
    """An adapter as peft saves it, on all linear layers but the output head, small enough to keep texts alive."""
    make: Any = AutoModelForCausalLM.from_config
    with torch.device("meta"):
        model = make(AutoConfig.from_pretrained(base))
    head = model.get_output_embeddings()
    layers = {
        name: layer
        for name, layer in model.named_modules()
        if isinstance(layer, torch.nn.Linear) and layer is not head
    }
    torch.manual_seed(seed)
    weights = {}
    for name, layer in layers.items():
        down = torch.rand(rank, layer.in_features) * 2 - 1
        weights[f"base_model.model.{name}.lora_A.weight"] = down * layer.in_features**-0.5
        weights[f"base_model.model.{name}.lora_B.weight"] = torch.randn(layer.out_features, rank) * 0.004
    return _save(folder, weights, rank, sorted({name.rpartition(".")[2] for name in layers}))


def chat_prompts(base: Path, path: Path, count: int) -> list[str]:
    """The first prompts of IFEval's own file, in the model's chat template."""
    tokenizer: Any = AutoTokenizer.from_pretrained(base)
    lines = path.read_text(encoding="utf-8").splitlines()[:count]
    chats = ([{"role": "user", "content": json.loads(line)["prompt"]}] for line in lines)
    return [tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True) for chat in chats]


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
