"""Logs of other tools in one form: rows of responses, and the model that the log names.

A log that does not say which adapter wrote it is refused, with what to add; so is a log that contradicts the stated
model, or mixes several protocols.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from assay.engines import Row
from assay.engines.recorded import read_responses
from assay.engines.recorded.lm_eval import LoggedModel, named_model, read_samples, results_model
from assay.errors import ResponsesError
from assay.interop.importers.every_eval_ever import read_instances
from assay.interop.importers.inspect_logs import read_inspect
from assay.rows import read_csv

__all__ = ["FORMATS", "Log", "check_pair", "name_of", "read_log"]

LONGEST = 200
"""Characters of a subject's name in a message."""
SHOWN = 60
"""Characters of a prompt in a message."""
Read = tuple[Iterable[Row], LoggedModel]


@dataclass(frozen=True, slots=True)
class Log:
    """One subject's responses to one task, as a log has them."""

    rows: tuple[Row, ...]
    model: LoggedModel
    """Whose they are; `adapter` None: the base's."""
    path: Path
    """The file that was read."""


def log_file(form: str, path: Path) -> Path:
    """The log itself; of lm-eval, the only samples log where `path` is a folder."""
    if form != "lm-eval" or not path.is_dir():
        return path
    logs = sorted(path.rglob("samples_*.jsonl")) or sorted(
        path.rglob("*.jsonl")
    )  # before 0.4.3 without the word
    if len(logs) != 1:
        names = ", ".join(str(log.relative_to(path)) for log in logs[:5]) or "none"
        raise ResponsesError(
            f"one samples_*.jsonl is expected in this folder, found {names}", place=path, fix="name the file"
        )
    return logs[0]


def _samples(path: Path) -> Read:
    return read_samples(path), results_model(path) or LoggedModel(str(path), None, None)


def _responses(path: Path) -> Read:
    return read_responses(path), LoggedModel(str(path), None, None)


def _csv(path: Path) -> Read:
    return read_responses(path, read_csv), LoggedModel(str(path), None, None)


FORMATS: Mapping[str, Callable[[Path], Read]] = {
    "lm-eval": _samples,
    "inspect": read_inspect,
    "every-eval-ever": read_instances,
    "csv": _csv,
    "jsonl": _responses,
    "json": _responses,
    "parquet": _responses,
}
"""What `assay import` reads: the rows of a log, and the model that it names."""


def read_log(form: str, path: Path, stated: str | None) -> Log:
    """A log, read whole and checked within itself. Raises ResponsesError.

    `stated` is what lm-eval's `model_args` would have been, where the log does not say it.
    """
    if form not in FORMATS:
        raise ResponsesError("unknown", place=f"format {form!r}", fix=f"choose one of {', '.join(FORMATS)}")
    if not path.exists():
        raise ResponsesError("cannot be read: no such file", place=path)
    path = log_file(form, path)
    read, logged = FORMATS[form](path)
    rows, model = tuple(read), logged if stated is None else _stated(logged, path, stated)
    if not rows:
        raise ResponsesError("no response in this file", place=path)
    if model.base is None:
        raise ResponsesError(
            "does not say which model wrote the responses",
            place=model.place,
            fix='add `--model-args "pretrained=BASE"` for the base, or `--model-args "pretrained=BASE,peft=ADAPTER"` '
            "for an adapter",
        )
    _check_rows(path, rows)
    return Log(rows, model, path)


def _stated(logged: LoggedModel, path: Path, stated: str) -> LoggedModel:
    """What was stated, where the log does not say otherwise; a served name says neither."""
    model = named_model(f"--model-args for {path.name}", stated)
    named = logged.base is not None and not logged.served
    if named and (logged.base, logged.adapter) != (model.base, model.adapter):
        raise ResponsesError(
            f"says that {logged} answered, and --model-args says {model}",
            place=logged.place,
            fix=f"correct --model-args, or give the log of {model}",
        )
    return model


def _check_rows(path: Path, rows: Sequence[Row]) -> None:
    first: dict[tuple[str, int], Row] = {}
    for row in rows:
        earlier = first.setdefault((name_of(row), row.sample), row)
        if earlier is not row:
            raise ResponsesError(
                f"second response to {name_of(row)[:SHOWN]!r}, first on line {earlier.line}",
                place=f"{path}:{row.line}",
                fix="keep one",
            )
    if len(limits := sorted({row.limits for row in rows})) > 1:
        raise ResponsesError(
            f"mixed protocols: {len(limits)} sets of generation arguments in one log ({limits[0][:SHOWN]} "
            f"and {limits[1][:SHOWN]})",
            place=path,
            fix="record all responses in one way",
        )
    if len({row.sent is None for row in rows}) > 1:
        raise ResponsesError(
            "mixed protocols: some rows give the prompt as sent and others do not", place=path
        )
    samples = Counter(name_of(row) for row in rows)
    fewest = min(samples, key=lambda name: samples[name])
    if samples[fewest] < (most := max(samples.values())):
        raise ResponsesError(
            f"{most} responses to most prompts and {samples[fewest]} to {fewest[:SHOWN]!r}",
            place=path,
            fix="the log may be cut off: give a whole one",
        )


def name_of(row: Row) -> str:
    """What tells an example from others within one log: its key, else its prompt, else what was sent."""
    return next((text for text in (row.key, row.prompt, row.sent) if text is not None), "")


def check_pair(ours: Log, theirs: Log, adapter: str, base: str, path: Path) -> None:
    """Compare an adapter's log with its base's. Raises ResponsesError where their prompts or protocols differ."""
    adapter, base = adapter[:LONGEST], base[:LONGEST]
    mine, other = ({(name_of(row), row.sample): row for row in log.rows} for log in (ours, theirs))
    if unpaired := sorted(mine.keys() ^ other.keys()):
        name, sample = unpaired[0]
        side = adapter if unpaired[0] in mine else base
        raise ResponsesError(
            f"{len(unpaired)} responses of {adapter!r} and its base {base!r} have no counterpart, the first to "
            f"{name[:SHOWN]!r} (sample {sample}) of {side!r}",
            place=path,
            fix="a gain compares the same prompts: give whole logs of both",
        )
    for (name, sample), row in mine.items():
        counterpart = other[name, sample]
        for what, left, right in (
            ("prompts", row.prompt, counterpart.prompt),
            ("prompts as sent", row.sent, counterpart.sent),
            ("generation arguments", row.limits, counterpart.limits),
        ):
            if left != right:
                raise ResponsesError(
                    f"{what} of {adapter!r} differ from those of its base {base!r} at {name[:SHOWN]!r} "
                    f"({str(left)[:SHOWN]!r} against {str(right)[:SHOWN]!r})",
                    place=f"{path}:{row.line}",
                    fix="a gain compares equal protocols only: record both sides in one way",
                )
