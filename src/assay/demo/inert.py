"""An adapter that changes nothing: as PEFT initialises it, never trained, its B matrices all zero. It needs torch.

This is the commonest fault in practice, made on purpose. It knows no study.
"""

from __future__ import annotations

import shutil
import warnings
from pathlib import Path

from peft import get_peft_model
from transformers import set_seed

from assay.engines.torch import calm
from assay.training.base import inspect_base, load
from assay.training.loop import lora_config
from assay.training.manifest import CONFIG, settle_config
from assay.training.recipe import Recipe

__all__ = ["make_inert"]

SEED = 0
"""Of the A matrices, which zeros in B make harmless."""

CARD = """# inert

A LoRA adapter as PEFT initialises it, never trained: every B matrix is zero, so that it changes nothing. `assay demo`
made it, to show what an audit says of such an adapter.
"""


def make_inert(recipe: Recipe, out: Path) -> None:
    """Write such an adapter, with the settings of the recipe's first one, to the folder `out`.

    The same recipe gives the same bytes. Raises EngineError if the base cannot be loaded.
    """
    base, settings = inspect_base(recipe), recipe.adapters[0].settings
    partial = out.with_name(f".{out.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    with calm(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that peft gives to its own users
        set_seed(SEED)
        wrapped = get_peft_model(load(base), lora_config(settings))
        wrapped.save_pretrained(str(partial), save_embedding_layers=False)
    settle_config(partial / CONFIG, base.called, base.revision)
    (partial / "README.md").write_text(CARD, encoding="utf-8")
    shutil.rmtree(out, ignore_errors=True)
    partial.rename(out)
