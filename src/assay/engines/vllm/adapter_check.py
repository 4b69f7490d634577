"""Finds parts of an adapter that vLLM cannot load, or would silently leave out, by its files alone.

vLLM leaves out weights without a matching layer and starts without a warning; such an adapter is refused here, with
the layer. It imports neither vllm nor torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assay.engines.adapter_files import (
    CONFIG,
    AdapterFiles,
    Shape,
    match,
    refuse_changed_base,
    refuse_other_base,
    unusual,
)
from assay.engines.vllm.options import RANKS
from assay.errors import EngineError

__all__ = ["Fit", "check_adapter", "largest_rank"]


@dataclass(frozen=True, slots=True)
class Fit:
    """An adapter that vLLM can take."""

    rank: int
    """The largest of its layers."""
    modules: int
    """Layers that it changes."""
    targets: frozenset[str]
    """Last parts of their names."""


def check_adapter(files: AdapterFiles, base: Mapping[str, Shape]) -> Fit:
    """Check an adapter against the layers of a base, by name; none: only its own files.

    Raises EngineError, naming no adapter, with what vLLM cannot take and the fix.
    """
    rank = _rank(files.config)
    if more := unusual(files.config):
        raise EngineError(f"it has {more}, which vLLM does not apply", fix="use the engine `torch`")
    refuse_changed_base(files.config)
    fit = match(files.config, files.tensors, base)
    if fit.others:
        raise EngineError(
            f"its file holds {fit.others[0]}, which is no part of a LoRA: vLLM leaves it out",
            fix="use the engine `torch`",
        )
    if fit.halves:
        raise EngineError(f"its file holds half of {fit.halves[0]}", fix="save or download the adapter again")
    if not fit.pairs:
        raise EngineError(f"{files.weights} holds no weights of a LoRA", fix="save the adapter again")
    if base:
        refuse_other_base(fit, "vLLM")
    targets = frozenset(name.rpartition(".")[2] for name in fit.pairs)
    return Fit(max(rank, *(pair.down[0] for pair in fit.pairs.values())), len(fit.pairs), targets)


def largest_rank(ranks: list[int]) -> int:
    """The smallest bound that vLLM takes for these ranks."""
    return next(bound for bound in RANKS if bound >= max(ranks, default=1))


def _rank(config: Mapping[str, Any]) -> int:
    """The largest rank that a configuration names."""
    if (kind := config["peft_type"]) != "LORA":
        raise EngineError(f"its type is {kind}, and vLLM takes LORA only", fix="use the engine `torch`")
    if "r" not in config:
        raise EngineError(
            f"it has no r (its rank), which vLLM needs in {CONFIG}", fix="save the adapter again"
        )
    rank: int = max([config["r"], *(config.get("rank_pattern") or {}).values()])
    if rank > RANKS[-1]:
        raise EngineError(
            f"its rank is {rank}, and vLLM takes up to {RANKS[-1]}", fix="use the engine `torch`"
        )
    return rank
