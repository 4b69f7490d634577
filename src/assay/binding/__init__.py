"""Binds a study to tasks and to what answers, and checks all of it before anything is written.

It knows no store and loads no weights: what it returns says who will be asked what, under which
protocol, and how to open what answers.

    bound  -> what a bound study is        tasks     -> the study's tasks and their examples
    recorded -> files of responses         generated -> weights, looked at by an engine's preflight
"""

from __future__ import annotations

from dataclasses import replace

from assay.binding.bound import Bound, Cell, Round
from assay.binding.generated import generated
from assay.binding.recorded import recorded
from assay.binding.tasks import bind_examples, bind_tasks, data_notes
from assay.engines import PreflightFunction, find_preflight
from assay.engines.recorded.summary import read_summary
from assay.errors import EngineError, StudyError
from assay.study import Study
from assay.tasks import Task
from assay.verdicts import declare

__all__ = ["Bound", "Cell", "Round", "bind", "bind_tasks"]


def bind(study: Study, preflight: PreflightFunction | None = None) -> Bound:
    """Find and check everything that the study names. Raises AssayError; writes nothing.

    `preflight` replaces the preflight of the engine that the study names.
    """
    tasks = bind_tasks(study)
    claims = declare(study, tasks)
    if study.summary is not None:
        return Bound(study, tasks, {}, claims, summary=_summary(study, tasks))
    known = bind_examples(study, tasks)
    examples = {entry.name: known[entry.name][: entry.limit] for entry in study.tasks}
    if study.engine.name == "recorded":
        found = recorded(study, examples, known)
    else:
        found = generated(study, tasks, examples, preflight or _find_preflight(study))
    found = replace(found, problems=(*found.problems, *data_notes(study, tasks)))
    return Bound(study, tasks, examples, claims, found)


def _find_preflight(study: Study) -> PreflightFunction:
    try:
        return find_preflight(study.engine.name)
    except EngineError as bad:
        raise StudyError(str(bad), place=study.locate("engine")) from bad


def _summary(study: Study, tasks: dict[str, Task]) -> dict[str, dict[str, float]]:
    metrics = [f"{name}.{metric.name}" for name, task in tasks.items() for metric in task.metrics]
    subjects = [base.name for base in study.bases] + [adapter.name for adapter in study.adapters]
    return read_summary(study.resolve(study.summary or ""), subjects, metrics)
