"""Which of lm-eval's metrics are compared, and its values as counts. It knows no request and no data set."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assay.errors import TaskError
from assay.tasks.task import Metric

if TYPE_CHECKING:
    from assay.tasks.lm_eval.shell import Shell

__all__ = ["MILLION", "Column", "columns", "counted", "plain"]

MILLION = 1_000_000
"""What a `mean` metric counts one prompt as."""
BINARY = frozenset({"acc", "acc_norm", "acc_bytes", "acc_mutual_info", "exact_match"})
"""0 or 1 for each document, where lm-eval itself computes them."""
UNBOUNDED = re.compile(
    r"(?:bleu|bleurt|rouge|chrf|ter|perplexity|likelihood|bits_per)(?!.*_acc$)", re.IGNORECASE
)
"""Beginnings of names of metrics that tasks average though they are no share of 1."""


@dataclass(frozen=True, slots=True)
class Column:
    """One of lm-eval's metrics under one of a task's filters, compared."""

    metric: Metric
    source: str
    """What lm-eval calls it."""
    filter: str


def columns(shell: Shell) -> tuple[Column, ...]:
    """What of a task is compared, in lm-eval's order, each metric under every filter; empty where nothing is."""
    from assay.tasks.lm_eval.shell import is_mean

    better = shell.higher_is_better()
    filters = [each.name for each in shell._filters]
    # A task that judges by its own function may give anything between 0 and 1 any name.
    by_function = callable(shell.config.process_results)
    compared = []
    for source, aggregation in shell.aggregation().items():
        if not is_mean(aggregation) or not better.get(source) or UNBOUNDED.match(source):
            continue
        for name in filters:
            single = len(filters) == 1
            title, metric_name = (source, source) if single else (f"{source}, {name}", f"{source}@{name}")
            kind = "binary" if source in BINARY and not by_function else "mean"
            metric = Metric(re.sub(r"[./\s]", "_", metric_name), kind, title)  # type: ignore[arg-type]
            compared.append(Column(metric, source, name))
    return tuple(compared)


def counted(column: Column, values: Mapping[str, Any], weight: int, where: str) -> tuple[int, int]:
    """(passed, out of) that a document's values give a metric; out of 1, or of `weight` where it is no pass or fail.

    Raises TaskError about `where` for a value that is missing or no number between 0 and 1.
    """
    value = values.get(column.source)
    number = plain(value)
    valid = isinstance(number, int | float) and 0 <= number <= 1
    binary = column.metric.kind == "binary" and weight == MILLION
    if not valid or (binary and number not in (0, 1)):
        given = repr(value) if column.source in values else "nothing"
        raise TaskError(
            f"lm-eval gives {given} as {column.source!r}, and only {'0 or 1' if binary else '0 to 1'} can be compared",
            place=where,
            fix="write a YAML of your own with `include:` that one and a `metric_list` without this metric",
        )
    if binary:
        return int(number), 1
    return round(number * weight), weight


def plain(value: Any) -> Any:
    """A value that JSON can hold: numpy's numbers as Python's, what is not finite as None, the rest as text."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    match value:
        case bool():
            return int(value)
        case float():
            return value if math.isfinite(value) else None
        case int() | str() | None:
            return value
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case Sequence():
            return [plain(item) for item in value]
        case _:
            return str(value)
