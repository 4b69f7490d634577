"""What is found of one adapter: the objects that `assay inspect --json` lists. It reads nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

__all__ = ["Inspection", "LayerKind", "Readiness", "Status", "exit_code"]

Status = Literal["usable", "warnings", "unusable"]


@dataclass(frozen=True, slots=True)
class LayerKind:
    """Layers of one kind that an adapter changes in one way."""

    layer: str
    """Name within a block, `self_attn.q_proj`, or the whole name of a layer outside of blocks."""
    change: Literal["added", "replaced"]
    """`added`: a product of two small matrices; `replaced`: the base's own weights are overwritten."""
    count: int
    blocks: str | None
    """Numbers of the blocks, `0-27`; null outside of blocks."""
    ranks: tuple[int, ...] = ()
    """Each rank among them; empty of what is replaced."""
    scales: tuple[float, ...] = ()
    """Each effective scale among them: what the product is multiplied by."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether one engine would load an adapter."""

    loads: bool
    """As far as files tell."""
    reason: str | None = None
    """Why not."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """One adapter by its files alone."""

    path: str
    """As given."""
    kind: str
    """`LoRA`, `DoRA`, `LoRA of mlx-lm`, another `peft_type`, `folder of adapters`, `base`; `unknown` where it cannot be read."""
    status: Status
    reasons: tuple[str, ...]
    """Why it is unusable, else each warning."""
    layers: tuple[LayerKind, ...] = ()
    engines: Mapping[str, Readiness] = field(default_factory=dict)
    """By name: torch, vllm, server."""
    digests: Mapping[str, str | None] = field(default_factory=dict)
    """SHA-256 of header, config, tokenizer and template, and of weights where that is asked for; null: there is none."""

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def exit_code(inspections: Iterable[Inspection]) -> int:
    """0: all are usable; 1: one is unusable, or more; 2: none is, and one has warnings."""
    statuses = {inspection.status for inspection in inspections}
    return 1 if "unusable" in statuses else 2 if "warnings" in statuses else 0
