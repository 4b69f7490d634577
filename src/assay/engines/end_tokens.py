"""The tokens of an adapter's own tokenizer, and the one that ends its texts, by its files alone. No code of theirs runs.

An adapter that was trained to end with another token than its base's generation configuration would run on past it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from assay.engines.files import read_object
from assay.errors import EngineError

__all__ = ["end_warning", "other_tokens", "own_end", "read_vocabulary"]


def own_end(folder: Path) -> str | None:
    """The end token that an adapter's tokenizer files name; None: they name none. Raises EngineError if unreadable."""
    for name in ("tokenizer_config.json", "special_tokens_map.json"):
        entry = read_object(folder / name).get("eos_token")
        text = entry.get("content") if isinstance(entry, dict) else entry
        if isinstance(text, str) and text:
            return text
    return None


def read_vocabulary(folder: Path) -> dict[str, int]:
    """Tokens of a folder's tokenizer.json, and those that were added. Raises EngineError if it is no tokenizer."""
    tokenizer = read_object(folder / "tokenizer.json")
    try:
        model: Any = tokenizer.get("model", {}).get("vocab", {})
        words = model if isinstance(model, dict) else {word[0]: i for i, word in enumerate(model)}
        added = {token["content"]: token["id"] for token in tokenizer.get("added_tokens", [])}
    except (AttributeError, KeyError, TypeError, IndexError):
        raise EngineError(
            f"{folder / 'tokenizer.json'} is not a tokenizer; download it again, or remove it to use the base's"
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


def end_warning(end: str, ends: Collection[int], vocabulary: Mapping[str, int]) -> str:
    """What an adapter's own end token differs in from the tokens that end the base's texts; empty where it is one."""
    token = vocabulary.get(end)
    if token in ends:
        return ""
    known = {number: text for text, number in vocabulary.items()}
    theirs = ", ".join(f"{known.get(number, '?')} ({number})" for number in sorted(ends)) or "none"
    text = f"eos_token: {end} in its tokenizer_config.json is none of those that end the base's responses ({theirs})"
    if token is None:
        return f"{text}, and no token of the base: its responses run on to max_tokens where it would end them with that"
    return text
