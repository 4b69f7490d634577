"""`assay parity`: whether a server serves what a run audited."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from assay.cli.app import Json, RunFolder, print_json

if TYPE_CHECKING:
    from assay.parity import Parity

__all__ = ["parity"]

CODES = {"same": 0, "close": 2}
"""Exit codes by word; 1 for any other."""


def parity(
    folder: RunFolder,
    server: Annotated[
        str, typer.Option(metavar="URL", help="The server's address, as in http://localhost:8000.")
    ],
    adapter: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The adapter, by its name in the run; by default the only one."),
    ] = None,
    model: Annotated[
        str | None, typer.Option(metavar="NAME", help="Its name at the server; by default the adapter's.")
    ] = None,
    kind: Annotated[
        Literal["vllm", "other"],
        typer.Option(
            metavar="vllm|other", help="The kind of server: vLLM, or one that echoes log-probabilities."
        ),
    ] = "vllm",
    prompts: Annotated[int, typer.Option(min=1, help="The largest number of responses to ask about.")] = 64,
    key_env: Annotated[
        str | None,
        typer.Option(metavar="VARIABLE", help="The environment variable that holds the server's key."),
    ] = None,
    json: Json = False,
) -> None:
    """Ask a server about a run's responses: exit 0 if it serves the audited adapter, 2 for a close copy, 1 for anything else."""
    from assay.parity import ParitySettings, check_parity

    compared = check_parity(folder, ParitySettings(server, adapter, model, kind, prompts, key_env))
    if json:
        print_json({**asdict(compared), "sentence": compared.sentence})
    else:
        _show(compared)
    raise typer.Exit(CODES.get(compared.word, 1))


def _show(parity: Parity) -> None:
    lines = [parity.sentence]
    lines += [
        f"  {part.subject}'s responses: {part.mean:.4f} nats per token, {part.largest:.2f} at most, {part.changed:.0%} would be "
        f"others ({part.responses} responses, {part.tokens} tokens)"
        for part in parity.shortfalls
    ]
    lines += [
        f"  {effect.metric}: {effect.verdict}, "
        + (
            "which holds whatever these responses would be"
            if effect.holds
            else "which may be another word of what is served"
        )
        for effect in parity.effects
    ]
    sys.stdout.write("\n".join(lines) + "\n")
