"""Starts vLLM with a base and adds the adapters one by one, so that a refused one does not affect the others.

It also adds a control, an adapter that changes nothing: any change by the control is rounding, along the same path as
adapters; an adapter must change more. This is the only module that imports vllm.
"""

from __future__ import annotations

import gc
import json
import os
import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, fields
from importlib import import_module
from pathlib import Path
from typing import Any

from assay.engines.adapter_copy import write_copy
from assay.engines.adapter_files import CONFIG, WEIGHTS, AdapterFiles
from assay.engines.files import Stamp
from assay.engines.vllm.adapter_check import Needs
from assay.engines.vllm.session import CONTROL, Core, VllmSession
from assay.errors import EngineError

__all__ = ["Adapter", "Order", "load", "write_control"]


@dataclass(frozen=True, slots=True)
class Adapter:
    """One adapter to hand to vLLM."""

    name: str
    called: str
    """A name for vLLM that no other content can have: it keeps what it computed by name."""
    files: AdapterFiles
    needs: Needs
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class Order:
    """What vLLM is to load."""

    base: str
    arguments: Mapping[str, Any]
    """Of `vllm.LLM`."""
    ends: tuple[int, ...]
    """Tokens that end a text, by the base's generation configuration."""
    rows: int
    """Rows in a batch, at most."""
    adapters: Sequence[Adapter] = ()


@contextmanager
def load(order: Order, place: Path) -> Iterator[VllmSession]:
    """vLLM with a base and its adapters; `place` is an empty folder to write the control into."""
    os.environ.setdefault("VLLM_LOGGING_LEVEL", "WARNING")
    os.environ.setdefault("VLLM_LOGGING_STREAM", "ext://sys.stderr")  # standard output is for results
    os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")
    vllm: Any = import_module("vllm")
    arguments = dict(order.arguments)
    if "lora_target_modules" not in {field.name for field in fields(vllm.EngineArgs)}:
        arguments.pop("lora_target_modules", None)  # older versions make room in every layer
    try:
        llm = vllm.LLM(**arguments)
    except Exception as bad:  # vLLM raises whatever its parts do
        raise EngineError(
            f"vLLM does not start with it: {_first(bad)}. It writes the cause above",
            place=f"base {order.base!r}",
            fix="where memory is short, lower `engine.options.memory`, which is a share of the machine's on a CPU",
        ) from bad
    core = Core(
        llm.llm_engine,
        llm.get_tokenizer(),
        vllm.SamplingParams,
        int(llm.llm_engine.vllm_config.model_config.max_model_len),
        order.ends,
        order.rows,
        "lm_head" not in arguments.get("lora_target_modules", ["lm_head"] if order.adapters else []),
    )
    try:
        loras, failed = _add_adapters(order.adapters, core, place)
        modules = {adapter.name: adapter.needs.modules for adapter in order.adapters}
        with closing(VllmSession(core, order.base, loras, modules, failed)) as session:
            yield session
    finally:
        _shut_down(llm)
        del llm, core
        gc.collect()


def _add_adapters(
    adapters: Sequence[Adapter], core: Core, place: Path
) -> tuple[dict[str, Any], dict[str, str]]:
    """A request for each adapter that vLLM took, and for the control; and why it did not take the others."""
    make: Any = import_module("vllm.lora.request").LoRARequest
    loras: dict[str, Any] = {}
    failed: dict[str, str] = {}
    for number, adapter in enumerate(adapters, 1):
        if adapter.stamp.stale:
            failed[adapter.name] = "its files changed after preflight; run again"
            continue
        try:
            lora = make(adapter.called, number, str(_folder(adapter, place)))
            core.engine.add_lora(lora)
        except Exception as bad:
            failed[adapter.name] = f"vLLM does not take it: {_first(bad)}"
            continue
        loras[adapter.name] = lora
    taken = [adapter for adapter in adapters if adapter.name in loras]
    if taken:
        folder = _folder(max(taken, key=lambda adapter: adapter.needs.modules), place)
        try:
            loras[CONTROL] = make(CONTROL, len(adapters) + 1, str(write_control(place / "control", folder)))
            core.engine.add_lora(loras[CONTROL])
        except Exception as bad:  # without it, rounding along the adapters' path would pass for their effect
            raise EngineError(
                f"vLLM does not take a copy of an adapter with all of B zero, by which rounding is measured: {_first(bad)}",
                fix=f"is there room for a copy of an adapter in {place}?",
            ) from bad
    return loras, failed


def _folder(adapter: Adapter, place: Path) -> Path:
    """The folder for vLLM: the adapter's own, or a copy in peft's form."""
    if adapter.needs.fit.moves is None:
        return adapter.files.folder
    copy = place / adapter.called
    return copy if copy.is_dir() else write_copy(adapter.files, adapter.needs.fit, copy)


def write_control(folder: Path, adapter: Path) -> Path:
    """Write an adapter that changes nothing, another's file with all of B zero, and return its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / CONFIG).write_bytes((adapter / CONFIG).read_bytes())
    content = bytearray((adapter / WEIGHTS).read_bytes())
    length: int = struct.unpack("<Q", content[:8])[0]
    for name, entry in json.loads(content[8 : 8 + length]).items():
        if "lora_B" in name or "lora_embedding_B" in name:
            first, last = (8 + length + place for place in entry["data_offsets"])
            content[first:last] = bytes(last - first)
    (folder / WEIGHTS).write_bytes(content)
    return folder


def _shut_down(llm: Any) -> None:
    """Stop what vLLM runs beside this process, where its version has a way to."""
    core = getattr(llm.llm_engine, "engine_core", None)
    if (stop := getattr(core, "shutdown", None)) is not None:
        stop()


def _first(bad: BaseException) -> str:
    return " ".join(f"{type(bad).__name__}: {bad}".split())[:400]
