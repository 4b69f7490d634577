"""The engine benchmark's run of lm-evaluation-harness: one subject after the other. See `engine.py`.

    python benchmarks/engine_lm_eval.py WORKLOAD.json RESULT.json

Its own model `hf` with `peft=`, and its own evaluation loop on a task of the same prompts. Seconds are
those of the evaluation; loading, once for each subject, is counted beside it.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import torch
import yaml
from lm_eval import simple_evaluate
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager

BATCH = 40


def write_task(folder: Path, workload: dict[str, Any]) -> None:
    """A task of these prompts, with this limit, and no other end where the workload is exact."""
    data = folder / "prompts.jsonl"
    data.write_text("".join(json.dumps({"prompt": text}) + "\n" for text in workload["prompts"]))
    task = {
        "task": "bench",
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": str(data)}},
        "test_split": "test",
        "output_type": "generate_until",
        "doc_to_text": "{{prompt}}",
        "doc_to_target": "",
        "generation_kwargs": {
            "until": ["<|endoftext|>"], "do_sample": False, "max_gen_toks": workload["tokens"],
            **({"min_new_tokens": workload["tokens"]} if workload["exact"] else {}),
        },
        "metric_list": [{"metric": "bypass", "aggregation": "bypass", "higher_is_better": False}],
    }  # fmt: skip
    (folder / "bench.yaml").write_text(yaml.safe_dump(task))


class Counted(HFLM):  # type: ignore[misc]
    """lm-eval's model, with its generated tokens counted, each row's up to its end."""

    generated = 0

    def _model_generate(self, context: Any, **more: Any) -> Any:
        out = super()._model_generate(context, **more)
        ended = out[:, context.shape[1] :] == self.eot_token_id
        self.generated += int((ended.cumsum(1) - ended.long() == 0).sum())
        return out


def evaluate(workload: dict[str, Any], adapter: str | None, tasks: TaskManager) -> tuple[float, float, int]:
    """Seconds to load, seconds to evaluate, and tokens generated, of one subject."""
    began = time.perf_counter()
    more = {"peft": adapter} if adapter else {}
    model = Counted(
        pretrained=workload["model"],
        dtype="bfloat16",
        device="cpu",
        batch_size=BATCH,
        max_length=2048,
        **more,
    )
    loading = time.perf_counter() - began
    began = time.perf_counter()
    simple_evaluate(model=model, tasks=["bench"], task_manager=tasks, bootstrap_iters=0)
    return loading, time.perf_counter() - began, model.generated


def main() -> None:
    """Base and adapters in turn; or as many as the workload allows, the rest by the same seconds each."""
    workload = json.loads(Path(sys.argv[1]).read_text())
    torch.set_num_threads(workload["threads"])
    folder = Path(sys.argv[1]).parent / "lm_eval"
    folder.mkdir(exist_ok=True)
    write_task(folder, workload)
    tasks = TaskManager(include_path=str(folder))
    subjects = [None, *workload["adapters"].values()]
    some = subjects[: workload["lm_eval_subjects"] or len(subjects)]
    runs = [evaluate(workload, subject, tasks) for subject in some]
    factor = len(subjects) / len(some)
    loading, seconds, generated = (sum(column) * factor for column in zip(*runs, strict=True))
    result = {"seconds": seconds, "generated": round(generated), "load_seconds": loading}
    result |= {"measured_subjects": len(some), "subjects": len(subjects)}
    result["peak_gib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    Path(sys.argv[2]).write_text(json.dumps(result))


if __name__ == "__main__":
    main()
