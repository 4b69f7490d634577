"""Decoding steps that are recorded once and replayed, since on a GPU the host cannot start kernels fast enough.

    graphs = Graphs(runner, partial(CudaRecorder, base.device))
    logits = graphs.run(segments, cache)

A recorded step reads its inputs from buffers whose addresses and sizes stay: as many rows as a round
number, keys up to a round number. Rows beyond those that run write to free rows of the cache, at position 0.
Steps that read prompts or score run as they come. A replay is compared once, for each recording, with the
same step as it comes; where recording fails, or a replay differs, every step runs as it comes from then on.
A rehearsal finds most of that out beforehand.

Knows no task and no text. What records is passed in: `CudaRecorder`, or a test's own.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor

from assay.engines.torch.loading import out_of_memory
from assay.engines.torch.probe import difference, tolerance
from assay.engines.torch.runner import Runner
from assay.engines.torch.step import KVCache, Segment, Step

__all__ = ["CudaRecorder", "DiffersError", "Graphs", "Recorder", "obstacle", "size_of"]

WORTH = 4
"""Steps of one size that run as they come before one is recorded, which costs about three."""
PROMPT = 5
"""Tokens that a rehearsal begins with."""
REACH = 128
"""Fewest keys that a recorded step reads, where memory has so many."""


class Recorder(Protocol):
    """Records what a function does to tensors."""

    def record(self, call: Callable[[], None]) -> Callable[[], None]:
        """Run `call`, record it, and return what does the same to the same tensors. Raises where it cannot."""
        ...


class CudaRecorder:
    """Captures CUDA graphs on a stream of its own, with one pool of memory: one of them runs at a time."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.stream = torch.cuda.Stream(device)
        self.pool = torch.cuda.graph_pool_handle()

    def record(self, call: Callable[[], None]) -> Callable[[], None]:
        """Run `call` once to see that it never waits for the GPU, then capture it."""
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.device(self.device):
            outside = torch.cuda.current_stream(self.device)
            self.stream.wait_stream(outside)
            try:
                # What waits would fail in the capture, and may leave CUDA in a state where nothing works.
                with torch.cuda.stream(self.stream), _without_waiting():
                    call()
                with torch.cuda.graph(
                    graph, pool=self.pool, stream=self.stream, capture_error_mode="thread_local"
                ):
                    call()
            finally:
                # A capture that fails leaves its own stream the current one.
                torch.cuda.set_stream(outside)
                outside.wait_stream(self.stream)
        return graph.replay


@contextmanager
def _without_waiting() -> Iterator[None]:
    """Operations that wait for the GPU raise."""
    mode = torch.cuda.get_sync_debug_mode()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it does not find all of them: the capture does
        torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode(mode)


class DiffersError(RuntimeError):
    """A replay did not say what the step says: memory may be wrong too."""


def obstacle(device: torch.device, *, quantized: bool) -> str:
    """Why decoding steps are not recorded there; empty where they can be."""
    if device.type != "cuda":
        return "the base is not on a GPU"
    if quantized:
        return "kernels for quantized weights may wait for the processor"
    return ""


def size_of(count: int, most: int) -> int:
    """The least of 1, 2, 3, 4, 6, 8, 12, 16, 24, ... that is `count` or more; `most` at most."""
    power = 1 << (count - 1).bit_length()
    between = 3 * power // 4
    return min(most, between if power > 2 and count <= between else power)


@dataclass(slots=True)
class Recorded:
    """One size of decoding steps: its buffers, and the recording once there is one."""

    step: Step
    inputs: Tensor
    """(3, rows): tokens, positions, adapters; the step's own tensors are its rows."""
    uses: int = 0
    replay: Callable[[], None] | None = None

    @classmethod
    def of(cls, rows: int, reach: int, cache: KVCache, device: torch.device) -> Recorded:
        """Buffers for `rows` rows that see at most `reach` keys."""
        inputs = torch.zeros(3, rows, dtype=torch.long, device=device)
        slots = torch.arange(rows, device=device)
        ids, positions, adapters = inputs
        step = Step(ids, positions, adapters, slots, slots, rows, reach, reach, [], cache, fixed=True)
        return cls(step, inputs)

    def fill(self, segments: Sequence[Segment]) -> None:
        """The next step's tokens; rows beyond are the base's, at position 0 of their slots."""
        idle = self.step.decoding - len(segments)
        rows = [[segment.tokens[0], segment.start, segment.adapter] for segment in segments]
        rows += [[0, 0, -1]] * idle
        self.inputs.copy_(torch.tensor(rows, dtype=torch.long).T)


@dataclass(slots=True)
class Graphs:
    """Runs decoding steps for a runner: the first of a size as they come, then one recorded, then replays."""

    runner: Runner
    recorders: Callable[[], Recorder]
    """Makes a recorder for each cache."""
    stopped: str = ""
    """Why steps are no longer recorded; empty while they are."""
    recordings: int = 0
    """Made since the rehearsal."""
    replays: int = 0
    """Likewise."""
    _cache: KVCache | None = None
    _recorder: Recorder | None = None
    _sizes: dict[tuple[int, int], Recorded] = field(default_factory=dict)
    _logits: Tensor | None = None
    """(slots, vocabulary): all recordings leave theirs here."""

    @torch.inference_mode()
    def run(self, segments: Sequence[Segment], cache: KVCache | None) -> Tensor:
        """As `Runner.run`. What it returns holds until the next call. Raises DiffersError, once."""
        decodes = cache is not None and all(segment.start > 0 for segment in segments)
        if self.stopped or cache is None or not decodes:
            return self.runner.run(segments, cache)
        recorded = self._sized(segments, cache)
        recorded.uses += 1
        if recorded.uses <= WORTH:
            logits = self.runner.run(segments, cache)
            if self._logits is None:
                self._logits = logits.new_empty(cache.slots, logits.shape[-1])
            return logits
        recorded.fill(segments)
        if recorded.replay is None:
            try:
                recorded.replay = self._record(recorded)
            except Exception as bad:
                self._stop(_reason(bad))
                return self.runner.run(segments, cache)
        recorded.replay()
        self.replays += 1
        assert self._logits is not None  # noqa: S101
        logits = self._logits[: len(segments)]
        if recorded.uses == WORTH + 2:  # the first one on other inputs than those it was recorded with
            self._check(logits, segments, cache)
        return logits

    def rehearse(self) -> None:
        """Record and check a small step, so that what cannot be recorded is known before anything is asked."""
        cache = KVCache(2, PROMPT + WORTH + 2, whole=True)
        try:
            self.runner.run([Segment(range(PROMPT), slot - 1, slot=slot) for slot in range(2)], cache)
            for place in range(PROMPT, cache.capacity):
                self.run([Segment([place], slot - 1, start=place, slot=slot) for slot in range(2)], cache)
        except Exception as bad:
            self.stopped = self.stopped or _reason(bad)
        self.forget()
        self.recordings = self.replays = 0

    def forget(self) -> None:
        """Let go of recordings, and of the memory that they read."""
        self._sizes.clear()
        self._cache = self._recorder = self._logits = None

    def _sized(self, segments: Sequence[Segment], cache: KVCache) -> Recorded:
        if cache is not self._cache:
            self.forget()
            self._cache, self._recorder = cache, self.recorders()
        reach = 1 + max(segment.start for segment in segments)
        size = size_of(len(segments), cache.slots), size_of(max(reach, REACH), cache.capacity)
        if size not in self._sizes:
            self._sizes[size] = Recorded.of(*size, cache, self.runner.base.device)
        return self._sizes[size]

    def _record(self, recorded: Recorded) -> Callable[[], None]:
        assert self._logits is not None  # noqa: S101
        logits = self._logits[: recorded.step.decoding]

        def call() -> None:
            # A mask kept from a call before would be taken for one that holds for all steps.
            recorded.step.masks.clear()
            logits.copy_(self.runner.forward(recorded.step))
            recorded.step.masks.clear()

        assert self._recorder is not None  # noqa: S101
        replay = self._recorder.record(call)
        self.recordings += 1
        return replay

    def _check(self, logits: Tensor, segments: Sequence[Segment], cache: KVCache) -> None:
        plain = self.runner.run(segments, cache)
        # Logits of an adapter that overflows are no numbers, on either way.
        sound = plain.isfinite().all(-1)
        error = difference(logits[sound], plain[sound]) if sound.any() else 0.0
        if not error <= tolerance(self.runner.base):
            self._stop(f"a replayed step differs from the step itself by {error:.2g} standard deviations")
            raise DiffersError(self.stopped)

    def _stop(self, reason: str) -> None:
        self.stopped = reason
        self.forget()


def _reason(bad: Exception) -> str:
    if out_of_memory(bad):
        return "memory ran out while a step was recorded"
    first = str(bad).strip().split("\n", 1)[0].rstrip(".")
    return f"a step could not be recorded ({type(bad).__name__}: {first[:200]})"
