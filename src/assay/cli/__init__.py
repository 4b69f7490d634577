"""The command line: one file for each command. Each imports what it needs when it runs, so that `--help` is quick.

app        -> what commands share      errors -> how a command ends      interrupt -> what Ctrl-C leaves
progress, show, tables -> what is printed
"""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any, NoReturn, TextIO

import typer

from assay import __version__
from assay.cli import (
    check,
    compare,
    decide,
    demo,
    doctor,
    export,
    gate,
    import_,
    init,
    inspect,
    parity,
    plan,
    registry,
    report,
    run,
    schema,
    score,
    tasks,
    train,
    verify,
    view,
    watch,
)
from assay.cli.app import command
from assay.cli.errors import INTERNAL, INTERRUPTED, USAGE, fail, fail_with
from assay.cores import share_cores
from assay.errors import AssayError, OutputError

__all__ = ["app", "main"]

app = typer.Typer(
    help="Test LoRA adapters against their labels. To see what that means: `assay demo --recorded`.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
COMMANDS: dict[str, Callable[..., None]] = {
    "demo": demo.demo,
    "init": init.init,
    "inspect": inspect.inspect,
    "plan": plan.plan,
    "run": run.run,
    "check": check.check,
    "decide": decide.decide,
    "report": report.report,
    "gate": gate.gate,
    "view": view.view,
    "compare": compare.compare,
    "import": import_.import_,
    "export": export.export,
    "verify": verify.verify,
    "parity": parity.parity,
    "registry": registry.registry,
    "watch": watch.watch,
    "score": score.score,
    "schema": schema.schema,
    "tasks": tasks.tasks,
    "train": train.train,
    "doctor": doctor.doctor,
}
"""In the order of the help."""
RENAMED: dict[str, dict[str, str]] = {
    "demo": {"--keep": "--out", "--study": "--recipe"},
    "import": {"--into": "--out"},
    "plan": {"--no-trial": ""},
}
"""Options that people have written down, and their names now; they work for all of 0.x."""
for _name, _function in COMMANDS.items():
    command(app, _function, _name, RENAMED.get(_name, {}))


def main() -> NoReturn:
    """Entry point. Exits with 0, 1, 2 as the command says, 64 for bad usage or input, 70, or 130."""
    sys.stdout = _Output(sys.stdout or Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - until the end
    share_cores()
    try:
        code = app(standalone_mode=False)
        sys.stdout.flush()
    except AssayError as error:
        fail_with(error)
    except KeyboardInterrupt:
        fail("interrupted; the same command continues", INTERRUPTED)
    except Exception as error:
        _fail_otherwise(error)
    sys.exit(code if isinstance(code, int) else 0)


def _fail_otherwise(error: Exception) -> NoReturn:
    """Exit as a command does that was interrupted, was given in a wrong way, or fails by a defect."""
    from assay.cli.interrupt import Stopped

    if isinstance(error, Stopped):
        fail(str(error), INTERRUPTED)
    if hasattr(error, "format_message"):  # bad usage, from the command line parser
        context = getattr(error, "ctx", None)
        hint = f"\nTry `{context.command_path} --help`." if context else ""
        fail(error.format_message() + hint, USAGE)
    if type(error).__name__ == "Abort":
        fail("interrupted; the same command continues", INTERRUPTED)
    if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
        fail(f"{error.filename}: {error.strerror}; correct the path", USAGE)
    traceback.print_exception(error)
    fail("internal error; please report the lines above", INTERNAL)


class _Output:
    """Standard output that nobody may read: once the reader is gone, what is left is dropped.

    So that a command keeps its exit code: `assay gate RUN | head -1` must not read as a failed gate.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        self._try(lambda: self._stream.write(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        self._try(self._stream.flush)

    def _try(self, act: Callable[[], object]) -> None:
        try:
            act()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())
        except OSError as bad:
            os.dup2(
                os.open(os.devnull, os.O_WRONLY), self._stream.fileno()
            )  # what is buffered is lost anyway
            raise OutputError(f"cannot be written: {bad.strerror}", place="standard output") from None


def _version(given: bool) -> None:
    if given:
        sys.stdout.write(f"assay {__version__}\n")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Test LoRA adapters against their labels. To see what that means: `assay demo --recorded`."""
