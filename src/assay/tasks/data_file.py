"""Reads a task's data file into examples, and refuses a row that could not be judged. It knows no task.

    read_examples(path, lambda row: Example(row.key(), row.text("question"), {}))

Errors name file, line, field and value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from assay.errors import TaskError
from assay.rows import read_rows
from assay.tasks.task import Example

__all__ = ["Row", "named", "read_examples", "shown"]


@dataclass(frozen=True, slots=True)
class Row:
    """The fields of one row; each method raises TaskError where they are not as expected."""

    values: Mapping[str, Any]
    place: str
    """File and line, and what more there is to say."""
    position: int = 0
    """Among the rows, from 0."""

    def error(self, message: str, fix: str) -> TaskError:
        """An error about this row."""
        return TaskError(message, place=self.place, fix=fix)

    def wrong(self, name: str, fix: str) -> TaskError:
        """The error of a field that is missing or not as expected."""
        return self.error(f"`{name}` is {self.shown(name)}", fix)

    def shown(self, name: str, most: int = 80) -> str:
        """What a field holds, for a message."""
        if name in self.values:
            return shown(self.values[name], most)
        return f"missing (found: {named(self.values)})"

    def key(self, *names: str, required: bool = False) -> str:
        """The row's key: a text or a whole number in the first of these fields (`key`) that it has, else its position."""
        name = next((name for name in names if name in self.values), "key")
        key = self.values.get(name, None if required else self.position)
        if isinstance(key, bool) or not isinstance(key, int | str) or key == "":
            raise self.wrong(name, "write a text or a whole number")
        return str(key)

    def text(self, name: str, what: str = "the text of the question") -> str:
        """A text that is not blank."""
        value = self.values.get(name)
        if not isinstance(value, str) or not value.strip():
            raise self.wrong(name, f"write {what}")
        return value


def read_examples(
    path: Path, example: Callable[[Row], Example], *, distinct_prompts: bool = False
) -> tuple[Example, ...]:
    """An example of each row, in order; `data` holds the row's `cluster`, where it has one.

    Raises TaskError for a key, or a prompt, that occurs twice, and for no rows.
    """
    examples: list[Example] = []
    lines: dict[tuple[str, str], int] = {}
    for line, values in read_rows(path, TaskError):
        row = Row(values, f"{path}:{line}", len(examples))
        made = _with_cluster(example(row), row)
        examples.append(made)
        if ("cluster" in made.data) != ("cluster" in examples[0].data):
            raise row.error("`cluster` is in some rows and not in others", "give each row one, or none")
        for name, value in (("key", made.key), ("prompt", made.prompt))[: 1 + distinct_prompts]:
            if lines.setdefault((name, value), line) != line:
                same = f"the same {name} as on line {lines[name, value]} ({shown(value)})"
                raise row.error(same, "keep one, or give each its own")
    if not examples:
        raise TaskError("no examples", place=path, fix="one JSON object a line is expected, or a JSON array")
    return tuple(examples)


def _with_cluster(example: Example, row: Row) -> Example:
    cluster = row.values.get("cluster")
    if cluster is None:
        return example
    if isinstance(cluster, bool) or not isinstance(cluster, int | str) or cluster == "":
        raise row.wrong("cluster", "write a text or a whole number, the same for each wording of one request")
    return replace(example, data={**example.data, "cluster": str(cluster)})


def named(values: Iterable[str]) -> str:
    """Names of fields for a message, the first ones; `nothing` where there is none."""
    names = [name if len(name) <= 40 else f"{name[:40]}..." for name in values]
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "") or "nothing"


def shown(value: object, most: int = 60) -> str:
    """A value for a message, cut."""
    text = repr(value)
    return text if len(text) <= most else f"{text[:most]}..."
