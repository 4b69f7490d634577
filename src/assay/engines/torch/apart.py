"""Adapters that cannot be stacked: peft itself puts one on the base, and takes it off again.

DoRA, modules_to_save, trainable tokens, biases, LoRA on embeddings, and other types than LoRA.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from peft import PeftModel
from torch import Tensor, nn

from assay.engines.torch.adapters import Adapter
from assay.engines.torch.configuration import AdapterError
from assay.engines.torch.loading import Base, out_of_memory
from assay.engines.torch.lora import unstack
from assay.engines.torch.runner import Runner
from assay.engines.torch.step import Segment

__all__ = ["SpoiledError", "worn"]


class SpoiledError(AdapterError):
    """The base did not say afterwards what it said before: load it anew, without this adapter."""


@contextmanager
def worn(adapter: Adapter, base: Base) -> Iterator[None]:
    """The base with this adapter on and a stack off, for as long as the block lasts.

    Raises AdapterError if peft cannot load it, and SpoiledError if the base does not say afterwards what it said
    before.
    """
    stacked = dict(base.model.named_modules())
    unstack(base.model)
    plain = dict(base.model.named_modules())
    before = _said(base)
    # peft overwrites the base's own biases where `bias` is not `none`, and whatever weights of the base the
    # file holds (embeddings, mostly), and does not put them back.
    own = {
        name: weight.clone()
        for name, weight in base.model.state_dict().items()
        if name.endswith("bias") or name in adapter.replaces
    }
    try:
        _put_on(adapter, base)
        yield
    finally:
        _restore(plain)
        with torch.no_grad():
            held = base.model.state_dict()
            for name, weight in own.items():
                held[name].copy_(weight)
        base.model.requires_grad_(False)
        spoiled = not torch.equal(before, _said(base))
        _restore(stacked)
        if spoiled:  # also where it failed itself: the base is of no use to those after it
            raise SpoiledError(
                adapter.name,
                f"it left the base changed after it was taken off ({adapter.unstackable}); remove it from the "
                f"study, or measure it in one of its own",
            )


def _put_on(adapter: Adapter, base: Base) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            wrapped = PeftModel.from_pretrained(base.model, str(adapter.path), torch_device=str(base.device))
    except Exception as bad:
        if out_of_memory(bad):
            raise AdapterError(
                adapter.name,
                "memory ran out while it was put on the base; set `engine.quantization`, lower "
                "`engine.options.rows`, or use a machine with more memory",
            ) from bad
        first = " ".join(str(bad).split())[:300]
        raise AdapterError(
            adapter.name, f"peft cannot load {adapter.path}: {first}; check that it is whole"
        ) from bad
    wrapped.eval()


def _restore(modules: Mapping[str, nn.Module]) -> None:
    """Put each module back into its place.

    Not by peft's `unload`: it leaves trained copies of modules_to_save there, and needs a whole adapter.
    """
    vars(modules[""]).pop("peft_config", None)
    for name, module in modules.items():
        parent, _, child = name.rpartition(".")
        if name and getattr(modules[parent], child) is not module:
            setattr(modules[parent], child, module)


def _said(base: Base) -> Tensor:
    """Logits of a few tokens."""
    return Runner(base).run([Segment([3, 1, 4, 1, 5], -1, keep=5)], None)
