"""`assay view`: runs in the browser."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.cli.app import Json, print_json
from assay.cli.registry import RegistryPlace, require_registry
from assay.errors import AssayError

if TYPE_CHECKING:
    from assay.view.serve import Address

__all__ = ["view"]


def view(
    folder: Annotated[
        Path,
        typer.Argument(metavar="[FOLDER]", help="A run, or a folder that holds runs; by default `runs`."),
    ] = Path("runs"),
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="The port; by default 8765, or another one if that is in use."),
    ] = None,
    host: Annotated[
        str,
        typer.Option(
            help="The address to listen at; for any address but this machine's own, browsers need the printed token."
        ),
    ] = "127.0.0.1",
    registry: RegistryPlace = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Open no browser.")] = False,
    json: Json = False,
) -> None:
    """Show runs and a registry in the browser, runs also while they run. The command only reads them; Ctrl-C ends it."""
    if missing := [name for name in ("starlette", "uvicorn") if find_spec(name) is None]:
        raise AssayError(
            f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not installed",
            fix='install it with `pip install "lora-assay[view]"`',
        )
    from assay.view.serve import serve

    def ready(address: Address) -> None:
        if json:
            print_json({"url": address.url, "port": address.port, "token": address.token})
        else:
            sys.stdout.write(f"{folder}: {address.url} (Ctrl-C ends it)\n")
        sys.stdout.flush()
        if not no_browser and _has_browser():
            import webbrowser

            webbrowser.open(address.url)

    serve(folder, host, port, ready, _registry(registry, folder))


def _registry(given: str | None, folder: Path) -> str | None:
    """The registry to show: as given, or as ASSAY_REGISTRY says, or one in the folder; None where there is none."""
    place = given or os.environ.get("ASSAY_REGISTRY") or ""
    if place:
        require_registry()
        return place
    own = folder / "registry.sqlite"
    return str(own) if own.is_file() and find_spec("sqlalchemy") else None


def _has_browser() -> bool:
    """Not in a pipeline, and not where a browser of the terminal would take its place."""
    shown = (
        sys.platform in ("darwin", "win32") or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )
    return bool(shown) and sys.stdout.isatty()
