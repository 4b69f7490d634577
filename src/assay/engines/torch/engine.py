"""The loop: schedule, run, postprocess. Completions stream out as their sequences finish.

Knows no task, claim or store. A row's tokens do not depend on what it was batched with, up to the
rounding of the dtype; in float32 they are those of `transformers.generate` with PEFT.
"""

from __future__ import annotations

import gc
import math
import time
from collections import abc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor

from assay.engines.api import Completion, Partial, Prompt, completions
from assay.engines.encoding import decode, encode, encode_pair, outgrown
from assay.engines.torch.adapter_load import Adapter
from assay.engines.torch.estimate import free_bytes
from assay.engines.torch.graphs import CudaRecorder, DiffersError, Graphs, Recorder, obstacle
from assay.engines.torch.kernel import Kernel
from assay.engines.torch.kernel import load as load_kernel
from assay.engines.torch.loading import Base, out_of_memory
from assay.engines.torch.lora import stack, unstack
from assay.engines.torch.neighbours import minding_neighbours
from assay.engines.torch.peft_fallback import applied
from assay.engines.torch.probe import probe
from assay.engines.torch.runner import Runner
from assay.engines.torch.scheduler import CPU_TOKENS, GPU_TOKENS, BatchOptions, Scheduler
from assay.engines.torch.sequence import Scored, Sequence, Stops, choose
from assay.engines.torch.step import Segment
from assay.engines.turns import admitted
from assay.errors import EngineError

__all__ = ["TorchEngine", "Usage"]


@dataclass(slots=True)
class Usage:
    """What an engine has done so far."""

    read: int = 0
    """Prompt and continuation tokens."""
    generated: int = 0
    steps: int = 0
    seconds: float = 0.0
    """In forward passes and what chooses tokens."""
    shrunk: int = 0
    """Times that memory ran out and batches were halved."""


class TorchEngine:
    """Answers for one base and its adapters. One at a time on a base: adapters wrap its layers."""

    def __init__(
        self,
        base: Base,
        adapters: abc.Sequence[Adapter] = (),
        options: BatchOptions | None = None,
        recorders: Callable[[], Recorder] | None = None,
    ) -> None:
        """Stack the adapters on the base, and check its attention against transformers' own once.

        `recorders` makes what records decoding steps; None: CUDA graphs, where they can be recorded.
        """
        self.base = base
        self.options = options or BatchOptions()
        if self.options.tokens is None:
            tokens = CPU_TOKENS if base.device.type == "cpu" else GPU_TOKENS
            self.options = replace(self.options, tokens=tokens)
        self.usage = Usage()
        stacked = [adapter for adapter in adapters if not adapter.unstackable]
        self.fallback = {adapter.name: adapter for adapter in adapters if adapter.unstackable}
        self.subjects = dict.fromkeys((base.name, *self.fallback), -1)
        """Position of each subject in the stack; -1: none of the stack."""
        self.subjects |= {adapter.name: i for i, adapter in enumerate(stacked)}
        if len(self.subjects) <= len(adapters):
            raise EngineError("two adapters, or an adapter and the base, share a name; name each one")
        unstack(base.model)
        embedding: Tensor = base.model.get_input_embeddings().weight  # type: ignore[assignment]
        self.vocabulary = embedding.shape[0]
        self.bytes_per_token = probe(base)
        head = base.model.get_output_embeddings()
        dtype = torch.float32 if self.options.exact_adapters else base.model.dtype
        self._kernel = self._load_kernel()
        """What rows on a CPU attend with; or why torch's products."""
        try:
            kernel = self._kernel if isinstance(self._kernel, Kernel) else None
            self.runner = Runner(base, stack(base.model, stacked, dtype, head, kernel), kernel)
        except RuntimeError as bad:
            unstack(base.model)
            if not out_of_memory(bad):
                raise
            raise EngineError(
                f"memory ran out while {len(stacked)} adapters were put on base {base.name!r}; test fewer at once, "
                f"set `engine.quantization`, or use a machine with more memory"
            ) from bad
        self._unrecorded = self._obstacle() if recorders is None else ""
        """Why no decoding step is recorded; empty where they can be."""
        recorders = recorders or partial(CudaRecorder, base.device)
        self.graphs = None if self._unrecorded else Graphs(self.runner, recorders)
        if self.graphs is not None:
            self.graphs.rehearse()

    @property
    def attention(self) -> str:
        """What rows attend with while they decode on a CPU, and what applies adapters, in words, so far."""
        reason = self._kernel.stopped if isinstance(self._kernel, Kernel) else self._kernel
        loops = "attention and adapters" if self.options.exact_adapters else "attention"
        return f"{loops} by torch: {reason}" if reason else f"{loops} in C"

    @property
    def decoding(self) -> str:
        """How rows decode so far, in words: `CUDA graphs`, or why without."""
        if reason := self._unrecorded or (self.graphs.stopped if self.graphs is not None else ""):
            return f"without CUDA graphs: {reason}"
        return (
            f"CUDA graphs, but for {', '.join(self.fallback)}, run apart" if self.fallback else "CUDA graphs"
        )

    def close(self) -> None:
        """Take the adapters off the base."""
        unstack(self.base.model)

    def complete(self, prompts: Iterable[Prompt]) -> Iterator[Completion]:
        """Yield one completion for each prompt, as they finish. Raises EngineError.

        The base and the stacked adapters share batches; then come the others, one after the other.
        """
        return completions(self.resume(prompts, {}))

    def resume(
        self,
        prompts: Iterable[Prompt],
        begun: abc.Mapping[Prompt, abc.Sequence[int]],
        every: float = math.inf,
    ) -> Iterator[Completion | Partial]:
        """The same, from the tokens in `begun` on; every so many seconds, what rows hold so far. Raises EngineError."""
        waiting: dict[str, list[Prompt]] = {"": []}
        for prompt in prompts:
            waiting.setdefault(prompt.subject if prompt.subject in self.fallback else "", []).append(prompt)
        with minding_neighbours():
            yield from self._resume(waiting.pop(""), begun, every)
            for name, alone in waiting.items():
                with self._alone(self.fallback[name]):
                    yield from self._resume(alone, begun, every)

    def _resume(
        self, prompts: Iterable[Prompt], begun: abc.Mapping[Prompt, abc.Sequence[int]], every: float
    ) -> Iterator[Completion | Partial]:
        rows: list[Sequence] = []
        outgrown: list[Prompt] = []
        scored: dict[tuple[int, int, tuple[int, ...]], Scored] = {}
        for prompt in prompts:
            if self._outgrown(prompt):
                outgrown.append(prompt)
            elif prompt.kind == "generate":
                rows.append(self._row(prompt, begun.get(prompt, ())))
            else:
                self._score(prompt, scored)
        positions = self.options.logits // (4 * self.base.model.config.get_text_config().vocab_size)
        scheduler = Scheduler(rows, scored.values(), self.options, max(1, positions))
        since = time.monotonic()
        try:
            yield from self._follow(outgrown, scheduler)
            while not scheduler.done:
                for completion in self._step(scheduler):
                    yield completion
                    yield from self._follow(completion.following, scheduler)
                if time.monotonic() - since >= every:
                    since = time.monotonic()
                    yield Partial({row.asked: tuple(row.output) for row in scheduler.running})
        finally:
            if self.graphs is not None:
                self.graphs.forget()

    def _follow(self, prompts: Iterable[Prompt], scheduler: Scheduler) -> Iterator[Completion]:
        """Later turns wait as rows."""

        def wait(prompt: Prompt) -> None:
            if scheduler.add(self._row(prompt, ())) and self.graphs is not None:
                self.graphs.forget()

        return admitted(prompts, self._outgrown, wait)

    def _outgrown(self, prompt: Prompt) -> bool:
        return outgrown(self.base.tokenizer, prompt, self.base.context)

    def logits(
        self, subject: str, sequences: abc.Sequence[abc.Sequence[int]], last: int = 2**31
    ) -> list[Tensor]:
        """Logits (tokens, vocabulary), float32, of the last tokens of each sequence under one subject. Raises EngineError."""
        parts = [Segment(tokens, self.subjects[subject], keep=min(len(tokens), last)) for tokens in sequences]
        with self._alone(self.fallback[subject]) if subject in self.fallback else nullcontext():
            try:
                return [self.runner.run([part], None).float() for part in parts]
            except RuntimeError as bad:
                if not out_of_memory(bad):
                    raise
                longest = max(map(len, sequences))
                raise EngineError(
                    f"memory ran out on the logits of {longest} tokens of {subject!r}; set `engine.quantization`, "
                    f"or use a machine with more memory"
                ) from bad

    @contextmanager
    def _alone(self, adapter: Adapter) -> Iterator[None]:
        """The stack off, and this adapter on."""
        stacked, self.runner, self.graphs = (
            (self.runner, self.graphs),
            Runner(self.base, kernel=self.runner.kernel),
            None,
        )
        try:
            with applied(adapter, self.base):
                yield
        finally:
            self.runner, self.graphs = stacked

    def _step(self, scheduler: Scheduler) -> Iterator[Completion]:
        if scheduler.cache is None:
            recorded = self.graphs is not None and not self.graphs.stopped
            scheduler.allocate(self.bytes_per_token, self._budget(), recorded=recorded)
        began = time.monotonic()
        parts, scored = scheduler.schedule()
        run = self.runner.run if self.graphs is None else self.graphs.run
        try:
            logits = run([*parts, *(sequence.enter() for sequence in scored)], scheduler.cache)
            tokens = choose(scheduler.running, logits[: len(scheduler.running)])
            results = self._results(scored, logits[len(scheduler.running) :])
        except RuntimeError as bad:
            results, logits = [], None
            if isinstance(bad, DiffersError):
                scheduler.restart(scored)
            elif out_of_memory(bad):
                scheduler.shrink(scored)
                self.usage.shrunk += 1
            else:
                raise
        if logits is None:
            if self.graphs is not None:
                self.graphs.forget()
            gc.collect()
            torch.cuda.empty_cache()
            return
        finished = self._advance(scheduler, tokens)
        self._count(parts, scored, len(tokens), began)
        yield from finished
        yield from results

    def _advance(self, scheduler: Scheduler, tokens: list[int]) -> list[Completion]:
        done: list[Completion] = []
        slots: list[int] = []
        for slot, (row, token) in enumerate(zip(scheduler.running, tokens, strict=True)):
            row.output.append(token)
            if completion := self._finished(row):
                done.append(completion)
                slots.append(slot)
        scheduler.postprocess(slots)
        return done

    def _finished(self, row: Sequence) -> Completion | None:
        token = row.output[-1]
        ended = (
            token in self.base.ends
            or token in row.asked.ends
            or row.stops.reached(self.base.tokenizer, row.output)
        )
        if not ended and len(row.output) < row.limit:
            return None
        text, cut = row.stops.cut(decode(self.base.tokenizer, row.output))
        return Completion(
            row.asked,
            text,
            tokens=len(row.output),
            finish="stop" if ended or cut else "length",
            seconds=time.monotonic() - row.started,
        )

    def _results(self, scored: abc.Sequence[Scored], logits: Tensor) -> list[Completion]:
        results: list[Completion] = []
        first = 0
        for sequence in scored:
            for prompt, logprob, greedy in sequence.results(logits[first : first + sequence.keep]):
                seconds = time.monotonic() - sequence.started
                text = prompt.continuation
                results.append(
                    Completion(
                        prompt, text, tokens=sequence.keep, logprob=logprob, greedy=greedy, seconds=seconds
                    )
                )
            first += sequence.keep
        return results

    def _row(self, prompt: Prompt, begun: abc.Sequence[int]) -> Sequence:
        tokens = encode(self.base.tokenizer, prompt.text)
        room = self.base.context - len(tokens)
        if room < 1 or not tokens or prompt.max_tokens < 1:
            raise EngineError(
                f"task {prompt.task!r}, example {prompt.example!r}: a prompt of {len(tokens)} tokens and "
                f"max_tokens {prompt.max_tokens} do not fit a context of {self.base.context}; shorten one"
            )
        self._known(prompt, tokens)
        stops = Stops(tuple(text for text in prompt.stop if text))
        limit = min(prompt.max_tokens, room)
        reserve = min(prompt.room, room - limit)
        row = Sequence(prompt, self._subject(prompt), tokens, limit, stops, reserve=reserve)
        if len(begun) < row.limit and not self.base.ends.union(prompt.ends) & set(
            begun
        ):  # else it would have been finished
            row.output += begun
        return row

    def _score(self, prompt: Prompt, scored: dict[tuple[int, int, tuple[int, ...]], Scored]) -> None:
        tokens, count = encode_pair(self.base.tokenizer, prompt.text, prompt.continuation)
        if count < 1 or len(tokens) - 1 > self.base.context:
            raise EngineError(
                f"task {prompt.task!r}, example {prompt.example!r}: {count} tokens to score of {len(tokens)}, "
                f"in a context of {self.base.context}; give a continuation, or shorten the prompt"
            )
        self._known(prompt, tokens)
        key = (self._subject(prompt), count, tuple(tokens[:-1]))
        sequence = scored.setdefault(key, Scored(tokens[:-1], count, key[0], []))
        sequence.targets.append((prompt, tokens[-count:]))

    def _known(self, prompt: Prompt, tokens: abc.Sequence[int]) -> None:
        """Refuse tokens without weights here: on a GPU they end the whole process."""
        if max(tokens) >= self.vocabulary:
            raise EngineError(
                f"task {prompt.task!r}, example {prompt.example!r}: token {max(tokens)}, and base "
                f"{self.base.name!r} has weights for {self.vocabulary}; give the tokenizer that belongs to it"
            )

    def _subject(self, prompt: Prompt) -> int:
        if prompt.subject not in self.subjects:
            known = ", ".join(self.subjects)
            raise EngineError(f"subject {prompt.subject!r} is not loaded (loaded: {known})")
        return self.subjects[prompt.subject]

    def _load_kernel(self) -> Kernel | str:
        if not self.options.kernel:
            return "`engine.options.kernel` is false"
        return load_kernel() if self.base.device.type == "cpu" else "the base is not on a CPU"

    def _obstacle(self) -> str:
        if not self.options.graphs:
            return "`engine.options.graphs` is false"
        return obstacle(self.base.device, quantized=bool(getattr(self.base.model, "is_quantized", False)))

    def _budget(self) -> int:
        if self.options.memory is not None:
            return self.options.memory
        return free_bytes(self.base.device) // 2

    def _count(
        self, parts: abc.Sequence[Segment], scored: abc.Sequence[Scored], chosen: int, began: float
    ) -> None:
        self.usage.read += sum(len(part.tokens) for part in parts if not part.start)
        self.usage.read += sum(len(sequence.tokens) for sequence in scored)
        self.usage.generated += chosen
        self.usage.steps += 1
        self.usage.seconds += time.monotonic() - began
