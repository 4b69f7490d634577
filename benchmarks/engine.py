"""Tokens per second of the torch engine, beside transformers + PEFT mixed batches, on one machine in one go.

The base has the shape of Qwen2.5-0.5B (494 M parameters) with random weights; eight rank-8 adapters on
q_proj and v_proj; prompts are as long as IFEval's. The limit is what the machine's own bfloat16 matrix
products allow: operations of all prompt and generated tokens over the rate measured in the same run.

    python benchmarks/engine.py --prompts 16 --tokens 64 [--peft-prompts 2] [--adapters 8]
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, pre_tokenizers
from torch.nn.functional import linear
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast, Qwen2Config

from assay.engines import Request
from assay.engines.torch import Adapter, Options, TorchEngine, read_adapter
from assay.engines.torch.loading import Base, wrap_base

LENGTHS = (31, 88, 44, 107, 26, 52, 61, 39, 74, 35, 47, 95, 29, 58, 66, 38)
"""Tokens of 16 prompts: mean 56, as in IFEval."""
SHAPE = {"q_proj": (896, 896), "v_proj": (896, 128)}


def build(vocabulary: int = 151936) -> tuple[Any, Any]:
    """The base in bfloat16, and a tokenizer that has a word for each token."""
    config = Qwen2Config(
        vocab_size=vocabulary, hidden_size=896, intermediate_size=4864, num_hidden_layers=24,
        num_attention_heads=14, num_key_value_heads=2, max_position_embeddings=32768,
        tie_word_embeddings=True, eos_token_id=None, bos_token_id=None, pad_token_id=0,
    )  # fmt: skip
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    words = Tokenizer(models.WordLevel({f"w{i}": i for i in range(vocabulary)}, unk_token="w0"))  # noqa: S106
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return model, PreTrainedTokenizerFast(tokenizer_object=words, pad_token="w0")  # noqa: S106


def write_adapter(folder: Path, seed: int, rank: int = 8) -> Path:
    """An adapter as peft saves it."""
    torch.manual_seed(seed)
    weights = {}
    for layer in range(24):
        for name, (width, height) in SHAPE.items():
            place = f"base_model.model.model.layers.{layer}.self_attn.{name}"
            weights[f"{place}.lora_A.weight"] = torch.randn(rank, width) * 0.02
            weights[f"{place}.lora_B.weight"] = torch.randn(height, rank) * 0.02
    folder.mkdir()
    save_file(weights, folder / "adapter_model.safetensors")
    config = {"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": rank, "lora_alpha": 16}
    config |= {"target_modules": list(SHAPE), "base_model_name_or_path": "random"}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    return folder


def prompts(count: int) -> list[str]:
    """Random words, of IFEval's lengths."""
    draw = torch.Generator().manual_seed(1)
    lengths = [LENGTHS[i % len(LENGTHS)] for i in range(count)]
    return [" ".join(f"w{int(t)}" for t in torch.randint(1, 151936, (n,), generator=draw)) for n in lengths]


def matmul_rate(rows: int = 512) -> float:
    """Operations per second of the base's own bfloat16 products at so many rows: the best of four passes."""
    shapes = [(4864, 896), (896, 4864), (896, 896)]
    weights = [torch.randn(o, i, dtype=torch.bfloat16) for o, i in shapes * 8]
    inputs = {i: torch.randn(rows, i, dtype=torch.bfloat16) for _, i in shapes}
    work = sum(2 * rows * weight.numel() for weight in weights)
    best = 0.0
    with torch.inference_mode():
        for _ in range(4):
            began = time.perf_counter()
            for weight in weights:
                linear(inputs[weight.shape[1]], weight)
            best = max(best, work / (time.perf_counter() - began))
    return best


def requests(adapters: Sequence[Adapter], texts: Sequence[str], tokens: int) -> Iterator[Request]:
    """Base and all adapters on all prompts."""
    for subject in ["base", *(adapter.name for adapter in adapters)]:
        for i, text in enumerate(texts):
            yield Request(subject, "bench", str(i), text, max_tokens=tokens)


def ours(base: Base, adapters: Sequence[Adapter], texts: Sequence[str], tokens: int) -> float:
    """Run the engine and print what it did. Returns generated tokens per second."""
    engine = TorchEngine(base, adapters, Options())
    limit = matmul_rate()
    began = time.perf_counter()
    done = list(engine.complete(requests(adapters, texts, tokens)))
    seconds = time.perf_counter() - began
    used = engine.usage
    rate = used.generated / seconds
    weights = sum(p.numel() for p in base.model.parameters())
    layers = weights - base.model.lm_head.weight.numel()
    head = weights - layers
    work = 2 * (layers * (used.read + used.generated - len(done)) + head * used.generated)
    limit = max(limit, matmul_rate())
    print(f"engine: {len(done)} rows, {used.read} read, {used.generated} generated, {used.steps} steps")
    print(f"  {seconds:.1f} s, {rate:.0f} generated tokens/s, bytes a token {engine.bytes_per_token}")
    print(
        f"  {work / seconds / 1e9:.0f} of {limit / 1e9:.0f} GFLOP/s: {work / seconds / limit:.0%} of the limit"
    )
    engine.close()
    return rate


def mixed(model: Any, tokenizer: Any, folders: Sequence[Path], texts: Sequence[str], tokens: int) -> float:
    """Generated tokens per second of transformers + PEFT with `adapter_names`, one batch."""
    model.set_attn_implementation("sdpa")
    wrapped = PeftModel.from_pretrained(model, folders[0], adapter_name=folders[0].name)
    for folder in folders[1:]:
        wrapped.load_adapter(folder, adapter_name=folder.name)
    wrapped.eval()
    names = ["__base__", *(folder.name for folder in folders)]
    rows = [(name, text) for name in names for text in texts]
    batch = tokenizer([text for _, text in rows], return_tensors="pt", padding=True, padding_side="left")
    ids, mask = batch["input_ids"], batch["attention_mask"]
    began = time.perf_counter()
    with torch.inference_mode():
        wrapped.generate(
            input_ids=ids, attention_mask=mask, max_new_tokens=tokens, min_new_tokens=tokens,
            do_sample=False, adapter_names=[name for name, _ in rows],
        )  # fmt: skip
    seconds = time.perf_counter() - began
    rate = len(rows) * tokens / seconds
    print(f"transformers + PEFT, mixed batch of {len(rows)}: {seconds:.1f} s, {rate:.0f} generated tokens/s")
    return rate


def main() -> None:
    """Build, run both, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--adapters", type=int, default=8)
    parser.add_argument("--prompts", type=int, default=16)
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--peft-prompts", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        model, tokenizer = build()
        folders = [write_adapter(Path(place) / f"a{i}", i) for i in range(options.adapters)]
        base = wrap_base("base", model, tokenizer)
        adapters = [read_adapter(folder.name, folder, base) for folder in folders]
        fast = ours(base, adapters, prompts(options.prompts), options.tokens)
        if options.peft_prompts:
            slow = mixed(model, tokenizer, folders, prompts(options.peft_prompts), options.tokens)
            print(f"  ratio {fast / slow:.1f}")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.1f} GiB")


if __name__ == "__main__":
    main()
