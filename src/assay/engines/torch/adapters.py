"""An adapter's weights, read by peft onto a skeleton of the base that holds no memory.

peft decides which layers match, with which rank and scaling, so its rules (rsLoRA, rank and alpha
patterns, layers_to_transform, `all-linear`, regular expressions) hold here by construction.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from peft import PeftConfig, PeftModel, PeftType
from peft.tuners.lora import Linear as LoraLinear
from peft.tuners.lora import LoraConfig, LoraLayer
from torch import Tensor
from transformers import PreTrainedModel

from assay.engines.torch.loading import Base
from assay.errors import EngineError

__all__ = ["CONFIG", "PICKLE", "WEIGHTS", "Adapter", "Delta", "read_adapter", "read_config", "unstackable"]

CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"
PICKLE = "adapter_model.bin"
PREFIX = "base_model.model."
"""What peft puts before the name of a layer."""
PLAIN_STARTS = (True, False, None, "gaussian", "eva", "orthogonal")
"""Values of `init_lora_weights` that leave the base's weights alone."""


WHOLE_MODELS = ("ADAPTION_PROMPT", "XLORA", "POLY", "CPT")


@dataclass(frozen=True, slots=True)
class Delta:
    """The change of one layer: `up @ down`, scaling folded into `up`. Both float32."""

    down: Tensor
    """A: (rank, in)."""
    up: Tensor
    """B: (out, rank)."""

    @property
    def norm(self) -> float:
        """Frobenius norm of the change, without building it: sqrt(sum((BᵀB) * (AAᵀ)))."""
        down, up = self.down.double(), self.up.double()
        return float(((up.T @ up) * (down @ down.T)).sum().clamp(min=0).sqrt())


@dataclass(frozen=True, slots=True)
class Adapter:
    """One adapter, ready to be stacked, or the reason why it cannot be."""

    name: str
    path: Path
    config: PeftConfig
    deltas: Mapping[str, Delta] = field(default_factory=dict)
    """By the name of the layer in the base."""
    missing: tuple[str, ...] = ()
    """Layers that the configuration matches and the file holds no weights for: peft leaves them unchanged."""
    surplus: tuple[str, ...] = ()
    """Weights in the file that no layer takes: peft ignores them."""
    unstackable: str = ""
    """Why it cannot share a batch with others; empty where it can."""

    @property
    def norm(self) -> float:
        """Frobenius norm over all changed layers."""
        return float(sum(delta.norm**2 for delta in self.deltas.values()) ** 0.5)


def read_config(name: str, folder: Path) -> PeftConfig:
    """Parse `adapter_config.json` with peft's own class for its type."""
    path = folder / CONFIG
    if not path.is_file():
        raise EngineError(f"adapter {name!r}: no {CONFIG} in {folder}; give the folder that peft saved")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            config: PeftConfig = PeftConfig.from_pretrained(str(folder))
    except (ValueError, TypeError, KeyError, OSError) as bad:
        raise EngineError(f"adapter {name!r}: {path} is not a peft configuration: {bad}") from None
    return config


def unstackable(config: PeftConfig) -> str:
    """Why an adapter of this configuration cannot be stacked; empty where it can."""
    if config.peft_type != PeftType.LORA or not isinstance(config, LoraConfig):
        kind = getattr(config.peft_type, "value", config.peft_type)
        return f"its type is {kind}, not LORA"
    plain: dict[str, Any] = {
        "bias": "none",
        "modules_to_save": None,
        "trainable_token_indices": None,
        "target_parameters": None,
        "use_dora": False,
        "lora_bias": False,
    }
    for key, usual in plain.items():
        value = getattr(config, key, usual)
        if value and value != usual:
            return f"it has {key}: {value}"
    return ""


def _unusable(config: PeftConfig) -> str:
    """Why an adapter of this configuration cannot be measured on a base that others share; else empty."""
    kind = getattr(config.peft_type, "value", config.peft_type)
    if config.is_prompt_learning or kind in WHOLE_MODELS:
        return f"its type, {kind}, is more than a change of layers; use another engine for it"
    start = getattr(config, "init_lora_weights", True)
    if start not in PLAIN_STARTS:
        return (
            f"init_lora_weights: {start} changes the base's own weights; save it anew with peft's "
            f"`path_initial_model_for_weight_conversion`"
        )
    for key in ("layer_replication", "alora_invocation_tokens"):
        if getattr(config, key, None):
            return f"it has {key}, which changes more than layers; use another engine for it"
    return ""


def read_adapter(name: str, folder: Path, base: Base, *, allow_pickle: bool = False) -> Adapter:
    """Read a folder that peft saved. Raises EngineError if it is not whole or fits no layer of the base.

    `adapter_model.bin` is a pickle: refused unless `allow_pickle`; then loaded with `weights_only`.
    """
    config = read_config(name, folder)
    if not (folder / WEIGHTS).is_file() and not ((folder / PICKLE).is_file() and allow_pickle):
        raise EngineError(_no_weights(name, folder))
    if reason := _unusable(config):
        raise EngineError(f"adapter {name!r}: {reason}")
    if reason := unstackable(config):
        return Adapter(name, folder, config, unstackable=reason)
    wrapped = _on_skeleton(name, config, base.model)
    layers = {layer: module for layer, module in wrapped.named_modules() if isinstance(module, LoraLayer)}
    for layer, module in layers.items():
        if type(module) is not LoraLinear or "default" in module.lora_variant:
            kind = type(getattr(module, "base_layer", module)).__name__
            where = layer.removeprefix(PREFIX)
            return Adapter(name, folder, config, unstackable=f"it changes {where} ({kind})")
    missing, surplus = _fill(name, folder, wrapped, layers.values())
    deltas = {
        layer.removeprefix(PREFIX): _delta(name, folder, layer, module)
        for layer, module in layers.items()
        if layer not in missing
    }
    if not deltas:
        raise EngineError(
            f"adapter {name!r}: no weight in {folder} fits a layer of the base {base.name!r} "
            f"(targets: {getattr(config, 'target_modules', None)}); give the base it was trained on"
        )
    return Adapter(name, folder, config, deltas, missing, surplus)


def _no_weights(name: str, folder: Path) -> str:
    if (folder / PICKLE).is_file():
        return (
            f"adapter {name!r}: {folder / PICKLE} is a pickle, which can run code; save it as {WEIGHTS} "
            f"(peft: `save_pretrained(..., safe_serialization=True)`), or allow pickles explicitly"
        )
    return f"adapter {name!r}: no {WEIGHTS} in {folder}; the download or the training is incomplete"


def _on_skeleton(name: str, config: PeftConfig, model: PreTrainedModel) -> PeftModel:
    with torch.device("meta"):
        skeleton = type(model)(copy.deepcopy(model.config))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return PeftModel(skeleton, copy.deepcopy(config), low_cpu_mem_usage=True)
    except Exception as bad:
        raise EngineError(f"adapter {name!r}: peft cannot put it on the base: {_first(bad)}") from bad


def _fill(
    name: str, folder: Path, wrapped: PeftModel, layers: Iterable[LoraLayer]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Load the file into the layers. Names the layers it holds nothing for, and its weights without a layer."""
    for module in layers:
        for weights in (module.lora_A, module.lora_B):
            weights.to_empty(device="cpu")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = wrapped.load_adapter(str(folder), "default", torch_device="cpu")
    except Exception as bad:
        raise EngineError(f"adapter {name!r}: {folder} cannot be loaded: {_first(bad)}") from bad
    missing = {key.split(".lora_")[0] for key in result.missing_keys}
    return tuple(sorted(missing)), tuple(result.unexpected_keys)


def _delta(name: str, folder: Path, layer: str, module: LoraLayer) -> Delta:
    weights: list[Tensor] = [part["default"].weight for part in (module.lora_A, module.lora_B)]  # type: ignore[misc]
    down, up = weights[0].detach().float(), weights[1].detach().float() * module.scaling["default"]
    if not (bool(down.isfinite().all()) and bool(up.isfinite().all())):
        raise EngineError(
            f"adapter {name!r}: weights of {layer} in {folder} are not finite; the training diverged"
        )
    return Delta(down, up)


def _first(bad: Exception) -> str:
    return " ".join(str(bad).split())[:300]
