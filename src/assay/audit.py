"""The main path: a study goes in, verdicts come out.

study -> tasks -> engines -> records -> scoring -> stats -> report
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Unpack

from assay.asking import ask
from assay.binding import bind, bind_tasks
from assay.engines import PreflightFunction
from assay.plan import Policy
from assay.progress import Progress, silent
from assay.records import Store
from assay.report import Gate, apply_gate, write_reports
from assay.runs import check_folder, enter, opened, policy_digest, study_of
from assay.runs.check import (
    CheckSettings,
    folder_of,
    in_options,
    preflight_once,
    refuse_adapter,
    study_of_one,
)
from assay.scoring import score_task
from assay.scoring.judge import JudgeContext, with_judge_answers
from assay.stopping import check as check_looks
from assay.study import Study, load_study
from assay.tasks import Task
from assay.verdicts import Result, claim_block, declare
from assay.verdicts import decide as find

__all__ = ["Checked", "check", "decide", "gate", "open_result", "report", "run"]


def run(
    study: Study | Path | str,
    out: Path | str | None = None,
    progress: Progress = silent,
    engine: PreflightFunction | None = None,
    until: Literal["full", "decided"] | None = None,
) -> Result:
    """Audit a study: check it, collect responses, score them, decide, and write the reports to `out`.

    `out` defaults to `runs/<study's name>`. An interrupted run goes on where it stopped when it is run
    again, and generates only what is missing. `engine` replaces the one that the study names: in tests,
    `assay.engines.Fake(...).preflight`. `until` is the study's `stop`, but for a run that stopped early: there
    `"full"` goes on to the last prompt, and verdicts still allow for the looks taken. Raises AssayError, with a run that is already there left as it
    was, if the study or what it names is unusable.
    """
    study = study if isinstance(study, Study) else load_study(Path(study))
    if until == "decided" and study.stop.when == "full":
        study = study.stopping("decided")
    bound = bind(study, engine)
    folder = Path(out) if out is not None else Path("runs") / bound.study.name
    check_folder(folder)
    with Store.write(folder) as store:
        check_looks(bound, store)
        enter(bound, store, folder)
        ask(bound, store, progress, to_the_end=until == "full")
        judging = JudgeContext(bound.study.judge, progress)
        return _judge(bound.study, bound.tasks, store, folder, judging)


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found."""

    result: Result
    gate: Gate
    """Under the default policy."""
    folder: Path
    """Of the run: its records and reports."""


def check(
    adapter: Path | str,
    base: Path | str,
    label: str,
    out: Path | str | None = None,
    progress: Progress = silent,
    engine: PreflightFunction | str | None = None,
    **settings: Unpack[CheckSettings],
) -> Checked:
    """Test one adapter against its label on IFEval and GSM8K, and apply the default gate.

    adapter, base: a folder or a hub id. out: the run's folder, `runs/check-<adapter's name>` by default; an
    interrupted check continues there. engine: an engine's name, as in a study, or what replaces it, as in `run`.
    Raises AssayError, before anything is written, if anything that it names is unusable, the adapter included.
    """
    name, preflight = (engine, None) if engine is None or isinstance(engine, str) else (None, engine)
    with in_options():
        study = study_of_one(adapter, base, label, name, **settings)
        preflight = preflight_once(study, preflight)
        refuse_adapter(study, preflight)
        folder = folder_of(adapter, out)
        result = run(study, folder, progress, preflight)
    return Checked(result, apply_gate(result, study.gate), folder)


def decide(folder: Path | str, progress: Progress = silent) -> Result:
    """Score and decide a run again from its records alone, under the study in its folder.

    Claims, margins, labels, recipes, verifier modes and the policy may have been edited there. Raises
    RunError where there is no run, responses are missing, or what was run is not what the study says.
    """
    folder = Path(folder)
    with Store.read(folder):
        pass  # there is a run
    with Store.write(folder) as store:
        study = study_of(folder, store)
        tasks = bind_tasks(study, folder)
        block = claim_block(study, tasks, declare(study, tasks))
        for name, task in tasks.items():
            task.check(store.examples(name))
        with store.transaction():
            store.set_fact("complete", False)
            store.declare(block)
        return _judge(
            study, tasks, store, folder, JudgeContext(progress=progress)
        )  # a judge is not asked again


def open_result(folder: Path | str) -> Result:
    """The findings of a complete run, from its records; writes nothing. Raises RunError as `opened` does."""
    with opened(Path(folder)) as (study, tasks, store):
        return find(study, tasks, store)


def report(folder: Path | str) -> Result:
    """The findings of a complete run, and its reports written anew. Raises RunError as `opened` does."""
    folder = Path(folder)
    with opened(folder) as (study, tasks, store):
        result = find(study, tasks, store)
        write_reports(result, folder, study, tasks, store)
        return result


def gate(folder: Path | str, policy: Policy | None = None) -> Gate:
    """The gate's outcome on a complete run, under the study's own policy unless another is given."""
    with opened(Path(folder)) as (study, tasks, store):
        return apply_gate(find(study, tasks, store), policy or study.gate)


def _judge(
    study: Study, tasks: Mapping[str, Task], store: Store, folder: Path, judging: JudgeContext
) -> Result:
    """Score what is not scored yet, decide, and write the reports."""
    for name, task in tasks.items():
        ready, records = with_judge_answers(task, store, store.unscored(name, task.scorer), judging)
        for done, total in score_task(ready, store, records):
            judging.progress(f"scoring {name}", done, total)
    result = find(study, tasks, store)
    write_reports(result, folder, study, tasks, store)
    store.set_fact("policy", policy_digest(study))
    store.set_fact("complete", True)
    return result
