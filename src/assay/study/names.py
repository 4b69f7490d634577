"""Bases and adapters as a user names them: a folder or a hub id. It looks for folders only."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from assay.errors import StudyError
from assay.files import file_exists, folder_exists

__all__ = ["ModelName", "fit_name", "relative"]


@dataclass(frozen=True, slots=True)
class ModelName:
    """A base or an adapter as given."""

    text: str
    """As given."""
    folder: Path | None
    """Absolute, or a GGUF file; None for a hub id."""

    @classmethod
    def of(cls, text: str, field: str, inner: bool = False) -> Self:
        """A folder where there is one, else a hub id. Raises StudyError naming `field` if it can be neither.

        inner: whether a folder of a repository may follow the hub id, as in `owner/library/relevance/lora`.
        """
        path = os.path.expanduser(text)  # noqa: PTH111 - leaves `~nobody` alone where pathlib raises
        gguf = field != "adapter" and path.endswith(".gguf") and file_exists(path)
        if gguf or folder_exists(path):
            return cls(text, Path(os.path.abspath(path)))  # noqa: PTH100 - keeps links as they are named
        local = text.startswith(("/", "./", "../", "~")) or text in ("", ".", "..")
        deep = text.count("/") > 1 and not (inner and not os.path.exists(text.partition("/")[0]))  # noqa: PTH110 - pathlib raises on a name too long for a file
        if local or deep:
            raise StudyError(
                "no such folder, and no hub id (owner/name)", place=f"{field} {text}", fix="correct the path"
            )
        return cls(text, None)

    @property
    def name(self) -> str:
        """The last part, fit for a study."""
        last = self.text.rpartition("/")[2] if self.folder is None else self.folder.resolve().name
        return fit_name(last.removesuffix(".gguf"), "weights")


def fit_name(text: str, otherwise: str) -> str:
    """A text as a valid name in a study: no `/`, nothing invisible; `otherwise` where nothing is left."""
    fit = "".join("-" if c == "/" or not c.isprintable() else c for c in text).strip()
    return otherwise if fit in ("", ".", "..") else fit


def relative(folder: Path, home: Path, given: str = "") -> str:
    """A folder as a study in `home` names it; absolute where it was given so."""
    if Path(given).is_absolute():
        return given
    path = Path(os.path.relpath(folder.absolute(), home)).as_posix()
    return path if path.startswith(".") and path.split("/")[0] in (".", "..") else f"./{path}"
