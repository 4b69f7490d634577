"""The layers that an adapter changes, by kind: blocks, ranks and effective scales. It reads nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from assay.engines.adapter_fit import Layer
from assay.engines.adapter_fit.names import block_of
from assay.inspecting.inspection import LayerKind

__all__ = ["layer_kinds"]


@dataclass(slots=True)
class _Group:
    count: int = 0
    blocks: set[int] = field(default_factory=set)
    ranks: set[int] = field(default_factory=set)
    scales: set[float] = field(default_factory=set)


def layer_kinds(layers: Iterable[Layer], replaced: Iterable[str]) -> tuple[LayerKind, ...]:
    """Layers by their name within a block, in the order of the file; what is replaced comes last."""
    added: dict[str, _Group] = {}
    for layer in layers:
        group = _joined(added, layer.place)
        group.ranks.add(layer.rank)
        group.scales.add(round(layer.scale, 6))
    whole: dict[str, _Group] = {}
    for name in replaced:
        _joined(whole, name.removesuffix(".weight"))
    return (
        *(
            LayerKind(
                kind,
                "added",
                group.count,
                _ranges(group.blocks),
                tuple(sorted(group.ranks)),
                tuple(sorted(group.scales)),
            )
            for kind, group in added.items()
        ),
        *(LayerKind(kind, "replaced", group.count, _ranges(group.blocks)) for kind, group in whole.items()),
    )


def _joined(groups: dict[str, _Group], name: str) -> _Group:
    """The group of a layer, counted in."""
    block = block_of(name)
    group = groups.setdefault(block[2] if block else name, _Group())
    group.count += 1
    if block:
        group.blocks.add(block[1])
    return group


def _ranges(numbers: set[int]) -> str | None:
    """`0-3, 8`."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(_run(run) for run in runs) or None


def _run(run: Sequence[int]) -> str:
    return str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}"
