"""How a response starts, ends, and is divided in two. Each check returns None when followed, else why."""

from __future__ import annotations

__all__ = ["end_checker", "quotation", "repeat_prompt", "two_responses"]


def end_checker(text: str, end_phrase: str) -> str | None:
    """The phrase ends the text, in any case; quotation marks may follow."""
    if text.strip().strip('"').lower().endswith(end_phrase.strip().lower()):
        return None
    return f'does not end with "{end_phrase.strip()}"'


def quotation(text: str) -> str | None:
    """Double quotation marks around all of it."""
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        return None
    return 'not wrapped in " "'


def repeat_prompt(text: str, prompt_to_repeat: str) -> str | None:
    """The request stands first, in any case."""
    if text.strip().lower().startswith(prompt_to_repeat.strip().lower()):
        return None
    return "does not start with the request"


def two_responses(text: str) -> str | None:
    """Two different texts, divided by `******`; it may also stand at the start and the end."""
    parts = [part.strip() for part in text.split("******")]
    if not all(parts[1:-1]):
        return "nothing between two ******"
    filled = [part for part in parts if part]
    if len(filled) != 2:
        return f"{len(filled)} response{'' if len(filled) == 1 else 's'}, exactly 2 asked"
    return "twice the same response" if filled[0] == filled[1] else None
