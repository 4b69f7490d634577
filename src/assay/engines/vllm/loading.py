"""Start vLLM with a base, and hand it the adapters one by one, so that one it refuses costs no other.

This is the one module that imports vllm.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.engines.vllm.control import NAME as CONTROL
from assay.engines.vllm.control import write_control
from assay.engines.vllm.session import Core, Session
from assay.errors import EngineError

if TYPE_CHECKING:
    from assay.engines.vllm.preflight import VllmPreflight

__all__ = ["loaded"]


@contextmanager
def loaded(found: VllmPreflight, place: Path) -> Iterator[Session]:
    """vLLM with a base and its adapters; `place` is an empty folder to write the control into."""
    os.environ.setdefault("VLLM_LOGGING_LEVEL", "WARNING")
    os.environ.setdefault("VLLM_LOGGING_STREAM", "ext://sys.stderr")  # standard output is for results
    os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")
    vllm: Any = import_module("vllm")
    given = found.arguments()
    if "lora_target_modules" not in {one.name for one in fields(vllm.EngineArgs)}:
        given.pop("lora_target_modules", None)  # older versions make room in every layer
    try:
        llm = vllm.LLM(**given)
    except Exception as bad:  # vLLM raises whatever its parts do
        raise EngineError(
            f"base {found.name!r}: vLLM does not start with it: {_first(bad)}. It writes the cause above; where memory "
            f"is short, lower `engine.options.memory`, which is a share of the machine's on a CPU"
        ) from bad
    core = Core(
        llm.llm_engine,
        llm.get_tokenizer(),
        vllm.SamplingParams,
        int(llm.llm_engine.vllm_config.model_config.max_model_len),
        found.ends(),
        found.settings.options.rows,
        "lm_head" not in given.get("lora_target_modules", ["lm_head"] if found.folders else []),
    )
    loras, failed = _adapters(found, core, place)
    modules = {name: fit.modules for name, fit in found.fits.items()}
    session = Session(core, found.name, loras, modules, failed)
    try:
        yield session
    finally:
        session.close()
        _end(llm)
        del llm, core
        gc.collect()


def _adapters(found: VllmPreflight, core: Core, place: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """A request for each adapter that vLLM took, and for the control; and why it took the others not."""
    make: Any = import_module("vllm.lora.request").LoRARequest
    loras: dict[str, Any] = {}
    failed: dict[str, str] = {}
    wanted = [(name, found.called(name), folder) for name, folder in found.folders.items()]
    if wanted:
        largest = max(found.fits, key=lambda name: found.fits[name].modules)
        wanted.append((CONTROL, CONTROL, write_control(place / "control", found.folders[largest])))
    for number, (name, called, folder) in enumerate(wanted, 1):
        if name != CONTROL and found.stale(name):
            failed[name] = "its files changed after they were looked at; run again"
            continue
        lora = make(called, number, str(folder))
        try:
            core.engine.add_lora(lora)
        except Exception as bad:
            if name != CONTROL:
                failed[name] = f"vLLM does not take it: {_first(bad)}"
            continue
        loras[name] = lora
    return loras, failed


def _end(llm: Any) -> None:
    """Stop what vLLM runs beside this process, where its version has a way to."""
    core = getattr(llm.llm_engine, "engine_core", None)
    if (stop := getattr(core, "shutdown", None)) is not None:
        stop()


def _first(bad: BaseException) -> str:
    return " ".join(f"{type(bad).__name__}: {bad}".split())[:400]
