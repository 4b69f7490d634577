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

import torch
from peft import PeftConfig, PeftModel
from peft.tuners.lora import Linear as LoraLinear
from peft.tuners.lora import LoraLayer
from peft.tuners.tuners_utils import BaseTunerLayer
from peft.utils.other import AuxiliaryTrainingWrapper
from safetensors.torch import load_file
from torch import Tensor
from transformers import PreTrainedModel

from assay.engines.files import read_header
from assay.engines.torch.configuration import AdapterError, read_config, unstackable, unusable
from assay.engines.torch.loading import Base, calm
from assay.engines.torch.misfit import PREFIX, fits_nowhere, unfilled, unwrapped
from assay.errors import EngineError

__all__ = [
    "PICKLE",
    "WEIGHTS",
    "Adapter",
    "Delta",
    "read_adapter",
    "weights_file",
]

WEIGHTS = "adapter_model.safetensors"
PICKLE = "adapter_model.bin"


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

    @property
    def norm(self) -> float:
        """Frobenius norm over all changed layers."""
        return float(sum(delta.norm**2 for delta in self.deltas.values()) ** 0.5)


def read_adapter(name: str, folder: Path, base: Base, *, allow_pickle: bool = False) -> Adapter:
    """Read a folder that peft saved; a skeleton of the base is enough, but for what `replaces` tells.

    Raises AdapterError, an EngineError, if it is not whole or does not fit the base.
    `adapter_model.bin` is a pickle: refused unless `allow_pickle`; then loaded with `weights_only`.
    """
    config = read_config(name, folder)
    file = weights_file(name, folder, allow_pickle=allow_pickle)
    keys = _keys(name, file)
    if reason := unusable(config):
        raise AdapterError(name, reason)
    try:
        wrapped, own = _on_skeleton(config, base)
    except NotImplementedError:
        # Some types compute on the base's weights, which are not there: peft says the rest at loading.
        return Adapter(name, folder, config, unstackable=unstackable(config) or "it cannot be looked at")
    except Exception as bad:
        raise AdapterError(name, unwrapped(config, base, bad)) from bad
    replaces = _replaced(file, keys, own, base)
    layers = {layer: module for layer, module in wrapped.named_modules() if isinstance(module, LoraLayer)}
    reason = unstackable(config) or _odd(layers)
    if not reason and replaces:
        reason = f"it brings weights of the base itself ({', '.join(replaces[:3])})"
    try:
        missing, surplus = _fill(folder, wrapped, () if reason else layers.values())
    except Exception as bad:
        raise AdapterError(name, unfilled(folder, config, base, bad)) from bad
    targeted = len({*missing, *_tuned(wrapped)})
    if len(surplus) >= len(keys):
        raise AdapterError(name, fits_nowhere(folder, config, base))
    if reason:
        return Adapter(name, folder, config, {}, missing, targeted, surplus, reason, replaces)
    deltas = {
        place: _delta(name, folder, place, module)
        for layer, module in layers.items()
        if (place := layer.removeprefix(PREFIX)) not in missing
    }
    if not deltas:
        raise AdapterError(name, fits_nowhere(folder, config, base))
    return Adapter(name, folder, config, deltas, missing, targeted, surplus)


def weights_file(name: str, folder: Path, *, allow_pickle: bool = False) -> Path:
    """The file that holds an adapter's weights. Raises AdapterError if there is none that may be read."""
    if (folder / WEIGHTS).is_file():
        return folder / WEIGHTS
    pickle = folder / PICKLE
    if not pickle.is_file():
        raise AdapterError(name, f"no {WEIGHTS} in {folder}; the download or the training is incomplete")
    if allow_pickle:
        return pickle
    raise AdapterError(
        name,
        f"{pickle} is a pickle, which can run code; save it as {WEIGHTS} (peft: `save_pretrained(..., "
        f"safe_serialization=True)`), or set `engine.options.allow_pickle: true`",
    )


def _keys(name: str, path: Path) -> list[str]:
    """Names of the tensors in a file, which is checked to be whole."""
    try:
        if path.name == WEIGHTS:
            return list(read_header(path))
        return list(torch.load(path, map_location="meta", weights_only=True))
    except EngineError as bad:
        raise AdapterError(name, str(bad)) from None
    except Exception as bad:
        raise AdapterError(name, f"{path} cannot be read ({_first(bad)}); save it anew") from None


def _replaced(file: Path, keys: Iterable[str], own: set[str], base: Base) -> tuple[str, ...]:
    """Weights of the base that the file holds with other values than the base; none where it is a skeleton.

    peft adds embeddings and output layers to a file by itself, mostly just as they were.
    """
    places = {key: key.removeprefix(PREFIX).replace(".base_layer.", ".") for key in keys}
    places = {key: place for key, place in places.items() if place in own}
    if not places or base.device.type == "meta":
        return ()
    held = (
        load_file(file) if file.name == WEIGHTS else torch.load(file, map_location="cpu", weights_only=True)
    )
    found = []
    for key, place in places.items():
        layer, _, kind = place.rpartition(".")
        weight: Tensor = getattr(base.model.get_submodule(layer), kind)
        if held[key].shape != weight.shape or not torch.equal(held[key].to(weight), weight):
            found.append(place)
    return tuple(sorted(found))


def _tuned(wrapped: PeftModel) -> set[str]:
    """Names of the layers that an adapter's configuration matches."""
    tuned = (BaseTunerLayer, AuxiliaryTrainingWrapper)
    return {layer.removeprefix(PREFIX) for layer, one in wrapped.named_modules() if isinstance(one, tuned)}


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


def _delta(name: str, folder: Path, layer: str, module: LoraLayer) -> Delta:
    weights: list[Tensor] = [part["default"].weight for part in (module.lora_A, module.lora_B)]  # type: ignore[misc]
    down, up = weights[0].detach().float(), weights[1].detach().float() * module.scaling["default"]
    if not (bool(down.isfinite().all()) and bool(up.isfinite().all())):
        raise AdapterError(
            name,
            f"weights of {layer} in {folder} are not finite: the training diverged; train it again",
        )
    return Delta(down, up)


def _first(bad: BaseException) -> str:
    return " ".join(str(bad).split())[:300]
