"""The engine benchmark's run of assay: all subjects in the same batches. See `engine.py`.

    python benchmarks/engine_assay.py WORKLOAD.json RESULT.json [1,2,4]

With numbers of adapters as third argument: the time for each number, one after the other on one base.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import assay.engines.torch  # noqa: F401  # isort: skip - before torch: it sets how OpenMP's threads wait
import torch
from torch.nn.functional import linear

from assay.engines import Completion, Prompt
from assay.engines.encoding import encode
from assay.engines.torch import Adapter, Base, Source, TorchEngine, load_base, read_adapter

SHAPES = 56
"""Linear layers whose products are timed: those of some blocks."""


def matmul_rate(shapes: Sequence[tuple[int, int]], rows: int = 512) -> float:
    """Operations per second of bfloat16 products of these shapes at so many rows: the best of four passes."""
    weights = [torch.randn(o, i, dtype=torch.bfloat16) for o, i in shapes]
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


def read_rate() -> float:
    """Bytes per second that are read from memory: the best of four sums over half a GB."""
    numbers = torch.ones(2**26, dtype=torch.int64)
    best = 0.0
    for _ in range(4):
        began = time.perf_counter()
        numbers.sum()
        best = max(best, 8 * numbers.numel() / (time.perf_counter() - began))
    return best


def keys_read(base: Base, done: Sequence[Completion]) -> int:
    """Keys that all decoding steps see: the first token comes with its prompt, the last is never read."""
    lengths = {text: len(encode(base.tokenizer, text)) for text in {row.prompt.text for row in done}}
    return sum(
        sum(range(lengths[row.prompt.text] + 1, lengths[row.prompt.text] + (row.tokens or 1))) for row in done
    )


def requests(adapters: Sequence[Adapter], texts: Sequence[str], tokens: int) -> Iterator[Prompt]:
    """Base and all adapters on all prompts."""
    for subject in ["base", *(adapter.name for adapter in adapters)]:
        for i, text in enumerate(texts):
            yield Prompt(subject, "bench", str(i), text, max_tokens=tokens)


def answer(base: Base, adapters: Sequence[Adapter], workload: dict[str, Any]) -> dict[str, Any]:
    """Generate everything once: seconds, tokens read and generated, steps."""
    engine = TorchEngine(base, adapters)
    asked = list(requests(adapters, workload["prompts"], workload["tokens"]))
    began = time.perf_counter()
    done = list(engine.complete(asked))
    seconds = time.perf_counter() - began
    used = engine.usage
    assert len(done) == len(asked)
    plain = engine.runner.routing.plain if engine.runner.routing else ""
    engine.close()
    return {
        "plain": plain,
        "seconds": seconds, "generated": used.generated, "read": used.read, "steps": used.steps,
        "rows": len(done), "decoding": engine.attention,
        "bytes": keys_read(base, done) * engine.bytes_per_token,
    }  # fmt: skip


def main() -> None:
    """Load once, run, measure the limit before and after, write."""
    workload = json.loads(Path(sys.argv[1]).read_text())
    torch.set_num_threads(workload["threads"])
    began = time.perf_counter()
    base = load_base(Source(workload["model"], dtype="bfloat16", device=workload.get("device", "cpu")))
    adapters = [read_adapter(name, Path(path), base) for name, path in workload["adapters"].items()]
    loading = time.perf_counter() - began
    layers = (module for module in base.model.modules() if isinstance(module, torch.nn.Linear))
    shapes = [(layer.out_features, layer.in_features) for layer in layers][:SHAPES]
    limit, bandwidth = matmul_rate(shapes), read_rate()
    weights = sum(weight.numel() for weight in base.model.parameters())
    model: Any = base.model
    head = model.get_output_embeddings().weight.numel()
    if len(sys.argv) > 3:
        counts = [int(count) for count in sys.argv[3].split(",")]
        grown = [{"adapters": n, **answer(base, adapters[:n], workload)} for n in counts]
        result: dict[str, Any] = {"grown": grown}
    else:
        result = answer(base, adapters, workload)
        # The last token of a row is never read, and a prompt needs the head at its end alone.
        read = result["read"] + result["generated"] - result["rows"]
        result["work"] = 2 * ((weights - head) * read + head * result["generated"])
    result |= {"load_seconds": loading, "limit": max(limit, matmul_rate(shapes))}
    result["bandwidth"] = max(bandwidth, read_rate())
    result["peak_gib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    Path(sys.argv[2]).write_text(json.dumps(result))


if __name__ == "__main__":
    main()
