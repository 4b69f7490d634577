"""What there is to say of adapters on disk before a study is written: by their files and the base's headers alone.

review = reviewer("Qwen/Qwen3-4B")          # a folder, `embedded`, or a hub id, of which only the name is known
review(Path("adapters/math"))               # why it does not load, or how it is read and what would be ignored
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from assay import embedded
from assay.engines.adapter_files import read_adapter_files
from assay.engines.adapter_fit import BaseShapes, fit_adapter, header_shapes
from assay.engines.adapter_fit.silent import base_warnings
from assay.engines.files import shards
from assay.errors import EngineError

__all__ = ["reviewer"]


def reviewer(base: str) -> Callable[[Path], list[str]]:
    """Looks at one adapter's folder after another, against one base."""
    shapes = _shapes(base)

    def review(folder: Path) -> list[str]:
        try:
            files = read_adapter_files(folder)
        except EngineError as bad:
            return [str(bad)]
        fit = fit_adapter(files, shapes)
        if fit.error is not None:
            return [str(fit.error)]
        return [*fit.notes, *fit.warnings, *base_warnings(fit.config, shapes, form=fit.form)]

    return review


def _shapes(base: str) -> BaseShapes:
    """The base's shapes where it is a folder with safetensors; else its name alone."""
    folder = embedded.folder() if base == embedded.NAME else Path(base).expanduser()
    try:
        return header_shapes(folder, shards(folder), base) if folder.is_dir() else BaseShapes(name=base)
    except EngineError:  # what is wrong with the base, the run tells
        return BaseShapes(name=base)
