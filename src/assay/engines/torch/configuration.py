"""An adapter's `adapter_config.json`: whether it can be read, and what it asks for. It reads no weights.

peft checks few of its fields, and fails on the others only while it builds layers, without naming them.
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from peft import PeftConfig, PeftType
from peft.tuners.lora import LoraConfig

from assay.engines.files import read_object
from assay.errors import EngineError

__all__ = ["CONFIG", "AdapterError", "read_config", "unstackable", "unusable"]

CONFIG = "adapter_config.json"
PLAIN_STARTS = (True, False, None, "gaussian", "eva", "orthogonal")
"""Values of `init_lora_weights` that leave the base's weights alone."""
WHOLE_MODELS = ("ADAPTION_PROMPT", "XLORA", "POLY", "CPT")


class AdapterError(EngineError):
    """An adapter cannot be read or put on. `reason` says why and how to mend it, and names no adapter."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(reason, place=f"adapter {name!r}")
        self.name = name
        self.reason = reason


def read_config(name: str, folder: Path) -> PeftConfig:
    """Parse `adapter_config.json` with peft's own class for its type. Raises AdapterError."""
    path = folder / CONFIG
    if not path.is_file():
        raise AdapterError(name, _absent(folder))
    try:
        written = read_object(path)
    except EngineError as bad:
        raise AdapterError(name, str(bad)) from None
    if reason := _untyped(path, written) or _mistyped(path, written):
        raise AdapterError(name, reason)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            config: PeftConfig = PeftConfig.from_pretrained(str(folder))
    except Exception as bad:
        cause = " ".join(str(bad).split())[:300]
        raise AdapterError(
            name,
            f"{path} is not a configuration that peft {version('peft')} reads ({cause}); update peft, or save "
            f"the adapter anew",
        ) from None
    return config


def _absent(folder: Path) -> str:
    """Why a folder holds no configuration of an adapter."""
    if not folder.is_dir():
        return f"no folder {folder}; correct the path"
    if not any(folder.iterdir()):
        return f"{folder} is empty; download or save the adapter into it, or give another folder"
    if (folder / CONFIG).is_dir():
        return f"{folder / CONFIG} is a folder, not a file; give the folder that peft saved"
    found = "; it is a base" if (folder / "config.json").is_file() else ""
    return f"no {CONFIG} in {folder}{found}; give the folder that peft saved"


def _untyped(path: Path, written: Mapping[str, Any]) -> str:
    """What is wrong with the type that a configuration says it has; empty where nothing is."""
    if "peft_type" not in written:
        return f"{path} has no `peft_type`; it is not one that peft saved: save the adapter anew"
    kind = written["peft_type"]
    if kind not in [known.value for known in PeftType]:
        return (
            f"peft_type {kind!r} is unknown to peft {version('peft')} ({path}); update peft, or save the "
            f"adapter anew"
        )
    return ""


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_rank(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_names(value: Any) -> bool:
    listed = isinstance(value, list) and all(isinstance(one, str) for one in value)
    return value is None or isinstance(value, str) or listed


def _is_map(value: Any) -> bool:
    return value is None or (isinstance(value, dict) and all(map(_is_number, value.values())))


KINDS: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "r": ("a whole number above 0", _is_rank),
    "lora_alpha": ("a number", _is_number),
    "target_modules": ("a list of names (or one text)", _is_names),
    "modules_to_save": ("a list of names", _is_names),
    "rank_pattern": ("an object of numbers", _is_map),
    "alpha_pattern": ("an object of numbers", _is_map),
    "use_rslora": ("true or false", _is_flag),
    "use_dora": ("true or false", _is_flag),
}
"""Of LoRA: what a field may be. Of other types only `target_modules` is the same."""


def _mistyped(path: Path, written: Mapping[str, Any]) -> str:
    """The first field that holds what it cannot, in words; empty where all are well."""
    lora = written["peft_type"] == "LORA"
    for key, (wanted, fits) in KINDS.items():
        if key in written and (lora or key == "target_modules") and not fits(written[key]):
            return f"{key} is {written[key]!r}; {wanted} is expected in {path}: save the adapter anew"
    named = written.get("target_modules")
    try:
        re.compile(named if isinstance(named, str) else "")
    except re.error as bad:
        return (
            f"target_modules is {named!r}, which is no regular expression ({bad}); correct it in {path}, or "
            f"save the adapter anew"
        )
    return ""


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


def unusable(config: PeftConfig) -> str:
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
