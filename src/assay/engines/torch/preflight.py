"""What is wrong with an adapter, found before a token is spent. Each problem is one message with its fix."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, Literal

from assay.engines.torch.adapters import WEIGHTS, Adapter, read_adapter
from assay.engines.torch.apart import worn
from assay.engines.torch.loading import Base
from assay.errors import EngineError

__all__ = ["Inspection", "Problem", "inspect_adapter", "memory_needed", "whole"]

POINTER = b"version https://git-lfs"


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding about one adapter."""

    adapter: str
    severity: Literal["error", "warning", "note"]
    """`error`: it cannot be measured. `warning`: the figures may not mean what they seem to. `note`: good to know."""
    message: str


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was found about one adapter."""

    adapter: Adapter | None
    """None where an error forbids to load it."""
    problems: tuple[Problem, ...]
    template: str | None = None
    """The chat template that it brings, where that differs from the base's."""

    @property
    def error(self) -> str:
        """Why it cannot be measured; empty where it can."""
        return next((problem.message for problem in self.problems if problem.severity == "error"), "")


def inspect_adapter(name: str, folder: Path, base: Base, *, allow_pickle: bool = False) -> Inspection:
    """Read the adapter against its base, and say everything that is odd about it."""
    try:
        whole(name, folder / WEIGHTS)
        adapter = read_adapter(name, folder, base, allow_pickle=allow_pickle)
        if adapter.unstackable:
            with worn(adapter, base):
                pass
    except EngineError as bad:
        return Inspection(None, (Problem(name, "error", str(bad)),))
    problems = [Problem(name, "warning", text) for text in (*_base(adapter, base), *_weights(adapter))]
    if adapter.unstackable:
        text = f"adapter {name!r}: {adapter.unstackable}; it is run apart, through peft, and takes longer"
        problems.append(Problem(name, "note", text))
    template, said = _tokenizer(name, folder, base)
    return Inspection(adapter, (*problems, *said), template)


def whole(name: str, path: Path) -> None:
    """Raise EngineError if a safetensors file is cut short or no such file; absent is another's concern."""
    if not path.is_file():
        return
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(len(POINTER))
        if start == POINTER:
            raise EngineError(f"adapter {name!r}: {path} is a Git LFS pointer; fetch it with `git lfs pull`")
        length = struct.unpack("<Q", start[:8])[0] if size >= 8 else size
        file.seek(8)
        header = file.read(length) if length <= size - 8 else b""
    try:
        entries = json.loads(header)
        ends = [entry["data_offsets"][1] for key, entry in entries.items() if key != "__metadata__"]
        expected = 8 + length + max(ends, default=0)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise EngineError(
            f"adapter {name!r}: {path} ({size} bytes) has no whole safetensors header; download it again"
        ) from None
    if size != expected:
        raise EngineError(
            f"adapter {name!r}: {path} holds {size} of {expected} bytes, it was cut short; download it again"
        )


def memory_needed(base: Base, adapters: list[Adapter], bytes_per_token: int, tokens: int) -> dict[str, int]:
    """Bytes for the base, its adapters, and the keys and values of one row of `tokens` tokens."""
    held = sum(weight.numel() * weight.element_size() for weight in base.model.parameters())
    each = base.model.dtype.itemsize
    deltas = [delta for adapter in adapters for delta in adapter.deltas.values()]
    stacked = sum(delta.down.numel() + delta.up.numel() for delta in deltas) * each
    return {"base": held, "adapters": stacked, "row": bytes_per_token * tokens}


def _base(adapter: Adapter, base: Base) -> list[str]:
    trained = adapter.config.base_model_name_or_path
    given = base.model.name_or_path
    if not trained or not given or PurePath(trained).name == PurePath(given).name:
        return []
    return [
        f"adapter {adapter.name!r} says that it was trained on {trained}, the base given is {given}; "
        f"if these are not the same weights, give that base"
    ]


def _weights(adapter: Adapter) -> list[str]:
    said = []
    start = f"adapter {adapter.name!r}: "
    if adapter.missing:
        layers = ", ".join(adapter.missing[:3])
        said.append(
            f"{start}no weights for {len(adapter.missing)} layers that its configuration targets ({layers}); "
            f"peft leaves them unchanged; check that the file is the one that was trained"
        )
    if adapter.surplus:
        keys = ", ".join(adapter.surplus[:3])
        said.append(
            f"{start}{len(adapter.surplus)} of its weights fit no layer of the base ({keys}) and are ignored; "
            f"check that the base is the one it was trained on"
        )
    if adapter.deltas and adapter.norm == 0:
        said.append(
            f"{start}every weight change is zero: it cannot do anything; was it saved before training?"
        )
    return said


def _tokenizer(name: str, folder: Path, base: Base) -> tuple[str | None, list[Problem]]:
    """Read the adapter's tokenizer files as data; no code of theirs runs."""
    problems: list[Problem] = []
    vocabulary = base.tokenizer.get_vocab()
    own = _vocabulary(_json(folder / "tokenizer.json")) | dict(_json(folder / "added_tokens.json"))
    differ = [token for token, i in own.items() if vocabulary.get(token) != i]
    if differ:
        shown = ", ".join(repr(token) for token in differ[:3])
        text = (
            f"adapter {name!r} brings a tokenizer with {len(differ)} tokens that the base's lacks ({shown}); "
            f"prompts are encoded by the base's; merge the tokens into a base of its own to use them"
        )
        problems.append(Problem(name, "warning", text))
    template = _template(folder)
    if template is None or template == base.tokenizer.chat_template:
        return None, problems
    text = (
        f"adapter {name!r} brings its own chat template; its gains are taken against the base under that "
        f"same template; remove it from {folder} to use the base's"
    )
    return template, [*problems, Problem(name, "note", text)]


def _template(folder: Path) -> str | None:
    path = folder / "chat_template.jinja"
    if path.is_file():
        return path.read_text(encoding="utf-8")
    template = _json(folder / "tokenizer_config.json").get("chat_template")
    return template if isinstance(template, str) else None


def _vocabulary(tokenizer: dict[str, Any]) -> dict[str, int]:
    model = tokenizer.get("model", {}).get("vocab", {})
    words = model if isinstance(model, dict) else {word[0]: i for i, word in enumerate(model)}
    added = {token["content"]: token["id"] for token in tokenizer.get("added_tokens", [])}
    return words | added


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
