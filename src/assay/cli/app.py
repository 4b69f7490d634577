"""What commands share: parameters, JSON output, and how a function becomes a command. It knows no command.

Parameters that several commands take have one name and one help text, here.
"""

from __future__ import annotations

import functools
import inspect
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer
from typer.core import TyperCommand

from assay.errors import AssayError

__all__ = [
    "EngineName",
    "EngineOptions",
    "Json",
    "RunFolder",
    "StudyFile",
    "command",
    "flattened",
    "parse_options",
    "print_json",
]

Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")]
StudyFile = Annotated[Path, typer.Argument(metavar="STUDY.yaml", help="The study file.")]
EngineName = Annotated[
    str | None,
    typer.Option(
        "--engine",
        metavar="NAME",
        help="The engine that generates: torch, vllm, openai, ray:torch or ray:vllm; by default the study's.",
    ),
]
EngineOptions = Annotated[
    list[str] | None,
    typer.Option(
        "--option",
        metavar="KEY=VALUE",
        help="A field of the study's `engine`, such as `url`, or one of its `options`; may be repeated.",
    ),
]


def print_json(value: Any) -> None:
    """Print data as JSON, whole."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def parse_options(given: list[str] | None) -> dict[str, Any]:
    """`rows=64` as {"rows": 64}; values are read as a study file reads them. Raises AssayError."""
    from assay.study.strict import parse

    options: dict[str, Any] = {}
    for text in given or ():
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise AssayError(
                "not a key and a value",
                place=f"--option {text}",
                fix="write KEY=VALUE, as in --option rows=64",
            )
        if key.strip() in options:
            raise AssayError("given twice", place=f"--option {key.strip()}", fix="remove one")
        options[key.strip()] = parse(value, None).data if value.strip() else ""
    return options


def command(app: typer.Typer, function: Callable[..., None], name: str, renamed: Mapping[str, str]) -> None:
    """Make a function a command. `renamed`: old names of its options, and the new; "" for one without effect.

    An old name works as the new one does, with a note on standard error.
    """

    class Command(TyperCommand):
        def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
            return super().parse_args(ctx, _renamed(args, renamed))

        def collect_usage_pieces(self, ctx: Any) -> list[str]:
            hidden = [
                piece
                for parameter in self.params
                if getattr(parameter, "hidden", False)
                for piece in parameter.get_usage_pieces(ctx)
            ]
            return [piece for piece in super().collect_usage_pieces(ctx) if piece not in hidden]

    app.command(name, cls=Command)(flattened(function))


def _renamed(args: list[str], renamed: Mapping[str, str]) -> list[str]:
    kept: list[str] = []
    for place, text in enumerate(args):
        if text == "--":
            return kept + args[place:]
        option, equals, value = text.partition("=")
        new = renamed.get(option)
        if new is None:
            kept.append(text)
            continue
        note(f"{option} is now {new}" if new else f"{option} has no effect any more; leave it out")
        if new:
            kept.append(new + equals + value)
    return kept


def note(text: str) -> None:
    """Tell of an old way of writing a command, which works for all of 0.x."""
    sys.stderr.write(f"assay: note: {text}\n")


def flattened(function: Callable[..., None]) -> Callable[..., None]:
    """The function with each parameter that is a dataclass replaced by the fields of it, as keywords."""
    hints = get_type_hints(function, include_extras=True)
    groups: dict[str, Any] = {name: hint for name, hint in hints.items() if is_dataclass(hint)}
    parameters: list[inspect.Parameter] = []
    for name, parameter in inspect.signature(function).parameters.items():
        if name not in groups:
            parameters.append(parameter.replace(annotation=hints[name], kind=parameter.KEYWORD_ONLY))
            continue
        types = get_type_hints(groups[name], include_extras=True)
        parameters += [
            inspect.Parameter(
                field.name, parameter.KEYWORD_ONLY, default=_default(field), annotation=types[field.name]
            )
            for field in fields(groups[name])
        ]

    @functools.wraps(function)
    def call(**given: Any) -> None:
        grouped = {
            name: group(**{field.name: given.pop(field.name) for field in fields(group)})
            for name, group in groups.items()
        }
        function(**given, **grouped)

    call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    call.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return call


def _default(field: Field[Any]) -> Any:
    return inspect.Parameter.empty if field.default is MISSING else field.default
