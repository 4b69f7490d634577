"""mlx-lm's own form: `adapters.safetensors` beside an adapter_config.json of its training settings.

Its matrices are peft's transposed: `lora_a` is (in, rank), `lora_b` is (rank, out), and its product is multiplied
by `lora_parameters.scale`; in early versions, which wrote no `fine_tune_type`, by scale * alpha / rank.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assay.errors import EngineError

__all__ = ["mlx_config"]

LARGEST = 1e18
"""No rank or scale is as large; their product is a number."""


def mlx_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """The same adapter's configuration as peft writes it, with no layers named. Raises EngineError."""
    kind = config.get("fine_tune_type", "lora")
    if kind == "full":
        raise EngineError(
            "fine_tune_type: full: mlx-lm trained whole weights, not an adapter",
            fix="fuse it with `mlx_lm.fuse`, and give the result as a model",
        )
    if kind not in ("lora", "dora"):
        raise EngineError(
            f"fine_tune_type: {kind} is none that can be read (lora, dora)",
            fix="fuse it with `mlx_lm.fuse`, and give the result as a model",
        )
    settings = config.get("lora_parameters")
    settings = settings if isinstance(settings, Mapping) else {}
    rank, scale = settings.get("rank"), settings.get("scale")
    if not isinstance(rank, int) or isinstance(rank, bool) or not 0 < rank < LARGEST:
        raise _unset("rank", rank, "a whole number above 0")
    if not isinstance(scale, int | float) or isinstance(scale, bool) or not -LARGEST < scale < LARGEST:
        raise _unset("scale", scale, "a number")
    alpha = settings.get("alpha", rank)
    if "fine_tune_type" not in config and alpha != rank:
        raise _two_scales(rank, scale, alpha)
    return {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": config.get("model"),
        "r": rank,
        "lora_alpha": scale * rank,
        "bias": "none",
        "use_dora": kind == "dora",
        "inference_mode": True,
    }


def _unset(name: str, value: Any, kind: str) -> EngineError:
    return EngineError(
        f"lora_parameters.{name} is {value!r} in its adapter_config.json of mlx-lm; {kind} is expected",
        fix="give the adapter_config.json that mlx-lm saved with it",
    )


def _two_scales(rank: int, scale: float, alpha: Any) -> EngineError:
    """Of an alpha in a file without `fine_tune_type`: versions before that field multiplied by it at first, not later."""
    text = (
        f"lora_parameters.alpha is {alpha!r}, and there is no fine_tune_type: early versions of mlx-lm trained with "
        f"scale * alpha / rank ({scale} * {alpha} / {rank}), later ones with the scale alone"
    )
    return EngineError(
        text, fix="set `scale` in its adapter_config.json to what it was trained with, and remove `alpha`"
    )
