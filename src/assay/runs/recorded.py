"""The workloads of a study whose responses were recorded: files, each checked as a whole against its task.

It generates nothing and scores nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

from assay.engines import Prompt, Recorded, Row, Source, read_responses
from assay.engines.recorded.lm_eval import LoggedModel, check_models, logged_model, read_samples
from assay.errors import Place, ResponsesError, StudyError
from assay.files import file_sha256
from assay.records import digest
from assay.rows import read_csv
from assay.runs.workload import BaseGroup, Responses, Workload
from assay.study import ResponseFile, Study
from assay.tasks import Example, Task
from assay.tasks.task import Request

__all__ = ["recorded"]

READERS: dict[str, Callable[[Path], Iterator[Row]]] = {
    **dict.fromkeys(("jsonl", "json", "parquet"), read_responses),
    "csv": partial(read_responses, read=read_csv),
    "lm-eval": read_samples,
}


def recorded(
    study: Study,
    tasks: Mapping[str, Task],
    examples: Mapping[str, Sequence[Example]],
    known: Mapping[str, Sequence[Example]],
) -> Responses:
    """One group of every subject on every task for which it has a file.

    `known` also holds the examples beyond a task's limit: rows that answer one of these are skipped.
    Raises ResponsesError where a file and its examples do not agree one to one.
    """
    sources = _sources(study)
    engine = Recorded(
        sources, examples, {name: known[name][len(asked) :] for name, asked in examples.items()}, tasks
    )
    identities = _identities(study, sources)
    found = [_workload(study, engine, task, identities[subject]) for subject, task in sources]
    workloads = tuple(workload for workload, _, _ in found)
    _check_protocols(study, workloads)
    warnings = [warning for _, _, warning in found if warning]
    warnings += _twins((workload, scored) for workload, scored, _ in found)
    return Responses((BaseGroup(workloads, lambda: nullcontext(engine)),), warnings=tuple(warnings))


def _sources(study: Study) -> dict[tuple[str, str], Source]:
    sources: dict[tuple[str, str], Source] = {}
    logged: dict[tuple[str, str], LoggedModel] = {}
    for place, name, responses in _subjects(study):
        if not responses:
            raise StudyError(
                f"{name!r} has no recorded `responses`, and the engine is `recorded`",
                place=place,
                fix="name its files under `responses`, or remove `engine` to generate",
            )
        for task, file in responses.items():
            path = study.resolve(file.path)
            if file.format == "lm-eval":
                logged[name, task] = logged_model(path, file.model_args)
            after = file.after or study.decoding.after
            sources[name, task] = Source(path, READERS[file.format], after)
    _check_logs(study, logged)
    return sources


def _subjects(study: Study) -> Iterator[tuple[Place, str, Mapping[str, ResponseFile]]]:
    """Line, name and files of each subject, bases first."""
    for index, base in enumerate(study.bases):
        yield study.locate("bases", index), base.name, base.responses or {}
    for index, adapter in enumerate(study.adapters):
        for name, scale in adapter.scales.items():
            yield study.locate("adapters", index), name, adapter.responses_at(scale)


def _check_logs(study: Study, logged: Mapping[tuple[str, str], LoggedModel]) -> None:
    for (base, task), model in logged.items():
        if base in {entry.name for entry in study.bases}:
            named = {name: logged.get((name, task)) for name, of in _bases(study).items() if of == base}
            check_models(model, {name: found for name, found in named.items() if found is not None})


def _workload(
    study: Study, engine: Recorded, task: str, identity: Mapping[str, Any]
) -> tuple[Workload, str, str | None]:
    """A subject's workload, the digest of what will be scored, and a warning about its cuts."""
    subject: str = identity["name"]
    source = engine.sources[subject, task]
    rows = engine.rows(subject, task)
    samples = 1 + max(row.sample for _, row in rows)
    protocol = {
        "engine": "recorded",
        "decoding": study.decoding.model_dump(exclude={"after"}, exclude_none=True),
        "limits": sorted({row.limits for _, row in rows}),
        "sent": digest([[example.key, row.sent] for example, row in rows if row.sent is not None]),
        "samples": samples,
    }
    scored = digest([[example.key, row.sample, row.turn, row.scored_text] for example, row in rows])
    texts = {example.key: example.prompt for example, _ in rows}
    workload = Workload(Prompt(subject, task, "", ""), identity, protocol, texts, samples)
    if any(row.turn for _, row in rows):
        turns = {example.key: engine.tasks[task].turns(example) for example, _ in rows}
        workload = replace(workload, asks={key: tuple(map(Request, texts)) for key, texts in turns.items()})
    return workload, scored, _cut_warning(subject, task, source, [row for _, row in rows])


def _cut_warning(subject: str, task: str, source: Source, rows: Sequence[Row]) -> str | None:
    """Cuts are not part of the protocol: one side may be recorded with its thinking and the other without."""
    whole = sum(row.skip == 0 for row in rows)
    if source.after is None or not whole:
        return None
    share = "occurs in none" if whole == len(rows) else f"does not occur in {whole}"
    hint = "; did you mean a line break? Write it in double quotes" if "\\n" in source.after else ""
    return (
        f"the mark {source.after!r} {share} of the {len(rows)} responses of {subject!r} to {task}: "
        f"those are judged whole{hint}"
    )


def _identities(study: Study, sources: Mapping[tuple[str, str], Source]) -> dict[str, dict[str, Any]]:
    """The identity of a recorded subject: its name, its base, and the content of its files; each file is read once."""
    bases = _bases(study)
    contents: dict[str, dict[str, Any]] = {}
    for (name, task), source in sources.items():
        content = {"sha256": file_sha256(source.path), "after": source.after}
        contents.setdefault(name, {})[task] = content
    identities: dict[str, dict[str, Any]] = {}
    for name, responses in contents.items():  # bases come first
        base = digest(identities[bases[name]]) if name in bases else None
        identities[name] = {"engine": "recorded", "name": name, "base": base, "responses": responses}
    return identities


def _bases(study: Study) -> dict[str, str]:
    """Base of each adapter's subjects, by the subject's name."""
    return {name: adapter.base for adapter in study.adapters for name in adapter.scales}


def _check_protocols(study: Study, workloads: tuple[Workload, ...]) -> None:
    """Raise ResponsesError where an adapter and its base were recorded under different protocols."""
    protocols = {(load.name, load.task): load.protocol for load in workloads}
    for index, adapter in enumerate(study.adapters):
        for name, task in product(adapter.scales, adapter.responses or ()):
            ours, theirs = protocols[name, task], protocols.get((adapter.base, task))
            if theirs is None or ours == theirs:
                continue
            unequal = {
                "limits": "generation arguments",
                "sent": "prompts as sent",
                "samples": "samples a prompt",
            }
            what = " and ".join(words for key, words in unequal.items() if ours[key] != theirs[key])
            raise ResponsesError(
                f"{what} of {name!r} differ from those of its base {adapter.base!r}",
                place=study.locate("adapters", index, "responses", task),
                fix="a gain compares equal protocols only: record both sides in one way",
            )


def _twins(workloads: Iterable[tuple[Workload, str]]) -> list[str]:
    """Warn of two adapters that give the same responses: perhaps one was copied, or never loaded."""
    same: dict[tuple[str, str], list[str]] = {}
    for workload, scored in workloads:
        if workload.identity["base"] is not None:
            same.setdefault((workload.task, scored), []).append(workload.name)
    return [
        f"{' and '.join(map(repr, names))} give the same responses to {task}: is each the adapter it is said to be?"
        for (task, _), names in same.items()
        if len(names) > 1
    ]
