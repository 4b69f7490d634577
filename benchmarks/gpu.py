"""Everything that only a GPU can show of the torch engine, in one go: its tests there, and its speed beside its peers.

    python benchmarks/gpu.py [--sizes 1b,3b,8b] [--peers peft,vllm] [--vllm-python VENV/bin/python] [--json FILE]
    python benchmarks/gpu.py --device cpu --sizes tiny --prompts 2 --tokens 8      # tries the script itself

The roof of decode is what the memory's bandwidth, measured in the same run, allows: each step reads all weights once and
the keys and values of every row. Bases have random weights in the shapes of Llama 3; adapters are of rank 8.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, LlamaConfig

from engine_workload import LENGTHS, VOCABULARY, prompts, save_tokenizer, write_adapter

HERE = Path(__file__).parent
TESTS = [
    "tests/engines/torch/test_cuda.py",
    "tests/engines/torch/test_graphs.py",
    "tests/engines/torch/test_engine.py",
]
SCRIPTS = {"assay": "engine_assay.py", "peft": "engine_peft.py", "vllm": "engine_vllm.py"}


@dataclass(frozen=True)
class Shape:
    """A base's shape."""

    hidden: int
    inner: int
    layers: int
    heads: int
    groups: int
    head: int

    @property
    def kept(self) -> int:
        """Bytes of keys and values of one position, in bfloat16."""
        return 2 * 2 * self.layers * self.groups * self.head

    def save(self, folder: Path) -> int:
        """Write the base and its tokenizer; its bytes in bfloat16."""
        config: Any = LlamaConfig(
            vocab_size=VOCABULARY, hidden_size=self.hidden, intermediate_size=self.inner,
            num_hidden_layers=self.layers, num_attention_heads=self.heads, num_key_value_heads=self.groups,
            head_dim=self.head, max_position_embeddings=8192, tie_word_embeddings=True,
            eos_token_id=None, bos_token_id=None, pad_token_id=0,
        )  # fmt: skip
        torch.manual_seed(0)
        make: Any = AutoModelForCausalLM.from_config
        model = make(config, dtype=torch.bfloat16)
        model.save_pretrained(folder)
        save_tokenizer(folder)
        return 2 * sum(int(weight.numel()) for weight in model.parameters())


SHAPES = {
    "tiny": Shape(64, 128, 2, 4, 2, 16),
    "1b": Shape(2048, 8192, 16, 32, 8, 64),
    "3b": Shape(3072, 8192, 28, 24, 8, 128),
    "8b": Shape(4096, 14336, 32, 32, 8, 128),
}


def bandwidth(device: str) -> float:
    """Bytes per second that a large copy reads and writes: the best of five."""
    size = 2**30 if device == "cuda" else 2**26
    source = torch.ones(size, dtype=torch.uint8, device=device)
    target, best = torch.empty_like(source), 0.0
    for _ in range(5):
        began = time.perf_counter()
        target.copy_(source)
        if device == "cuda":
            torch.cuda.synchronize()
        best = max(best, 2 * size / (time.perf_counter() - began))
    return best


def roof(shape: Shape, weights: int, workload: dict[str, Any], rate: float) -> float:
    """Tokens per second that the bandwidth allows with all rows in one batch, at their mean length."""
    rows: int = (1 + len(workload["adapters"])) * len(workload["prompts"])
    length: float = sum(LENGTHS) / len(LENGTHS) + workload["tokens"] / 2
    return rows * rate / (weights + rows * length * shape.kept)


def measure(system: str, python: str, workload: dict[str, Any], folder: Path) -> dict[str, Any]:
    """One system in a process of its own; `{"error": ...}` where it fails."""
    given, out = folder / "workload.json", folder / f"{system}.json"
    given.write_text(json.dumps(workload))
    done = subprocess.run(
        [python, str(HERE / SCRIPTS[system]), str(given), str(out)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        return {"error": done.stderr.strip().splitlines()[-1:] or [f"exit {done.returncode}"]}
    result: dict[str, Any] = json.loads(out.read_text())
    return {"tokens_per_second": result["generated"] / result["seconds"], **result}


def benchmark(size: str, options: argparse.Namespace, rate: float, folder: Path) -> dict[str, Any]:
    """All systems on a base of one size."""
    shape = SHAPES[size]
    weights = shape.save(folder / "base")
    sides = {
        "q_proj": (shape.hidden, shape.heads * shape.head),
        "v_proj": (shape.hidden, shape.groups * shape.head),
    }
    adapters = {
        f"a{i}": str(write_adapter(folder / f"a{i}", i, shape=sides, layers=shape.layers))
        for i in range(options.adapters)
    }
    workload: dict[str, Any] = {
        "model": str(folder / "base"), "adapters": adapters, "prompts": prompts(options.prompts),
        "tokens": options.tokens, "exact": True, "threads": torch.get_num_threads(), "device": options.device,
    }  # fmt: skip
    limit = roof(shape, weights, workload, rate)
    found: dict[str, Any] = {"roof": limit}
    for system in ("assay", *options.peers.split(",")):
        if system:
            python = options.vllm_python if system == "vllm" else sys.executable
            found[system] = measure(system, python, workload, folder)
            speed = found[system].get("tokens_per_second")
            shown = (
                found[system]["error"]
                if speed is None
                else f"{speed:,.0f} tokens/s, {speed / limit:.0%} of the roof"
            )
            sys.stdout.write(f"{size:>5} {system:<6} {shown}\n")
            sys.stdout.flush()
    return found


def main() -> None:
    """Test, measure, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="cuda", choices=["cuda", "cpu"])
    parser.add_argument("--sizes", default="1b,3b,8b", help=f"of {', '.join(SHAPES)}")
    parser.add_argument("--peers", default="peft", help="of peft,vllm")
    parser.add_argument("--vllm-python", default=sys.executable, help="the interpreter that has vLLM")
    parser.add_argument("--adapters", type=int, default=8)
    parser.add_argument("--prompts", type=int, default=16, help="prompts for each subject")
    parser.add_argument("--tokens", type=int, default=512, help="tokens of each response")
    parser.add_argument("--json", type=Path, help="write the results here")
    options = parser.parse_args()
    if options.device == "cuda":
        if not torch.cuda.is_available():
            sys.exit("gpu.py: no GPU here; `--device cpu --sizes tiny` tries the script")
        sys.stdout.write(f"{torch.cuda.get_device_name()}, torch {torch.__version__}\n")
        tests = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-m", "slow or not slow", *TESTS], check=False
        )
        sys.stdout.write(f"tests: {'passed' if tests.returncode == 0 else 'FAILED'}\n")
    rate = bandwidth(options.device)
    sys.stdout.write(f"bandwidth: {rate / 1e9:,.0f} GB/s\n")
    results = {}
    for size in options.sizes.split(","):
        with tempfile.TemporaryDirectory() as folder:
            results[size] = benchmark(size, options, rate, Path(folder))
    if options.json:
        options.json.write_text(json.dumps({"bandwidth": rate, "sizes": results}, indent=2))


if __name__ == "__main__":
    main()
