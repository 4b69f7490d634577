"""The page of commands, from the command line itself."""

from __future__ import annotations

from typing import Any

import typer

from assay.cli import COMMANDS, RENAMED, app
from scripts.reference.schema import table

__all__ = ["commands", "options_of"]


def commands() -> str:
    """A section for each command, in the order of `assay --help`, and the old names of options."""
    group: Any = typer.main.get_command(app)
    intro = (
        "# Commands\n\n`assay COMMAND --help` prints the same. Every command takes `--json`. "
        "[Exit codes](exit-codes.md) lists what the exit codes mean.\n\n"
    )
    return intro + "\n".join(_command(name, group.commands[name]) for name in COMMANDS) + _renamed()


def options_of(command: Any) -> list[Any]:
    """The parameters that are not hidden: arguments, then options."""
    shown = [parameter for parameter in command.params if not getattr(parameter, "hidden", False)]
    return sorted(shown, key=lambda parameter: parameter.param_type_name == "option")


def _command(name: str, command: Any) -> str:
    parameters = options_of(command)
    arguments = " ".join(
        _metavar(parameter) for parameter in parameters if parameter.param_type_name == "argument"
    )
    rows = [(_spelling(parameter), _default(parameter), _help(name, parameter)) for parameter in parameters]
    usage = f"```text\nassay {name} {arguments} [OPTIONS]\n```".replace("  ", " ")
    return f"## {name}\n\n{command.help.strip()}\n\n{usage}\n\n{table(('', 'default', 'meaning'), rows)}"


def _metavar(parameter: Any) -> str:
    many = "..." if parameter.nargs != 1 else ""
    return str(parameter.metavar or parameter.name.upper()).removesuffix(many) + many


def _spelling(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return f"`{_metavar(parameter)}`"
    text = parameter.opts[0]
    if not parameter.is_flag:
        text += f" {parameter.metavar or parameter.name.upper()}"
    return f"`{text}`"


def _default(parameter: Any) -> str:
    if parameter.required:
        return "required"
    plain = isinstance(parameter.default, str | int | float) and not isinstance(parameter.default, bool)
    return f"`{parameter.default}`" if plain else ""


def _help(command: str, parameter: Any) -> str:
    if not parameter.help:
        raise ValueError(f"assay {command}: {parameter.name} has no help text: write one in cli/{command}.py")
    return str(parameter.help)


def _renamed() -> str:
    rows = [
        (f"`{name}`", f"`{old}`", f"`{new}`" if new else "nothing: leave it out")
        for name, options in RENAMED.items()
        for old, new in options.items()
    ]
    return (
        "\n## Old names\n\nOld names of options work for all of 0.x; the command prints a note on standard error.\n\n"
        + table(("command", "before", "now"), rows)
    )
