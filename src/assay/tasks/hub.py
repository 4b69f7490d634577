"""Reads a task's examples from the hub, at the task's pinned commit. It knows no study and no engine.

    read_hub(Numeric("gsm8k"))        # with the extra `torch`; needs the network the first time only

The files of that commit are fetched, or found in the hub's cache, and loaded from there. Not by the
name of the repository: offline, `load_dataset` would take whichever revision it loaded last.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from assay.errors import TaskError
from assay.tasks.task import Example, HubData, Task

__all__ = ["read_hub"]


def read_hub(task: Task) -> tuple[Example, ...]:
    """The examples at the task's pin, as `task.read` reads them from a file of the same rows.

    Raises TaskError with the cause, the field of the study that names a file instead, and its source.
    """
    data = task.hub
    if data is None:
        raise _refusal(task, "they are nowhere on the hub")
    with TemporaryDirectory(prefix="assay-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "rows.jsonl"
        _write(_rows(task, data, folder), path)
        try:
            return task.read(path)
        except TaskError as bad:
            where = f"{data.repo} at {data.revision}, {data.split}"
            raise TaskError(str(bad).replace(str(path), where)) from None


def _rows(task: Task, data: HubData, folder: str) -> list[Mapping[str, Any]]:
    """Every row of the split; `folder` keeps what is made on the way."""
    try:
        import datasets
        import huggingface_hub
    except ImportError as missing:
        raise _refusal(
            task, f"{missing.name or missing} is not installed (`pip install 'lora-assay[torch]'`)"
        ) from missing

    def load(local: bool) -> list[Mapping[str, Any]]:
        files = huggingface_hub.snapshot_download(
            data.repo, repo_type="dataset", revision=data.revision, local_files_only=local
        )
        return list(
            datasets.load_dataset(files, data.config, split=data.split, cache_dir=folder, keep_in_memory=True)
        )

    # Client, network, cache and formats: their errors have no ancestor of their own.
    with _without_bars(datasets):
        try:
            try:
                return load(local=True)
            except (OSError, ValueError):  # the cache lacks the commit, or some file of it
                return load(local=False)
        except Exception as bad:
            raise _refusal(task, f"{data.repo} at {data.revision} gave none ({_cause(bad)})") from bad


@contextmanager
def _without_bars(datasets: Any) -> Iterator[None]:
    """A thousand rows are read in no time; a download keeps its bar, which is the client's."""
    shown = not datasets.are_progress_bars_disabled()
    datasets.disable_progress_bars()
    try:
        yield
    finally:
        if shown:
            datasets.enable_progress_bars()


def _cause(error: BaseException) -> str:
    """What it all began with: the last error only says that something failed."""
    while error.__cause__ is not None:
        error = error.__cause__
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"


def _refusal(task: Task, cause: str) -> TaskError:
    source = f" (to be had at {task.source})" if task.source else ""
    return TaskError(
        f"task {task.name!r}: no examples: {cause}",
        fix=f"name a file of them in the study, `{task.data_field}: FILE`{source}",
    )


def _write(rows: Iterable[Mapping[str, Any]], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as out:
        out.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
