"""An adapter's weights, read by peft onto a skeleton of the base that holds no memory; and why one does not fit.

peft decides which layers match, with which rank and scaling, so its rules (rsLoRA, rank and alpha
patterns, layers_to_transform, `all-linear`, regular expressions) hold here by construction.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path, PurePath
from typing import Any

import torch
from peft import PeftConfig, PeftModel, PeftType
from peft.tuners.lora import Linear as LoraLinear
from peft.tuners.lora import LoraConfig, LoraLayer
from peft.tuners.tuners_utils import BaseTunerLayer
from peft.utils.other import AuxiliaryTrainingWrapper
from safetensors.torch import load_file
from torch import Tensor
from transformers import PreTrainedModel

from assay.engines.adapter_files import (
    CONFIG,
    PICKLE,
    WEIGHTS,
    AdapterFiles,
    Shape,
    read_adapter_files,
    refuse_changed_base,
    unusual,
)
from assay.engines.torch.loading import Base, calm, out_of_memory
from assay.errors import EngineError

__all__ = ["Adapter", "Delta", "other_base", "read_adapter", "read_config", "train_base", "unstackable"]

PREFIX = "base_model.model."
"""What peft puts before the name of a layer."""
WHOLE_MODELS = ("ADAPTION_PROMPT", "XLORA", "POLY", "CPT")
MORE_THAN_LORA = (
    "bias",
    "modules_to_save",
    "trainable_token_indices",
    "target_parameters",
    "use_dora",
    "lora_bias",
)
"""Fields of a LoRA that make it more than `B @ A` on linear layers."""


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
    targeted: int = 0
    """How many layers the configuration matches, with those; 0 where peft was not asked."""
    surplus: tuple[str, ...] = ()
    """Weights in the file that no layer takes: peft ignores them."""
    unstackable: str = ""
    """Why it cannot share a batch with others; empty where it can."""
    replaces: tuple[str, ...] = ()
    """Weights of the base itself that its file holds with other values: they take their place while it is on."""

    def at(self, scale: float) -> Adapter:
        """The same adapter at another strength. Raises EngineError where peft applies it, which knows its own only."""
        if scale == 1:
            return self
        if self.unstackable:
            raise EngineError(
                f"{self.unstackable}, so that it cannot be applied at scale {scale:g}",
                fix="remove its `scale`",
            )
        deltas = {layer: Delta(delta.down, delta.up * scale) for layer, delta in self.deltas.items()}
        return replace(self, deltas=deltas)

    @property
    def norm(self) -> float:
        """Frobenius norm over all changed layers."""
        return float(sum(delta.norm**2 for delta in self.deltas.values()) ** 0.5)


def read_adapter(name: str, folder: Path, base: Base, *, allow_pickle: bool = False) -> Adapter:
    """Read a folder that peft saved; a skeleton of the base is enough, but for what `replaces` tells.

    Raises EngineError, which does not name the adapter, if it is not whole or does not fit the base.
    `adapter_model.bin` is a pickle: refused unless `allow_pickle`; then loaded with `weights_only`.
    """
    files = read_adapter_files(folder, allow_pickle=allow_pickle)
    config = read_config(files)
    shapes, others = (
        _pickled(files.weights) if files.weights.name == PICKLE else (files.tensors, frozenset[str]())
    )
    try:
        wrapped, own = _on_skeleton(config, base)
    except NotImplementedError:
        # Some types compute on the base's weights, which are not there: peft says the rest at loading.
        return Adapter(name, folder, config, unstackable=unstackable(config) or "it cannot be checked")
    except Exception as bad:
        raise _not_put_on(config, base, bad) from bad
    replaces = _replaced(files.weights, shapes, own, base)
    layers = {layer: module for layer, module in wrapped.named_modules() if isinstance(module, LoraLayer)}
    reason = unstackable(config) or _odd(layers)
    if not reason and replaces:
        reason = f"it has weights of the base itself ({', '.join(replaces[:3])})"
    places = _shapes(wrapped)
    try:
        missing, surplus = _fill(folder, wrapped, () if reason else layers.values())
    except Exception as bad:
        raise _not_filled(folder, config, base, _misshapen(shapes, places), bad) from bad
    surplus = tuple(key for key in surplus if key not in others)
    targeted = len({*missing, *_tuned(wrapped)})
    nowhere = EngineError(
        f"no weight in {folder} fits a layer of the base {base.name!r} (targets: {_targets(config)})",
        fix=train_base(config, base),
    )
    if len(surplus) >= len(shapes):
        raise nowhere
    if reason:
        return Adapter(name, folder, config, {}, missing, targeted, surplus, reason, replaces)
    deltas = {
        place: _delta(folder, place, module)
        for layer, module in layers.items()
        if (place := layer.removeprefix(PREFIX)) not in missing
    }
    if not deltas:
        raise nowhere
    return Adapter(name, folder, config, deltas, missing, targeted, surplus)


def read_config(files: AdapterFiles) -> PeftConfig:
    """Parse a configuration with peft's own class for its type.

    Raises EngineError if this peft does not know it, or if it cannot be measured on a base that others share.
    """
    path, kind = files.folder / CONFIG, files.config["peft_type"]
    if kind not in [known.value for known in PeftType]:
        raise EngineError(
            f"peft_type {kind!r} is unknown to peft {version('peft')} ({path})",
            fix="update peft, or save the adapter again",
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            config: PeftConfig = PeftConfig.from_pretrained(str(files.folder))
    except Exception as bad:
        raise EngineError(
            f"{path} is not a configuration that peft {version('peft')} reads ({_first(bad)})",
            fix="update peft, or save the adapter again",
        ) from None
    if config.is_prompt_learning or kind in WHOLE_MODELS:
        raise EngineError(
            f"its type, {kind}, is more than a change of layers", fix="use another engine for it"
        )
    refuse_changed_base(files.config)
    for key in ("layer_replication", "alora_invocation_tokens"):
        if files.config.get(key):
            raise EngineError(
                f"it has {key}, which changes more than layers", fix="use another engine for it"
            )
    return config


def unstackable(config: PeftConfig) -> str:
    """Why an adapter of this configuration cannot be stacked; empty where it can."""
    if config.peft_type != PeftType.LORA or not isinstance(config, LoraConfig):
        kind = getattr(config.peft_type, "value", config.peft_type)
        return f"its type is {kind}, not LORA"
    more = unusual(vars(config), *MORE_THAN_LORA)
    return f"it has {more}" if more else ""


def other_base(config: PeftConfig, base: Base) -> str:
    """The base that an adapter's configuration names, where that is another than the one given.

    Only the last parts of paths and hub ids are compared: the same weights lie in many places.
    """
    trained = config.base_model_name_or_path or ""
    return "" if not trained or not base.called or _last(trained) == _last(base.called) else trained


def _last(source: str) -> str:
    """The last part of a path or hub id; of a folder in the hub's cache, that of the hub id."""
    parts = PurePath(source).parts
    if len(parts) > 2 and parts[-2] == "snapshots":
        return parts[-3].rpartition("--")[2].casefold()
    return PurePath(source).name.casefold()


def train_base(config: PeftConfig, base: Base) -> str:
    """What to do about an adapter that does not fit."""
    if other := other_base(config, base):
        return f"give the base it was trained on, which it calls {other}"
    return (
        "save or download it again" if config.base_model_name_or_path else "give the base it was trained on"
    )


def _targets(config: PeftConfig) -> str:
    """The layers that a configuration names, as it names them."""
    named = getattr(config, "target_modules", None)
    return ", ".join(sorted(map(str, named))) if isinstance(named, set | list | tuple) else str(named)


def _not_put_on(config: PeftConfig, base: Base, bad: Exception) -> EngineError:
    """Why peft did not put its layers on the base."""
    if "not found in the base model" in str(bad):
        message = f"the base {base.name!r} has no layers that its target_modules ({_targets(config)}) name"
    else:
        message = f"peft cannot put it on the base: {_first(bad)}"
    return EngineError(message, fix=train_base(config, base))


def _not_filled(
    folder: Path, config: PeftConfig, base: Base, misshapen: Mapping[str, tuple[Shape, Shape]], bad: Exception
) -> EngineError:
    """Why peft did not take the file."""
    if out_of_memory(bad):
        return EngineError(
            f"memory ran out while {folder} was read",
            fix="test fewer adapters at once, or use a larger machine",
        )
    fix = train_base(config, base)
    if misshapen:
        key, (stored, expected) = next(iter(misshapen.items()))
        if config.base_model_name_or_path and not other_base(config, base):
            fix = (
                "it names this base, so its weights and its configuration may not belong together, or the base was "
                "changed after the training: save or download it again"
            )
        message = (
            f"{len(misshapen)} of its weights have another shape than the base's layers "
            f"({key.removeprefix(PREFIX)}: {list(stored)} in the file, {list(expected)} in the base)"
        )
        return EngineError(message, fix=fix)
    if isinstance(bad, KeyError):
        return EngineError(f"{folder} holds no {bad.args[0]}, which its configuration promises", fix=fix)
    return EngineError(f"{folder} cannot be loaded: {_first(bad)}", fix=fix)


def _shapes(wrapped: PeftModel) -> Mapping[str, Shape]:
    """Shapes of all weights, by the names that peft gives them in a file."""
    names = {name: tuple(weight.shape) for name, weight in wrapped.state_dict().items()}
    return {
        name.replace(".modules_to_save.default.", ".").replace(".default", ""): shape
        for name, shape in names.items()
    }


def _misshapen(stored: Mapping[str, Shape], places: Mapping[str, Shape]) -> dict[str, tuple[Shape, Shape]]:
    """Tensors of a file that have another shape than their place: both shapes."""
    return {key: (shape, places[key]) for key, shape in stored.items() if places.get(key, shape) != shape}


def _pickled(path: Path) -> tuple[Mapping[str, Shape], frozenset[str]]:
    """Names and shapes of the tensors in a pickle, and the names of what else it holds: a step, a loss."""
    try:
        entries: dict[str, Any] = torch.load(path, map_location="meta", weights_only=True)
        shapes = {name: tuple(entry.shape) for name, entry in entries.items() if isinstance(entry, Tensor)}
        return shapes, frozenset(entries) - frozenset(shapes)
    except Exception as bad:
        raise EngineError(f"{path} cannot be read ({_first(bad)})", fix="save it again") from None


def _replaced(file: Path, keys: Iterable[str], own: set[str], base: Base) -> tuple[str, ...]:
    """Weights of the base that the file holds with other values than the base; none where it is a skeleton.

    peft adds embeddings and output layers to a file by itself, mostly just as they were.
    """
    places = {key: key.removeprefix(PREFIX).replace(".base_layer.", ".") for key in keys}
    places = {key: place for key, place in places.items() if place in own}
    if not places or base.device.type == "meta":
        return ()
    tensors = (
        load_file(file) if file.name == WEIGHTS else torch.load(file, map_location="cpu", weights_only=True)
    )
    replaced = []
    for key, place in places.items():
        layer, _, kind = place.rpartition(".")
        weight: Tensor = getattr(base.model.get_submodule(layer), kind)
        if tensors[key].shape != weight.shape or not torch.equal(tensors[key].to(weight), weight):
            replaced.append(place)
    return tuple(sorted(replaced))


def _tuned(wrapped: PeftModel) -> set[str]:
    """Names of the layers that an adapter's configuration matches."""
    tuned = (BaseTunerLayer, AuxiliaryTrainingWrapper)
    return {
        layer.removeprefix(PREFIX) for layer, module in wrapped.named_modules() if isinstance(module, tuned)
    }


def _odd(layers: Mapping[str, LoraLayer]) -> str:
    """The first layer whose change is not plain `B @ A`, in words; empty where all are."""
    for layer, module in layers.items():
        if type(module) is not LoraLinear or "default" in module.lora_variant:
            kind = type(getattr(module, "base_layer", module)).__name__
            return f"it changes {layer.removeprefix(PREFIX)} ({kind})"
    return ""


def _on_skeleton(config: PeftConfig, base: Base) -> tuple[PeftModel, set[str]]:
    """An empty base with peft's layers in place, and the names of the base's own weights."""
    with torch.device("meta"), calm():
        skeleton: PreTrainedModel = type(base.model)(copy.deepcopy(base.model.config))
    own = set(skeleton.state_dict())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return PeftModel(skeleton, copy.deepcopy(config), low_cpu_mem_usage=True), own


def _fill(
    folder: Path, wrapped: PeftModel, layers: Iterable[LoraLayer]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Load the file into the layers. Names the layers it holds nothing for, and its weights without a layer.

    What is left on the meta device takes no weights; peft checks names and shapes all the same.
    """
    for module in layers:
        for weights in (module.lora_A, module.lora_B):
            weights.to_empty(device="cpu")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = wrapped.load_adapter(str(folder), "default", torch_device="cpu")
    # A bank of vectors that layers share is saved once, and peft misses it at each of them.
    keys = (key for key in result.missing_keys if "_bank." not in key)
    missing = {key.removeprefix(PREFIX).split(".lora_")[0].split(".default")[0] for key in keys}
    return tuple(sorted(missing)), tuple(result.unexpected_keys)


def _delta(folder: Path, layer: str, module: LoraLayer) -> Delta:
    weights: list[Tensor] = [part["default"].weight for part in (module.lora_A, module.lora_B)]  # type: ignore[misc]
    down, up = weights[0].detach().float(), weights[1].detach().float() * module.scaling["default"]
    if not (bool(down.isfinite().all()) and bool(up.isfinite().all())):
        raise EngineError(
            f"weights of {layer} in {folder} are not finite: the training diverged", fix="train it again"
        )
    return Delta(down, up)


def _first(bad: BaseException) -> str:
    return " ".join(str(bad).split())[:300]
