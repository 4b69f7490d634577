from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import torch

from assay.engines import Completion, Prompt
from assay.engines.torch import BatchOptions, TorchEngine
from assay.engines.torch.sequence import Sequence
from assay.errors import EngineError
from tests.engines.following import conversation, dialogues
from tests.engines.torch.toys import ADAPTERS, KINDS, PROMPTS, Toy, ask, generated, make_toy
from tests.often import first_often

SUBJECTS = ["base", *ADAPTERS]
LIMITS = {prompt: 4 + 8 * i for i, prompt in enumerate(PROMPTS)}
SMALL = BatchOptions(rows=7, tokens=120)
"""Fewer slots than rows, so that rows enter while others are under way."""


def outputs(engine: TorchEngine, requests: Iterable[Prompt]) -> dict[tuple[str, str], list[int]]:
    """The tokens of each row, by subject and prompt."""
    found: dict[tuple[str, str], list[int]] = {}
    finished = engine._finished

    def watch(row: Sequence) -> Completion | None:
        if completion := finished(row):
            found[row.asked.subject, row.asked.text] = row.output
        return completion

    engine._finished = watch  # type: ignore[method-assign]
    asked = list(requests)
    assert {one.prompt for one in engine.complete(asked)} == set(asked)
    engine._finished = finished  # type: ignore[method-assign]
    return found


def everything() -> list[Prompt]:
    return [
        ask(subject, prompt, i, max_tokens=LIMITS[prompt])
        for i, prompt in enumerate(PROMPTS)
        for subject in SUBJECTS
    ]


def expected(toy: Toy, subject: str) -> dict[tuple[str, str], list[int]]:
    """What transformers and PEFT generate."""
    model = toy.plain(None if subject == "base" else subject)
    prompts = [toy.base.tokenizer.encode(prompt) for prompt in PROMPTS]
    rows = generated(model, prompts, max(LIMITS.values()))
    return {(subject, prompt): row[: LIMITS[prompt]] for prompt, row in zip(PROMPTS, rows, strict=True)}


@pytest.mark.parametrize("kind", first_often(KINDS))
def test_every_row_of_a_mixed_batch_says_what_transformers_and_peft_say(kind: str, tmp_path: Path) -> None:
    toy = make_toy(kind, tmp_path)
    said = outputs(TorchEngine(toy.base, toy.adapters, SMALL), everything())
    for subject in SUBJECTS:
        for row, tokens in expected(toy, subject).items():
            assert said[row] == tokens, row
    assert len({tuple(tokens) for tokens in said.values()}) > 0.9 * len(said)


@pytest.mark.slow
def test_batches_are_halved_when_memory_runs_out_and_the_tokens_stay(
    engine: TorchEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = outputs(engine, everything())
    run = engine.runner.run
    calls = iter(range(10_000))

    def fail_sometimes(*given: Any) -> torch.Tensor:
        if next(calls) in (3, 9, 40):
            raise torch.OutOfMemoryError("no more")
        return run(*given)

    monkeypatch.setattr(engine.runner, "run", fail_sometimes)
    assert outputs(engine, everything()) == usual
    assert engine.usage.shrunk == 3


@pytest.mark.slow
def test_memory_that_never_suffices_is_an_error_not_a_loop(
    engine: TorchEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> torch.Tensor:
        raise torch.OutOfMemoryError("no more")

    monkeypatch.setattr(engine.runner, "run", fail)
    with pytest.raises(EngineError, match="memory ran out with a single row"):
        list(engine.complete(everything()))


def test_too_little_memory_for_one_row_is_said_before_anything_runs(llama: Toy) -> None:
    engine = TorchEngine(llama.base, llama.adapters, BatchOptions(memory=100))
    with pytest.raises(EngineError, match="one row of"):
        list(engine.complete([ask("base", "hello", 0)]))


def test_a_generation_ends_before_the_first_stop_text(engine: TorchEngine) -> None:
    [whole] = engine.complete([ask("base", PROMPTS[1], 0, max_tokens=40)])
    stop = whole.text[7:9]
    [cut] = engine.complete([ask("base", PROMPTS[1], 0, max_tokens=40, stop=("never there", stop, ""))])
    assert cut.text == whole.text[: whole.text.index(stop)]
    assert cut.finish == "stop"
    assert cut.tokens is not None
    assert whole.tokens is not None
    assert cut.tokens < whole.tokens


def test_an_end_token_ends_a_generation_and_is_no_text(llama: Toy, engine: TorchEngine) -> None:
    [row] = outputs(engine, [ask("base", PROMPTS[3], 0, max_tokens=12)]).values()
    place = next(i for i, token in enumerate(row) if token not in row[:i] and i > 3)
    model = llama.base.model
    toy_base = type(llama.base)("base", model, llama.base.tokenizer, frozenset({row[place]}), 512)
    [done] = TorchEngine(toy_base).complete([ask("base", PROMPTS[3], 0, max_tokens=12)])
    assert (done.tokens, done.finish) == (place + 1, "stop")


def test_a_generation_without_an_end_is_cut_at_its_limit(engine: TorchEngine) -> None:
    [done] = engine.complete([ask("base", "a", 0, max_tokens=3)])
    assert (done.tokens, done.finish) == (3, "length")
    assert done.seconds is not None
    assert done.seconds > 0


def test_sampled_text_depends_on_seed_and_sample_not_on_the_batch(engine: TorchEngine) -> None:
    def sampled(subject: str, seed: int, sample: int) -> Prompt:
        return ask(subject, PROMPTS[1], 0, temperature=1.5, seed=seed, sample=sample, max_tokens=12)

    requests = [sampled(subject, seed, n) for subject in SUBJECTS for seed in (0, 1) for n in (0, 1)]
    together = {one.prompt: one.text for one in engine.complete(requests)}
    alone = {request: next(iter(engine.complete([request]))).text for request in requests[:6]}
    assert alone == {request: together[request] for request in alone}
    assert len({text for request, text in together.items() if request.subject == "base"}) == 4


def test_an_inert_adapter_says_what_the_base_says_also_when_sampled(tmp_path: Path) -> None:
    toy = make_toy("llama", tmp_path, {"inert": {"r": 2, "target_modules": ["q_proj"]}})
    for delta in toy.adapters[0].deltas.values():
        delta.up.zero_()
    engine = TorchEngine(toy.base, toy.adapters)
    requests = [ask(s, PROMPTS[2], 0, temperature=1.0, max_tokens=9) for s in ("base", "inert")]
    first, second = engine.complete(requests)
    assert first.text == second.text


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (ask("nobody", "a", 0), "subject 'nobody' is not loaded"),
        (ask("base", "a" * 600, 0), "do not fit a context of 512"),
        (ask("base", "a", 0, max_tokens=0), "max_tokens 0 do not fit"),
        (ask("base", "a", 0, kind="loglikelihood"), "0 tokens to score"),
    ],
)
def test_what_cannot_be_answered_is_refused(engine: TorchEngine, request_: Prompt, message: str) -> None:
    with pytest.raises(EngineError, match=message):
        list(engine.complete([request_]))


def test_names_must_differ(llama: Toy) -> None:
    with pytest.raises(EngineError, match="share a name"):
        TorchEngine(llama.base, [llama.adapters[0], llama.adapters[0]])


def test_usage_counts_tokens(engine: TorchEngine) -> None:
    list(engine.complete([ask("base", "abcd", i, max_tokens=6) for i in range(3)]))
    assert (engine.usage.read, engine.usage.generated, engine.usage.steps) == (3 * 5, 3 * 6, 6)


def test_a_further_end_token_ends_the_rows_that_name_it_alone(engine: TorchEngine) -> None:
    prompt = PROMPTS[1]
    [tokens] = outputs(engine, [ask("r2", prompt, 0, max_tokens=12)]).values()
    end = next(token for token in tokens[2:] if token not in tokens[:2])
    ended = tokens[: tokens.index(end) + 1]
    rows = outputs(
        engine, [ask("r2", prompt, 0, max_tokens=12, ends=(end,)), ask("base", prompt, 1, max_tokens=12)]
    )
    assert rows["r2", prompt] == ended
    assert len(rows["base", prompt]) == len(
        outputs(engine, [ask("base", prompt, 1, max_tokens=12)])["base", prompt]
    )
    [done] = engine.complete([ask("r2", prompt, 0, max_tokens=12, ends=(end,))])
    assert done.finish == "stop"


def turns(engine: TorchEngine, limit: int = 9) -> dict[tuple[str, str], list[tuple[str, str]]]:
    asked = [
        conversation(ask(subject, prompt, i, max_tokens=limit))
        for i, prompt in enumerate(PROMPTS)
        for subject in ("base", "r4", "head")
    ]
    return dialogues(list(engine.complete(asked)))


def test_a_turn_enters_the_batch_once_the_one_before_is_answered(llama: Toy) -> None:
    found = turns(TorchEngine(llama.base, llama.adapters, SMALL))
    assert len(found) == 3 * len(PROMPTS)
    for (first, one), (second, two), (third, _) in found.values():
        assert second == f"{first}{one} Turn 2?"
        assert third == f"{second}{two} Turn 3?"
    asked = [
        ask(subject, text, number, max_tokens=9)
        for number, ((subject, _), listed) in enumerate(found.items())
        for text, _ in listed
    ]
    alone = {
        (done.prompt.subject, done.prompt.text): done.text
        for done in TorchEngine(llama.base, llama.adapters, SMALL).complete(asked)
    }
    assert all(
        alone[subject, text] == answer for (subject, _), listed in found.items() for text, answer in listed
    )


def test_a_cache_that_is_too_short_for_a_turn_is_made_again(llama: Toy) -> None:
    long, short = (
        turns(TorchEngine(llama.base, llama.adapters, BatchOptions(rows=rows)), 40) for rows in (64, 2)
    )
    assert long == short


def test_a_turn_for_which_the_context_has_no_room_is_answered_by_nothing(llama: Toy) -> None:
    first = ask("base", "x" * (llama.base.context - 12), 0, max_tokens=8)
    done = list(TorchEngine(llama.base, llama.adapters, SMALL).complete([conversation(first)]))
    assert [(one.prompt.request, one.text == "", one.finish) for one in done][1:] == [
        (1, True, "length"),
        (2, True, "length"),
    ]
