"""An adapter that changes nothing: as PEFT initialises it, never trained, its B matrices all zero. It needs torch.

The commonest fault in the field, made on purpose. It knows no study.
"""

from __future__ import annotations

import json
import shutil
import warnings
from pathlib import Path
from typing import Any

from peft import LoraConfig, get_peft_model
from transformers import set_seed

from assay.engines.torch.loading import calm
from assay.training.base import load, look
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
    seen, settings = look(recipe), recipe.adapters[0].settings
    modules = settings.target_modules
    options: dict[str, Any] = {
        "r": settings.rank,
        "lora_alpha": settings.alpha,
        "use_rslora": settings.rslora,
        "target_modules": modules[0] if modules == ("all-linear",) else list(modules),
    }
    partial = out.with_name(f".{out.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    with calm(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that peft gives to its own users
        set_seed(SEED)
        wrapped = get_peft_model(load(seen), LoraConfig(bias="none", task_type="CAUSAL_LM", **options))
        wrapped.save_pretrained(str(partial), save_embedding_layers=False)
    config = partial / "adapter_config.json"
    found = json.loads(config.read_text(encoding="utf-8"))
    # As a trained adapter of this recipe says it: the base by the name that the recipe gives it.
    found |= {"base_model_name_or_path": seen.called, "revision": seen.revision}
    if isinstance(found["target_modules"], list):
        found["target_modules"] = sorted(found["target_modules"])
    config.write_text(json.dumps(found, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    (partial / "README.md").write_text(CARD, encoding="utf-8")
    shutil.rmtree(out, ignore_errors=True)
    partial.rename(out)
