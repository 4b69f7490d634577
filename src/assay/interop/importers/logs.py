"""Logs of other tools, in one form: rows as they answered, and which model the log says wrote them.

A log that does not say which adapter wrote it is refused, with what to add; so is one that says another
than was stated, or was asked in more ways than one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from assay.engines import Row, read_responses
from assay.errors import ResponsesError
from assay.interop.importers.every_eval_ever import read_instances
from assay.interop.importers.inspect_logs import read_inspect
from assay.interop.importers.lm_eval import LoggedModel, logged_model, named_model, read_samples
from assay.rows import read_csv

__all__ = ["FORMATS", "Log", "check_pair", "read_log"]

SHOWN = 60
"""Characters of a prompt in a message."""


@dataclass(frozen=True, slots=True)
class Log:
    """One subject's responses to one task, as a log has them."""

    rows: tuple[Row, ...]
    model: LoggedModel
    """Whose they are; `adapter` None: the base's."""


def _lm_eval(path: Path, stated: str | None) -> Log:
    path = _samples_of(path)
    rows, found = tuple(read_samples(path)), logged_model(path, stated)
    return Log(rows, found if stated is None else _agreed(found, path, stated))


def _agreed(found: LoggedModel, path: Path, stated: str) -> LoggedModel:
    """What was stated, where the log does not say otherwise."""
    model = named_model(f"--model-args for {path.name}", stated)
    if found.base is not None and (found.base, found.adapter) != (model.base, model.adapter):
        raise ResponsesError(
            f"{found.place}: says that {_words(found)} answered, and --model-args says {_words(model)}; correct "
            f"--model-args, or give the log of {_words(model)}"
        )
    return model


def _words(model: LoggedModel) -> str:
    return f"{model.adapter!r} on {model.base!r}" if model.adapter else f"the base {model.base!r} alone"


def _plain(read: Callable[[Path], Iterable[Row]]) -> Callable[[Path, str | None], Log]:
    """Of a format that never says whose the responses are."""

    def log(path: Path, stated: str | None) -> Log:
        rows = tuple(read(path))
        if stated is None:
            raise ResponsesError(
                f"{path}: nothing in this format says which model wrote the responses; add "
                f'`--model-args "pretrained=BASE"` for the base, or `--model-args "pretrained=BASE,peft=ADAPTER"`'
            )
        return Log(rows, named_model(f"--model-args for {path.name}", stated))

    return log


def _told(read: Callable[[Path], tuple[Sequence[Row], LoggedModel]]) -> Callable[[Path, str | None], Log]:
    """Of a format that says something of the model."""

    def log(path: Path, stated: str | None) -> Log:
        rows, found = read(path)
        if stated is None:
            return Log(tuple(rows), found)
        return Log(tuple(rows), _agreed(found, path, stated))

    return log


FORMATS: Mapping[str, Callable[[Path, str | None], Log]] = {
    "lm-eval": _lm_eval,
    "inspect": _told(read_inspect),
    "every-eval-ever": _told(read_instances),
    "csv": _plain(lambda path: read_responses(path, read_csv)),
    "jsonl": _plain(read_responses),
}
"""What `assay import` reads: a log and the stated model arguments, as a Log."""


def _samples_of(path: Path) -> Path:
    """The samples log itself, or the only one in a folder."""
    if not path.is_dir():
        return path
    found = sorted(path.rglob("samples_*.jsonl"))
    if len(found) != 1:
        names = ", ".join(str(one.relative_to(path)) for one in found[:5]) or "none"
        raise ResponsesError(
            f"{path}: one samples_*.jsonl is expected in this folder, found {names}; name the file"
        )
    return found[0]


def read_log(form: str, path: Path, stated: str | None) -> Log:
    """A log, read whole and checked within itself. Raises ResponsesError.

    `stated` is what lm-eval's `model_args` would have been, where the log does not say it.
    """
    if form not in FORMATS:
        raise ResponsesError(f"format {form!r}: unknown; choose one of {', '.join(FORMATS)}")
    if not path.exists():
        raise ResponsesError(f"{path}: cannot be read: no such file")
    log = FORMATS[form](path, stated)
    if not log.rows:
        raise ResponsesError(f"{path}: no response in this file")
    _check_rows(path, log.rows)
    return log


def _check_rows(path: Path, rows: Sequence[Row]) -> None:
    first: dict[tuple[str, int], Row] = {}
    for row in rows:
        earlier = first.setdefault((name_of(row), row.sample), row)
        if earlier is not row:
            raise ResponsesError(
                f"{path}:{row.line}: second response to {name_of(row)[:SHOWN]!r}, first on line {earlier.line}; keep one"
            )
    if len(limits := sorted({row.limits for row in rows})) > 1:
        raise ResponsesError(
            f"{path}: mixed protocols: {len(limits)} sets of generation arguments in one log ({limits[0][:SHOWN]} "
            f"and {limits[1][:SHOWN]}); record all responses in one way"
        )
    if len({row.sent is None for row in rows}) > 1:
        raise ResponsesError(f"{path}: mixed protocols: some rows give the prompt as sent and others do not")
    samples: dict[str, int] = {}
    for row in rows:
        samples[name_of(row)] = samples.get(name_of(row), 0) + 1
    if len(set(samples.values())) > 1:
        fewest = min(samples, key=lambda name: samples[name])
        raise ResponsesError(
            f"{path}: {max(samples.values())} responses to most prompts and {samples[fewest]} to {fewest[:SHOWN]!r}; "
            f"the log may be cut off: give a whole one"
        )


def name_of(row: Row) -> str:
    """What tells an example from others within one log: its key, else its prompt, else what was sent."""
    return next((text for text in (row.key, row.prompt, row.sent) if text is not None), "")


def check_pair(ours: Log, theirs: Log, adapter: str, base: str, path: Path) -> None:
    """Hold an adapter's log against its base's. Raises ResponsesError where they were not asked the same."""
    mine, other = ({(name_of(row), row.sample): row for row in log.rows} for log in (ours, theirs))
    if odd := sorted(mine.keys() ^ other.keys()):
        name, sample = odd[0]
        side = adapter if odd[0] in mine else base
        raise ResponsesError(
            f"{path}: {len(odd)} responses of {adapter!r} and its base {base!r} have no counterpart, the first to "
            f"{name[:SHOWN]!r} (sample {sample}) of {side!r}; a gain compares the same prompts: give whole logs of both"
        )
    for place, row in mine.items():
        for what, left, right in (
            ("prompts", row.prompt, other[place].prompt),
            ("prompts as sent", row.sent, other[place].sent),
            ("generation arguments", row.limits, other[place].limits),
        ):
            if left != right:
                raise ResponsesError(
                    f"{path}:{row.line}: {what} of {adapter!r} differ from those of its base {base!r} at "
                    f"{place[0][:SHOWN]!r} ({str(left)[:SHOWN]!r} against {str(right)[:SHOWN]!r}); a gain compares "
                    f"equal protocols only: record both sides in one way"
                )
