"""Between asking and scoring: the judge's answers about a task's responses, so that scoring them stays pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from assay.engines.openai.http import Server
from assay.engines.openai.pool import spread
from assay.plan import JudgeSettings
from assay.records import Store
from assay.scoring.judge.client import Client, open_server
from assay.scoring.judge.ledger import Entry, Ledger
from assay.tasks import Example, Task
from assay.tasks.judged import JudgedTask

__all__ = ["JudgeContext", "missing_judgements", "with_judge_answers"]

NO_JUDGE = (
    "no judge: the study names none, and no rule decides these responses; add `judge: {model: ..., url: ...}` "
    "and run the study again"
)


def _silent(what: str, done: int, total: int) -> None:
    """Show nothing."""


@dataclass(frozen=True, slots=True)
class JudgeContext:
    """What judging the responses of a run needs."""

    folder: Path
    """The run's."""
    judge: JudgeSettings | None = None
    """To be asked what it has not answered yet; None: what it answered before has to do."""
    progress: Callable[[str, int, int], object] = _silent
    server: Callable[[JudgeSettings], Server] = field(default=open_server)
    """Opens the judge's server; tests give their own."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """Something that a response has to be judged by."""

    example: Example
    question: str


def with_judge_answers(
    task: Task, store: Store, records: Sequence[int], context: JudgeContext
) -> tuple[Task, list[int]]:
    """The task with a judge's answers at hand, and those of these records that it can then score.

    A task that needs no judge is left as it is. Why others cannot be scored is kept for `missing_judgements`. Raises
    EngineError where the judge's server does not answer: what it answered before is kept.
    """
    if not isinstance(task, JudgedTask):
        return task, list(records)
    if task.judge_identity is None or not records:
        _note(store, task, NO_JUDGE if records else "")
        return task, []
    examples = {example.key: example for example in store.examples(task.name)}
    asked = {
        record: _Asked(examples[key], task.question(examples[key], text))
        for record, key, text in store.judged(records)
    }
    with Ledger.open(context.folder) as ledger:
        _bring(task, {one.question: one for one in asked.values()}, ledger, context)
        found = {one.question: _found(task, one, ledger) for one in asked.values()}
    answers = {question: text for question, (text, why) in found.items() if text is not None and not why}
    lacking = {question: why for question, (_, why) in found.items() if question not in answers}
    _note(store, task, _told(lacking, len(found)) if lacking else "")
    return task.answered(answers), [record for record, one in asked.items() if one.question in answers]


def missing_judgements(store: Store, task: Task) -> str:
    """Why some of a task's responses have no score under its present judge; empty where all have."""
    noted = (store.fact("unjudged") or {}).get(task.name)
    return str(noted["reason"]) if noted and noted["scorer"] == task.scorer else ""


def _bring(task: JudgedTask, asked: Mapping[str, _Asked], ledger: Ledger, context: JudgeContext) -> None:
    """Ask what the judge has not answered yet, or not so that it can be read."""
    missing = [one for one in asked.values() if _found(task, one, ledger)[1]]
    if not missing or context.judge is None:
        return
    server = context.server(context.judge)
    client = Client(context.judge, server)

    def ask(one: _Asked) -> Entry:
        said = client.ask(one.question, task.again(one.example), lambda text: not _fault(task, one, text))
        return Entry(dict(task.judge_identity or {}), one.question, said.answers, said.refused, said.model)

    try:
        entries: Iterator[Entry] = spread(ask, missing, server.valve.width, server.close)
        for done, entry in enumerate(entries, 1):
            ledger.add(entry)
            context.progress(f"judging {task.name}", done, len(missing))
    finally:
        server.close()


def _found(task: JudgedTask, one: _Asked, ledger: Ledger) -> tuple[str | None, str]:
    """The judge's answer to a question, and what is wrong with it."""
    entry = ledger.get(task.judge_identity or {}, one.question)
    if entry is None:
        return None, "it was not asked"
    if entry.answer is None:
        return None, entry.refused or "it gave no answer"
    return entry.answer, _fault(task, one, entry.answer)


def _fault(task: JudgedTask, one: _Asked, answer: str) -> str:
    """Why an answer cannot be read; empty where it can."""
    try:
        task.verdict(one.example, answer)
    except ValueError as bad:
        return f"its answer cannot be read: {bad}"
    return ""


def _told(lacking: Mapping[str, str], asked: int) -> str:
    reasons = list(dict.fromkeys(lacking.values()))
    more = f", and {len(reasons) - 1} other reasons" if len(reasons) > 1 else ""
    return (
        f"the judge gave no verdict on {len(lacking):,} of {asked:,} responses: {reasons[0]}{more}; run the study "
        f"again to ask it again"
    )


def _note(store: Store, task: JudgedTask, reason: str) -> None:
    """Keep why some responses have no score, or that all can have one."""
    noted = dict(store.fact("unjudged") or {})
    noted.pop(task.name, None)
    if reason:
        noted[task.name] = {"scorer": task.scorer, "reason": reason}
    store.set_fact("unjudged", noted)
