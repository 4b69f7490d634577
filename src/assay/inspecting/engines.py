"""Whether each engine would load an adapter, by its files alone, with the reason for each no."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from assay.engines.adapter_files import AdapterFiles, refuse_changed_base, unusual
from assay.engines.adapter_fit import Fit
from assay.engines.peft_fields import PEFT_TYPES, PEFT_VERSION, beyond_layers
from assay.engines.vllm.adapter_check import check_fit
from assay.errors import EngineError
from assay.inspecting.inspection import Readiness

__all__ = ["readiness"]


def readiness(files: AdapterFiles, fit: Fit) -> dict[str, Readiness]:
    """By the engine's name. An adapter that does not fit its base loads on none."""
    checks: dict[str, Callable[[], object]] = {
        "torch": lambda: _check_torch(fit.config),
        "vllm": lambda: check_fit(files, fit),
        "server": lambda: _check_server(fit),
    }
    return {name: _ready(check, fit) for name, check in checks.items()}


def _ready(check: Callable[[], object], fit: Fit) -> Readiness:
    if fit.error:
        return Readiness(False, str(fit.error))
    try:
        check()
    except EngineError as bad:
        return Readiness(False, str(bad))
    return Readiness(True)


def _check_torch(config: Mapping[str, Any]) -> None:
    """Raise EngineError for what peft, or a base that adapters share, does not take."""
    kind = config.get("peft_type", "LORA")
    if not isinstance(kind, str) or kind not in PEFT_TYPES:
        raise EngineError(
            f"peft_type {kind!r} is unknown to peft {PEFT_VERSION}",
            fix="update peft, or save the adapter again",
        )
    if why := beyond_layers(config):
        raise EngineError(why, fix="use another engine for it")
    refuse_changed_base(config)


def _check_server(fit: Fit) -> None:
    """Raise EngineError for what servers of adapters do not take from a folder."""
    kind = fit.config.get("peft_type", "LORA")
    if kind != "LORA":
        raise EngineError(f"its type is {kind}, and servers take LORA only", fix="use the engine `torch`")
    refuse_changed_base(fit.config)
    whole = next(iter(fit.replaces.values()), "")
    # Which way a base stores its weights (fan_in_fan_out) changes nothing in an adapter's own.
    if more := unusual({**fit.config, "fan_in_fan_out": False}) or (whole and f"{whole} whole in its file"):
        raise EngineError(f"it has {more}, and servers apply plain LoRA only", fix="use the engine `torch`")
    if fit.moves is not None:
        raise EngineError(
            f"a server reads its files as they are: {'; '.join(fit.notes)}",
            fix="save it as peft does, or use the engine `torch`",
        )
