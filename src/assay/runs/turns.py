"""Continues conversations: the answer to a turn goes into the prompt of the next. It knows no engine.

A turn is a request about its example: turn 1 is request 0. It can be asked once the turns before have their answers,
recorded by an earlier start or given in this one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from assay.engines import Completion, Prompt, cut_after
from assay.records import Store
from assay.records.queries import judged_texts
from assay.runs.workload import Workload

__all__ = ["openings", "scored_part"]


def openings(prompts: Iterable[Prompt], workloads: Iterable[Workload], store: Store) -> list[Prompt]:
    """Those of these prompts that can be asked now; the others follow them (`Prompt.then`)."""
    loads = {(load.name, load.task): load for load in workloads}
    open_: list[Prompt] = []
    chains: dict[tuple[str, str, str, int], list[Prompt]] = {}
    for prompt in prompts:
        load = loads[prompt.name, prompt.task]
        if any(ask.say for ask in load.asks.get(prompt.example, ())):
            chains.setdefault(prompt.key[:4], []).append(prompt)
        else:
            open_.append(prompt)
    answers = {cell: judged_texts(store, *cell) for cell in dict.fromkeys(key[:2] for key in chains)}
    for (*cell, example, sample), chain in chains.items():
        known = answers[cell[0], cell[1]].get((example, sample), [])
        chain.sort(key=lambda prompt: prompt.request)
        open_.append(_asked(loads[cell[0], cell[1]], chain, known[: chain[0].request]))
    return open_


def scored_part(completion: Completion, mark: str | None) -> Completion:
    """The completion with the part that is not scored: everything up to the mark, where there is one."""
    if not mark:
        return completion
    return replace(completion, skip=cut_after(completion.text, mark, completion.prompt.text))


def _asked(load: Workload, chain: Sequence[Prompt], answers: Sequence[str]) -> Prompt:
    """The first turn of a chain as it is sent; the others follow it."""
    prompt, *later = chain
    asks = load.asks[prompt.example]
    if prompt.follows:
        prompt = replace(prompt, text=load.converse(_conversation(load, prompt, answers), False))
    room = sum(turn.max_tokens + len(asks[turn.request].say) for turn in later)
    then = partial(_next, load, later, answers) if later else None
    return replace(prompt, room=room, then=then)


def _next(load: Workload, later: Sequence[Prompt], answers: Sequence[str], completion: Completion) -> Prompt:
    answer = completion if completion.skip else scored_part(completion, load.after)
    return _asked(load, later, [*answers, answer.scored_text])


def _conversation(load: Workload, prompt: Prompt, answers: Sequence[str]) -> list[Mapping[str, str]]:
    """What was said before a turn, and what the user says in it; verifiers' part of each answer."""
    turns: list[Mapping[str, str]] = []
    for ask, answer in zip(load.asks[prompt.example], answers, strict=False):
        turns += [{"role": "user", "content": ask.say}, {"role": "assistant", "content": answer}]
    return [*turns, {"role": "user", "content": load.asks[prompt.example][prompt.request].say}]
