"""An adapter's files: its configuration, and the names and shapes of its tensors; as peft or mlx-lm saves them.

files = read_adapter_files(Path("adapters/math"))         # raises EngineError: absent, malformed, cut short
fit = fit_adapter(files, base_shapes)                     # assay.engines.adapter_fit: against the layers of a base

It needs neither torch nor peft, loads no weights, and knows no engine. Its errors do not name the adapter.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from assay.adapter_folders import CONFIG, words_within
from assay.engines.files import Entry, read_headers, read_object, read_shard_names
from assay.errors import EngineError

__all__ = [
    "CONFIG",
    "INDEX",
    "MLX",
    "PICKLE",
    "WEIGHTS",
    "WEIGHT_FILES",
    "AdapterFiles",
    "Form",
    "Shape",
    "is_mlx",
    "join_files",
    "read_adapter_files",
    "read_config",
    "refuse_changed_base",
    "unusual",
    "weights_files",
]

WEIGHTS = "adapter_model.safetensors"
PICKLE = "adapter_model.bin"
INDEX = "adapter_model.safetensors.index.json"
SHARD = re.compile(r"adapter_model-(\d{5})-of-(\d{5})\.safetensors")
MLX = "adapters.safetensors"
WEIGHT_FILES = (WEIGHTS, "adapter_model-*.safetensors", MLX)
"""What files of weights are called, as patterns; a pickle is none."""
Shape = tuple[int, ...]
Form = Literal["peft", "mlx-lm"]
DEFAULTS: Mapping[str, Any] = {
    "bias": "none",
    **dict.fromkeys(("modules_to_save", "trainable_token_indices", "target_parameters")),
    **dict.fromkeys(("use_dora", "lora_bias", "use_qalora", "fan_in_fan_out"), False),
    **dict.fromkeys(("layer_replication", "alora_invocation_tokens", "use_bdlora", "megatron_config")),
    **dict.fromkeys(("monteclora_config", "arrow_config")),
}
"""Fields of peft's LoRA that make it more than `B @ A` on some layers, with the value that leaves them out."""
PLAIN_STARTS = (True, False, None, "gaussian", "eva", "orthogonal", "mica")
"""Values of `init_lora_weights` that leave the base's weights alone."""


@dataclass(frozen=True, slots=True)
class AdapterFiles:
    """A folder that peft or mlx-lm saved."""

    folder: Path
    config: Mapping[str, Any]
    """As written."""
    weights: tuple[Path, ...]
    """One file, or its shards."""
    tensors: Mapping[str, Shape]
    """By name; none of a pickle, which only torch reads."""
    form: Form = "peft"
    added_tokens: bool = False
    """Whether an added_tokens.json lies beside it."""


def read_adapter_files(folder: Path, *, allow_pickle: bool | None = None) -> AdapterFiles:
    """Read an adapter's folder. Raises EngineError where a file is missing, malformed or cut short.

    allow_pickle: whether weights may be a pickle; None: this engine has no such option.
    """
    config = read_config(folder)
    weights = weights_files(folder, allow_pickle=allow_pickle)
    return join_files(folder, config, weights, read_headers(weights))


def join_files(
    folder: Path, config: Mapping[str, Any], weights: Sequence[Path], entries: Mapping[str, Entry]
) -> AdapterFiles:
    """An adapter of its configuration and the entries of its weights' headers, wherever these were read."""
    tensors = {name: entry.shape for name, entry in entries.items()}
    added = (folder / "added_tokens.json").is_file()
    form: Form = "mlx-lm" if is_mlx(config) else "peft"
    return AdapterFiles(folder, config, tuple(weights), tensors, form, added)


def is_mlx(config: Mapping[str, Any]) -> bool:
    """Whether a configuration is one that mlx-lm writes."""
    return "peft_type" not in config and ("fine_tune_type" in config or "lora_parameters" in config)


def weights_files(folder: Path, *, allow_pickle: bool | None = None) -> tuple[Path, ...]:
    """The files that hold an adapter's weights. Raises EngineError if there is none that may be read."""
    if (folder / WEIGHTS).is_file():
        return (folder / WEIGHTS,)
    if shards := _shards(folder):
        return shards
    if (folder / MLX).is_file():
        return (folder / MLX,)
    pickle = folder / PICKLE
    if not pickle.is_file():
        raise EngineError(f"no {WEIGHTS} in {folder}", fix="the download or the training is incomplete")
    if allow_pickle:
        return (pickle,)
    option = "" if allow_pickle is None else ", or set `engine.options.allow_pickle: true`"
    raise EngineError(
        f"{pickle} is a pickle, which can run code",
        fix=f"save it as {WEIGHTS} (peft: `save_pretrained(..., safe_serialization=True)`){option}",
    )


def _shards(folder: Path) -> tuple[Path, ...]:
    """The files of weights that were saved in several, by their index or their names; empty: there are none."""
    listed = read_shard_names(folder / INDEX)
    matches = [match for path in folder.iterdir() if (match := SHARD.fullmatch(path.name))]
    present = {match[0] for match in matches}
    names = set(listed) or set(present)
    if matches and not listed:
        count = max(int(match[2]) for match in matches)
        names = {f"adapter_model-{number:05}-of-{count:05}.safetensors" for number in range(1, count + 1)}
    if absent := sorted(names - {path.name for path in folder.iterdir()}):
        text = f"its weights are in {len(names)} shards, of which {len(absent)} are not in {folder} ({', '.join(absent[:3])})"
        raise EngineError(text, fix="download or copy them")
    return tuple(folder / name for name in sorted(names))


def unusual(config: Mapping[str, Any], *fields: str) -> str:
    """The first of these fields (by default all) that is not as peft leaves it: `use_dora: True`; empty: none is."""
    for key in fields or DEFAULTS:
        if (value := config.get(key)) and value != DEFAULTS[key]:
            return f"{key}: {value}"
    return ""


def refuse_changed_base(config: Mapping[str, Any]) -> None:
    """Raise EngineError if the training began by changing the base's own weights."""
    start = config.get("init_lora_weights", True)
    if not any(start is known or start == known for known in PLAIN_STARTS):
        raise EngineError(
            f"init_lora_weights: {start} changes the base's own weights",
            fix="save it again with peft's `path_initial_model_for_weight_conversion`",
        )


def read_config(folder: Path) -> Mapping[str, Any]:
    """An adapter's configuration. Raises EngineError where it is missing or malformed."""
    path = folder / CONFIG
    if not path.is_file():
        raise _absent(folder)
    config = read_object(path)
    if is_mlx(config):
        return config
    if "peft_type" not in config:
        raise EngineError(
            f"{path} has no `peft_type`; neither peft nor mlx-lm saved it",
            fix="save the adapter again, or add `peft_type: LORA` and its other fields",
        )
    _refuse_mistyped(path, config)
    return config


def _absent(folder: Path) -> EngineError:
    """Why a folder holds no configuration of an adapter."""
    if not folder.is_dir():
        return EngineError(f"no folder {folder}", fix="correct the path")
    if not any(folder.iterdir()):
        return EngineError(
            f"{folder} is empty", fix="download or save the adapter into it, or give another folder"
        )
    fix = "give the folder that peft saved"
    if (folder / CONFIG).is_dir():
        return EngineError(f"{folder / CONFIG} is a folder, not a file", fix=fix)
    if names := words_within(folder):
        return EngineError(
            f"no {CONFIG} in {folder}, which holds adapters in folders of its own: {names}",
            fix="give one of them, or each as an adapter (`assay init` writes such a study)",
        )
    base = "; it is a base" if (folder / "config.json").is_file() else ""
    return EngineError(f"no {CONFIG} in {folder}{base}", fix=fix)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_rank(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0 and _is_finite(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and _is_finite(value)


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond every float
        return False


def _are_names(value: Any) -> bool:
    listed = isinstance(value, list) and all(isinstance(name, str) for name in value)
    return value is None or isinstance(value, str) or listed


def _are_ranks(value: Any) -> bool:
    return value is None or (isinstance(value, dict) and all(map(_is_rank, value.values())))


def _are_numbers(value: Any) -> bool:
    return value is None or (isinstance(value, dict) and all(map(_is_number, value.values())))


def _are_numbers_of_blocks(value: Any) -> bool:
    listed = value if isinstance(value, list) else [value]
    return value is None or all(isinstance(n, int) and not isinstance(n, bool) for n in listed)


KINDS: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "r": ("a whole number above 0", _is_rank),
    "lora_alpha": ("a number", _is_number),
    "target_modules": ("a list of names (or one text)", _are_names),
    "modules_to_save": ("a list of names", _are_names),
    "rank_pattern": ("an object of whole numbers above 0", _are_ranks),
    "alpha_pattern": ("an object of numbers", _are_numbers),
    "exclude_modules": ("a list of names (or one text)", _are_names),
    "layers_pattern": ("a list of names (or one text)", _are_names),
    "layers_to_transform": ("a list of whole numbers (or one)", _are_numbers_of_blocks),
    "target_parameters": ("a list of names", _are_names),
    "use_rslora": ("true or false", _is_flag),
    "use_dora": ("true or false", _is_flag),
}
"""Of LoRA: what a field may be. Of other types only `target_modules` is the same."""
WHOLE = ("target_modules", "exclude_modules")
"""Fields that are an expression where they are one text; in a list they are names."""
EXPRESSIONS = (*WHOLE, "modules_to_save", "layers_pattern", "rank_pattern", "alpha_pattern")
"""Fields that hold regular expressions."""


def _expressions(key: str, value: Any) -> list[str]:
    """The regular expressions in a field."""
    if isinstance(value, str):
        return [value]
    return [] if key in WHOLE else list(value or ())


def _refuse_mistyped(path: Path, config: Mapping[str, Any]) -> None:
    """peft checks few fields, and fails on the others only while it builds layers, without naming them."""
    lora = config["peft_type"] == "LORA"
    for key, (kind, fits) in KINDS.items():
        if key in config and (lora or key == "target_modules") and not fits(config[key]):
            raise EngineError(
                f"{key} is {config[key]!r}; {kind} is expected in {path}", fix="save the adapter again"
            )
    for key in EXPRESSIONS if lora else EXPRESSIONS[:1]:
        value = config.get(key)
        for text in _expressions(key, value):
            try:
                re.compile(text)
            except (re.error, RecursionError, OverflowError) as bad:
                raise EngineError(
                    f"{key} is {value!r}, which is not a valid regular expression ({bad})",
                    fix=f"correct it in {path}, or save the adapter again",
                ) from None
