"""Rules between the entries of a study, and for the files that it names. It knows no task and no engine."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path

import assay.embedded as embedded
from assay.adapter_folders import words_within
from assay.errors import EngineError
from assay.files import file_exists, folder_exists
from assay.study.document import Document, Place, Problem, words
from assay.study.explain import did_you_mean
from assay.study.form import Adapter, Base, Form

__all__ = ["files", "form"]

FOLDERS = ("followbench-rules", "followbench-judged")
"""Kinds of task whose data may be a folder."""


def form(study: Form) -> Iterator[Problem]:
    """Problems that can be found without reading any other file."""
    yield from _names(study)
    yield from _sources(study)
    yield from _bases(study)
    yield from _recipes(study)
    yield from _claims(study)
    yield from _metrics(study)
    yield from _responses(study)
    yield from _gate(study)


def _gate(study: Form) -> Iterator[Problem]:
    """Problems of a policy that names what the study does not have."""
    tasks = [task.name for task in study.tasks]
    for tier in ("required", "advisory"):
        for i, name in enumerate(getattr(study.gate, tier)):
            if name not in tasks:
                more = did_you_mean(name, tasks, f"tasks: {_quoted(tasks)}")
                yield Problem(("gate", tier, i), f'no task "{name}"', more)
    subjects = _subject_names(study)
    if study.gate.champion is not None and study.gate.champion not in subjects:
        more = did_you_mean(study.gate.champion, subjects, f"subjects: {_quoted(subjects)}")
        yield Problem(("gate", "champion"), f'no subject "{study.gate.champion}"', more)
    bases = [base.name for base in study.bases]
    for name in study.gate.current_bases:
        if name not in bases:
            more = did_you_mean(name, bases, f"bases: {_quoted(bases)}")
            yield Problem(("gate", "current_bases", name), f'no base "{name}"', more)


def _subjects(study: Form) -> Iterator[tuple[Place, Base | Adapter]]:
    for i, base in enumerate(study.bases):
        yield ("bases", i), base
    for i, adapter in enumerate(study.adapters):
        yield ("adapters", i), adapter


def _subject_names(study: Form) -> list[str]:
    """Every name that a claim may be against: of bases, and of adapters at each scale."""
    return [
        *(base.name for base in study.bases),
        *(name for adapter in study.adapters for name in adapter.scales),
    ]


def _weights(subject: Base | Adapter) -> tuple[str, str | None]:
    """The field that names a subject's weights, and what it says."""
    if isinstance(subject, Base) or subject.model is not None:
        return "model", subject.model
    return "path", subject.path


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in dict.fromkeys(names))


def _names(study: Form) -> Iterator[Problem]:
    subjects = [
        (place, name)
        for place, subject in _subjects(study)
        for name in (
            [subject.name] if isinstance(subject, Base) else dict.fromkeys([subject.name, *subject.scales])
        )
    ]
    tasks = [(("tasks", i), task.name) for i, task in enumerate(study.tasks)]
    for group, what, fix in (
        (subjects, "bases and adapters need names of their own", "rename one"),
        (tasks, "tasks need names of their own", "give one a `name`"),
    ):
        first: dict[str, Place] = {}
        for place, name in group:
            if name in first:
                yield Problem((*place, "name"), f'"{name}" is also {words(first[name])}', f"{what}: {fix}")
            first.setdefault(name, place)


def _sources(study: Form) -> Iterator[Problem]:
    for place, subject in _subjects(study):
        key, weights = _weights(subject)
        if weights is not None and subject.responses is not None:
            yield Problem(
                place,
                f'"{subject.name}" has both `{key}` and `responses`',
                "keep one: generate, or use the recorded",
            )
        if weights is None and subject.responses is None and study.summary is None:
            yield Problem(
                place,
                f'"{subject.name}" has neither `{key}` nor `responses`',
                "give one, or the study a `summary`",
            )
        if study.summary is not None and (weights is not None or subject.responses is not None):
            yield Problem(
                place,
                f'"{subject.name}" has `{key if weights else "responses"}` beside the study\'s `summary`',
                "keep one: with a summary, subjects are names only",
            )
        if weights is None and subject.revision is not None:
            yield Problem(
                (*place, "revision"), f"a revision without `{key}`", "give the hub id or remove the line"
            )
        if weights is None and isinstance(subject, Adapter) and subject.folder is not None:
            text, fix = (
                "a folder without `path`",
                "give the folder or hub id that it lies in, or remove the line",
            )
            yield Problem((*place, "folder"), text, fix)
        if subject.file is not None:
            yield from _file(place, subject.model, subject.file)
        if isinstance(subject, Adapter) and subject.model is not None:
            yield from _full_model(place, subject)


def _file(place: Place, model: str | None, file: str) -> Iterator[Problem]:
    """Problems with the GGUF file in a model's folder."""
    if model is None or model == embedded.NAME or model.endswith(".gguf"):
        where = "without a folder or a hub id in `model`"
        yield Problem((*place, "file"), where, "`model` takes a GGUF file too; else remove the line")
    elif not file.endswith(".gguf") or "/" in file:
        yield Problem((*place, "file"), f"{file} is not the name of a GGUF file", "name the file in `model`")


def _full_model(place: Place, subject: Adapter) -> Iterator[Problem]:
    """Problems of an entry with weights of its own."""
    if subject.path is not None:
        text = f'"{subject.name}" has both `path` and `model`'
        yield Problem(place, text, "keep one: an adapter, or a full model")
    for key, given in (("scale", subject.scale != (1.0,)), ("folder", subject.folder is not None)):
        if given:
            yield Problem((*place, key), f"a full model has no `{key}`", "remove the line")


def _bases(study: Form) -> Iterator[Problem]:
    names = [base.name for base in study.bases]
    for i, adapter in enumerate(study.adapters):
        if not adapter.base:
            yield Problem(
                ("adapters", i, "base"),
                "missing",
                f"the study has several bases: name one of {_quoted(names)}",
            )
        elif adapter.base not in names:
            more = did_you_mean(adapter.base, names, f"bases: {_quoted(names)}")
            yield Problem(("adapters", i, "base"), f'no base "{adapter.base}"', more)


def _recipes(study: Form) -> Iterator[Problem]:
    groups: dict[tuple[str, str], list[int]] = defaultdict(list)
    for i, adapter in enumerate(study.adapters):
        groups[adapter.base, adapter.recipe].append(i)
    for group in groups.values():
        if len(group) > 1:
            yield from _seeds(study, group)


def _seeds(study: Form, group: list[int]) -> Iterator[Problem]:
    """The adapters of one recipe on one base differ by seed and step, and by nothing else."""
    members = [study.adapters[i] for i in group]
    rule = f'adapters of one recipe ("{members[0].recipe}") differ by their training seed and step only'
    steps = {adapter.step for adapter in members}
    of_one_seed = len(steps) == len(members) and all(adapter.seed is None for adapter in members)
    first: dict[tuple[int | None, int | None], int] = {}
    for i, adapter in zip(group, members, strict=True):
        if adapter.seed is None and not of_one_seed:
            yield Problem(("adapters", i, "seed"), "missing", f"{rule}: give each a seed, or other recipes")
            continue
        earlier = first.setdefault((adapter.seed, adapter.step), i)
        if earlier != i:
            step = "" if adapter.step is None else f" at step {adapter.step}"
            text = f"{adapter.seed}{step} is also the seed of adapters[{earlier}]"
            yield Problem(("adapters", i, "seed"), text, f"{rule}: change one, or its recipe")
        for key in ("label", "settings", "scale"):
            if getattr(adapter, key) != getattr(members[0], key):
                text = f"not as in adapters[{group[0]}]"
                yield Problem(("adapters", i, key), text, f"{rule}: give this one another recipe")


def _claims(study: Form) -> Iterator[Problem]:
    labels = list(dict.fromkeys(adapter.label for adapter in study.adapters))
    subjects = _subject_names(study)
    for label, entries in study.claims.items():
        if label not in labels:
            more = did_you_mean(label, labels, f"labels: {_quoted(labels)}")
            yield Problem(("claims", label), "no adapter has this label", more)
        first: dict[tuple[object, ...], int] = {}
        for i, claim in enumerate(entries):
            key = (claim.metric, claim.kind, claim.scale, claim.against)
            if key in first:
                yield Problem(
                    ("claims", label, i),
                    f"{claim.metric} {claim.kind}: also claims.{label}[{first[key]}]",
                    "remove one",
                )
            first.setdefault(key, i)
            if claim.against is not None and claim.against not in subjects:
                more = did_you_mean(claim.against, subjects, f"subjects: {_quoted(subjects)}")
                yield Problem(("claims", label, i, "against"), f'no subject "{claim.against}"', more)


def _metrics(study: Form) -> Iterator[Problem]:
    named: list[tuple[Place, str]] = [
        (("claims", label, i), claim.metric)
        for label, claims in study.claims.items()
        for i, claim in enumerate(claims)
    ]
    off_target = study.off_target or ()
    named += [(("off_target", i), metric) for i, metric in enumerate(off_target)]
    tasks = [task.name for task in study.tasks]
    for place, metric in named:
        task = metric.rpartition(".")[0]
        if task not in tasks and study.summary is None:  # a summary may have metrics of tasks not run here
            more = did_you_mean(task, tasks, f"tasks: {_quoted(tasks)}")
            yield Problem(place, f"{metric} names no task of this study", more)
    for i, metric in enumerate(off_target):
        if metric in off_target[:i]:
            yield Problem(("off_target", i), f"{metric} is listed twice", "remove one")


def _responses(study: Form) -> Iterator[Problem]:
    tasks = [task.name for task in study.tasks]
    owners: dict[tuple[str, str], Place] = {}
    for place, subject in _subjects(study):
        for task, path in _recorded(subject):
            here = (*place, "responses", task)
            if task not in tasks:
                more = did_you_mean(task, tasks, f"tasks: {_quoted(tasks)}")
                yield Problem(here, f'no task "{task}"', more)
            key = (task, os.path.realpath(study.resolve(path)))
            if key in owners:
                also = "that of another scale" if owners[key] == here else f"also {words(owners[key])}"
                fix = "write `{scale}` in its path" if owners[key] == here else "name another"
                text = f"a file holds one subject's responses: {fix}"
                yield Problem(here, f"{path} is {also}", text)
            owners.setdefault(key, here)


def _recorded(subject: Base | Adapter) -> Iterator[tuple[str, str]]:
    """Task and path of each file of responses."""
    several = [subject.responses or {}]
    if isinstance(subject, Adapter):
        several = [subject.responses_at(scale) for scale in subject.scale]
    for files_of in several:
        yield from ((task, file.path) for task, file in files_of.items())


def files(study: Form, document: Document) -> Iterator[Problem]:
    """Problems with the local files that the study names."""
    for place, name, folder in _named(study):
        path = study.resolve(name)
        here = document.held(place)  # a bare path has no `.path`
        if place[-1] == "include_path":
            if not folder_exists(path):
                yield Problem(
                    place, *_sibling(f"no folder {path}", path, "paths are relative to the study file")
                )
        elif not _there(path):
            other = "write `chat` or `none`; " if place == ("decoding", "template") else ""
            more = f"{other}paths are relative to the study file"
            yield Problem(here, *_sibling(f"no file {path}", path, more))
        elif not (folder or file_exists(path)):
            yield Problem(here, f"{path} is not a file", "name the file in it")
    for place, subject in _subjects(study):
        key, weights = _weights(subject)
        if weights is not None:
            yield from _folder(study, (*place, key), weights, subject.revision)
        if isinstance(subject, Adapter) and subject.folder is not None and weights is not None:
            yield from _inner_folder(study, (*place, "folder"), subject)


def _inner_folder(study: Form, place: Place, adapter: Adapter) -> Iterator[Problem]:
    """Problems with an adapter's folder in a local one."""
    outer, (inner, _) = study.source(adapter.path or ""), study.adapter_source(adapter)
    if (
        isinstance(outer, Path)
        and folder_exists(outer)
        and isinstance(inner, Path)
        and not folder_exists(inner)
    ):
        lying = words_within(outer)
        fix = f"{outer} holds {lying}" if lying else f"there is no adapter in a folder of {outer}"
        yield Problem(place, *_sibling(f"no folder {inner}", inner, fix))


def _folder(study: Form, place: Place, text: str, revision: str | None) -> Iterator[Problem]:
    if place[-1] == "model" and text == embedded.NAME:
        yield from _embedded(study, place, revision)
        return
    source = study.source(text)
    if isinstance(source, Path):
        gguf = place[-1] == "model" and text.endswith(".gguf")
        if not (folder_exists(source) or (gguf and file_exists(source))):
            more = "paths are relative to the study file"
            yield Problem(place, *_sibling(f"no {'file' if gguf else 'folder'} {source}", source, more))
        elif revision is not None:
            yield Problem(
                (*place[:-1], "revision"), f"a local folder has no revision ({source})", "remove the line"
            )
    elif source.count("/") > 1 and (place[-1] == "model" or _there(study.resolve(source.split("/")[0]))):
        yield Problem(
            place,
            f'"{text}" is not a hub id (owner/name), and {study.resolve(text)} is not a folder',
            "correct the path",
        )


def _embedded(study: Form, place: Place, revision: str | None) -> Iterator[Problem]:
    folder = study.resolve(embedded.NAME)
    if _there(folder):
        yield Problem(
            place,
            f'"{embedded.NAME}" is the base that ships with assay, and there is {folder} too',
            f"for the folder write `./{embedded.NAME}`, for the base rename the folder",
        )
    try:
        embedded.folder()
    except EngineError as absent:
        yield Problem(place, absent.message, absent.fix)
    if revision is not None:
        yield Problem((*place[:-1], "revision"), "the embedded base has no revision", "remove the line")


def _named(study: Form) -> Iterator[tuple[Place, str, bool]]:
    """Place and path of each file, and whether it may be a folder."""
    for i, task in enumerate(study.tasks):
        for key, text in (("task", task.file), ("prompts", task.prompts), ("examples", task.examples)):
            if text is not None:
                yield ("tasks", i, key), text, key == "prompts" and task.task in FOLDERS
        if task.include_path is not None:
            yield ("tasks", i, "include_path"), task.include_path, True
    for place, subject in _subjects(study):
        for name, path in _recorded(subject):
            logs = (subject.responses or {})[name].format == "lm-eval"
            yield (*place, "responses", name, "path"), path, logs
    if study.summary is not None:
        yield ("summary", "path"), study.summary, False
    template = study.decoding.template
    if template is not None and template not in ("chat", "none"):
        yield ("decoding", "template"), template, False


def _there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name too long, a folder that may not be read
        return False


def _sibling(text: str, path: Path, more: str) -> tuple[str, str]:
    """Text and fix where `path` is absent: a file beside it whose name differs little, endings apart; and `more`."""
    try:
        stems = {other.name: other.stem for other in path.parent.iterdir()}
    except OSError:
        return (text if _there(path.parent) else f"{text} (nor its folder)"), more
    close = get_close_matches(path.stem, stems.values(), n=1, cutoff=0.8)
    if not close:
        return text, more
    name = next(name for name, stem in stems.items() if stem == close[0])
    return text, f'did you mean "{name}"? {more[0].upper()}{more[1:]}'
