"""The state of a run's folder: entering a study into it, and opening it again for what it is.

The records are the truth. `study.yaml` beside them may be edited to decide again under other margins,
claims or policies; what the responses depend on may not: then the study must be run again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from assay.binding import Bound, bind_tasks
from assay.binding.tasks import keep_tasks
from assay.errors import OutputError, RunError
from assay.files import write_text
from assay.records import Store, digest
from assay.scoring.judge import missing_judgements
from assay.study import Study, load_study
from assay.tasks import Task
from assay.verdicts import claim_block, declare

__all__ = ["Opened", "check_folder", "enter", "opened", "policy_digest", "study_of"]

FINDINGS = ("verdicts.json", "report.md", "report.html")
Opened = tuple[Study, Mapping[str, Task], Store]


def check_folder(folder: Path) -> None:
    """Raise OutputError if a run in this folder would overwrite what is not a run's."""
    if (folder / "study.yaml").exists() and not (folder / "records.sqlite").exists():
        raise OutputError(f"{folder / 'study.yaml'}: is no run's copy and would be lost; use another folder")
    for name in ("study.yaml", "records.sqlite", ".lock", *FINDINGS):
        if (folder / name).exists() and not (folder / name).is_file():
            raise OutputError(f"{folder / name}: is no file; move it away, or use another folder")


def enter(bound: Bound, store: Store, folder: Path) -> None:
    """Stamp the claims and say what every name means, before the first response is there; all or nothing.

    Raises RunError, with the run as it was, if it is another study's or its tasks had other examples.
    """
    study = bound.study
    earlier = store.fact("study")
    if earlier is not None and earlier != study.name:
        raise RunError(
            f"{folder}: holds a run of the study {earlier!r}, not {study.name!r}; use another folder"
        )
    facts: Mapping[str, Any] = {
        "study": study.name,
        "measured": digest(_measured(study)),
        "complete": False,
        "responses_complete": False,
        "responses_came_first": not bound.generates,
        "summary": bound.summary,
        "warnings": bound.found.warnings,
        "problems": [[one.severity, one.subject, one.message] for one in bound.found.problems],
        "absent": {
            one.subject: ["not measured", one.message]
            for one in bound.found.problems
            if one.severity == "error"
        },
    }
    with store.transaction():
        for name, task in bound.tasks.items():
            store.bind_task(name, task.kind, bound.examples.get(name, ()))
        for name, value in facts.items():
            store.set_fact(name, value)
        store.declare(claim_block(study, bound.tasks, bound.claims))
        store.unbind()
        for cell in bound.cells():
            store.bind(cell.name, cell.task, cell.identity, cell.protocol)
    for findings in FINDINGS:  # of before: no longer this run's
        (folder / findings).unlink(missing_ok=True)
    keep_tasks(study, bound.tasks, folder)
    write_text(folder / "study.yaml", study.text)


def study_of(folder: Path, store: Store) -> Study:
    """The study in a run's folder. Raises RunError if its responses are not all there, or are not this study's."""
    study = load_study(folder / "study.yaml", check_files=False)
    if not store.fact("responses_complete"):
        raise RunError(
            f"{folder}: some responses are missing: this run was interrupted, or is still going on; "
            f"go on with `assay run STUDY.yaml --out {folder}`"
        )
    if store.fact("measured") != digest(_measured(study)):
        raise RunError(
            f"{folder / 'study.yaml'}: names another study, or other subjects, files, tasks, limits or decoding, than was run; "
            f"run the study itself again, into this folder"
        )
    return study


@contextmanager
def opened(folder: Path) -> Iterator[Opened]:
    """A complete run, for reading.

    Raises RunError where there is none, it was interrupted, its claims or its gate were changed since it
    was decided, or a newer verifier has not scored it yet.
    """
    with Store.read(folder) as store:
        study = study_of(folder, store)
        tasks = bind_tasks(study, folder)
        again = f"decide again with `assay decide {folder}`"
        if not store.fact("complete"):
            raise RunError(f"{folder}: not decided to the end; {again}")
        unscored = [name for name, task in tasks.items() if store.unscored(name, task.scorer)]
        if stale := [name for name in unscored if not missing_judgements(store, tasks[name])]:
            raise RunError(
                f"{folder}: {', '.join(stale)} was scored by another verifier than this one; {again}"
            )
        if store.declared()[-1].sha256 != digest(claim_block(study, tasks, declare(study, tasks))):
            raise RunError(
                f"{folder / 'study.yaml'}: its claims were changed since the run was decided; {again}"
            )
        if store.fact("policy") != policy_digest(study):
            raise RunError(
                f"{folder / 'study.yaml'}: its `gate` was changed since the run was decided; {again}"
            )
        yield study, tasks, store


def policy_digest(study: Study) -> str:
    """Of the gate's policy that the reports were written under."""
    return digest(study.gate.model_dump(mode="json", exclude_defaults=True))


def _measured(study: Study) -> dict[str, Any]:
    """What the responses depend on, as the study says it.

    Fields at their defaults are left out, so that a field of a later version changes nothing here.
    """

    def said(part: Any, *apart: str) -> Any:
        return part.model_dump(mode="json", exclude=set(apart), exclude_defaults=True)

    subjects = (*study.bases, *study.adapters)
    return {
        "name": study.name,
        "subjects": [said(subject, "label", "recipe", "seed", "settings") for subject in subjects],
        "tasks": [said(task, "mode", "margin") for task in study.tasks],
        "decoding": said(study.decoding),
        "engine": said(study.engine),
        "summary": study.summary,
    }
