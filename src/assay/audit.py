"""The main path: a study goes in, verdicts come out.

study -> tasks -> engines -> records -> scoring -> stats -> report
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from assay.binding import Bound, bind, bind_tasks
from assay.errors import RunError
from assay.records import Store
from assay.report import Gate, apply_gate, write_reports
from assay.report.files import write_text
from assay.scoring import score_records
from assay.study import Policy, Study, load_study
from assay.tasks import Task
from assay.verdicts import Result, claim_block, declare
from assay.verdicts import decide as find

__all__ = ["Progress", "decide", "gate", "open_result", "run"]

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much is done, and how much there is."""


def _silent(what: str, done: int, total: int) -> None:
    """Show nothing."""


def run(study: Study | Path | str, out: Path | str | None = None, progress: Progress = _silent) -> Result:
    """Audit a study: check it, collect responses, score them, decide, and write the reports to `out`.

    `out` defaults to `runs/<study's name>`. An interrupted run goes on where it stopped when it is run
    again. Raises AssayError before anything is written if the study or what it names is unusable.
    """
    bound = bind(study if isinstance(study, Study) else load_study(Path(study)))
    folder = Path(out) if out is not None else Path("runs") / bound.study.name
    with Store.write(folder) as store:
        _enter(bound, store, folder)
        _respond(bound, store, progress)
        return _judge(bound.study, bound.tasks, store, folder, progress)


def decide(folder: Path | str, progress: Progress = _silent) -> Result:
    """Score and decide a run again from its records alone, under the study in its folder."""
    folder = Path(folder)
    with Store.read(folder):
        study = _study_of(folder)
    tasks = bind_tasks(study)
    with Store.write(folder) as store:
        for name, task in tasks.items():
            task.check(store.examples(name))
        store.declare(claim_block(study, tasks, declare(study, tasks)))
        return _judge(study, tasks, store, folder, progress)


def open_result(folder: Path | str) -> Result:
    """The findings of a complete run, from its records; writes nothing.

    Raises RunError where there is no run, or it was interrupted.
    """
    folder = Path(folder)
    with Store.read(folder) as store:
        study = _study_of(folder)
        if not store.fact("complete"):
            raise RunError(
                f"{folder}: this run was interrupted; go on with `assay run STUDY.yaml --out {folder}`"
            )
        return find(study, bind_tasks(study), store)


def gate(folder: Path | str, policy: Policy | None = None) -> Gate:
    """The gate's outcome on a complete run, under the study's own policy unless another is given."""
    return apply_gate(open_result(folder), policy or _study_of(Path(folder)).gate)


def _study_of(folder: Path) -> Study:
    return load_study(folder / "study.yaml", check_files=False)


def _enter(bound: Bound, store: Store, folder: Path) -> None:
    """Stamp the claims and say what every name means, before the first response is there."""
    earlier = store.fact("study")
    if earlier is not None and earlier != bound.study.name:
        raise RunError(
            f"{folder}: holds a run of the study {earlier!r}, not {bound.study.name!r}; use another --out"
        )
    write_text(folder / "study.yaml", bound.study.text)
    facts: Mapping[str, Any] = {
        "study": bound.study.name,
        "complete": False,
        "responses_came_first": True,  # recorded; an engine that generates says otherwise
        "summary": bound.summary,
        "warnings": bound.warnings,
    }
    for name, value in facts.items():
        store.set_fact(name, value)
    store.declare(claim_block(bound.study, bound.tasks, bound.claims))
    for name, task in bound.tasks.items():
        store.bind_task(name, task.kind, bound.examples.get(name, ()))
    store.unbind()
    for cell in bound.cells:
        store.bind(cell.name, cell.task, cell.identity, cell.protocol)


def _respond(bound: Bound, store: Store, progress: Progress) -> None:
    """Bring in every response that the run does not hold yet."""
    wanted = []
    for cell in bound.cells:
        held = store.held(cell.name, cell.task)
        wanted += [ask for ask in bound.requests(cell) if (ask.example, ask.sample, ask.index) not in held]
    done = 0
    for size in store.append(bound.engine.complete(wanted)):
        done += size
        progress("responses", done, len(wanted))


def _judge(study: Study, tasks: Mapping[str, Task], store: Store, folder: Path, progress: Progress) -> Result:
    """Score what is not scored yet, decide, and write the reports."""
    for name, task in tasks.items():
        records, done = store.unscored(name, task.scorer), 0
        for size in score_records(task, store, records):
            done += size
            progress(f"scoring {name}", done, len(records))
    result = find(study, tasks, store)
    write_reports(result, folder)
    store.set_fact("complete", True)
    return result
