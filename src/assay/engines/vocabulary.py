"""The tokens that a folder's tokenizer files list, read as data: no tokenizer is loaded, and no code runs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from assay.engines.files import read_object
from assay.errors import EngineError

__all__ = ["other_tokens", "read_vocabulary"]


def read_vocabulary(folder: Path) -> dict[str, int]:
    """Number of each token; empty where no file lists them. Raises EngineError if tokenizer.json is none."""
    tokenizer = read_object(folder / "tokenizer.json")
    try:
        model: Any = tokenizer.get("model", {}).get("vocab", {})
        words = model if isinstance(model, dict) else {word[0]: i for i, word in enumerate(model)}
        added = {token["content"]: token["id"] for token in tokenizer.get("added_tokens", [])}
    except (AttributeError, KeyError, TypeError, IndexError):
        raise EngineError(
            f"{folder / 'tokenizer.json'} is no tokenizer; download it again, or remove it to use the base's"
        ) from None
    return words | added | read_object(folder / "added_tokens.json")


def other_tokens(own: Mapping[str, int], base: Mapping[str, int]) -> str:
    """The warning about an adapter's tokens that its base's tokenizer lacks or numbers otherwise; empty: none."""
    differ = [token for token, number in own.items() if base.get(token) != number]
    if not differ:
        return ""
    return (
        f"it has a tokenizer with {len(differ)} tokens that the base's lacks ({', '.join(map(repr, differ[:3]))}); "
        f"prompts are encoded by the base's; merge the tokens into a base of its own to use them"
    )
