"""The command line. Each command imports what it needs when it runs, so that `--help` is quick."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn, TextIO

import typer

from assay import __version__
from assay.cli import before, demo, exchange, train  # noqa: F401 - their commands come first in the help
from assay.cli.app import Json, RunFolder, Stopped, app, print_json
from assay.errors import AssayError, OutputError

__all__ = ["app", "main"]

USAGE, INTERNAL, INTERRUPTED = 64, 70, 130


def main() -> NoReturn:
    """Entry point. Exits with 0, 1, 2 as the command says, 64 for bad usage or input, 70, or 130."""
    sys.stdout = _Output(sys.stdout or Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - until the end
    try:
        code = app(standalone_mode=False)
        sys.stdout.flush()
    except AssayError as error:
        _fail(str(error), USAGE)
    except Stopped as error:
        _fail(str(error), INTERRUPTED)
    except KeyboardInterrupt:
        _fail("interrupted; run the same command again to go on", INTERRUPTED)
    except Exception as error:
        if hasattr(error, "format_message"):  # bad usage, from the command line parser
            context = getattr(error, "ctx", None)
            hint = f"\nTry `{context.command_path} --help`." if context else ""
            _fail(error.format_message() + hint, USAGE)
        if type(error).__name__ == "Abort":
            _fail("interrupted; run the same command again to go on", INTERRUPTED)
        traceback.print_exc()
        _fail("internal error; please report the lines above", INTERNAL)
    sys.exit(code if isinstance(code, int) else 0)


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
            raise OutputError(f"standard output: cannot be written: {bad.strerror}") from None


def _fail(message: str, code: int) -> NoReturn:
    from assay.text import plain_lines

    sys.stderr.write(f"assay: {plain_lines(message)}\n")
    sys.exit(code)


def _version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"assay {__version__}\n")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Test LoRA adapters against their labels."""


@app.command()
def run(
    study: Annotated[Path, typer.Argument(metavar="STUDY.yaml", help="The study file.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder for records and reports. [runs/<study's name>]")
    ] = None,
    until: Annotated[
        Literal["full", "decided"] | None,
        typer.Option(
            help="Stop as soon as every claim is settled, or go on to the last prompt. [the study's `stop`]"
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Audit a study: collect responses, score, decide, report. Resumes by itself."""
    from assay import audit
    from assay.cli.following import follow
    from assay.cli.show import show_result
    from assay.study import load_study

    loaded = load_study(study)
    folder = out or Path("runs") / loaded.name
    with follow(folder) as progress:
        result = audit.run(loaded, folder, progress, until=until)
    show_result(result, folder, json)


@app.command()
def decide(folder: RunFolder, json: Json = False) -> None:
    """Score and decide a run again, from its records alone."""
    from assay import audit
    from assay.cli.progress import show_progress
    from assay.cli.show import show_result

    with show_progress() as progress:
        result = audit.decide(folder, progress)
    show_result(result, folder, json)


@app.command()
def report(folder: RunFolder, json: Json = False) -> None:
    """Write a run's reports again and print the summary."""
    from assay import audit
    from assay.cli.show import show_result

    show_result(audit.report(folder), folder, json)


@app.command()
def gate(
    folder: RunFolder,
    policy: Annotated[Path | None, typer.Option(help="Policy file. [the study's `gate`]")] = None,
    junit: Annotated[Path | None, typer.Option(help="Write JUnit XML to this file.")] = None,
    json: Json = False,
) -> None:
    """Apply the gate to a run's verdicts: exit 0 pass, 1 fail, 2 undecided."""
    from dataclasses import asdict

    from assay import audit
    from assay.cli.show import show_gate
    from assay.files import write_text
    from assay.report import to_junit
    from assay.study import load_policy

    outcome = audit.gate(folder, load_policy(policy) if policy else None)
    if junit:
        write_text(junit, to_junit(outcome, folder.resolve().name))
    if json:
        print_json(asdict(outcome))
    else:
        show_gate(outcome)
    raise typer.Exit(outcome.exit_code)


@app.command()
def score(
    task: Annotated[str, typer.Argument(help="Kind of task (see `assay tasks`), or a task's own file.")],
    responses: Annotated[
        Path, typer.Argument(help="JSONL with `response`, and `key` or the exact `prompt`.")
    ],
    prompts: Annotated[Path | None, typer.Option(help="The task's prompt file.")] = None,
    examples: Annotated[Path | None, typer.Option(help="The task's example file.")] = None,
    mode: Annotated[str | None, typer.Option(help="How to verify: reference or fixed.")] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="So many examples, where the task draws its own.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Likewise, the seed of the draw. [0]")] = None,
    after: Annotated[str | None, typer.Option(help="Judge what follows the first such mark.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write a line of scores for each response.")] = None,
    json: Json = False,
) -> None:
    """Judge recorded responses, without a study."""
    from assay.cli.progress import show_progress
    from assay.cli.show import show_scores
    from assay.scoring.file import score_file

    with show_progress() as progress:
        totals = score_file(
            task,
            responses,
            {"prompts": prompts, "examples": examples},
            mode=mode,
            after=after,
            draw=None if limit is None and seed is None else (limit, seed or 0),
            out=out,
            progress=progress,
        )
    if json:
        print_json(totals)
    else:
        show_scores(task, totals)


@app.command()
def tasks(json: Json = False) -> None:
    """List the tasks that can be measured."""
    from assay.cli.show import show_tasks
    from assay.tasks import find_task, task_names

    listed = [
        {
            "task": name,
            "capability": task.capability,
            "data": task.data_field,
            "source": task.source,
            "modes": list(task.modes),
            "metrics": [metric.name for metric in task.metrics],
            "max_tokens": task.form.max_tokens,
            "shots": task.form.shots,
            "stop": list(task.form.stop),
        }
        for name in task_names()
        if (task := find_task(name)) is not None
    ]
    if json:
        print_json(listed)
    else:
        show_tasks(listed)
