"""Watches a folder: what is new is inspected and audited, and enters the registry.

    for outcome in Watch(registry, Path("adapters"), Template.read(Path("template.yaml"))).once():
        print(outcome.adapter, outcome.state, outcome.reason)

Killed at any instant, the next watcher continues: an audit resumes in its own folder, nothing is generated twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from assay import audit
from assay.canonical import canonical_sha256
from assay.engines import PreflightFunction
from assay.errors import AssayError, StudyError
from assay.files import file_name
from assay.inspecting import Inspection, KnownBase, inspect_adapter, read_base
from assay.progress import Progress, silent
from assay.registry.audits import Audits, Subject
from assay.registry.entries import rows_of
from assay.registry.index import Registry
from assay.registry.template import Template, name_of
from assay.study import Study
from assay.study.init.adapters import FoundAdapter, find_adapters

__all__ = ["Outcome", "Watch", "WatchSettings"]

Stamp = tuple[tuple[str, int, int], ...]
"""Name, size and time of change of each file of an adapter."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a look at the folder did with one adapter."""

    adapter: str
    state: Literal["audited", "known", "elsewhere", "failed", "unusable"]
    """`known`: audited before; `elsewhere`: by another watcher, now."""
    reason: str = ""
    """Why it failed, or is unusable."""
    run: Path | None = None
    """The folder of its run."""


@dataclass(frozen=True, slots=True)
class WatchSettings:
    """How new adapters are audited."""

    out: Path = Path("runs")
    """Where their runs are made."""
    label: str | None = None
    """The label of all adapters; by default guessed as `assay init` does."""
    engine: PreflightFunction | None = None
    """Replaces the engine that the template names."""


@dataclass
class Watch:
    """A folder under watch; it remembers what it read, so that weights are digested once."""

    registry: Registry
    folder: Path
    template: Template
    settings: WatchSettings = field(default_factory=WatchSettings)

    def __post_init__(self) -> None:
        self._audits = Audits(self.registry.database)
        self._digests: dict[Path, tuple[Stamp, Inspection]] = {}
        self._done: dict[Path, Stamp] = {}
        self._tried: set[str] = set()
        self._bases: dict[str, KnownBase | None] = {}

    def once(self, progress: Progress = silent) -> Iterator[Outcome]:
        """Look at every adapter in the folder, and audit what is new, one after the other. Raises StudyError for no folder."""
        if not self.folder.is_dir():
            raise StudyError("no such folder", place=self.folder, fix="name the one that holds the adapters")
        adapters: list[FoundAdapter] = []
        with suppress(StudyError):  # none yet
            adapters, _ = find_adapters(self.folder)
        folders: dict[str, list[str]] = {}
        for adapter in adapters:
            folders.setdefault(name_of(adapter), []).append(str(adapter.folder))
        for adapter in adapters:
            yield self._look(adapter, folders[name_of(adapter)], progress)

    def _look(self, adapter: FoundAdapter, namesakes: Sequence[str], progress: Progress) -> Outcome:
        """namesakes: folders of adapters that have its name; of two the later verdict would hide the earlier one."""
        name, stamp = name_of(adapter), _stamp(adapter.folder)
        if self._done.get(adapter.folder) == stamp:
            return Outcome(name, "known")
        inspection = self._inspected(adapter, stamp)
        try:
            if inspection.status == "unusable":
                raise StudyError("; ".join(inspection.reasons))
            if len(namesakes) > 1:
                raise StudyError(
                    f"{' and '.join(namesakes)} would both be named {name!r}", fix="rename one of the folders"
                )
            study = self.template.study(adapter, self.settings.label)
        except AssayError as bad:
            self._audits.refuse(self._subject(adapter, {"folder": str(adapter.folder.absolute())}), str(bad))
            return Outcome(name, "unusable", str(bad))
        content = {"name": name, "label": study.adapters[-1].label, "digests": dict(inspection.digests)}
        subject = self._subject(adapter, content)
        if subject.content in self._tried:
            return Outcome(name, "failed", "it failed before; start the command again to try again")
        if (held := self._audits.claim(subject)) is None:
            return self._audit(study, subject, progress)
        if held == "done":
            self._done[adapter.folder] = stamp
        return Outcome(name, "known" if held == "done" else "elsewhere")

    def _audit(self, study: Study, subject: Subject, progress: Progress) -> Outcome:
        """Audit an adapter that this process has claimed."""
        run = Path(subject.run)
        try:
            with self._audits.beating(subject):
                audit.run(study, run, progress, self.settings.engine)
                rows = rows_of(run)
        except AssayError as bad:
            self._tried.add(subject.content)
            self._audits.fail(subject, str(bad))
            return Outcome(subject.name, "failed", str(bad), run)
        if not self._audits.finish(subject, rows):
            return Outcome(subject.name, "elsewhere", run=run)
        return Outcome(subject.name, "audited", run=run)

    def _subject(self, adapter: FoundAdapter, content: Mapping[str, Any]) -> Subject:
        name, sha256 = name_of(adapter), canonical_sha256(content)
        run = self.settings.out.absolute() / file_name(f"{name}-{sha256[:8]}-{self.template.sha256[:8]}")
        return Subject(sha256, self.template.sha256, name, str(adapter.folder.absolute()), str(run))

    def _inspected(self, adapter: FoundAdapter, stamp: Stamp) -> Inspection:
        """What its files say; its weights are read for their digest, once for each state of the files."""
        kept = self._digests.get(adapter.folder)
        if kept is None or kept[0] != stamp:
            inspection = inspect_adapter(str(adapter.folder), self._base(adapter), digest=True)
            kept = self._digests[adapter.folder] = (stamp, inspection)
        return kept[1]

    def _base(self, adapter: FoundAdapter) -> KnownBase | None:
        """What an adapter is compared with; None where its base cannot be read here, as with a server's."""
        with suppress(AssayError):
            source = str(self.template.base_of(adapter)["model"])
            if source not in self._bases:
                self._bases[source] = None
                local = self.template.path.absolute().parent / source
                self._bases[source] = read_base(str(local) if local.exists() else source)
            return self._bases[source]
        return None


def _stamp(folder: Path) -> Stamp:
    files = sorted(path for path in folder.iterdir() if path.is_file())
    stats = [(path.name, path.stat()) for path in files]
    return tuple((name, stat.st_size, stat.st_mtime_ns) for name, stat in stats)
