"""`assay registry`: an index of all runs of a team, and the verdicts in it."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.text import Text

from assay.cli.app import Json, print_json
from assay.cli.tables import console, table, text
from assay.errors import AssayError

if TYPE_CHECKING:
    from assay.registry.index import Page, Registry

__all__ = ["ListOptions", "RegistryPlace", "registry", "require_registry"]

RegistryPlace = Annotated[
    str | None,
    typer.Option(
        "--registry",
        metavar="FILE|URL",
        help="The registry: a file, or a PostgreSQL database by its URL; by default what ASSAY_REGISTRY says, or "
        "runs/registry.sqlite.",
    ),
]
COLOURS = {"good": "green", "bad": "red", "open": "yellow"}
ROWS = 200
"""Verdicts that a terminal shows at most."""


@dataclass(frozen=True, slots=True)
class ListOptions:
    """What `list` shows."""

    label: Annotated[str, typer.Option(metavar="LABEL", help="List only this label.")] = ""
    base: Annotated[str, typer.Option(metavar="BASE", help="List only this base, by its name.")] = ""
    verdict: Annotated[
        str, typer.Option(metavar="VERDICT", help='List only this verdict, such as "no gain".')
    ] = ""
    adapter: Annotated[
        str, typer.Option(metavar="TEXT", help="List only adapters with this text in their name.")
    ] = ""
    freshness: Annotated[
        Literal["fresh", "stale"] | None,
        typer.Option(metavar="fresh|stale", help="List only fresh or only stale verdicts."),
    ] = None
    max_age: Annotated[
        float, typer.Option(metavar="DAYS", min=0, help="The number of days after which a verdict is stale.")
    ] = 90.0
    history: Annotated[
        bool,
        typer.Option("--history", help="List also verdicts that a newer one of the same claim replaced."),
    ] = False


def registry(
    action: Annotated[
        Literal["add", "list"], typer.Argument(metavar="add|list", help="Add runs, or list verdicts.")
    ],
    listing: ListOptions,
    runs: Annotated[
        list[Path] | None, typer.Argument(metavar="[RUN]...", help="Folders of complete runs, for `add`.")
    ] = None,
    registry: RegistryPlace = None,
    json: Json = False,
) -> None:
    """Keep an index of runs: add complete runs to it, or list the newest verdict of each claim."""
    require_registry()
    from assay.registry.index import Registry, place_of

    if (action == "add") != bool(runs):
        fix = "name the folders of complete runs" if action == "add" else "leave them out"
        raise AssayError(f"`{action}` {'needs runs' if action == 'add' else 'takes no runs'}", fix=fix)
    with Registry.open(place_of(registry), write=action == "add") as opened:
        if action == "add":
            _add(opened, runs or (), json)
        else:
            _list(opened, listing, json)


def require_registry() -> None:
    """Raise AssayError where the extra is not installed."""
    if find_spec("sqlalchemy") is None:
        raise AssayError(
            "SQLAlchemy is not installed", fix='install it with `pip install "lora-assay[registry]"`'
        )


def _add(opened: Registry, runs: Sequence[Path], json: bool) -> None:
    added = {str(run): opened.add(run) for run in runs}
    if json:
        print_json({"registry": opened.place, "added": added})
    for run, count in {} if json else added.items():
        sys.stdout.write(f"{run}: {count} {'verdict' if count == 1 else 'verdicts'} in {opened.place}\n")


def _list(opened: Registry, listing: ListOptions, json: bool) -> None:
    from assay.registry.index import Filter

    given = {**asdict(listing), "freshness": listing.freshness or ""}
    page = opened.page(Filter(**given), rows=10**9 if json else ROWS)
    if json:
        line = {**asdict(opened.line()), "sentence": opened.line().sentence}
        print_json({"registry": opened.place, "verdicts": [_plain(row) for row in page.rows], "line": line})
        return
    _show(page)
    console().print(text(opened.line().sentence))


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    dates = {name: _moment(row[name]).isoformat() for name in ("measured",)}
    interval = None if row["low"] is None else [row["low"], row["high"]]
    drift = None if row["drift_low"] is None else [row["drift_low"], row["drift_high"]]
    left_out = ("id", "low", "high", "drift_low", "drift_high", "p_fails", "p_holds")
    kept = {name: value for name, value in row.items() if name not in left_out}
    return kept | dates | {"interval": interval, "drift_interval": drift, "current": bool(row["current"])}


def _show(page: Page) -> None:
    from assay.report.text.numbers import interval, points

    screen = console()
    made = table("Registry", ["adapter", "claim", "gain", "interval", "measured", "verdict"], left=2, right=1)
    for row in page.rows:
        ends = None if row["low"] is None else (row["low"], row["high"])
        claim = f"{row['label']}: {row['kind']} {row['metric']} on {row['base']}"
        against = f" against {row['against']}" if row["against"] else ""
        day = _moment(row["measured"]).strftime("%Y-%m-%d") + (" stale" if row["stale"] else "")
        words = Text(row["words"], style=COLOURS[row["tone"]])
        numbers = (points(row["gain"]), interval(ends, row["margin"]), day)
        made.add_row(text(row["adapter"]), text(claim + against), *map(text, numbers), words)
    if page.rows:
        screen.print(made)
    if page.total > len(page.rows):
        screen.print(text(f"the newest {len(page.rows):,} of {page.total:,}; --json lists all"))
    elif not page.rows:
        screen.print(text("no verdict matches"))


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
