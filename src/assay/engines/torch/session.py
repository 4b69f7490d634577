"""A session of a loaded base with its adapters: an adapter that fails is recorded, and the others continue.

It knows no task."""

from __future__ import annotations

import gc
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

import torch

from assay.engines.api import NO_PROMPTS, Completion, Liveness, Partial, Prompt, completions
from assay.engines.files import Stamp
from assay.engines.torch.adapter_load import Adapter
from assay.engines.torch.engine import TorchEngine
from assay.engines.torch.liveness import change_of, liveness
from assay.engines.torch.loading import Base
from assay.engines.torch.peft_fallback import SpoiledError, applied
from assay.engines.torch.scheduler import BatchOptions
from assay.errors import EngineError

__all__ = ["CHANGED", "TorchSession"]

CHANGED = "its files changed after preflight; run again"


class TorchSession:
    """Satisfies `Session`. Adapters that cannot be stacked are asked one after the other, after the rest."""

    def __init__(
        self,
        base: Base,
        adapters: Sequence[Adapter],
        options: BatchOptions,
        failed: Mapping[str, str],
        stamps: Mapping[str, Stamp] | None = None,
    ) -> None:
        """Stack what can be stacked; put each of the others on once. Raises SpoiledError if one harms the base."""
        self._failed = dict(failed)
        self._stamps = stamps or {}
        self._changes = {adapter.name: change_of(adapter) for adapter in adapters}
        self._engine: TorchEngine | None = TorchEngine(base, adapters, options)
        for adapter in self._engine.fallback.values():
            try:
                with applied(adapter, base):
                    pass
            except SpoiledError:
                raise
            except EngineError as bad:
                self._failed[adapter.name] = str(bad)

    @property
    def failed(self) -> Mapping[str, str]:
        """Adapters that could not be loaded or asked after all, and why. No completion follows."""
        return dict(self._failed)

    @property
    def provenance(self) -> Mapping[str, str]:
        """What is known only once rows decode: whether CUDA graphs were recorded, or attention runs in C; or why not."""
        engine = self._open
        if engine.base.device.type == "cpu":
            return {"decoding": engine.attention}
        return {"decoding": engine.decoding} if engine.base.device.type == "cuda" else {}

    @property
    def _open(self) -> TorchEngine:
        if self._engine is None:
            raise EngineError("the weights are no longer in memory; load them again")
        return self._engine

    def complete(self, prompts: Iterable[Prompt]) -> Iterator[Completion]:
        """Yield a completion for each prompt but those of adapters that failed. Raises EngineError.

        An adapter that fails while peft applies it yields nothing more, and the next one follows; its completions
        so far are kept.
        """
        return completions(self.resume(prompts, {}))

    def resume(
        self, prompts: Iterable[Prompt], begun: Mapping[Prompt, Sequence[int]], every: float = math.inf
    ) -> Iterator[Completion | Partial]:
        """The same, from the tokens in `begun` on; every so many seconds, what rows hold so far. Raises EngineError."""
        engine = self._open
        together: list[Prompt] = []
        alone: dict[str, list[Prompt]] = {}
        for prompt in prompts:
            if prompt.subject not in self._failed:
                batch = (
                    alone.setdefault(prompt.subject, []) if prompt.subject in engine.fallback else together
                )
                batch.append(prompt)
        yield from engine.resume(together, begun, every)
        for name, batch in alone.items():
            if self._stale(name):
                continue
            try:
                yield from engine.resume(batch, begun, every)
            except SpoiledError:
                raise
            except Exception as bad:
                self._failed[name] = _reason(bad)

    def liveness(
        self, adapters: Sequence[str], sent: Mapping[str, Sequence[str]] = NO_PROMPTS
    ) -> list[Liveness]:
        """What each of these changes; those that failed are left out."""
        engine = self._open
        names = [name for name in adapters if name not in self._failed]
        stacked = [name for name in names if name not in engine.fallback]
        measured = {entry.adapter: entry for entry in self._measured(stacked, sent)}
        for name in names:
            if name in measured or self._stale(name):
                continue
            try:
                measured |= {entry.adapter: entry for entry in self._measured([name], sent)}
            except SpoiledError:
                raise
            except Exception as bad:
                self._failed[name] = _reason(bad)
        return [measured[name] for name in names if name in measured]

    def _stale(self, name: str) -> bool:
        """Whether the files of an adapter, which peft is about to read again, are no longer those looked at."""
        stale = name in self._stamps and self._stamps[name].stale
        if stale:
            self._failed[name] = CHANGED
        return stale

    def _measured(self, names: Sequence[str], sent: Mapping[str, Sequence[str]]) -> list[Liveness]:
        if unknown := [name for name in names if name not in self._changes]:
            known = ", ".join(self._changes)
            raise EngineError(f"adapter {unknown[0]!r} is not loaded (loaded: {known})")
        changes = {name: self._changes[name] for name in names}
        return liveness(self._open, changes, sent=sent) if names else []

    def close(self) -> None:
        """Let go of all weights."""
        if self._engine is not None:
            self._engine.close()
        self._engine = None
        free()


def free() -> None:
    """Give memory that nothing holds any more back to the device."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _reason(bad: Exception) -> str:
    return str(bad) if isinstance(bad, EngineError) else f"{type(bad).__name__}: {bad}"
