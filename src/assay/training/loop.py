"""Trains one adapter: peft's LoRA in transformers' Trainer, resumable to the bit. It needs torch.

The order of the examples is fixed before the first step, so that a resumed training reads what an
uninterrupted one reads. A checkpoint counts only once it is sealed with the digests of its files; one
that was cut short by a crash is ignored.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from torch import Tensor, nn
from torch.utils.data import SequentialSampler
from transformers import PreTrainedModel, Trainer, TrainerCallback, TrainingArguments, set_seed
from transformers.trainer_callback import PrinterCallback

from assay.engines.torch import calm, out_of_memory
from assay.engines.torch.neighbours import minding_neighbours
from assay.errors import EngineError, ResponsesError
from assay.files import file_sha256, write_text
from assay.training.batches import Feed, order
from assay.training.lora import join
from assay.training.norm import join_norms
from assay.training.passes import Passes
from assay.training.recipe import Settings
from assay.training.tokens import Tokenised

__all__ = ["Job", "latest", "lora_config", "train_adapter"]

SEAL = "sealed.json"
LAST = 10
"""Steps over which the final loss is averaged."""
Report = Callable[[int, float, float], None]
"""Called after a step: how many are done, the loss, tokens a second."""


@dataclass(frozen=True, slots=True)
class Job:
    """One adapter to train."""

    name: str
    settings: Settings
    steps: int
    seed: int
    tokens: Tokenised
    work: Path
    """Where checkpoints are kept."""
    checkpoint: int
    """Steps between two of them."""


def train_adapter(model: PreTrainedModel, job: Job, out: Path, report: Report) -> tuple[float, float]:
    """Train and save an adapter in `out`; the base is as it was afterwards. Returns first and final loss.

    Goes on from the last whole checkpoint in `job.work`, and ends with the bytes of a training that was
    never interrupted. Sets the seeds of Python's, numpy's and torch's own generators. Raises EngineError.
    """
    job.work.mkdir(parents=True, exist_ok=True)
    with calm(), _silent(), _repeatable(model.device), minding_neighbours():
        passes = Passes(model)
        set_seed(job.seed)  # of the first values of the low-rank matrices
        wrapped = get_peft_model(model, lora_config(job.settings))
        join(model)
        join_norms(model)
        try:
            losses = _trained(wrapped, passes, job, report)
            # Never the embeddings: no setting trains them.
            wrapped.save_pretrained(str(out), save_embedding_layers=False)
        except Exception as bad:
            if out_of_memory(bad):
                raise EngineError(
                    f"adapter {job.name!r}: memory ran out",
                    fix="raise `settings.accumulate`, or lower `batch` or `max_length`",
                ) from bad
            raise
        finally:
            wrapped.unload()
            if hasattr(model, "peft_config"):
                del model.peft_config
    last = losses[-LAST:]
    return losses[0], sum(last) / len(last)


def lora_config(settings: Settings) -> LoraConfig:
    """peft's configuration of an adapter with these settings."""
    modules = settings.target_modules
    options: dict[str, Any] = {
        "r": settings.rank,
        "lora_alpha": settings.alpha,
        "lora_dropout": settings.dropout,
        "use_rslora": settings.rslora,
        "target_modules": modules[0] if modules == ("all-linear",) else list(modules),
    }
    return LoraConfig(bias="none", task_type="CAUSAL_LM", **options)


def _trained(wrapped: PeftModel, passes: Passes, job: Job, report: Report) -> list[float]:
    """Run the Trainer. Returns the loss of each step."""
    feed = Feed(
        job.tokens, order([len(row) for row in job.tokens.rows], job.steps, job.settings.batch, job.seed)
    )
    trainer = _InOrder(
        model=wrapped,
        args=_arguments(job, wrapped),
        train_dataset=feed,
        data_collator=lambda examples: {"examples": examples},
        callbacks=[_Watch(job, feed, report)],
    )
    trainer.passes, trainer.most = passes, job.settings.batch // job.settings.accumulate
    trainer.remove_callback(PrinterCallback)
    checkpoint = latest(job.work)
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    return [float(entry["loss"]) for entry in trainer.state.log_history if "loss" in entry]


def _arguments(job: Job, model: PeftModel) -> TrainingArguments:
    settings = job.settings
    place = model.device
    arguments = TrainingArguments(
        output_dir=str(job.work),
        seed=job.seed,
        max_steps=job.steps,
        per_device_train_batch_size=settings.batch,
        learning_rate=settings.learning_rate,
        lr_scheduler_type=settings.schedule,
        warmup_steps=int(settings.warmup * job.steps),
        weight_decay=settings.weight_decay,
        max_grad_norm=settings.clip,
        optim="adamw_torch",
        use_cpu=place.type == "cpu",
        logging_strategy="steps",
        logging_steps=1,
        logging_nan_inf_filter=False,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        remove_unused_columns=False,
        dataloader_pin_memory=False,
    )
    arguments.n_gpu  # noqa: B018 - sets up the devices
    arguments._n_gpu = min(arguments._n_gpu, 1)  # several would each get a part of the batch
    return arguments


class _InOrder(Trainer):
    """A Trainer that takes the examples as they come, in parts, and saves no embeddings in a checkpoint."""

    passes: Passes
    most: int
    """Examples of a part."""

    def training_step(
        self,
        model: nn.Module,
        inputs: dict[str, Any],
        num_items_in_batch: Any = None,  # noqa: ARG002
    ) -> Tensor:
        """Add a batch's gradients up, part by part. Returns the mean loss of the tokens that are learnt."""
        model.train()
        parts = list(self.passes.parts(inputs["examples"], self.most))
        learnt = sum(len(part.learnt) for part in parts)
        total = torch.zeros((), device=self.args.device)
        for part in parts:
            loss = self.passes.loss(part) / learnt
            loss.backward()
            total += loss.detach()
        return total

    def _get_train_sampler(self, *_: Any, **__: Any) -> SequentialSampler:
        rows: Any = self.train_dataset
        return SequentialSampler(rows)

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:  # noqa: ARG002
        adapter: Any = self.model
        adapter.save_pretrained(output_dir, save_embedding_layers=False)


class _Watch(TrainerCallback):
    """Reports progress, requests checkpoints, seals them, and stops where the loss is no number."""

    def __init__(self, job: Job, feed: Feed, report: Report) -> None:
        self._job, self._feed, self._report = job, feed, report
        self._began: tuple[float, int] = (0.0, 0)

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        self._began = time.monotonic(), state.global_step

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        done = state.global_step
        if done % self._job.checkpoint == 0 and done < self._job.steps:
            control.should_save = True

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:  # noqa: ARG002
        if "loss" not in logs:
            return
        loss, done = float(logs["loss"]), state.global_step
        if not math.isfinite(loss):
            raise EngineError(
                f"adapter {self._job.name!r}: the loss is {loss} at step {done} of {self._job.steps}",
                fix="lower `learning_rate`, set `clip`, or train in float32 (`base.dtype`)",
            )
        began, first = self._began
        batch = self._job.settings.batch
        tokens = self._feed.tokens(first * batch, done * batch)
        self._report(done, loss, tokens / max(time.monotonic() - began, 1e-9))

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        made = self._job.work / f"checkpoint-{state.global_step}"
        seal(made)
        for other in self._job.work.glob("checkpoint-*"):
            if other != made:
                shutil.rmtree(other)


def seal(checkpoint: Path) -> None:
    """Mark a checkpoint as complete."""
    digests = {path.name: file_sha256(path) for path in sorted(checkpoint.iterdir()) if path.name != SEAL}
    write_text(checkpoint / SEAL, json.dumps(digests))


def latest(work: Path) -> Path | None:
    """The last checkpoint that is whole, file by file."""
    found = sorted(work.glob("checkpoint-*"), key=lambda path: int(path.name.rpartition("-")[2]))
    return next((path for path in reversed(found) if _whole(path)), None)


def _whole(checkpoint: Path) -> bool:
    try:
        digests = json.loads((checkpoint / SEAL).read_text(encoding="utf-8"))
        return all(file_sha256(checkpoint / name) == digest for name, digest in digests.items())
    except (OSError, ValueError, AttributeError, ResponsesError):
        return False


@contextmanager
def _silent() -> Iterator[None]:
    """Suppress the warnings that these libraries give to their own users."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def _repeatable(place: torch.device) -> Iterator[None]:
    """On a GPU, kernels that give the same bits every time; a CPU's do by themselves."""
    if place.type != "cuda":
        yield
        return
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    before = (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
    )
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before[0], warn_only=before[1])
