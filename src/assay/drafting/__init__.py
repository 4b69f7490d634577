"""Drafts a study from a folder of adapters: what `assay init` writes. It opens no weights and runs nothing.

    names -> weights as a user names them      found -> adapters on disk, and what their files say
    sorting -> names, labels, recipes          text  -> the study file

A label cannot be read from weights. Where none is given it is guessed from an adapter's name or its
model card, and the study says so on the line; where nothing hints at one it is `unknown`, which
`assay run` refuses.

    draft(Path("adapters"), "Qwen/Qwen3-4B").text
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from assay.drafting.found import find_adapters
from assay.drafting.names import Named, fit_name, relative
from assay.drafting.sorting import Entry, sort_adapters
from assay.drafting.text import TASK_NAMES, study_text
from assay.errors import OutputError
from assay.study import Study
from assay.study.strict import parse
from assay.tasks import load_task

__all__ = ["Draft", "Entry", "Named", "draft", "fit_name", "write_draft"]


@dataclass(frozen=True, slots=True)
class Draft:
    """A study, drafted."""

    text: str
    """Of the study file, with comments."""
    study: Study
    """The same, checked."""
    adapters: tuple[Entry, ...]
    warnings: tuple[str, ...]
    """What to look at before the study is run."""


def draft(folder: Path, base: str, label: str | None = None, out: Path | None = None) -> Draft:
    """A study of the adapters in or below `folder` (two levels) on one base; writes nothing.

    base: a folder or a hub id. out: the file that the text is for, `folder`/study.yaml unless given;
    paths in the study are relative to it. Raises StudyError where there is no adapter or no such base.
    """
    home = (out or folder / "study.yaml").absolute().parent
    named = Named.of(base, "--base")
    found, warnings = find_adapters(folder)
    entries, doubts = sort_adapters(found, named, label)
    model = named.text if named.folder is None else relative(named.folder, home, named.text)
    paths = [relative(adapter.folder, home) for adapter in found]
    text = study_text(
        fit_name(folder.resolve().name, "study"), (named.name, model), entries, paths, named.folder is None
    )
    study = Study.from_dict(parse(text, None).data, home)
    return Draft(text, study, tuple(entries), (*warnings, *doubts, *_without_task(label)))


def _without_task(label: str | None) -> list[str]:
    """What to say of a given label that claims nothing on the drafted tasks."""
    known = sorted({load_task(kind).capability for kind, _, _ in TASK_NAMES})
    if label is None or label in known:
        return []
    return [
        f"label {label!r}: no task of this study has that capability (they have: {', '.join(known)}), so it claims "
        f"nothing and the study is refused; add a task or `claims:` for it, or give another --label"
    ]


def write_draft(drafted: Draft, out: Path, force: bool = False) -> None:
    """Write the study file. Raises OutputError if there is one already, unless forced."""
    if out.exists() and not force:
        raise OutputError(f"{out}: is there already; write another with --out FILE, or over it with --force")
    try:
        out.write_text(drafted.text, encoding="utf-8")
    except OSError as bad:
        raise OutputError(f"{out}: cannot be written: {bad.strerror}") from None
