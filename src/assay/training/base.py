"""The base that adapters are trained on: inspected first, loaded once. It needs torch.

base = inspect_base(recipe)          # files, layers, tokenizer; no weights
impossible_settings(base, recipe)    # modules that it lacks, ranks that it cannot hold
model = load(base)                   # weights, ready to train on
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase
from transformers.pytorch_utils import Conv1D

from assay.engines import ModelRef
from assay.engines.chat_template import Tokens, template_error
from assay.engines.files import json_sha256, sha256s
from assay.engines.gguf import gguf_identity, is_gguf
from assay.engines.identity import base_identity
from assay.engines.torch import Source, base_files, load_base, load_skeleton
from assay.errors import EngineError
from assay.study.document import Place, Problem
from assay.study.explain import did_you_mean
from assay.training.recipe import Planned, Recipe

__all__ = ["BaseFacts", "impossible_settings", "inspect_base", "load", "plain_attention", "weights_sha256"]

ALL = "all-linear"


@dataclass(frozen=True, slots=True)
class BaseFacts:
    """A base, not loaded."""

    name: str
    called: str
    """The folder or hub id that adapters will name as their base."""
    revision: str | None
    source: Source
    tokenizer: PreTrainedTokenizerBase
    template: str | None
    """Its chat template, where it has one that works."""
    ends: frozenset[int]
    """Tokens that end a text."""
    context: int
    """Positions that it was made for."""
    layers: Mapping[str, tuple[int, int]]
    """Name of each linear layer, and its sizes in and out."""
    output: str | None
    """Name of the layer that makes logits."""
    sha256: str
    """Of weights, configuration and tokenizer."""


def inspect_base(recipe: Recipe) -> BaseFacts:
    """The recipe's base without its weights. Raises EngineError with the fix if it cannot be trained on."""
    entry, name = recipe.form.base, recipe.base_name
    try:
        ref = ModelRef(name, recipe.base, entry.revision, entry.file)
        folder, weights = base_files(ref, allow_pickle=False, remote_code=False)
        source = Source(str(folder), dtype=entry.dtype or "auto", device=_device(recipe))
        skeleton = load_skeleton(source, name, str(recipe.base))
    except EngineError as bad:
        raise bad.at(f"{recipe.document.locate('base', 'model')}: base {name!r}") from bad
    dtype = str(skeleton.model.dtype).removeprefix("torch.")
    if dtype not in ("float32", "bfloat16"):
        raise EngineError(
            f"its weights are {dtype}, in which training is not stable",
            place=f"{recipe.document.locate('base')}: base {name!r}",
            fix="set `base.dtype: bfloat16` or `float32`",
        )
    template = skeleton.template
    usable = template is not None and not template_error(Tokens.of(skeleton.tokenizer), template)
    held = {"engine": "torch", "dtype": dtype, "quantization": "none"}
    identity = (
        gguf_identity(held, folder) if is_gguf(folder) else base_identity(held, folder, sha256s(weights))
    )
    return BaseFacts(
        name,
        str(recipe.base),
        entry.revision,
        Source(str(folder), dtype=dtype, device=source.device),
        skeleton.tokenizer,
        template if usable else None,
        _ends(skeleton.ends, name),
        skeleton.context,
        dict(_linear(skeleton.model)),
        _output(skeleton.model),
        json_sha256(identity),
    )


def load(base: BaseFacts) -> PreTrainedModel:
    """The weights, ready to train adapters on. Raises EngineError if they cannot be loaded."""
    model = load_base(base.source, base.name, base.called).model
    # The engine's own attention packs rows of several adapters, and works in an engine's step only.
    model.set_attn_implementation(plain_attention(model))
    model.config.use_cache = False
    return model


def plain_attention(model: PreTrainedModel) -> str:
    """The name of transformers' own attention for this base."""
    capped = getattr(model.config.get_text_config(), "attn_logit_softcapping", None)
    return "eager" if capped or not model._supports_sdpa else "sdpa"


def impossible_settings(base: BaseFacts, recipe: Recipe) -> Iterator[Problem]:
    """Settings of the recipe that the base cannot satisfy."""
    for adapter in recipe.adapters:
        place: Place = ("adapters", adapter.entry, "settings")
        targets = adapter.settings.target_modules
        known = sorted({name.rpartition(".")[2] for name in base.layers})
        for module in targets:
            if module != ALL and not targeted(base, (module,)):
                others = f"it has {', '.join(known)}, or write `{ALL}`"
                more = did_you_mean(module, [*known, ALL], others)
                yield Problem(
                    (*place, "target_modules"), f'no linear layer of the base is called "{module}"', more
                )
        if ALL in targets and len(targets) > 1:
            yield Problem(
                (*place, "target_modules"),
                f"`{ALL}` beside other modules",
                "write it alone, or name the modules",
            )
        yield from _too_high(base, adapter, place)
        if adapter.settings.max_length > base.context:
            yield Problem(
                (*place, "max_length"),
                f"{adapter.settings.max_length} tokens are more than the base's {base.context} positions",
                f"set {base.context} or less",
            )


def targeted(base: BaseFacts, modules: tuple[str, ...]) -> list[str]:
    """Names of the layers that these modules mean, by peft's rule."""
    if ALL in modules:
        return [name for name in base.layers if name != base.output]
    return [
        name
        for name in base.layers
        if any(name == module or name.endswith(f".{module}") for module in modules)
    ]


def _too_high(base: BaseFacts, adapter: Planned, place: Place) -> Iterator[Problem]:
    names = targeted(base, adapter.settings.target_modules)
    if not names:
        return
    smallest = min(names, key=lambda name: min(base.layers[name]))
    most = min(base.layers[smallest])
    if adapter.settings.rank > most:
        inner, outer = base.layers[smallest]
        yield Problem(
            (*place, "rank"),
            f"a rank of {adapter.settings.rank} is more than the layer {smallest} ({inner} x {outer}) can use",
            f"set {most} or less, or leave that layer out by `target_modules`",
        )


def weights_sha256(model: torch.nn.Module) -> str:
    """Digest of every weight and buffer that a model would save, by name, bit for bit."""
    digest = hashlib.sha256()
    for name, weight in sorted(model.state_dict().items()):
        digest.update(f"{name} {weight.dtype} {tuple(weight.shape)}\n".encode())
        digest.update(weight.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


def _linear(model: torch.nn.Module) -> Iterator[tuple[str, tuple[int, int]]]:
    for name, module in model.named_modules():
        if isinstance(module, torch.nn.Linear | Conv1D):
            rows, columns = map(int, module.weight.shape)
            yield name, (columns, rows) if isinstance(module, torch.nn.Linear) else (rows, columns)


def _output(model: Any) -> str | None:
    output = model.get_output_embeddings()
    return next((name for name, module in model.named_modules() if module is output), None)


def _ends(ends: frozenset[int], name: str) -> frozenset[int]:
    if not ends:
        raise EngineError(
            "neither its generation configuration nor its tokenizer has an end token, so that no response could be "
            "taught to end",
            place=f"base {name!r}",
            fix="set `eos_token_id` in its generation_config.json",
        )
    return ends


def _device(recipe: Recipe) -> str | None:
    """The study's own, where its engine names one."""
    device = recipe.form.engine.options.get("device") if recipe.form.engine else None
    if device is None:
        return None
    try:
        place = torch.device(str(device))
    except RuntimeError:
        place = None
    if place is None or place.type not in ("cpu", "cuda") or place.index:
        raise EngineError(
            f"training has no device {device!r}",
            place=recipe.document.locate("engine", "options", "device"),
            fix="write `cpu` or `cuda`, and choose among several GPUs with CUDA_VISIBLE_DEVICES",
        )
    return place.type
