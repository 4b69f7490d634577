"""Adapters that cannot be stacked: peft itself applies one to the base, and removes it again. It generates nothing.

DoRA, modules_to_save, trainable tokens, biases, LoRA on embeddings, and other types than LoRA.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import torch
from peft import PeftModel
from torch import Tensor, nn

from assay.engines.adapter_copy import loadable
from assay.engines.torch.adapter_load import Adapter
from assay.engines.torch.loading import Base, out_of_memory
from assay.engines.torch.lora import unstack
from assay.engines.torch.runner import Runner
from assay.engines.torch.step import Segment
from assay.errors import EngineError, Place

__all__ = ["SpoiledError", "applied", "fingerprint"]


class SpoiledError(EngineError):
    """After an adapter was taken off, the base gives other logits than before: load it again, without the adapter."""

    def __init__(
        self, message: str, *, place: Place | Path | str = "", fix: str = "", adapter: str = ""
    ) -> None:
        super().__init__(message, place=place, fix=fix)
        self.adapter = adapter


@contextmanager
def applied(adapter: Adapter, base: Base) -> Iterator[None]:
    """The base with this adapter on and a stack off, for as long as the block lasts.

    Raises EngineError if peft cannot load it, and SpoiledError if the base gives other logits afterwards.
    """
    stacked = dict(base.model.named_modules())
    unstack(base.model)
    plain = dict(base.model.named_modules())
    before = fingerprint(base)
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
            weights = base.model.state_dict()
            for name, weight in own.items():
                weights[name].copy_(weight)
        base.model.requires_grad_(False)
        spoiled = not torch.equal(before, fingerprint(base))
        _restore(stacked)
        if spoiled:  # also where it failed itself: the base is of no use to those after it
            raise SpoiledError(
                f"it left the base changed after it was removed ({adapter.unstackable})",
                fix="remove it from the study, or measure it in one of its own",
                adapter=adapter.name,
            )


def _put_on(adapter: Adapter, base: Base) -> None:
    try:
        with warnings.catch_warnings(), loadable(adapter.files, adapter.fit) as folder:
            warnings.simplefilter("ignore")
            wrapped = PeftModel.from_pretrained(base.model, str(folder), torch_device=str(base.device))
    except Exception as bad:
        if out_of_memory(bad):
            raise EngineError(
                "memory ran out while it was put on the base",
                fix="set `engine.quantization`, lower `engine.options.rows`, or use a machine with more memory",
            ) from bad
        first = " ".join(str(bad).split())[:300]
        raise EngineError(
            f"peft cannot load {adapter.files.folder}: {first}", fix="check that it is whole"
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


def fingerprint(base: Base) -> Tensor:
    """Logits of a few tokens, which no two states of a base share."""
    return Runner(base).run([Segment([3, 1, 4, 1, 5], -1, keep=5)], None)
