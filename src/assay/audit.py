"""The main path: a study goes in, verdicts come out.

    resolve -> start -> generate -> score -> analyze -> report

It knows no model, no format and no statistic: each belongs to a package of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal, Unpack

from assay.engines import PreflightFunction
from assay.plan import Plan, Policy
from assay.planning import BudgetChoice, Forecast, Guesses, forecast, recorded_choice, resolve_within
from assay.progress import Progress, silent
from assay.report import Gate, apply_gate, read_verdicts, write_reports
from assay.runs import Run
from assay.runs.check import CheckSettings, check_study, folder_of, in_options, resolve_check
from assay.runs.folder import folder_of_run
from assay.runs.outline import outline
from assay.runs.resolve import resolve
from assay.study import Study
from assay.verdicts import Result
from assay.verdicts.rule import changed_words

__all__ = ["Checked", "check", "decide", "gate", "open_result", "plan", "report", "run"]


def run(
    study: Study | Path | str,
    out: Path | str | None = None,
    progress: Progress = silent,
    engine: PreflightFunction | None = None,
    until: Literal["full", "decided"] | None = None,
) -> Result:
    """Audit a study: check it, generate or read responses, score and analyze them, and write the reports to `out`.

    `out` defaults to `runs/<study's name>`. An interrupted run resumes when it is run again, and
    generates only what is missing. `engine` replaces the one that the study names: in tests,
    `assay.engines.Fake(...).preflight`. `until` replaces the study's `stop.when`; a run that stopped early continues to
    the last prompt with `"full"`, and verdicts still allow for the looks taken. Raises AssayError, and leaves an existing
    run unchanged, if the study or what it names is unusable.
    """
    return _audit(resolve(study, engine, until), out, progress, to_the_end=until == "full")


def _audit(
    plan: Plan,
    out: Path | str | None,
    progress: Progress,
    to_the_end: bool = False,
    choice: BudgetChoice | None = None,
) -> Result:
    before = read_verdicts(folder_of_run(plan, out))
    with Run.start(plan, out) as run:
        if choice is not None and recorded_choice(run.folder) is None:
            run.records.note("budget", **asdict(choice))
        run.generate(progress, to_the_end)
        run.score(progress)
        return _report(run, before)


def _report(run: Run, before: Mapping[str, Any] | None) -> Result:
    """Analyze, write the reports, and note that the run is complete. before: `verdicts.json` as it was."""
    result = _written(run, before)
    run.finish()
    return result


def _written(run: Run, before: Mapping[str, Any] | None) -> Result:
    result = run.analyze()
    if before is not None:
        result = replace(result, warnings=(*changed_words(before, result), *result.warnings))
    write_reports(result, run.plan, run.evidence, run.folder)
    return result


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found."""

    result: Result
    gate: Gate
    """Under the default policy."""
    folder: Path
    """Of the run: its records and reports."""
    budget: BudgetChoice | None = None
    """What was chosen for a time budget; None without one."""


def check(
    adapter: Path | str,
    base: Path | str,
    label: str,
    out: Path | str | None = None,
    progress: Progress = silent,
    engine: PreflightFunction | str | None = None,
    budget: float | None = None,
    **settings: Unpack[CheckSettings],
) -> Checked:
    """Test one adapter against its label on IFEval and GSM8K, and apply the default gate.

    adapter, base: a folder or a hub id. out: the run's folder, `runs/check-<adapter's name>` by default; an
    interrupted check continues there. engine: an engine's name, as in a study, or what replaces it, as in `run`.
    budget: seconds that the check may take; it uses as many prompts as fit, and stops when every claim is settled. Raises AssayError, before anything is written, if an input is unusable, the adapter included.
    """
    with in_options():
        study, preflight = check_study(adapter, base, label, engine, **settings)
        folder, choice = folder_of(adapter, out), None
        if budget is None:
            plan = resolve_check(study, preflight)
        else:
            resolving = partial(resolve_check, study, preflight)
            plan, choice = resolve_within(resolving, budget, folder, progress)
        result = _audit(plan, folder, progress, choice=choice)
    return Checked(result, apply_gate(result, plan.policy), folder, choice)


def decide(folder: Path | str, progress: Progress = silent) -> Result:
    """Score and decide a run again from its records alone, under the study in its folder.

    Claims, margins, labels, recipes, verifier modes and the policy may have been edited there. Raises RunError if there
    is no run, if responses are missing, or if the study is not the one of the run.
    """
    with Run.open(folder, write=True) as run:
        before = read_verdicts(run.folder)
        run.redeclare()
        run.score(progress)
        return _report(run, before)


def open_result(folder: Path | str) -> Result:
    """The findings of a complete run, from its records; writes nothing. Raises RunError if it is not complete."""
    with Run.open(folder) as run:
        run.check_analyzed()
        return run.analyze()


def report(folder: Path | str) -> Result:
    """The findings of a complete run, with its reports written again. Raises RunError if it is not complete."""
    with Run.open(folder) as run:
        run.check_analyzed()
        return _written(run, read_verdicts(run.folder))


def gate(folder: Path | str, policy: Policy | None = None) -> Gate:
    """The gate's outcome on a complete run, under the study's own policy unless another is given."""
    with Run.open(folder) as run:
        run.check_analyzed()
        run.plan = replace(run.plan, policy=policy or run.plan.policy)
        return apply_gate(run.analyze(), run.plan.policy)


def plan(
    study: Study,
    trial: bool = False,
    engine: PreflightFunction | None = None,
    progress: Progress = silent,
    guesses: Guesses | None = None,
    pilot: Path | None = None,
) -> Forecast:
    """Power, cost, the expected stop and, with `trial`, the run time estimated from a short trial.

    `engine` replaces the one that the study names. `pilot` is the folder of a run of some of the study's prompts; it
    replaces the guesses where it has figures. Raises StudyError if the study names a task or metric that does not
    exist, or a label that claims nothing, and RunError if the pilot is not a run.
    """
    return forecast(outline(study, engine, whole=trial), progress, guesses, pilot)
