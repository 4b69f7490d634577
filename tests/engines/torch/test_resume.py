"""Generations that stop at any step and are continued end as if they had not stopped."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from random import Random

import pytest

from assay.engines import Completion, Partial, Prompt
from assay.engines.torch import BatchOptions, TorchEngine
from tests.engines.torch.toys import ADAPTERS, KINDS, PROMPTS, Toy, ask, make_toy
from tests.often import first_often

ASKED = [
    ask(subject, prompt, i, max_tokens=4 + 8 * i, temperature=temperature)
    for temperature in (0.0, 1.0)
    for i, prompt in enumerate(PROMPTS)
    for subject in ("base", *ADAPTERS)
]
Rows = Mapping[Prompt, Sequence[int]]
Answers = dict[Prompt, tuple[str, int | None, str | None]]


def stopped(engine: TorchEngine, begun: Rows, asked: Iterable[Prompt], steps: int) -> tuple[Answers, Rows]:
    """What is answered within so many steps, and what the others hold then."""
    answers: Answers = {}
    rows = dict(begun)
    items = engine.resume(asked, begun, every=0)
    for item in items:
        if isinstance(item, Completion):
            answers[item.prompt] = (item.text, item.tokens, item.finish)
            rows.pop(item.prompt, None)
        else:
            rows |= item.rows
            if (steps := steps - 1) == 0:
                break
    items.close()  # type: ignore[attr-defined]
    return answers, rows


@pytest.mark.parametrize("kind", first_often(KINDS))
def test_generations_stopped_at_any_step_end_as_if_they_were_not(
    kind: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    toy = make_toy(kind, tmp_path_factory.mktemp(kind))
    engine = TorchEngine(toy.base, toy.adapters, BatchOptions(rows=17, tokens=120))
    expected, _ = stopped(engine, {}, ASKED, 10**9)
    assert len(expected) == len(ASKED)
    draw = Random(0)  # noqa: S311
    answers: Answers = {}
    rows: Rows = {}
    stops = 0
    while open_ := [prompt for prompt in ASKED if prompt not in answers]:
        more, rows = stopped(engine, rows, open_, draw.randint(1, 30))
        answers |= more
        stops += 1
    assert stops > 5
    assert answers == expected


def test_tokens_that_were_kept_are_not_generated_again(llama: Toy) -> None:
    asked = [prompt for prompt in ASKED if prompt.max_tokens > 30]
    engine = TorchEngine(llama.base, llama.adapters, BatchOptions(rows=100))
    _, rows = stopped(engine, {}, asked, 20)
    assert min(len(tokens) for tokens in rows.values()) > 5
    before = engine.usage.generated
    answers, _ = stopped(engine, rows, asked, 10**9)
    expected = sum((tokens or 0) - len(rows.get(prompt, ())) for prompt, (_, tokens, _) in answers.items())
    assert engine.usage.generated - before == expected


def test_what_generations_hold_is_reported_by_the_clock_not_by_the_step(llama: Toy) -> None:
    engine = TorchEngine(llama.base, llama.adapters)
    assert not any(isinstance(item, Partial) for item in engine.resume(ASKED, {}, every=math.inf))


def test_tokens_that_cannot_be_of_an_open_generation_are_dropped(llama: Toy) -> None:
    prompt = ASKED[0]
    engine = TorchEngine(llama.base, llama.adapters)
    expected, _ = stopped(engine, {}, [prompt], 10**9)
    for tokens in ([1] * prompt.max_tokens, [257, 1]):
        assert stopped(engine, {prompt: tokens}, [prompt], 10**9)[0] == expected
