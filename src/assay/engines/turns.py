"""Turns of a conversation that wait in an engine which counts tokens itself. It knows no model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from assay.engines.api import Completion, Prompt

__all__ = ["admitted"]


def admitted(
    prompts: Iterable[Prompt], outgrown: Callable[[Prompt], bool], wait: Callable[[Prompt], None]
) -> Iterator[Completion]:
    """Hand each prompt to `wait`; a turn that has outgrown the context is answered by nothing, and its next turn follows."""
    for prompt in prompts:
        if outgrown(prompt):
            completion = Completion(prompt, "", tokens=0, finish="length", seconds=0.0)
            yield completion
            yield from admitted(completion.following, outgrown, wait)
        else:
            wait(prompt)
