"""How transformers loads a base from a GGUF file: alone, unpacked into plain weights. It knows no adapter.

Weights that stay packed can be neither wrapped by an adapter's layers nor trained.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr
from importlib.metadata import version
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from assay.engines.gguf import is_gguf, read_gguf
from assay.errors import EngineError

__all__ = ["as_plain", "gguf_error", "pretrained", "unpacking"]


@contextmanager
def pretrained(model: str, options: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The place and the options that `from_pretrained` takes.

    A GGUF file is read from an empty folder, so that no file beside it replaces its own tokenizer.
    """
    if not is_gguf(model):
        yield model, dict(options)
        return
    # transformers shows a bar of tqdm's own while it unpacks, which none of its settings turns off.
    with TemporaryDirectory(prefix="assay-") as empty, redirect_stderr(StringIO()):
        yield empty, {**options, "gguf_file": str(Path(model).absolute())}


def unpacking() -> dict[str, Any]:
    """Options of `from_pretrained` that unpack every weight."""
    try:
        from transformers import GgufConfig
    except ImportError:  # an older one, in which nothing stays packed
        return {}
    return {"quantization_config": GgufConfig(dequantize=True)}


def as_plain(model: Any) -> None:
    """Take off what marks a model as quantized: its weights are plain numbers."""
    for name in ("hf_quantizer", "quantization_method"):
        vars(model).pop(name, None)
    vars(model.config).pop("quantization_config", None)
    model.is_quantized = False


def gguf_error(model: str, text: str) -> EngineError:
    """Why a GGUF file cannot be loaded, and the fix."""
    try:
        architecture = read_gguf(Path(model)).architecture
    except EngineError as bad:
        return bad
    return EngineError(
        f"transformers {version('transformers')} cannot load {model}, of the architecture {architecture!r} "
        f"({text[:300]})",
        fix="give the base as a folder with safetensors",
    )
