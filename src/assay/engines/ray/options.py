"""`engine` of a study, as this engine reads it: the actors are its own, all else is the engine's that each holds."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from assay.errors import EngineError, Place
from assay.plan import EngineSettings

__all__ = ["INNER", "Setup", "read_setup"]

INNER = ("torch", "vllm")
"""Engines that an actor can hold."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What a study decides about the actors."""

    inner: EngineSettings
    """What each of them holds, as a study without them would say it."""
    actors: int = 2
    gpus_per_actor: float | None = None
    """A part of one, or whole ones; None: what the cluster has, shared out evenly."""
    cpus_per_actor: int | None = None
    """Processors, and threads of an actor; None: one beside a GPU, else what the cluster has, shared out evenly."""
    address: str = "local"
    """Of a running cluster; `local` starts one on this machine, for as long as it is needed."""
    batch: int = 512
    """Requests handed to an actor at once, at most."""


def read_setup(engine: EngineSettings) -> Setup:
    """Check what the study says of the actors. Raises EngineError naming the field and what it may be."""
    inner = engine.name.partition(":")[2]
    if inner not in INNER:
        known = " or ".join(f"ray:{name}" for name in INNER)
        raise EngineError(
            f"{engine.name!r} names no engine for actors to hold",
            place=Place.of("engine", "name"),
            fix=f"write {known}",
        )
    values: dict[str, Any] = {"address": os.environ.get("RAY_ADDRESS") or "local"}
    values |= {name: _option(name, value) for name, value in engine.options.items() if name in KINDS}
    rest = {name: value for name, value in engine.options.items() if name not in KINDS}
    _refuse_numbered(rest.get("device"))
    return Setup(engine.model_copy(update={"name": inner, "options": rest}), **values)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_part(value: Any) -> bool:
    """Ray shares one GPU out in parts, and several only whole."""
    number = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf
    return number and (value <= 1 or value == int(value))


COUNT = ("a whole number above 0", _is_count)
KINDS: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    **dict.fromkeys(("actors", "cpus_per_actor", "batch"), COUNT),
    "gpus_per_actor": ("0, a part of 1, or a whole number", _is_part),
    "address": (
        "`local`, `auto` or the address of a cluster",
        lambda value: isinstance(value, str) and bool(value.strip()),
    ),
}
"""What this engine takes for itself of `engine.options`."""


def _option(name: str, value: Any) -> Any:
    wanted, fits = KINDS[name]
    if not fits(value):
        raise EngineError(repr(value), place=Place.of("engine", "options", name), fix=f"write {wanted}")
    return value


def _refuse_numbered(device: Any) -> None:
    if isinstance(device, str) and ":" in device:
        raise EngineError(
            f"{device!r}; each actor sees only the GPUs that it was given",
            place=Place.of("engine", "options", "device"),
            fix="write `cuda`, and `gpus_per_actor`",
        )
