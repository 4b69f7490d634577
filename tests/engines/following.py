"""Conversations for engines: each prompt is the one before, its answer, and a question."""

from __future__ import annotations

from dataclasses import replace

from assay.engines import Completion, Prompt

__all__ = ["conversation", "dialogues"]


def conversation(prompt: Prompt, turns: int = 3) -> Prompt:
    """The prompt as the first of so many turns."""
    if turns == 1:
        return prompt

    def then(done: Completion) -> Prompt:
        text = f"{done.prompt.text}{done.text} Turn {done.prompt.request + 2}?"
        later = replace(prompt, text=text, request=done.prompt.request + 1, follows=True)
        return conversation(later, turns - 1)

    return replace(prompt, then=then)


def dialogues(completions: list[Completion]) -> dict[tuple[str, str], list[tuple[str, str]]]:
    """(prompt, response) of each turn, by subject and example."""
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for done in sorted(completions, key=lambda done: done.prompt.request):
        place = (done.prompt.subject, done.prompt.example)
        found.setdefault(place, []).append((done.prompt.text, done.text))
    return found
