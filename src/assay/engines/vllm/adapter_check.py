"""Finds parts of an adapter that vLLM cannot load, or would silently leave out, by its files alone.

vLLM leaves out weights without a matching layer and starts without a warning; such an adapter is refused here, with
the layer. It imports neither vllm nor torch.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assay.engines.adapter_files import CONFIG, AdapterFiles, refuse_changed_base, unusual
from assay.engines.adapter_fit import BaseShapes, Fit, fit_adapter
from assay.engines.vllm.options import RANKS
from assay.errors import EngineError

__all__ = ["Needs", "check_adapter", "check_fit", "largest_rank"]


@dataclass(frozen=True, slots=True)
class Needs:
    """An adapter that vLLM can take."""

    fit: Fit
    rank: int
    """The largest of its layers."""
    modules: int
    """Layers that it changes."""
    targets: frozenset[str]
    """Last parts of their names."""


def check_adapter(files: AdapterFiles, base: BaseShapes) -> Needs:
    """Check an adapter against the layers of a base; none known: only its own files.

    Raises EngineError, naming no adapter, with what vLLM cannot take and the fix.
    """
    return check_fit(files, fit_adapter(files, base))


def check_fit(files: AdapterFiles, fit: Fit) -> Needs:
    """The same of an adapter that was put on its base already."""
    rank = _rank(fit.config)
    if more := unusual(fit.config):
        raise EngineError(f"it has {more}, which vLLM does not apply", fix="use the engine `torch`")
    refuse_changed_base(fit.config)
    if fit.error is not None:
        raise fit.error
    if fit.replaces:
        raise EngineError(
            f"its file holds {next(iter(fit.replaces.values()))}, which does not belong to a LoRA: vLLM ignores it",
            fix="use the engine `torch`",
        )
    if not fit.layers:
        raise EngineError(f"{files.weights[0]} holds no weights of a LoRA", fix="save the adapter again")
    _refuse_scales(fit)
    targets = frozenset(layer.place.rpartition(".")[2] for layer in fit.layers)
    return Needs(fit, max(rank, *(layer.rank for layer in fit.layers)), len(fit.layers), targets)


def largest_rank(ranks: list[int]) -> int:
    """The smallest bound that vLLM takes for these ranks."""
    return next(bound for bound in RANKS if bound >= max(ranks, default=1))


def _refuse_scales(fit: Fit) -> None:
    """vLLM takes one scale for all layers, from `r` and `lora_alpha`, and passes patterns over."""
    config = fit.config
    rank = config["r"]
    common = float(config.get("lora_alpha", 8)) / (math.sqrt(rank) if config.get("use_rslora") else rank)
    for layer in fit.layers:
        if not math.isclose(layer.scale, common):
            field = "alpha_pattern" if config.get("alpha_pattern") else "rank_pattern"
            raise EngineError(
                f"{field}: {config.get(field)} gives {layer.place} the scale {layer.scale:g}, and vLLM applies {common:g} to "
                f"all layers",
                fix="use the engine `torch`",
            )


def _rank(config: Mapping[str, Any]) -> int:
    """The largest rank that a configuration names."""
    if (kind := config.get("peft_type", "LORA")) != "LORA":
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
