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
from pathlib import Path
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

from assay.engines.adapter_copy import loadable
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
from assay.engines.adapter_fit import BaseShapes, Fit, fit_adapter
from assay.engines.adapter_fit.causes import base_fix
from assay.engines.adapter_fit.names import PREFIX
from assay.engines.peft_fields import beyond_layers
from assay.engines.torch.loading import Base, calm, out_of_memory
from assay.engines.torch.shapes import model_shapes
from assay.errors import EngineError

__all__ = ["Adapter", "Delta", "read_adapter", "read_config", "unstackable"]

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
    files: AdapterFiles
    fit: Fit
    """How the files are read, and what there is to say about them."""
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
    """Read an adapter's folder; a skeleton of the base is enough, but for what `replaces` tells.

    Raises EngineError, which does not name the adapter, if it is not whole or does not fit the base.
    `adapter_model.bin` is a pickle: refused unless `allow_pickle`; then loaded with `weights_only`.
    """
    files, others = _with_shapes(read_adapter_files(folder, allow_pickle=allow_pickle))
    with torch.device("meta"), calm():
        skeleton: PreTrainedModel = type(base.model)(copy.deepcopy(base.model.config))
    fit = fit_adapter(files, model_shapes(skeleton, base.called))
    if fit.error is not None:
        raise fit.error
    with loadable(files, fit) as place:
        read = files if fit.moves is None else read_adapter_files(place)
        adapter = _read(Adapter(name, files, fit, read_config(read)), read, base, skeleton)
    return replace(adapter, surplus=tuple(key for key in adapter.surplus if key not in others))


def _read(adapter: Adapter, files: AdapterFiles, base: Base, skeleton: PreTrainedModel) -> Adapter:
    """An adapter with its weights, from files in peft's form, by way of an empty base."""
    config, shapes = adapter.config, files.tensors
    own = set(skeleton.state_dict())
    try:
        wrapped = _wrapped(config, skeleton)
    except NotImplementedError:
        # Some types compute on the base's weights, which are not there: peft says the rest at loading.
        return replace(adapter, unstackable=unstackable(config) or "it cannot be checked")
    except Exception as bad:
        raise _not_put_on(adapter, base, bad) from bad
    replaces = _replaced(files.weights[0], shapes, own, base)
    layers = {layer: module for layer, module in wrapped.named_modules() if isinstance(module, LoraLayer)}
    reason = unstackable(config) or _odd(layers)
    if not reason and replaces:
        reason = f"it has weights of the base itself ({', '.join(replaces[:3])})"
    places = _shapes(wrapped)
    try:
        missing, surplus = _fill(files.folder, wrapped, () if reason else layers.values())
    except Exception as bad:
        raise _not_filled(adapter, base, _misshapen(shapes, places), bad) from bad
    adapter = replace(
        adapter,
        missing=missing,
        targeted=len({*missing, *_tuned(wrapped)}),
        surplus=surplus,
        unstackable=reason,
        replaces=replaces,
    )
    deltas = {
        place: _delta(adapter.files.folder, place, module)
        for layer, module in layers.items()
        if not reason and (place := layer.removeprefix(PREFIX)) not in missing
    }
    if len(surplus) >= len(shapes) or not (deltas or reason):
        raise EngineError(
            f"no weight in {adapter.files.folder} fits a layer of the base {base.name!r} (targets: {_targets(config)})",
            fix=_fix(adapter, base),
        )
    return replace(adapter, deltas=deltas)


def read_config(files: AdapterFiles) -> PeftConfig:
    """Parse a configuration with peft's own class for its type.

    Raises EngineError if this peft does not know it, or if it cannot be measured on a base that others share.
    """
    path, kind = files.folder / CONFIG, files.config["peft_type"]
    if kind not in [known.value for known in PeftType]:
        raise EngineError(
            f"peft_type {kind!r} is unknown to peft {version('peft')} ({path})",
            fix="write `peft_type: LORA`"
            if str(kind).upper() == "LORA"
            else "update peft, or save the adapter again",
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
    if why := beyond_layers(files.config):
        raise EngineError(why, fix="use another engine for it")
    refuse_changed_base(files.config)
    return config


def unstackable(config: PeftConfig) -> str:
    """Why an adapter of this configuration cannot be stacked; empty where it can."""
    if config.peft_type != PeftType.LORA or not isinstance(config, LoraConfig):
        kind = getattr(config.peft_type, "value", config.peft_type)
        return f"its type is {kind}, not LORA"
    more = unusual(vars(config), *MORE_THAN_LORA)
    return f"it has {more}" if more else ""


def _fix(adapter: Adapter, base: Base) -> str:
    """What to do about an adapter that peft does not take: another base is no fix where all its layers fit this one."""
    config = adapter.config
    if adapter.fit.layers:
        return "update peft, or save the adapter again"
    return base_fix({"base_model_name_or_path": config.base_model_name_or_path}, BaseShapes(name=base.called))


def _targets(config: PeftConfig) -> str:
    """The layers that a configuration names, as it names them."""
    named = getattr(config, "target_modules", None)
    return ", ".join(sorted(map(str, named))) if isinstance(named, set | list | tuple) else str(named)


def _not_put_on(adapter: Adapter, base: Base, bad: Exception) -> EngineError:
    """Why peft did not put its layers on the base."""
    if "not found in the base model" in str(bad):
        message = (
            f"the base {base.name!r} has no layers that its target_modules ({_targets(adapter.config)}) name"
        )
    else:
        message = f"peft cannot put it on the base: {_first(bad)}"
    return EngineError(message, fix=_fix(adapter, base))


def _not_filled(
    adapter: Adapter, base: Base, misshapen: Mapping[str, tuple[Shape, Shape]], bad: Exception
) -> EngineError:
    """Why peft did not take the file."""
    folder, fix = adapter.files.folder, _fix(adapter, base)
    if out_of_memory(bad):
        return EngineError(
            f"memory ran out while {folder} was read",
            fix="test fewer adapters at once, or use a larger machine",
        )
    if misshapen:
        key, (stored, expected) = next(iter(misshapen.items()))
        message = (
            f"{len(misshapen)} of its weights have another shape than the base's layers "
            f"({key.removeprefix(PREFIX)}: {list(stored)} in the file, {list(expected)} in the base)"
        )
        return EngineError(message, fix=fix)
    if isinstance(bad, KeyError):
        text = f"{folder} holds no {bad.args[0]}, which its configuration promises"
        return EngineError(text, fix="save or download it again")
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


def _with_shapes(files: AdapterFiles) -> tuple[AdapterFiles, frozenset[str]]:
    """Files with the shapes of a pickle's tensors, and the names of what else it holds: a step, a loss."""
    path = files.weights[0]
    if path.name != PICKLE:
        return files, frozenset()
    try:
        entries: dict[str, Any] = torch.load(path, map_location="meta", weights_only=True)
        shapes = {name: tuple(entry.shape) for name, entry in entries.items() if isinstance(entry, Tensor)}
        return replace(files, tensors=shapes), frozenset(entries) - frozenset(shapes)
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


def _wrapped(config: PeftConfig, skeleton: PreTrainedModel) -> PeftModel:
    """An empty base with peft's layers in place."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return PeftModel(skeleton, copy.deepcopy(config), low_cpu_mem_usage=True)


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
