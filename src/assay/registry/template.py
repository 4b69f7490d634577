"""A study without its adapters: each new adapter is audited by it, in a run of its own.

    template = Template.read(Path("template.yaml"))
    template.study(adapter, label=None)

Adapters that a template lists, such as controls or a champion, are part of each audit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from assay.canonical import canonical_sha256
from assay.errors import StudyError
from assay.files import read_text
from assay.study import Study
from assay.study.init.adapters import FoundAdapter
from assay.study.init.entries import UNKNOWN, make_entries
from assay.study.names import ModelName, fit_name
from assay.study.strict import parse

__all__ = ["Template"]


@dataclass(frozen=True, slots=True)
class Template:
    """A study file that lacks adapters."""

    path: Path
    data: Mapping[str, Any]
    """As written."""

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a template. Raises StudyError where it is no mapping, or names no base that generates."""
        data = parse(read_text(path, StudyError), path).data
        if not isinstance(data, dict) or not isinstance(data.get("bases"), list):
            raise StudyError(
                "is no study: `bases` is missing", place=path, fix="write a study, without `adapters`"
            )
        for field, fix in (
            ("model", "new adapters have no recorded responses"),
            ("name", "give each base a name"),
        ):
            if not all(isinstance(base, dict) and base.get(field) for base in data["bases"]):
                raise StudyError(f"a base without `{field}`", place=path, fix=fix)
        return cls(path, data)

    @property
    def sha256(self) -> str:
        """Digest of what it says; comments do not count."""
        return canonical_sha256(self.data)

    def base_of(self, adapter: FoundAdapter) -> Mapping[str, Any]:
        """The base that an adapter is audited on. Raises StudyError where several could be meant."""
        bases: Sequence[Mapping[str, Any]] = self.data["bases"]
        trained = str(adapter.config.get("base_model_name_or_path") or "")
        fits = [base for base in bases if _last(trained) in (_last(base["model"]), base.get("name"))]
        if len(bases) == 1 or len(fits) == 1:
            return bases[0] if len(bases) == 1 else fits[0]
        names = ", ".join(str(base.get("name")) for base in bases)
        text = f"its configuration names the base {trained!r}, and the template has {names}"
        raise StudyError(
            text, place=adapter.folder, fix="give each base the name or `model` that adapters name"
        )

    def study(self, adapter: FoundAdapter, label: str | None = None) -> Study:
        """The study of one adapter. Raises StudyError where its label or base is not known, or the template is malformed."""
        base = self.base_of(adapter)
        (entry,), _ = make_entries([adapter], ModelName(str(base["model"]), None), label)
        if entry.label == UNKNOWN:
            raise StudyError(
                "no hint at its label, in its name or its model card",
                place=adapter.folder,
                fix="give --label, or put adapters of each label into a folder of that name",
            )
        name = name_of(adapter)
        own = {
            "name": name,
            "base": base["name"],
            "label": entry.label,
            "path": str(adapter.folder.absolute()),
        }
        data = {
            **self.data,
            "name": fit_name(f"{self.data.get('name', 'watch')}-{name}", "watch"),
            "adapters": [*self.data.get("adapters", ()), own],
        }
        return Study.from_dict(data, self.path.absolute().parent)


def name_of(adapter: FoundAdapter) -> str:
    """Its path within the folder that is watched."""
    return fit_name("-".join(adapter.parts[1:] or adapter.parts), "adapter")


def _last(text: str) -> str:
    return str(text).rstrip("/").rpartition("/")[2].lower()
