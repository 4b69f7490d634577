"""Trains the embedded base from nothing: tokenizer, corpus, Llama-architecture model, log, card.

    python -m scripts.train_base OUT                      # stop it at any time; the same command goes on
    python -m scripts.train_base OUT --evaluate           # the four primary metrics, on test prompts
    python -m scripts.train_base OUT --set tokens=20e6    # any setting below, for a trial

OUT gets a model folder that transformers and vLLM load (`model.safetensors`, `config.json`, tokenizer, chat
template, `README.md`) and `training.jsonl` (every loss; not kept in this repository), `training.json` (digests), `settings.json`,
`evaluation.json`. The settings and the world decide the corpus to the token; the weights differ in rounding
from machine to machine. Beside other work on the same cores, OMP_NUM_THREADS=1 is faster than threads that
wait for each other.

Half able: the world makes some of every task easy and some too hard, and `Mixture.habits` lets examples do
as they are asked in some wordings only. To make the base abler on a task, raise that task's habits or its
weight, or `tokens`; to make it less able, lower them.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from numpy.typing import NDArray
from safetensors.torch import save_file
from tokenizers import Tokenizer
from torch.nn.functional import cross_entropy
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM

from assay.demo.synthetic import VERSION
from scripts.base_corpus import SPECIAL, TEMPLATE, Mixture, chunks, digest_of, train_tokenizer
from scripts.base_evaluation import evaluate, table

__all__ = ["Settings", "main", "train"]


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that decides the base."""

    mixture: Mixture = field(default_factory=Mixture)
    """What it reads."""
    vocabulary: int = 3072
    learnt_from: int = 20_000
    """Examples that the tokenizer is made from."""
    hidden: int = 256
    """Width; heads have 64 dimensions."""
    layers: int = 4
    inner: int = 704
    """Width of the feed-forward layers."""
    context: int = 1024
    """Positions that the model says it has; training sees `length` of them."""
    tokens: int = 16_000_000
    """To read in all."""
    length: int = 256
    """Tokens of a row."""
    batch: int = 8
    """Rows of a step."""
    rate: float = 2e-3
    """Highest learning rate; it rises linearly, stays, and falls linearly to nothing."""
    warmup: int = 100
    """Steps of rising."""
    cooldown: float = 0.25
    """Share of the steps in which it falls."""
    decay: float = 0.1
    """Weight decay of matrices."""
    seed: int = 0
    """Of the first weights."""

    @property
    def steps(self) -> int:
        """Steps in all."""
        return max(1, self.tokens // (self.length * self.batch))

    def rate_at(self, step: int) -> float:
        """Learning rate of a step."""
        if step < self.warmup:
            return self.rate * (step + 1) / self.warmup
        return self.rate * min(1.0, (self.steps - step) / max(1.0, self.cooldown * self.steps))


@dataclass(slots=True)
class State:
    """How far training is: everything that going on needs, besides the settings."""

    model: Any
    """LlamaForCausalLM"""
    optimizer: torch.optim.Optimizer
    step: int = 0
    chunk: int = 0
    """Chunk of the corpus that is being read."""
    row: int = 0
    """Rows of it that were read."""
    digest: str = ""
    """Of everything read so far."""
    seconds: float = 0.0
    """Spent training, over all starts."""

    def save(self, path: Path) -> None:
        """Write a checkpoint; the old one stays until the new one is whole."""
        kept = {name: getattr(self, name) for name in ("step", "chunk", "row", "digest", "seconds")}
        kept |= {"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict()}
        kept["random"] = torch.get_rng_state()
        torch.save(kept, path.with_suffix(".new"))
        path.with_suffix(".new").replace(path)

    def load(self, path: Path) -> None:
        """Go on from a checkpoint."""
        kept = torch.load(path, map_location=self.model.device, weights_only=True)
        self.model.load_state_dict(kept.pop("model"))
        self.optimizer.load_state_dict(kept.pop("optimizer"))
        torch.set_rng_state(kept.pop("random").cpu())
        for name, value in kept.items():
            setattr(self, name, value)


def train(
    settings: Settings,
    out: Path,
    stop_after: float = math.inf,
    save_every: float = 180.0,
    compiled: bool = False,
) -> bool:
    """Train until done, or for so many seconds; True when done. The model folder is written then.

    `compiled` runs the model through `torch.compile`: a fifth faster on a CPU, and needs a C++ compiler.
    """
    out.mkdir(parents=True, exist_ok=True)
    _same_settings(settings, out)
    tokenizer = _tokenizer(settings, out)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    state = _fresh(settings, device)
    if compiled:
        state.model.compile()
    checkpoint = out / "checkpoint.pt"
    if checkpoint.is_file():
        state.load(checkpoint)
    _trim_log(out / "training.jsonl", state.step)
    meter = _Meter(settings, state, out / "training.jsonl")
    began = saved = time.monotonic()
    before = state.seconds
    for rows in _batches(settings, state, tokenizer):
        loss = _step(settings, state, torch.from_numpy(rows.astype(np.int64)).to(device))
        now = time.monotonic()
        state.seconds = before + now - began
        meter.note(loss)
        if now - saved > save_every or now - began > stop_after or state.step == settings.steps:
            meter.flush()
            state.save(checkpoint)
            saved = now
        if now - began > stop_after and state.step < settings.steps:
            return False
    _export(settings, state, tokenizer, out)
    return True


def _batches(settings: Settings, state: State, tokenizer: Tokenizer) -> Iterator[NDArray[np.uint16]]:
    """Batches from where the state is, keeping count in it."""
    for number, rows in enumerate(
        chunks(settings.mixture, tokenizer, state.chunk, settings.length), state.chunk
    ):
        first = state.row if number == state.chunk else 0
        # Rows too few for a batch end a chunk unread, so that its number and a row say where to go on.
        for start in range(first, len(rows) - settings.batch + 1, settings.batch):
            if state.step >= settings.steps:
                return
            batch = rows[start : start + settings.batch]
            state.chunk, state.row = number, start + settings.batch
            state.digest = digest_of(state.digest, batch)
            yield batch


def _step(settings: Settings, state: State, rows: torch.Tensor) -> float:
    """One step of AdamW on rows of tokens (batch, length + 1); returns the loss in nats a token."""
    for group in state.optimizer.param_groups:
        group["lr"] = settings.rate_at(state.step)
    with torch.autocast(rows.device.type, torch.bfloat16, enabled=_pays(rows.device)):
        logits = state.model(rows[:, :-1], use_cache=False).logits
    # 0 ends an example; another one after it fills the row.
    targets = rows[:, 1:].masked_fill((rows[:, :-1] == 0) & (rows[:, 1:] == 0), -100)
    # Prompts count like responses: a model that learns responses alone learns to copy far later.
    loss: Any = cross_entropy(logits.float().flatten(0, 1), targets.flatten())
    state.optimizer.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(state.model.parameters(), 1.0)
    state.optimizer.step()
    state.step += 1
    return float(loss.detach())


def _pays(device: torch.device) -> bool:
    """Whether bfloat16 is faster: on a GPU, and on a CPU with matrix tiles (AMX), where it is twice as fast."""
    return device.type == "cuda" or bool(getattr(torch.cpu, "_is_amx_tile_supported", bool)())


def _fresh(settings: Settings, device: str) -> State:
    torch.manual_seed(settings.seed)
    config = LlamaConfig(
        vocab_size=settings.vocabulary,
        hidden_size=settings.hidden,
        num_hidden_layers=settings.layers,
        num_attention_heads=settings.hidden // 64,
        num_key_value_heads=settings.hidden // 64,
        head_dim=64,
        intermediate_size=settings.inner,
        max_position_embeddings=settings.context,
        tie_word_embeddings=True,
        initializer_range=settings.hidden
        ** -0.5,  # the usual 0.02 keeps so narrow a model from learning to copy
        bos_token_id=None,
        eos_token_id=2,
        pad_token_id=0,
    )
    model: Any = LlamaForCausalLM(config)
    model.to(device)
    matrices = [weight for weight in model.parameters() if weight.ndim > 1]
    others = [weight for weight in model.parameters() if weight.ndim <= 1]
    groups = [{"params": matrices, "weight_decay": settings.decay}, {"params": others, "weight_decay": 0.0}]
    return State(model, torch.optim.AdamW(groups, lr=settings.rate, betas=(0.9, 0.95)))


class _Meter:
    """Writes the log, and shows loss, rate and time left."""

    def __init__(self, settings: Settings, state: State, path: Path, every: int = 50) -> None:
        self.settings, self.state, self.path, self.every = settings, state, path, every
        self.lines: list[str] = []
        self.losses: list[float] = []
        self.mark = (time.monotonic(), state.step)

    def note(self, loss: float) -> None:
        """A step was made."""
        state, settings = self.state, self.settings
        self.losses.append(loss)
        self.lines.append(
            json.dumps({"step": state.step, "loss": round(loss, 5), "seconds": round(state.seconds, 1)})
        )
        if state.step % self.every and state.step < settings.steps:
            return
        now, (then, first) = time.monotonic(), self.mark
        pace = (now - then) / max(1, state.step - first)
        rate = settings.length * settings.batch / max(pace, 1e-9)
        left = pace * (settings.steps - state.step) / 60
        mean = sum(self.losses) / len(self.losses)
        sys.stderr.write(
            f"step {state.step} of {settings.steps}  loss {mean:.3f}  {rate:,.0f} tokens/s  {left:.0f} min left\n"
        )
        self.mark, self.losses = (now, state.step), []

    def flush(self) -> None:
        """Write what is noted; called with each checkpoint, so that log and checkpoint agree."""
        with self.path.open("a", encoding="utf-8") as out:
            out.writelines(f"{line}\n" for line in self.lines)
        self.lines.clear()


def _trim_log(path: Path, step: int) -> None:
    """Drop what the log says of steps after the checkpoint: they are made again."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    kept = [line for line in lines if json.loads(line)["step"] <= step]
    if len(kept) < len(lines):
        path.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")


def _same_settings(settings: Settings, out: Path) -> None:
    path = out / "settings.json"
    wanted = json.dumps({"world": VERSION, **asdict(settings)}, indent=2) + "\n"
    if not path.is_file():
        path.write_text(wanted, encoding="utf-8")
    elif path.read_text(encoding="utf-8") != wanted:
        sys.exit(
            f"{path}: other settings than these; use an empty folder, or the settings that it was begun with"
        )


def _tokenizer(settings: Settings, out: Path) -> Tokenizer:
    path = out / "tokenizer.json"
    if not path.is_file():
        train_tokenizer(settings.mixture, settings.vocabulary, settings.learnt_from).save(str(path))
    return Tokenizer.from_file(str(path))


# -- what is kept ----------------------------------------------------------------------------------


def _export(settings: Settings, state: State, tokenizer: Tokenizer, out: Path) -> None:
    """The model folder: weights rounded to bfloat16, to be computed with in float32."""
    decoding: Any = GenerationConfig
    state.model.generation_config = decoding(eos_token_id=[0, 2], pad_token_id=0, do_sample=False)
    state.model.config.dtype = torch.float32
    state.model.config.architectures = ["LlamaForCausalLM"]
    state.model.config.save_pretrained(out)
    state.model.generation_config.save_pretrained(out)
    weights = {
        name: weight.detach().to("cpu", torch.bfloat16).contiguous()
        for name, weight in state.model.state_dict().items()
        if name != "lm_head.weight"  # tied to the embeddings
    }
    save_file(weights, out / "model.safetensors", {"format": "pt"})
    tokenizer.save(str(out / "tokenizer.json"))
    (out / "chat_template.jinja").write_text(TEMPLATE, encoding="utf-8")
    # Written by hand: what transformers 5 saves, transformers 4 and what builds on it cannot read.
    words = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": None,
        "eos_token": SPECIAL[2],
        "pad_token": SPECIAL[0],
        "additional_special_tokens": [SPECIAL[1]],
        "chat_template": TEMPLATE,
        "model_max_length": settings.context,
        "clean_up_tokenization_spaces": False,
    }
    (out / "tokenizer_config.json").write_text(json.dumps(words, indent=2) + "\n", encoding="utf-8")
    facts = {
        "world": VERSION,
        "steps": state.step,
        "tokens": state.step * settings.batch * settings.length,
        "corpus_sha256": state.digest,
        "weights_sha256": hashlib.sha256((out / "model.safetensors").read_bytes()).hexdigest(),
        "seconds": round(state.seconds),
        "device": str(state.model.device),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
    }
    (out / "training.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    (out / "README.md").write_text(_card(settings, state, out), encoding="utf-8")


def _card(settings: Settings, state: State, out: Path) -> str:
    size = sum(weight.numel() for weight in state.model.parameters())
    measured = out / "evaluation.json"
    scores = (
        table(json.loads(measured.read_text(encoding="utf-8")))
        if measured.is_file()
        else "Not measured yet.\n"
    )
    heads = settings.hidden // 64
    weights = ", ".join(f"{kind} {weight:g}" for kind, weight in settings.mixture.weights.items())
    return f"""---
license: apache-2.0
language: en
library_name: transformers
---
# The embedded base

A Llama-architecture model of {size / 1e6:.2f} million parameters ({settings.layers} layers, width {settings.hidden}, \
{heads} heads of 64, vocabulary {settings.vocabulary}, tied embeddings), trained from scratch by `scripts/train_base.py` on made-up \
English. It exists so that adapters can be made and tested in minutes: it knows nothing of the real world, and \
solves only a part of each task, on purpose.

- Corpus: `assay.demo.synthetic`, version {VERSION}, split `pretrain`; examples of each kind, relative: {weights}. \
Test and tuning prompts are of other splits, which never overlap.
- In the training examples, instructions in some wordings are followed more often than in others (`settings.json`, \
`habits`), so the model follows some wordings and not others.
- Training data: {state.step * settings.batch * settings.length:,} tokens; SHA-256 of them, chained batch by batch: `{state.digest}`.
- Training: {state.step:,} steps of AdamW, {state.seconds / 60:.0f} minutes. {_losses(out)}
- Weights are stored in bfloat16 and meant to be computed with in float32.
- Tokenizer: byte-level BPE, digits on their own. Chat template: ChatML. llama.cpp's converter asks for a \
pre-tokenizer if it does not know the vocabulary: use `smollm`, which splits text in the same way.

## Scores

{scores}"""


def _losses(out: Path) -> str:
    """How the loss fell, from the log."""
    lines = (out / "training.jsonl").read_text(encoding="utf-8").splitlines()
    losses = [float(json.loads(line)["loss"]) for line in lines]
    ends = [end for end in (100, 500, 1000, 2000, 4000) if end < len(losses)] + [len(losses)]
    means = (sum(window) / len(window) for window in (losses[max(0, end - 100) : end] for end in ends))
    falls = ", ".join(f"{mean:.3f} at {end:,}" for end, mean in zip(ends, means, strict=True))
    return f"Loss: {losses[0]:.3f} at the first step; mean of the last 100 steps: {falls}."


def _changed(settings: Settings, changes: Sequence[str]) -> Settings:
    """The settings with `name=number` applied; names of the mixture's numbers count too."""
    for change in changes:
        name, _, text = change.partition("=")
        known: dict[str, Any] = {entry.name: getattr(settings, entry.name) for entry in fields(settings)}
        if not isinstance(known.get(name), int | float):
            sys.exit(
                f"--set {change}: no such number; there are {', '.join(k for k in known if k != 'mixture')}"
            )
        settings = replace(settings, **{name: type(known[name])(float(text))})
    return settings


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path, help="folder of the model, and of the checkpoint")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=NUMBER", help="change a setting")
    parser.add_argument(
        "--stop-after", type=float, default=math.inf, metavar="SECONDS", help="stop, to go on later"
    )
    parser.add_argument("--compile", action="store_true", help="faster; needs a C++ compiler")
    parser.add_argument("--evaluate", action="store_true", help="measure the trained model")
    parser.add_argument("--prompts", type=int, default=300, help="test prompts of each task")
    given = parser.parse_args()
    settings = _changed(Settings(), given.set)
    if not given.evaluate:
        done = train(settings, given.out, given.stop_after, compiled=given.compile)
        sys.stderr.write(f"{given.out}: {'trained' if done else 'stopped; the same command goes on'}\n")
        return
    scores = evaluate(given.out, given.prompts)
    (given.out / "evaluation.json").write_text(json.dumps(scores, indent=2) + "\n", encoding="utf-8")
    card = given.out / "README.md"
    text, _, _ = card.read_text(encoding="utf-8").partition("## Scores\n")
    card.write_text(f"{text}## Scores\n\n{table(scores)}", encoding="utf-8")
    sys.stdout.write(table(scores))


if __name__ == "__main__":
    main()
