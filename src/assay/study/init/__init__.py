"""Drafts a study from a folder of adapters: what `assay init` writes. It opens no weights and runs nothing.

    draft(Path("adapters"), "Qwen/Qwen3-4B", default_suite()).text       # the suite: assay.tasks

A label cannot be read from weights. Where none is given it is guessed from an adapter's name or its
model card, and the study says so on the line; where neither gives a hint it is `unknown`, which
`assay run` refuses.

adapters   adapters on disk, and what their files say     entries   names, labels, recipes
text       the study file
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from assay.errors import OutputError
from assay.study import Study
from assay.study.init.adapters import find_adapters
from assay.study.init.entries import Entry, make_entries
from assay.study.init.text import SuiteTask, study_text
from assay.study.names import ModelName, fit_name, relative
from assay.study.strict import parse

__all__ = ["Draft", "Entry", "SuiteTask", "draft", "write_draft"]


@dataclass(frozen=True, slots=True)
class Draft:
    """A drafted study."""

    text: str
    """Of the study file, with comments."""
    study: Study
    """The same, checked."""
    adapters: tuple[Entry, ...]
    warnings: tuple[str, ...]
    """What to review before the study is run."""


def draft(
    folder: Path,
    base: str,
    suite: Mapping[str, SuiteTask],
    label: str | None = None,
    out: Path | None = None,
    steps: bool = False,
    review: Callable[[Path], Sequence[str]] | None = None,
) -> Draft:
    """A study of the adapters in or below `folder` (two levels) on one base; writes nothing.

    base: a folder or a hub id. suite: its tasks by name. out: the file that the text is for, `folder`/study.yaml
    unless given; paths in the study are relative to it. steps: whether checkpoints within an adapter's folder are
    listed too. review: what there is to say of an adapter's folder. Raises StudyError where there is no adapter or no such base.
    """
    home = (out or folder / "study.yaml").absolute().parent
    base_name = ModelName.of(base, "--base")
    adapters, warnings = find_adapters(folder, steps)
    entries, more = make_entries(adapters, base_name, label)
    local = base_name.folder is not None
    model = relative(base_name.folder, home, base_name.text) if base_name.folder else base_name.text
    text = study_text(
        fit_name(folder.resolve().name, "study"),
        (base_name.name, model, local),
        [(entry, relative(adapter.folder, home)) for entry, adapter in zip(entries, adapters, strict=True)],
        suite,
    )
    study = Study.from_dict(parse(text, None).data, home)
    reviewed = [
        f"{entry.name}: {words}"
        for entry, adapter in zip(entries, adapters, strict=True)
        for words in (review(adapter.folder) if review else ())
    ]
    return Draft(text, study, tuple(entries), (*warnings, *more, *_without_task(label, suite), *reviewed))


def _without_task(label: str | None, suite: Mapping[str, SuiteTask]) -> list[str]:
    """The warning about a given label that claims nothing on the suite's tasks."""
    capabilities = sorted({task.capability for task in suite.values()})
    if label is None or label in capabilities:
        return []
    return [
        f"label {label!r}: no task of this study has that capability (they have: {', '.join(capabilities)}), so it "
        f"claims nothing and the study is refused; add a task or `claims:` for it, or give another --label"
    ]


def write_draft(drafted: Draft, out: Path, force: bool = False) -> None:
    """Write the study file. Raises OutputError if it exists, unless forced."""
    if out.exists() and not force:
        raise OutputError(
            "exists already", place=out, fix="give another file with --out FILE, or overwrite it with --force"
        )
    try:
        out.write_text(drafted.text, encoding="utf-8")
    except OSError as bad:
        raise OutputError(f"cannot be written: {bad.strerror}", place=out) from None
