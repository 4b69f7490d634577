"""Bases of a few thousand weights and adapters for them, random and saved the way peft saves."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedTokenizerFast

from assay.engines import Prompt
from assay.engines.adapter_files import WEIGHTS
from assay.engines.torch import Adapter, Base, Source, load_base, read_adapter

SHAPE: dict[str, Any] = {
    "vocab_size": 259,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 512,
    "bos_token_id": 256,
    "eos_token_id": 257,
    "pad_token_id": 258,
}
KINDS: dict[str, dict[str, Any]] = {
    "llama": {},
    "qwen2": {"use_sliding_window": True, "sliding_window": 12, "max_window_layers": 1},
    "qwen3": {},
    "mistral": {"sliding_window": 9},
    "gemma2": {
        "sliding_window": 7,
        "query_pre_attn_scalar": 12,
        "attn_logit_softcapping": 3.0,
        "tie_word_embeddings": False,
    },
    "gemma3_text": {"sliding_window": 7, "query_pre_attn_scalar": 12, "tie_word_embeddings": False},
}
ATTENTION = ["q_proj", "k_proj", "v_proj", "o_proj"]
MLP = ["gate_proj", "up_proj", "down_proj"]
ADAPTERS: dict[str, dict[str, Any]] = {
    "r1": {"r": 1, "target_modules": ["q_proj", "v_proj"]},
    "r2": {"r": 2, "lora_alpha": 16, "target_modules": ATTENTION},
    "r4": {"r": 4, "target_modules": "all-linear"},
    "rslora": {"r": 8, "lora_alpha": 4, "use_rslora": True, "target_modules": MLP},
    "patterns": {
        "r": 4,
        "target_modules": ["q_proj", "down_proj"],
        "rank_pattern": {"q_proj": 7, r"layers\.1\.mlp\.down_proj": 3},
        "alpha_pattern": {"down_proj": 32},
    },
    "layers": {"r": 5, "target_modules": ["v_proj"], "layers_to_transform": [0, 2]},
    "regex": {"r": 3, "target_modules": r".*\.1\.self_attn\.(q|o)_proj"},
    "head": {"r": 2, "target_modules": ["lm_head", "k_proj"]},
}
PROMPTS = [
    "a",
    "The cat sat",
    "x" * 75,
    "Write two words.",
    "123 + 456 =",
    "Lorem ipsum dolor sit amet, " * 5,
]


@dataclass(frozen=True, slots=True)
class Toy:
    """A saved base and its adapters, with what plain transformers and PEFT say of them."""

    folder: Path
    base: Base
    adapters: list[Adapter]

    def plain(
        self, name: str | None = None, dtype: torch.dtype = torch.float32, attention: str = "eager"
    ) -> Any:
        """The base as transformers loads it, PEFT's adapter on it if named."""
        model = AutoModelForCausalLM.from_pretrained(self.folder, dtype=dtype, attn_implementation=attention)
        model.eval()
        with quiet():
            return model if name is None else PeftModel.from_pretrained(model, self.folder / name).eval()

    def logprob(self, model: Any, tokens: Sequence[int], count: int) -> tuple[float, bool]:
        """Log-probability and greediness of the last `count` tokens."""
        with torch.inference_mode():
            logits = model(input_ids=torch.tensor([tokens])).logits[0, -count - 1 : -1].float()
        target = torch.tensor(tokens[-count:])
        chosen = logits.log_softmax(-1).gather(1, target[:, None])
        return float(chosen.sum()), bool((logits.argmax(-1) == target).all())


def generated(model: Any, prompts: Sequence[Sequence[int]], limit: int) -> list[list[int]]:
    """Greedy tokens of `transformers.generate`, end token included, prompts padded on the left."""
    longest = max(map(len, prompts))
    ids = torch.tensor([[258] * (longest - len(prompt)) + list(prompt) for prompt in prompts])
    mask = torch.tensor([[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in prompts])
    with torch.inference_mode():
        out = model.generate(input_ids=ids, attention_mask=mask, max_new_tokens=limit, do_sample=False)
    rows: list[list[int]] = out[:, longest:].tolist()
    return [row[: row.index(257) + 1] if 257 in row else row for row in rows]


def make_tokenizer() -> Any:
    """Bytes as tokens, 256 begins a text and 257 ends it."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    special = ["<s>", "</s>", "<pad>"]
    vocab = {token: i for i, token in enumerate([*alphabet, *special])}
    tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", vocab["<s>"])]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",  # noqa: S106
        eos_token="</s>",  # noqa: S106
        pad_token="<pad>",  # noqa: S106
        chat_template="<s>{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}[assistant]",
    )


def make_toy(
    kind: str, folder: Path, adapters: Mapping[str, dict[str, Any]] | None = None, size: float = 0.3
) -> Toy:
    """A base and its adapters, saved in `folder`; `size` is the spread of the adapters' weights."""
    config = AutoConfig.for_model(kind, **SHAPE, **KINDS[kind])
    torch.manual_seed(len(kind))
    model = AutoModelForCausalLM.from_config(config)
    scramble(model, 0.25)
    model.save_pretrained(folder)
    make_tokenizer().save_pretrained(folder)
    for i, (name, form) in enumerate((ADAPTERS if adapters is None else adapters).items()):
        make_adapter(folder, name, form, i, size)
    base = load_base(Source(str(folder), dtype="float32", device="cpu"))
    names = ADAPTERS if adapters is None else adapters
    return Toy(folder, base, [read_adapter(name, folder / name, base) for name in names])


def make_adapter(folder: Path, name: str, form: dict[str, Any], seed: int = 0, size: float = 0.3) -> Path:
    torch.manual_seed(100 + seed)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    with quiet():
        wrapped = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", **form))
    for key, weight in wrapped.named_parameters():
        if "lora_" in key:
            torch.nn.init.normal_(weight, std=size)
    with quiet():
        wrapped.save_pretrained(str(folder / name))
    path = folder / name / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"base_model_name_or_path": str(folder)}))
    return folder / name


@contextmanager
def quiet() -> Iterator[None]:
    """peft uses names that transformers is about to drop; warnings are errors in these tests."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def scramble(model: Any, size: float) -> None:
    """Weights large enough that greedy texts differ and do not repeat one token."""
    for name, weight in model.named_parameters():
        if "norm" not in name:
            torch.nn.init.normal_(weight, std=size)


def ask(subject: str, prompt: str, number: int, **more: Any) -> Prompt:
    return Prompt(subject=subject, task="t", example=str(number), text=prompt, **more)


def configure(folder: Path, **changes: Any) -> None:
    path = folder / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def reweigh(folder: Path, **changes: Any) -> None:
    """Replace the tensors whose name ends in a key, with __ for a dot."""
    weights = load_file(folder / WEIGHTS)
    for end, change in changes.items():
        for key in [key for key in weights if key.endswith(end.replace("__", "."))]:
            weights[key] = change(weights[key])
    save_file(weights, folder / WEIGHTS)
