"""The engine benchmark's run of transformers + PEFT: subjects in one batch by `adapter_names`. See `engine.py`.

python benchmarks/engine_peft.py WORKLOAD.json RESULT.json
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

ROWS = 160
"""Rows of one call of `generate`, at most."""


def main() -> None:
    """Load, generate in mixed batches, write."""
    workload = json.loads(Path(sys.argv[1]).read_text())
    torch.set_num_threads(workload["threads"])
    began = time.perf_counter()
    tokenizer = AutoTokenizer.from_pretrained(workload["model"])
    model = AutoModelForCausalLM.from_pretrained(workload["model"], dtype=torch.bfloat16)
    names = list(workload["adapters"])
    wrapped: Any = PeftModel.from_pretrained(model, workload["adapters"][names[0]], adapter_name=names[0])
    for name in names[1:]:
        wrapped.load_adapter(workload["adapters"][name], adapter_name=name)
    device = workload.get("device", "cpu")
    wrapped.to(device).eval()
    loading = time.perf_counter() - began
    rows = [(name, text) for name in ("__base__", *names) for text in workload["prompts"]]
    generated = 0
    began = time.perf_counter()
    for first in range(0, len(rows), ROWS):
        part = rows[first : first + ROWS]
        batch = tokenizer(
            [text for _, text in part], return_tensors="pt", padding=True, padding_side="left"
        ).to(device)
        with torch.inference_mode():
            out = wrapped.generate(
                input_ids=batch["input_ids"], attention_mask=batch["attention_mask"],
                max_new_tokens=workload["tokens"], min_new_tokens=workload["tokens"] if workload["exact"] else 0,
                do_sample=False, adapter_names=[name for name, _ in part],
            )  # fmt: skip
        ended = out[:, batch["input_ids"].shape[1] :] == tokenizer.eos_token_id
        generated += int((ended.cumsum(1) - ended.long() == 0).sum())
    result = {"seconds": time.perf_counter() - began, "generated": generated, "load_seconds": loading}
    result["peak_gib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    Path(sys.argv[2]).write_text(json.dumps(result))


if __name__ == "__main__":
    main()
