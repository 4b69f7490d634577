"""Options of the ray engines: the actors are their own, all others belong to the engine that each actor holds.

It starts nothing."""

from __future__ import annotations

import os
from typing import Annotated

from pydantic import AfterValidator, Field

from assay.engines.options import COUNT, Options, read_options
from assay.errors import EngineError, Place
from assay.plan import EngineSettings

__all__ = ["INNER", "RayOptions", "read_settings"]

INNER = ("torch", "vllm")
"""Engines that an actor can hold."""


def _part_or_whole(value: float) -> float:
    """Ray shares one GPU out in parts, and several only whole."""
    if value > 1 and value != int(value):
        raise ValueError
    return value


class RayOptions(Options):
    """What this engine takes for itself of `engine.options`."""

    actors: int = Field(2, gt=0, title=COUNT)
    """The number of actors; each holds the base and all adapters."""
    gpus_per_actor: Annotated[float, AfterValidator(_part_or_whole)] | None = Field(
        None, ge=0, allow_inf_nan=False, title="0, a part of 1, or a whole number"
    )
    """GPUs of each actor, also a part of one; by default the cluster's GPUs divided evenly."""
    cpus_per_actor: int | None = Field(None, gt=0, title=COUNT)
    """Processors (and threads) of each actor; by default one if it has a GPU, else the cluster's divided evenly."""
    address: str = Field("local", pattern=r"\S", title="`local`, `auto` or the address of a cluster")
    """The address of a running cluster; `local` starts one on this machine for the time of the run."""
    batch: int = Field(512, gt=0, title=COUNT)
    """The largest number of prompts that an actor gets at once."""


def read_settings(engine: EngineSettings) -> tuple[RayOptions, EngineSettings]:
    """The actors' options, and the engine settings of a study without actors.

    Raises EngineError naming the field and what it may be.
    """
    inner = engine.name.partition(":")[2]
    if inner not in INNER:
        raise EngineError(
            f"{engine.name!r} names no engine for actors to hold",
            place=Place.of("engine", "name"),
            fix=f"write {' or '.join(f'ray:{name}' for name in INNER)}",
        )
    own = {name: value for name, value in engine.options.items() if name in RayOptions.model_fields}
    rest = {name: value for name, value in engine.options.items() if name not in own}
    options = read_options(RayOptions, {"address": os.environ.get("RAY_ADDRESS") or "local", **own})
    if isinstance(device := rest.get("device"), str) and ":" in device:
        raise EngineError(
            f"{device!r}; each actor sees only the GPUs that it was given",
            place=Place.of("engine", "options", "device"),
            fix="write `cuda`, and `gpus_per_actor`",
        )
    return options, engine.model_copy(update={"name": inner, "options": rest})
