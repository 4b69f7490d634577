"""`assay inspect`: what adapters are and whether they would load, by their files alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from assay.cli.app import Json, print_json
from assay.cli.tables import console, table, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from assay.inspecting import Inspection, LayerKind

__all__ = ["inspect"]

COLOURS = {"usable": "green", "warnings": "yellow", "unusable": "red"}


def inspect(
    adapters: Annotated[
        list[str],
        typer.Argument(
            metavar="ADAPTER...",
            help="Adapters: folders, or hub ids, which may end with a folder of the repository.",
        ),
    ],
    base: Annotated[
        str | None,
        typer.Option(
            help="The adapters' base: a folder, a GGUF file, a config.json alone, a hub id, or `embedded`."
        ),
    ] = None,
    digest: Annotated[
        bool, typer.Option("--digest", help="Also read the weights, to compute their digest.")
    ] = False,
    json: Json = False,
) -> None:
    """Show what adapters are and whether they would load: exit 1 if one is unusable, 2 if one has warnings."""
    from assay.inspecting import exit_code, inspect_adapters

    inspections = list(inspect_adapters(adapters, base, digest=digest))
    if json:
        print_json([inspection.to_dict() for inspection in inspections])
    else:
        _show(inspections)
    raise typer.Exit(exit_code(inspections))


def _show(inspections: Sequence[Inspection]) -> None:
    """A row for each adapter and its reasons; the layers and digests of a single one."""
    screen = console()
    made = table("Adapters", ["adapter", "kind", "changes", "loads on", "status"], left=5)
    for entry in inspections:
        loads = ", ".join(name for name, engine in entry.engines.items() if engine.loads)
        status = Text(entry.status, style=COLOURS[entry.status])
        made.add_row(*map(text, (entry.path, entry.kind, _changes(entry), loads or "none")), status)
    screen.print(made)
    if len(inspections) == 1:
        _show_parts(screen, inspections[0])
    for entry in inspections:
        for reason in entry.reasons:
            line = Text(f"{entry.status}: ", style=COLOURS[entry.status])
            screen.print(line + text(f"{entry.path}: {reason}"), soft_wrap=True)
        if entry.status != "unusable":
            for name, engine in entry.engines.items():
                if engine.reason:
                    screen.print(text(f"{name}: {entry.path}: {engine.reason}"), soft_wrap=True)


def _show_parts(screen: Console, entry: Inspection) -> None:
    if entry.layers:
        made = table("Layers", ["layer", "change", "layers", "blocks", "rank", "scale"], left=2)
        for kind in entry.layers:
            made.add_row(*map(text, _cells(kind)))
        screen.print(made)
    for name, digest in entry.digests.items():
        screen.print(text(f"{name}: {digest or 'none'}"), soft_wrap=True)


def _cells(kind: LayerKind) -> tuple[str, ...]:
    ranks, scales = (_numbers(numbers) for numbers in (kind.ranks, kind.scales))
    return kind.layer, kind.change, str(kind.count), kind.blocks or "-", ranks, scales


def _numbers(numbers: Sequence[float]) -> str:
    return ", ".join(f"{number:g}" for number in numbers) or "-"


def _changes(entry: Inspection) -> str:
    """`q_proj, v_proj: rank 8`."""
    names = [kind.layer.rpartition(".")[2] for kind in entry.layers if kind.change == "added"]
    ranks = sorted({rank for kind in entry.layers for rank in kind.ranks})
    replaced = [kind.layer.rpartition(".")[2] for kind in entry.layers if kind.change == "replaced"]
    parts = [f"{', '.join(dict.fromkeys(names))}: rank {_numbers(ranks)}"] if names else []
    parts += [f"replaces {', '.join(dict.fromkeys(replaced))}"] if replaced else []
    return "; ".join(parts) or "-"
