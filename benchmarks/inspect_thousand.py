"""How long `assay inspect` takes for many adapters, and how much memory: a registry's whole stock at once.

    python benchmarks/inspect_thousand.py                       # 1,000 adapters of a base of 28 blocks
    python benchmarks/inspect_thousand.py --adapters 100        # a trial

Adapters of a Qwen3-0.6B by its config.json: all seven linear layers of each block (392 tensors), ranks 8 to 64, one in
ten with an error. Their files are sparse: headers and sizes are real, and no weights are written. The command runs in a
process of its own, whose seconds and largest resident memory are told with what it found.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

BASE = {
    "model_type": "qwen3",
    "hidden_size": 1024,
    "intermediate_size": 3072,
    "num_hidden_layers": 28,
    "num_attention_heads": 16,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "vocab_size": 151936,
    "tie_word_embeddings": True,
}
LAYERS = {
    "self_attn.q_proj": (2048, 1024),
    "self_attn.k_proj": (1024, 1024),
    "self_attn.v_proj": (1024, 1024),
    "self_attn.o_proj": (1024, 2048),
    "mlp.gate_proj": (3072, 1024),
    "mlp.up_proj": (3072, 1024),
    "mlp.down_proj": (1024, 3072),
}
RUN = "import sys; from assay.cli import main; sys.argv = ['assay', *sys.stdin.read().split('\\0')]; main()"
"""The command, with its arguments from standard input: more of them than a command line may hold."""


def write_adapter(folder: Path, number: int) -> None:
    """An adapter with a header of its own; every tenth has another rank than its configuration."""
    folder.mkdir()
    rank = (8, 16, 32, 64)[number % 4]
    targets = [layer.rpartition(".")[2] for layer in LAYERS]
    config = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "r": rank + (number % 10 == 0),
        "lora_alpha": 2 * rank,
    }
    (folder / "adapter_config.json").write_text(json.dumps({**config, "target_modules": targets}))
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    place = 0
    for block in range(28):
        for layer, (out, into) in LAYERS.items():
            for matrix, shape in (("A", (rank, into)), ("B", (out, rank))):
                name = f"base_model.model.model.layers.{block}.{layer}.lora_{matrix}.weight"
                size = 2 * shape[0] * shape[1]
                header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [place, place + size]}
                place += size
    text = json.dumps(header).encode()
    with (folder / "adapter_model.safetensors").open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.truncate(8 + len(text) + place)


def main() -> None:
    """Write the adapters, inspect them, and tell the cost."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--adapters", type=int, default=1000)
    count = parser.parse_args().adapters
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "config.json").write_text(json.dumps(BASE))
        adapters = [folder / f"adapter-{number:04}" for number in range(count)]
        for number, adapter in enumerate(adapters):
            write_adapter(adapter, number)
        arguments = ["inspect", *map(str, adapters), "--base", str(folder / "config.json"), "--json"]
        begun = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", RUN],
            input="\0".join(arguments),
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.perf_counter() - begun
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    found = Counter(entry["status"] for entry in json.loads(done.stdout))
    sys.stdout.write(
        f"{count} adapters in {seconds:.1f} s, {1000 * seconds / count:.1f} ms each; largest resident memory {peak:.0f} MiB "
        f"({os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}); exit {done.returncode}, {dict(found)}\n"
    )


if __name__ == "__main__":
    main()
