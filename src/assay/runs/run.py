"""A run: a plan under way or done, its folder, its records and its events.

    with Run.start(resolve("study.yaml"), "runs/mine") as run:
        run.generate()
        run.score()
        result = run.analyze()

    with Run.open("runs/mine") as run:                  # no weights, no hub; writes nothing
        run.state, len(run.events())

It knows no report: `assay.report` writes reports from a result and the run.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from assay.errors import RunError
from assay.plan import Plan, claim_block
from assay.progress import Progress, silent
from assay.records import Event, Manifest, Store
from assay.runs.evidence import RunEvidence
from assay.runs.folder import (
    check_analyzed,
    check_folder,
    check_generated,
    enter,
    folder_of_run,
    policy_digest,
)
from assay.runs.generate import generate
from assay.runs.heartbeat import beats, heartbeat
from assay.runs.resolve import plan_of
from assay.runs.stages import check_schedule
from assay.runs.tasks import resolve_tasks
from assay.runs.workload import Work
from assay.scoring import score_task
from assay.scoring.judge import JudgeContext, with_judge_answers
from assay.study import load_study
from assay.tasks import Task
from assay.verdicts import Result, analyze
from assay.verdicts.notebook import text
from assay.verdicts.rule import RULE

__all__ = ["Run", "State", "resolved_again"]

State = Literal["running", "stopped", "complete", "failed"]


class Run:
    """A run and its verbs, made by `Run.start` or `Run.open`; a context manager, closed at the end of its block."""

    def __init__(self, folder: Path, plan: Plan, tasks: Mapping[str, Task], records: Store) -> None:
        self.folder = folder
        self.plan = plan
        self.tasks = tasks
        """The plan's tasks by name, with their verifiers."""
        self.records = records
        self.evidence = RunEvidence(records, tasks)
        """The records as an analysis and a report read them."""
        self._closing = ExitStack()

    @classmethod
    def start(cls, plan: Plan, folder: Path | str | None = None) -> Self:
        """Start a run of a plan in a folder, by default `runs/<study's name>`; an existing run of the plan is resumed.

        Raises RunError or OutputError, and leaves the folder unchanged, if it holds something else, another study's run,
        or a run that another process writes to.
        """
        folder = folder_of_run(plan, folder)
        work = _work(plan)
        check_folder(folder)
        with ExitStack() as opening:
            store = opening.enter_context(Store.write(folder))
            opening.enter_context(heartbeat(folder))
            check_schedule(plan, work, store)
            enter(plan, work, store, folder)
            run = cls(folder, plan, work.tasks, store)
            opening.enter_context(run._noting_failure())
            run._closing = opening.pop_all()
        return run

    @classmethod
    def open(cls, folder: Path | str, write: bool = False) -> Self:
        """Open a run under the study in its folder, for reading, or to score and analyze again.

        Raises RunError where there is no run, and StudyError if the study there was edited and is malformed.
        """
        folder = Path(folder)
        with ExitStack() as opening:
            store = opening.enter_context(Store.read(folder))
            if write:
                opening.close()
                store = opening.enter_context(Store.write(folder))
            run = cls(folder, *resolved_again(folder, store), store)
            run._closing = opening.pop_all()
        return run

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.__exit__(kind, error, trace)

    def close(self) -> None:
        """Close the records."""
        self._closing.close()

    # -- what is known ---------------------------------------------------------------------------------

    @property
    def state(self) -> State:
        """`running`, `stopped`, `complete` or `failed`; a run is running while its heartbeat is recent."""
        if self.manifest().analyzed:
            return "complete"
        if beats(self.folder):
            return "running"
        return "failed" if self.manifest().ended == "failed" else "stopped"

    def events(self, since: int = 0) -> list[Event]:
        """The events after the one with this id, in order."""
        return self.records.events(since)

    def manifest(self) -> Manifest:
        """The state that follows from all events so far."""
        return self.records.manifest

    def check_generated(self) -> None:
        """Raise RunError unless every response is stored and belongs to the study in the folder."""
        check_generated(self.plan, self.records, self.folder)

    def check_analyzed(self) -> None:
        """Raise RunError unless the run is complete under its present claims, policy and verifiers."""
        check_analyzed(self.plan, self.tasks, self.records, self.folder)

    def _repr_html_(self) -> str:
        """Its state, and its findings once it is complete, for notebooks."""
        state = f"<p>Run of {text(self.plan.name)} in {text(self.folder)}: <b>{self.state}</b></p>"
        return state + (self.analyze()._repr_html_() if self.state == "complete" else "")

    # -- verbs -----------------------------------------------------------------------------------------

    def generate(self, progress: Progress = silent, to_the_end: bool = False) -> None:
        """Generate or read every response that is missing; after an interruption, generation continues where it stopped.

        With `stop: decided` it ends when every verdict is settled, unless `to_the_end` is true.
        """
        generate(self.plan, _work(self.plan), self.records, progress, to_the_end)

    def redeclare(self) -> None:
        """Use the claims, margins, labels and policy that the study in the folder has now."""
        self.check_generated()
        for name, task in self.tasks.items():
            task.require(self.records.examples(name))
        with self.records.transaction():
            self.records.note("analyzing")
            self.records.declare(claim_block(self.plan))

    def score(self, progress: Progress = silent) -> None:
        """Score every record that has no score. A judge is asked only in a run that was started, not in one that was opened."""
        judge = self.plan.judge if self.plan.work is not None else None
        context = JudgeContext(judge, progress)
        for name, task in self.tasks.items():
            records = self.records.unscored(name, task.scorer)
            ready, scorable = with_judge_answers(task, self.records, records, context)
            for done, total in score_task(ready, self.records, scorable):
                progress(f"scoring {name}", done, total)

    def analyze(self) -> Result:
        """Every finding: a pure function of the plan and the records."""
        return analyze(self.plan, self.evidence)

    def finish(self) -> None:
        """Record that the findings were reported under the present policy."""
        self.records.note("analyzed", policy_sha256=policy_digest(self.plan.policy), rule=RULE)

    @contextmanager
    def _noting_failure(self) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            with suppress(sqlite3.Error):  # such as a full disk, which may be what ended it
                if isinstance(error, KeyboardInterrupt):
                    self.records.note("stopped")
                else:
                    self.records.note("failed", error=str(error) or repr(error))
            raise


def resolved_again(folder: Path, records: Store) -> tuple[Plan, dict[str, Task]]:
    """The plan of a run, and its tasks, by the study in its folder. Raises StudyError if that was edited and is malformed."""
    study = load_study(folder / "study.yaml", check_files=False)
    tasks = resolve_tasks(study, folder)
    known = records.manifest
    plan = replace(
        plan_of(study, tasks), summary=known.summary, warnings=known.warnings, problems=known.problems
    )
    return plan, tasks


def _work(plan: Plan) -> Work:
    if not isinstance(plan.work, Work):
        raise RunError(
            f"the plan of {plan.name!r} was read from a run, and says nothing of engines and files",
            fix="start a run with a plan made by `assay.resolve(study)`",
        )
    return plan.work
