"""The fields of peft's LoRA configuration with their defaults, and its other types, as a table. It imports no peft.

    set_fields({"r": 8, "use_dora": True})         # {"use_dora": True}: what is not at peft's default
    unknown_fields({"r": 8, "use_turbo": True})    # {"use_turbo": True}: what peft ignores

A test compares the table with the installed peft.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

__all__ = [
    "DEFAULTS",
    "PEFT_TYPES",
    "PEFT_VERSION",
    "PROMPT_TYPES",
    "beyond_layers",
    "set_fields",
    "unknown_fields",
]

PEFT_VERSION = "0.21.2"
"""The peft that the table was made from."""
DEFAULTS: Mapping[str, Any] = MappingProxyType(
    {
        **dict.fromkeys(("task_type", "auto_mapping", "peft_version", "base_model_name_or_path", "revision")),
        "peft_type": "LORA",
        "inference_mode": False,
        "r": 8,
        **dict.fromkeys(("target_modules", "exclude_modules")),
        "lora_alpha": 8,
        "lora_dropout": 0.0,
        "fan_in_fan_out": False,
        "bias": "none",
        "use_rslora": False,
        "modules_to_save": None,
        "init_lora_weights": True,
        **dict.fromkeys(("layers_to_transform", "layers_pattern")),
        "rank_pattern": {},
        "alpha_pattern": {},
        "megatron_config": None,
        "megatron_core": "megatron.core",
        "trainable_token_indices": None,
        "loftq_config": {},
        **dict.fromkeys(("eva_config", "corda_config", "lora_ga_config")),
        "use_dora": False,
        **dict.fromkeys(("velora_config", "alora_invocation_tokens")),
        "use_qalora": False,
        "qalora_group_size": 16,
        **dict.fromkeys(("monteclora_config", "layer_replication")),
        "runtime_config": {"ephemeral_gpu_offload": False},
        "lora_bias": False,
        **dict.fromkeys(("target_parameters", "use_bdlora", "arrow_config", "kasa_config")),
        "ensure_weight_tying": False,
    }
)
"""Fields of a LoRA's `adapter_config.json`, each with what peft takes where the file does not have it."""
PROMPT_TYPES = frozenset(
    ("CARTRIDGE", "CPT", "MULTITASK_PROMPT_TUNING", "PREFIX_TUNING", "PROMPT_TUNING", "P_TUNING")
)
"""Types that put tokens before a prompt and change no layer."""
PEFT_TYPES = PROMPT_TYPES | frozenset(
    (
        *("ADALORA", "ADAMSS", "ADAPTION_PROMPT", "BEFT", "BOFT", "C3A", "DEFT", "DELORA", "FOURIERFT"),
        *("FROD", "GLORA", "GRALORA", "HIRA", "HRA", "IA3", "LILY", "LN_TUNING", "LOHA", "LOKR", "LORA"),
        *("MISS", "OFT", "OSF", "PEANUT", "POLY", "PSOFT", "PVERA", "RANDLORA", "ROAD", "SHADOW", "SHIRA"),
        *("SUPERTUNING", "TINYLORA", "TRAINABLE_TOKENS", "UNILORA", "VBLORA", "VERA", "WAVEFT", "XLORA"),
    )
)
"""Every `peft_type` that peft knows."""


EMPTY: tuple[Any, ...] = (None, [], {})
WHOLE_TYPES = PROMPT_TYPES | frozenset(("ADAPTION_PROMPT", "POLY", "XLORA"))
WHOLE_FIELDS = ("layer_replication", "alora_invocation_tokens")


def beyond_layers(config: Mapping[str, Any]) -> str:
    """Why a configuration is more than a change of a base's layers, which can be measured on a base that others share.

    Empty where it is not.
    """
    if (kind := config.get("peft_type")) in WHOLE_TYPES:
        return f"its type, {kind}, is more than a change of layers"
    field = next((field for field in WHOLE_FIELDS if config.get(field)), "")
    return field and f"it has {field}, which changes more than layers"


def set_fields(config: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a LoRA's configuration that hold another value than peft's default. Null is the default of all."""
    known = {key: value for key, value in config.items() if key in DEFAULTS and value is not None}
    return {key: value for key, value in known.items() if not _same(value, DEFAULTS[key])}


def unknown_fields(config: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a LoRA's configuration that peft does not know, and so ignores, and that hold something.

    Null, false, 0 and what is empty hold nothing: no field of peft's that adds something starts otherwise.
    """
    return {key: value for key, value in config.items() if key not in DEFAULTS and value}


def _same(value: Any, default: Any) -> bool:
    """Whether a value is a default: `0` is no `false`, and a list that is empty is none at all."""
    if isinstance(value, bool) or isinstance(default, bool):
        return value is default
    return value == default or (value in EMPTY and default in EMPTY)
