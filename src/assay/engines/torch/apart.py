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
from assay.engines.torch.loading import Base
from assay.engines.torch.lora import unstack
from assay.engines.torch.runner import Runner
from assay.engines.torch.step import Segment
from assay.errors import EngineError

__all__ = ["worn"]


@contextmanager
def worn(adapter: Adapter, base: Base) -> Iterator[None]:
    """The base with this adapter on and a stack off, for as long as the block lasts.

    Raises EngineError if peft cannot load it, or if the base does not say afterwards what it said before.
    """
    stacked = dict(base.model.named_modules())
    unstack(base.model)
    plain = dict(base.model.named_modules())
    before = _said(base)
    # peft overwrites the base's own biases where `bias` is not `none`, and does not put them back.
    biases = {name: w.clone() for name, w in base.model.named_parameters() if name.endswith("bias")}
    try:
        _put_on(adapter, base)
        yield
    finally:
        _restore(plain)
        with torch.no_grad():
            for name, bias in biases.items():
                base.model.get_parameter(name).copy_(bias)
        base.model.requires_grad_(False)
        after = _said(base)
        _restore(stacked)
    if not torch.equal(before, after):
        raise EngineError(
            f"adapter {adapter.name!r} ({adapter.unstackable}) left the base changed after it was taken off; "
            f"remove it from the study, or measure it in one of its own"
        )


def _put_on(adapter: Adapter, base: Base) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            wrapped = PeftModel.from_pretrained(base.model, str(adapter.path), torch_device=str(base.device))
    except Exception as bad:
        first = " ".join(str(bad).split())[:300]
        raise EngineError(f"adapter {adapter.name!r}: peft cannot load {adapter.path}: {first}") from bad
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
