"""`assay check`: one adapter on the default suite, and the gate."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.cli.app import EngineName, EngineOptions, Json, parse_options, print_json

if TYPE_CHECKING:
    from assay.audit import Checked

__all__ = ["check"]


@dataclass(frozen=True, slots=True)
class Settings:
    """What a check takes beyond the adapter, its base, its label and its engine."""

    revision: Annotated[str | None, typer.Option(help="The revision of the adapter's hub id.")] = None
    base_revision: Annotated[str | None, typer.Option(help="The revision of the base's hub id.")] = None
    prompts: Annotated[
        Path | None, typer.Option(help="The file of IFEval's prompts; by default from the hub.")
    ] = None
    examples: Annotated[
        Path | None, typer.Option(help="The file of GSM8K's examples; by default from the hub.")
    ] = None
    limit: Annotated[
        int | None, typer.Option(min=1, help="Use only this many examples of each task, the first ones.")
    ] = None
    max_tokens: Annotated[
        int | None,
        typer.Option(min=1, help="The largest number of tokens in a response; by default each task's own."),
    ] = None
    template: Annotated[
        str | None, typer.Option(help="The chat template: a file, `chat` (the base's own) or `none`.")
    ] = None
    dtype: Annotated[
        str | None, typer.Option(help="The data type of the weights; by default the checkpoint's own.")
    ] = None
    budget: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="The time that the check may take, as 90s, 10m or 1h; it uses as many prompts as fit, first those of the label's task.",
        ),
    ] = None


def check(
    adapter: Annotated[str, typer.Argument(help="The adapter: a folder or a hub id.")],
    base: Annotated[str, typer.Option(help="Its base: a folder, a GGUF file or a hub id.")],
    label: Annotated[str, typer.Option(help="Its label: instruction or numeric.")],
    settings: Settings,
    out: Annotated[
        Path | None, typer.Option(help="The folder of the run; by default runs/check-<adapter's name>.")
    ] = None,
    engine: EngineName = None,
    option: EngineOptions = None,
    json: Json = False,
) -> None:
    """Test one adapter against its label on IFEval and GSM8K: exit 0 pass, 1 fail, 2 undecided."""
    from assay import audit
    from assay.cli.interrupt import follow
    from assay.planning import parse_budget
    from assay.runs.check import folder_of

    options, given = parse_options(option), asdict(settings)
    budget = given.pop("budget")
    seconds = None if budget is None else parse_budget(budget)
    folder = folder_of(adapter, out)
    with follow(folder, json) as progress:
        checked = audit.check(
            adapter, base, label, folder, progress, engine, seconds, options=options, **given
        )
    _show(checked, json)
    raise typer.Exit(checked.gate.exit_code)


def _show(checked: Checked, as_json: bool) -> None:
    from assay.cli.budget import show_budget
    from assay.cli.show import show_gate, show_result

    if as_json:
        gate, verdicts = asdict(checked.gate), asdict(checked.result)
        budget = {"budget": asdict(checked.budget)} if checked.budget else {}
        print_json({"gate": gate, "verdicts": verdicts, "run": str(checked.folder), **budget})
        return
    show_result(checked.result, checked.folder, as_json=False)
    if checked.budget:
        show_budget(checked.budget, checked.result.claims)
    sys.stdout.write("\n")
    show_gate(checked.gate)
