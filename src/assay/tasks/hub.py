"""Reads data sets of the hub by the files of one commit. It knows no study and no engine.

    read_hub(Numeric("gsm8k"))        # with the extra `torch`; needs the network the first time only

The files of that commit are fetched, or found in the hub's cache, and loaded from there. Not by the
name of the repository: offline, `load_dataset` would take whichever revision it loaded last.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from assay.errors import TaskError
from assay.tasks.task import Example, HubData, Task

__all__ = ["hub_rows", "no_progress_bars", "read_hub"]

_COMMIT = re.compile("[0-9a-f]{40}")


def read_hub(task: Task) -> tuple[Example, ...]:
    """The examples at the task's pin, as `task.read` reads them from a file of the same rows.

    Raises TaskError with the cause, the field of the study that names a file instead, and its source.
    """
    data = task.hub
    try:
        if data is None:
            raise TaskError("they are not on the hub")
        rows = hub_rows(data)
    except TaskError as bad:
        source = f" (from {task.source})" if task.source else ""
        raise TaskError(
            f"task {task.name!r}: no examples: {bad}",
            fix=f"name a file of them in the study, `{task.data_field}: FILE`{source}",
        ) from bad
    with TemporaryDirectory(prefix="assay-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "rows.jsonl"
        with path.open("w", encoding="utf-8", newline="\n") as out:
            out.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        try:
            return task.read(path)
        except TaskError as bad:
            line = str(bad.place).removeprefix(str(path))
            where = f"{data.repo} at {data.revision}, {data.split}{line}"
            raise TaskError(f"{where}: {bad.message}", fix=bad.fix) from None


def hub_rows(data: HubData, limit: int | None = None) -> list[Mapping[str, Any]]:
    """The rows of a split, the first `limit` of them; a cached commit needs no network. Raises TaskError."""
    try:
        import datasets
        import huggingface_hub
    except ImportError as missing:
        name = missing.name or missing
        raise TaskError(f"{name} is not installed (`pip install 'lora-assay[torch]'`)") from missing

    def load(local: bool) -> list[Mapping[str, Any]]:
        files = huggingface_hub.snapshot_download(
            data.repo, repo_type="dataset", revision=data.revision, local_files_only=local
        )
        with TemporaryDirectory(prefix="assay-", ignore_cleanup_errors=True) as folder:
            rows = datasets.load_dataset(
                files, data.config, split=data.split, cache_dir=folder, keep_in_memory=True
            )
            return list(rows if limit is None else rows.select(range(min(limit, len(rows)))))

    # Client, network, cache and formats: their errors have no common base class.
    with no_progress_bars():
        try:
            if data.revision and _COMMIT.fullmatch(data.revision):
                try:
                    return load(local=True)
                except (OSError, ValueError):  # the cache lacks the commit, or some file of it
                    pass
            return load(local=False)
        except Exception as bad:
            at = f" at {data.revision}" if data.revision else ""
            raise TaskError(f"{data.repo}{at} gave no rows ({_cause(bad)})") from bad


@contextmanager
def no_progress_bars() -> Iterator[None]:
    """Without the progress bars of `datasets`; a download keeps its bar, which is the client's."""
    import datasets

    enabled = not datasets.are_progress_bars_disabled()
    datasets.disable_progress_bars()
    try:
        yield
    finally:
        if enabled:
            datasets.enable_progress_bars()


def _cause(error: BaseException) -> str:
    """The first cause: the last error only says that something failed."""
    while error.__cause__ is not None:
        error = error.__cause__
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
