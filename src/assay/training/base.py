"""The base that adapters are trained on: looked at first, loaded once. It needs torch.

seen = look(recipe)                  # files, layers, tokenizer; no weights
misfits(seen, recipe)                # modules that it lacks, ranks that it cannot hold
base = load(seen)                    # weights, ready to train on
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
from assay.engines.identity import base_identity
from assay.engines.torch import Source, load_base, load_skeleton
from assay.engines.torch.checkpoint import base_files
from assay.errors import EngineError
from assay.study.document import Place, Problem
from assay.study.explain import did_you_mean
from assay.training.recipe import Planned, Recipe

__all__ = ["Seen", "load", "look", "misfits", "weights_sha256"]

ALL = "all-linear"


@dataclass(frozen=True, slots=True)
class Seen:
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


def look(recipe: Recipe) -> Seen:
    """Look at the recipe's base. Raises EngineError with the fix if it cannot be trained on."""
    entry, name = recipe.form.base, recipe.base_name
    try:
        wanted = ModelRef(name, recipe.base, entry.revision)
        folder, weights = base_files(wanted, allow_pickle=False, remote_code=False)
        source = Source(str(folder), dtype=entry.dtype or "auto", device=_device(recipe))
        skeleton = load_skeleton(source, name, str(recipe.base))
    except EngineError as bad:
        raise bad.at(f"{recipe.document.locate('base', 'model')}: base {name!r}") from bad
    dtype = str(skeleton.model.dtype).removeprefix("torch.")
    if dtype not in ("float32", "bfloat16"):
        raise EngineError(
            f"{recipe.document.locate('base')}: base {name!r}: its weights are {dtype}, in which training is not "
            f"stable; set `base.dtype: bfloat16` or `float32`"
        )
    template = skeleton.template
    usable = template is not None and not template_error(Tokens.of(skeleton.tokenizer), template)
    held = {"engine": "torch", "dtype": dtype, "quantization": "none"}
    identity = base_identity(held, folder, sha256s(weights))
    return Seen(
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


def load(seen: Seen) -> PreTrainedModel:
    """The weights, ready to train adapters on. Raises EngineError if they cannot be loaded."""
    model = load_base(seen.source, seen.name, seen.called).model
    # The engine's own attention packs rows of several adapters; training goes one batch at a time.
    capped = getattr(model.config.get_text_config(), "attn_logit_softcapping", None)
    model.set_attn_implementation("eager" if capped or not model._supports_sdpa else "sdpa")
    model.config.use_cache = False
    return model


def misfits(seen: Seen, recipe: Recipe) -> Iterator[Problem]:
    """What the settings of the recipe ask of the base and it cannot give."""
    for adapter in recipe.adapters:
        place: Place = ("adapters", adapter.entry, "settings")
        targets = adapter.settings.target_modules
        known = sorted({name.rpartition(".")[2] for name in seen.layers})
        for module in targets:
            if module != ALL and not targeted(seen, (module,)):
                others = f"it has {', '.join(known)}, or write `{ALL}`"
                more = did_you_mean(module, [*known, ALL], others)
                yield Problem(
                    (*place, "target_modules"),
                    f'no linear layer of the base is called "{module}"{more}',
                )
        if ALL in targets and len(targets) > 1:
            yield Problem(
                (*place, "target_modules"),
                f"`{ALL}` beside other modules; write it alone, or name the modules",
            )
        yield from _too_high(seen, adapter, place)
        if adapter.settings.max_length > seen.context:
            yield Problem(
                (*place, "max_length"),
                f"{adapter.settings.max_length} tokens are more than the base's {seen.context} positions; set "
                f"{seen.context} or less",
            )


def targeted(seen: Seen, modules: tuple[str, ...]) -> list[str]:
    """Names of the layers that these modules mean, by peft's rule."""
    if ALL in modules:
        return [name for name in seen.layers if name != seen.output]
    return [
        name
        for name in seen.layers
        if any(name == module or name.endswith(f".{module}") for module in modules)
    ]


def _too_high(seen: Seen, adapter: Planned, place: Place) -> Iterator[Problem]:
    names = targeted(seen, adapter.settings.target_modules)
    if not names:
        return
    smallest = min(names, key=lambda name: min(seen.layers[name]))
    most = min(seen.layers[smallest])
    if adapter.settings.rank > most:
        one, two = seen.layers[smallest]
        yield Problem(
            (*place, "rank"),
            f"a rank of {adapter.settings.rank} is more than the layer {smallest} ({one} x {two}) can use; set {most} "
            f"or less, or leave that layer out by `target_modules`",
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
            one, two = module.weight.shape
            yield name, (int(two), int(one)) if isinstance(module, torch.nn.Linear) else (int(one), int(two))


def _output(model: Any) -> str | None:
    output = model.get_output_embeddings()
    return next((name for name, module in model.named_modules() if module is output), None)


def _ends(ends: frozenset[int], name: str) -> frozenset[int]:
    if not ends:
        raise EngineError(
            f"base {name!r}: neither its generation configuration nor its tokenizer has an end token, so that no "
            f"response could be taught to end; set `eos_token_id` in its generation_config.json"
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
            f"{recipe.document.locate('engine', 'options', 'device')}: training has no device {device!r}; write `cpu` "
            f"or `cuda`, and choose among several GPUs with CUDA_VISIBLE_DEVICES"
        )
    return place.type
