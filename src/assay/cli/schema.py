"""`assay schema`: the JSON Schema of a file that people write or read."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from assay.cli.app import Json, print_json

__all__ = ["schema"]

Kind = Literal["study", "recipe", "verdicts", "comparison"]


def schema(
    kind: Annotated[
        Kind,
        typer.Argument(metavar="study|recipe|verdicts|comparison", help="The kind of file."),
    ],
    json: Json = False,  # noqa: ARG001 - it is JSON in any case
) -> None:
    """Print the JSON Schema of a study, of a recipe, of `verdicts.json` or of what `assay compare --json` prints, so that editors complete and check them."""
    print_json(_schema(kind))


def _schema(kind: Kind) -> dict[str, Any]:
    from assay.schemas import json_schema

    if kind == "study":
        from assay.study.form import Form

        return json_schema(Form, "assay study")
    if kind == "recipe":
        from assay.training.form import RecipeForm

        return json_schema(RecipeForm, "assay recipe")
    if kind == "comparison":
        from assay.comparison.document import schema as comparison

        return comparison()
    from assay.report.verdict_file import schema as verdicts

    return verdicts()
