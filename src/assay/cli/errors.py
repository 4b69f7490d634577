"""How a command ends: errors as a user reads them, and exit codes."""

from __future__ import annotations

import sys
from typing import NoReturn

from assay.errors import AssayError
from assay.text import plain_lines

__all__ = ["EXIT_CODES", "INTERNAL", "INTERRUPTED", "USAGE", "fail", "fail_with"]

USAGE, INTERNAL, INTERRUPTED = 64, 70, 130
EXIT_CODES = {
    0: "The command is complete, whatever the verdicts. `gate` and `check`: every adapter passes. `inspect`: every adapter is usable. `compare`: no word changed. `verify`: nothing was altered. `parity`: the server serves what was audited.",
    1: "`gate` and `check`: an adapter fails. `inspect`: an adapter is unusable. `compare`: a word changed, or only one run has a claim. `verify`: something was altered. `parity`: the server serves something else.",
    2: "`gate` and `check`: no adapter fails, and at least one is undecided. `inspect`: no adapter is unusable, and at least one has warnings. `parity`: the server serves a close copy.",
    USAGE: "The command line is wrong, or a file, a model or a server cannot be used; the message says what to do.",
    INTERNAL: "An internal error: please report it.",
    INTERRUPTED: "Interrupted; the same command continues.",
}
"""What each exit code means."""


def fail(message: str, code: int) -> NoReturn:
    """Print a message on standard error and exit."""
    sys.stderr.write(f"assay: {plain_lines(message)}\n")
    sys.exit(code)


def fail_with(error: AssayError) -> NoReturn:
    """Print an error and exit with 64: its place in bold and its fix on a line of its own on a terminal."""
    from rich.console import Console

    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        fail(str(error), USAGE)
    from rich.text import Text

    for part in error.parts:
        line = Text("assay: ")
        if place := plain_lines(str(part.place)):
            line.append(f"{place}: ", style="bold")
        console.print(line.append(plain_lines(part.message)), soft_wrap=True)
        if part.fix:
            console.print(Text(f"       fix: {plain_lines(part.fix)}", style="green"), soft_wrap=True)
    sys.exit(USAGE)
