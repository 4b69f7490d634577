"""Scores one file of responses with one task's verifier: no study, no store, no statistics."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from assay.engines import Recorded, Source, read_responses
from assay.errors import AssayError
from assay.files import write_text
from assay.progress import Progress, silent
from assay.tasks import Example, Score, Task, find_task, task_names
from assay.tasks.judged import JudgedTask
from assay.tasks.task import Answer
from assay.tasks.wordings import first_wordings, most_wordings

__all__ = ["score_file", "task_of"]


def score_file(
    kind: str,
    responses: Path,
    data: Mapping[str, Path | None],
    *,
    mode: str | None = None,
    after: str | None = None,
    draw: tuple[int | None, int] | None = None,
    out: Path | None = None,
    progress: Progress = silent,
) -> dict[str, float | int]:
    """Score every response in a file; returns each metric with its numbers of prompts and checks.

    `data` holds the prompt or example file by the task's own field name. A task that draws its own examples
    needs no file: `draw` is their number and their seed. Where nothing follows `after`, or a thought never closes, the
    response is judged as empty and counted as `without_answer`. A file that names clusters gives `reliable@2` and so on.
    With `out`, a line of detail for each response is written there. Raises AssayError.
    """
    task = task_of(kind, mode)
    examples = _examples(task, data, draw)
    task.require(examples)
    source = Source(responses, read_responses, after)
    engine = Recorded({("", kind): source}, {kind: examples}, tasks={kind: task})
    by_key = {example.key: example for example in examples}
    answers: dict[tuple[str, int], list[Answer]] = {}
    unclosed = 0
    for example, recorded in engine.rows("", kind):
        answers.setdefault((example.key, recorded.sample), []).append(Answer(recorded.scored_text))
        unclosed += bool(recorded.skip) and not recorded.scored_text.strip()
    repeated = any(sample for _, sample in answers)
    scores: list[tuple[dict[str, Any], Score]] = []
    for done, ((key, sample), given) in enumerate(answers.items(), 1):
        row = {"key": key, "sample": sample} if repeated else {"key": key}
        example = by_key[key]
        several = len(task.turns(example)) > 1
        scores.append(
            (row, task.score_answers(example, given) if several else task.score(example, given[0].text))
        )
        progress(f"scoring {kind}", done, len(answers))
    if out is not None:
        lines = (json.dumps(row | dict(score.detail), ensure_ascii=False) for row, score in scores)
        write_text(out, "".join(f"{line}\n" for line in lines))
    totals = _totals(task, len(examples), [score for _, score in scores])
    totals |= task.averages([by_key[row["key"]] for row, _ in scores], [score for _, score in scores])
    if not repeated:
        totals |= _reliable(task, examples, {row["key"]: score for row, score in scores})
    return totals | ({"without_answer": unclosed} if unclosed else {})


def task_of(kind: str, mode: str | None = None) -> Task:
    """A task by its name or its file, to score with. Raises AssayError if it is unknown or needs a judge."""
    task_class = find_task(kind)
    if task_class is None:
        known = ", ".join(task_names())
        raise AssayError(f"unknown task {kind!r}", fix=f"choose one of {known}, or a file: `./{kind}.yaml`")
    if issubclass(task_class, JudgedTask):
        raise AssayError(
            f"task {kind!r} needs a judge", fix="put it into a study that names one, `judge: {model: ...}`"
        )
    if mode is not None and mode not in task_class.modes:
        raise AssayError(
            f"task {kind!r} has no mode {mode!r}", fix=f"choose one of {', '.join(task_class.modes)}"
        )
    return task_class(kind, mode)


def _examples(
    task: Task, data: Mapping[str, Path | None], draw: tuple[int | None, int] | None
) -> tuple[Example, ...]:
    path = data.get(task.data_field) or task.data
    surplus = [name for name, value in data.items() if value is not None and name != task.data_field]
    drawn = None if path or surplus else task.draw(*(draw or (None, 0)))
    if drawn is not None:
        return drawn
    if path is None or surplus:
        raise AssayError(
            f"task {task.kind!r} reads its data from --{task.data_field} FILE",
            fix="give that option, and no other",
        )
    if draw is not None:
        raise AssayError(
            "all of it is scored, and nothing is drawn",
            place=path,
            fix="leave out --limit and --seed, or the file",
        )
    return task.read(path)


def _reliable(task: Task, examples: Sequence[Example], scores: Mapping[str, Score]) -> dict[str, float]:
    """`reliable@k` of the primary metric, where the file names clusters: the share whose first k wordings all pass."""
    if task.metrics[0].kind != "binary":
        return {}
    rates = {}
    for k in range(2, most_wordings(examples) + 1):
        clusters = first_wordings(examples, k)
        keys = [[examples[position].key for position in positions] for positions in clusters]
        reliable = [all(scores[key].passed[0] for key in wordings) for wordings in keys]
        rates[f"reliable@{k}"] = sum(reliable) / len(reliable)
    return rates


def _totals(task: Task, examples: int, scores: list[Score]) -> dict[str, float | int]:
    totals: dict[str, float | int] = {}
    for index, metric in enumerate(task.metrics):
        passed = sum(score.passed[index] for score in scores)
        totals[metric.name] = passed / sum(score.out_of[index] for score in scores)
    totals[task.data_field] = examples
    for index, metric in enumerate(task.metrics):
        if metric.kind == "ratio":
            totals.setdefault("instructions", sum(score.out_of[index] for score in scores))
    return totals
