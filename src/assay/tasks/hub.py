"""Reads a task's examples from the hub, at the task's pinned commit. It knows no study and no engine.

    read_hub(Numeric("gsm8k"))        # with the extra `torch`; the network is needed the first time only

The files of that commit are fetched, or found in the hub's cache, and loaded from there. Not by the
name of the repository: offline, `load_dataset` would take whichever revision it loaded last.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
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
        from datasets import load_dataset
        from huggingface_hub import snapshot_download
    except ImportError as missing:
        raise _refusal(
            task, f"{missing.name or missing} is not installed (`pip install 'lora-assay[torch]'`)"
        ) from missing
    try:
        files = snapshot_download(data.repo, repo_type="dataset", revision=data.revision)
        return list(
            load_dataset(files, data.config, split=data.split, cache_dir=folder, keep_in_memory=True)
        )
    except Exception as bad:  # client, network, cache, formats: their errors share no other ancestor
        cause = " ".join(str(bad).split())
        raise _refusal(
            task, f"{data.repo} at {data.revision} gave none ({type(bad).__name__}: {cause[:300]})"
        ) from bad


def _refusal(task: Task, cause: str) -> TaskError:
    source = f" (to be had at {task.source})" if task.source else ""
    return TaskError(
        f"task {task.name!r}: no examples: {cause}; name a file of them in the study, "
        f"`{task.data_field}: FILE`{source}"
    )


def _write(rows: Iterable[Mapping[str, Any]], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as out:
        out.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
