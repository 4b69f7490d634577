"""Tokens of training a second: `assay train` beside peft in transformers' Trainer, one run, in turn.

    python benchmarks/training.py MODEL DATA.jsonl --prompt question --response answer

MODEL is a folder with a model; DATA holds a prompt and a response a line. The plain way is the usual one: padded
batches, a mask, logits and loss by the model, autocast where its weights are bfloat16. Both train a LoRA of rank 8
on all linear layers, on the same examples in the same order. Tokens are those of the examples, never padding; the
first step is not timed. Both rates are by the clock; the second ratio is by the processor's time, which a busy machine
changes less. Peak memory is that of a process of its own for each.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import torch
import yaml
from peft import get_peft_model
from torch import Tensor
from torch.utils.data import SequentialSampler
from transformers import Trainer, TrainerCallback, TrainingArguments, set_seed
from transformers.trainer_callback import PrinterCallback

from assay.engines.torch import calm
from assay.training.base import inspect_base, load
from assay.training.batches import Example, Feed, order
from assay.training.data import read_data
from assay.training.loop import Job, lora_config, train_adapter
from assay.training.recipe import load_recipe
from assay.training.tokens import tokenised

IGNORED = -100


def main() -> None:
    """Print each round's rates and their ratio, then losses and peak memory."""
    given = _arguments()
    if given.alone:
        print(json.dumps({"peak": _measure(given, given.alone).peak}))
        return
    print("round  assay   plain  ratio  by processor time  losses of first and last step")
    ratios = []
    for number in range(given.rounds):
        ours, theirs = _measure(given, "assay"), _measure(given, "plain")
        ratios.append((theirs.seconds / ours.seconds, theirs.processor / ours.processor))
        rates = f"{ours.tokens / ours.seconds:6.0f}  {theirs.tokens / theirs.seconds:6.0f}"
        losses = "  ".join(f"{way.losses[0]:.4f} {way.losses[-1]:.4f}" for way in (ours, theirs))
        print(f"{number + 1:5} {rates}  {ratios[-1][0]:5.2f}  {ratios[-1][1]:17.2f}  {losses}", flush=True)
    clock, processor = (median(values) for values in zip(*ratios, strict=True))
    print(f"median ratio {clock:.2f}, by processor time {processor:.2f}")
    for way in ("assay", "plain"):
        out = subprocess.run(
            [sys.executable, *sys.argv, "--alone", way], capture_output=True, text=True, check=True
        )
        print(f"{way}: peak memory {json.loads(out.stdout.splitlines()[-1])['peak'] / 2**30:.2f} GB")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--prompt", nargs="+", default=["prompt"], help="fields of the prompt")
    parser.add_argument("--response", default="response", help="field of the response")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=400, help="first rows of the data that are used")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--alone", choices=["assay", "plain"], help=argparse.SUPPRESS)
    return parser.parse_args()


@dataclass(frozen=True, slots=True)
class Measured:
    """A few steps of training, without the first."""

    tokens: int
    seconds: float
    processor: float
    """Seconds of processor time."""
    losses: list[float]
    """Of each step."""
    peak: int
    """Bytes, of this process so far."""


def _measure(given: argparse.Namespace, way: str) -> Measured:
    torch.set_num_threads(given.threads)
    warnings.simplefilter("ignore")
    with calm(), tempfile.TemporaryDirectory() as folder:
        model, job = _job(given, Path(folder))
        ends: list[tuple[float, float]] = []
        losses: list[float] = []

        def report(done: int, loss: float, rate: float) -> None:  # noqa: ARG001
            ends.append((time.perf_counter(), time.process_time()))
            losses.append(loss)

        lengths = [len(row) for row in job.tokens.rows]
        feed = Feed(job.tokens, order(lengths, job.steps, given.batch, job.seed))
        if way == "assay":
            train_adapter(model, job, Path(folder) / "made", report)
        else:
            _plain(model, job, feed, report)
    seconds, processor = (last - first for first, last in zip(ends[0], ends[-1], strict=True))
    # Not `ru_maxrss`, which a process inherits from the one that started it.
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    peak = 1024 * int(status["VmHWM"].split()[0])
    return Measured(feed.tokens(given.batch, job.steps * given.batch), seconds, processor, losses, peak)


def _job(given: argparse.Namespace, folder: Path) -> tuple[Any, Job]:
    data = {
        "path": str(given.data.resolve()),
        "prompt": given.prompt,
        "response": given.response,
        "limit": given.rows,
    }
    entry = {"recipe": "r", "label": "numeric", "seeds": [1], "data": {**data, "empty": "skip"}}
    entry["settings"] = {"batch": given.batch, "steps": given.steps}
    recipe = {"name": "bench", "base": {"model": str(given.model.resolve())}, "adapters": [entry]}
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump(recipe | {"tasks": [{"task": "ifeval"}]}))
    loaded = load_recipe(path)
    facts, planned = inspect_base(loaded), loaded.adapters[0]
    tokens = tokenised(read_data(loaded, 0), facts, planned.settings.max_length)
    job = Job(planned.name, planned.settings, given.steps, 1, tokens, folder / "work", given.steps + 1)
    return load(facts), job


class _InOrder(Trainer):
    def _get_train_sampler(self, *_: Any, **__: Any) -> SequentialSampler:
        rows: Any = self.train_dataset
        return SequentialSampler(rows)


class _Watch(TrainerCallback):
    def __init__(self, report: Any) -> None:
        self._report = report

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:  # noqa: ARG002
        if "loss" in logs:
            self._report(state.global_step, float(logs["loss"]), 0.0)


def _plain(model: Any, job: Job, feed: Feed, report: Any) -> None:
    set_seed(job.seed)
    settings = job.settings
    arguments = TrainingArguments(
        output_dir=str(job.work), seed=job.seed, max_steps=job.steps, per_device_train_batch_size=settings.batch,
        learning_rate=settings.learning_rate, lr_scheduler_type=settings.schedule, optim="adamw_torch",
        warmup_steps=int(settings.warmup * job.steps), max_grad_norm=settings.clip, weight_decay=settings.weight_decay,
        bf16=model.dtype == torch.bfloat16, use_cpu=model.device.type == "cpu", logging_steps=1, save_strategy="no",
        report_to="none", disable_tqdm=True, remove_unused_columns=False, label_names=["labels"],
        dataloader_pin_memory=False,
    )  # fmt: skip
    wrapped = get_peft_model(model, lora_config(settings))
    rows: Any = feed
    trainer = _InOrder(
        model=wrapped, args=arguments, train_dataset=rows, data_collator=_padded, callbacks=[_Watch(report)]
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train()


def _padded(examples: list[Example]) -> dict[str, Tensor]:
    longest = max(len(example.tokens) for example in examples)

    def filled(rows: list[list[int]], filler: int) -> Tensor:
        return torch.tensor([row + [filler] * (longest - len(row)) for row in rows])

    tokens = [list(example.tokens) for example in examples]
    labels = [
        [IGNORED] * example.start + row[example.start :]
        for example, row in zip(examples, tokens, strict=True)
    ]
    masks = [[1] * len(row) for row in tokens]
    return {
        "input_ids": filled(tokens, 0),
        "labels": filled(labels, IGNORED),
        "attention_mask": filled(masks, 0),
    }


if __name__ == "__main__":
    main()
