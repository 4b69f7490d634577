"""Obtains the judge's answers about a task's responses before they are scored, so that scoring stays pure.

It knows no verifier: the task writes the questions and reads the answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from assay.engines.server.pool import spread
from assay.plan import JudgeSettings
from assay.progress import Progress, silent
from assay.records import Judgement, Store
from assay.scoring.judge.client import Client, open_server
from assay.tasks import Example, Task
from assay.tasks.judged import JudgedTask

if TYPE_CHECKING:
    from assay.engines.server.http import Server

__all__ = ["JudgeContext", "missing_judgements", "with_judge_answers"]

NO_JUDGE = (
    "no judge: the study names none, and no rule decides these responses; add `judge: {model: ..., url: ...}` "
    "and run the study again"
)


@dataclass(frozen=True, slots=True)
class JudgeContext:
    """The judge of a run and how to reach it."""

    judge: JudgeSettings | None = None
    """Gets the questions that it has not answered yet; None: only earlier answers are used."""
    progress: Progress = silent
    server: Callable[[JudgeSettings], Server] = field(default=open_server)
    """Opens the judge's server; tests inject their own."""


@dataclass(frozen=True, slots=True)
class _Question:
    """One question about a response."""

    example: Example
    text: str


def with_judge_answers(
    task: Task, store: Store, records: Sequence[int], context: JudgeContext
) -> tuple[Task, list[int]]:
    """The task with a judge's answers, and those of these records that it can then score.

    A task that needs no judge is returned unchanged. Why other records cannot be scored is stored for
    `missing_judgements`. Raises EngineError where the judge's server does not answer; earlier answers are kept.
    """
    if not isinstance(task, JudgedTask):
        return task, list(records)
    if task.judge_identity is None or not records:
        _note(store, task, NO_JUDGE if records else "")
        return task, []
    examples = {example.key: example for example in store.examples(task.name)}
    questions = {
        record: _Question(examples[key], task.question(examples[key], text))
        for record, key, text in store.judged(records)
    }
    distinct = {question.text: question for question in questions.values()}
    _ask_missing(task, list(distinct.values()), store, context)
    answers: dict[str, str] = {}
    faults: dict[str, str] = {}
    for question in distinct.values():
        answer, fault = _known(task, question, store)
        if fault:
            faults[question.text] = fault
        else:
            answers[question.text] = answer
    _note(store, task, _missing(faults, len(distinct)) if faults else "")
    return task.with_judge_answers(answers), [
        record for record, question in questions.items() if question.text in answers
    ]


def missing_judgements(store: Store, task: Task) -> str:
    """Why some of a task's responses have no score under its present judge; empty where all have one."""
    noted = store.manifest.judge.get(task.name)
    return noted["reason"] if noted and noted["scorer"] == task.scorer else ""


def _ask_missing(
    task: JudgedTask, questions: Sequence[_Question], store: Store, context: JudgeContext
) -> None:
    """Send the questions that the judge has not answered yet, or whose answer cannot be parsed."""
    missing = [question for question in questions if _known(task, question, store)[1]]
    if not missing or context.judge is None:
        return
    server = context.server(context.judge)
    client = Client(context.judge, server)

    def ask(question: _Question) -> Judgement:
        return client.ask(
            question.text, task.reminder(question.example), lambda text: not _fault(task, question, text)
        )

    try:
        for done, judgement in enumerate(spread(ask, missing, server.valve.width, server.close), 1):
            store.judgements.add(judgement)
            context.progress(f"judging {task.name}", done, len(missing))
    finally:
        server.close()


def _known(task: JudgedTask, question: _Question, store: Store) -> tuple[str, str]:
    """The judge's answer to a question, and why it cannot be used."""
    judgement = store.judgements.get(task.judge_identity or {}, question.text)
    if judgement is None:
        return "", "it was not asked"
    if judgement.answer is None:
        return "", judgement.refused or "it gave no answer"
    return judgement.answer, _fault(task, question, judgement.answer)


def _fault(task: JudgedTask, question: _Question, answer: str) -> str:
    """Why an answer cannot be parsed; empty where it can."""
    try:
        task.verdict(question.example, answer)
    except ValueError as bad:
        return f"its answer cannot be read: {bad}"
    return ""


def _missing(faults: Mapping[str, str], questions: int) -> str:
    reasons = list(dict.fromkeys(faults.values()))
    more = f", and {len(reasons) - 1} other reasons" if len(reasons) > 1 else ""
    return (
        f"the judge gave no verdict on {len(faults):,} of {questions:,} responses: {reasons[0]}{more}; run the study "
        f"again to ask it again"
    )


def _note(store: Store, task: JudgedTask, reason: str) -> None:
    """Record why some responses have no score, or that all can have one."""
    before = store.manifest.judge.get(task.name) or {}
    now = {"scorer": task.scorer, "reason": reason} if reason else {}
    if dict(before) != now:
        store.note("judge", task=task.name, scorer=task.scorer, reason=reason)
