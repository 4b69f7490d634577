"""What is learnt is the response and its end token, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assay.engines.chat_template import Tokens, render_turn
from assay.errors import EngineError
from assay.training.base import BaseFacts, inspect_base
from assay.training.batches import Feed, Part
from assay.training.data import Learnt, Pair, Turn
from assay.training.recipe import load_recipe
from assay.training.tokens import end_token, tokenised
from tests.training.recipes import write_recipe

END = 257


@pytest.fixture(scope="module")
def seen(toy: Path, tmp_path_factory: pytest.TempPathFactory) -> BaseFacts:
    return inspect_base(load_recipe(write_recipe(tmp_path_factory.mktemp("seen"), toy)))


def without_template(seen: BaseFacts) -> BaseFacts:
    return replace(seen, template=None)


def learnt(*pairs: tuple[str, str]) -> Learnt:
    made = tuple(Pair((Turn("user", prompt),), response, "here") for prompt, response in pairs)
    return Learnt(made, "0", ("here",), ())


def text(seen: BaseFacts, tokens: Any) -> str:
    return str(seen.tokenizer.decode(list(tokens)))


def test_the_labels_are_exactly_the_response_and_its_end(seen: BaseFacts) -> None:
    made = tokenised(learnt(("say it", "I say it."), ("no", "!")), seen, 64)
    for number, response in enumerate(("I say it.", "!")):
        part = Part.of([Feed(made, [number])[0]])
        kept = part.learnt.tolist()
        assert kept[-1] == END
        assert text(seen, kept[:-1]) == response
        assert part.before.tolist()[0] == made.starts[number] - 1


def test_the_prompt_is_what_an_audit_sends(seen: BaseFacts) -> None:
    from assay.engines.encoding import encode

    made = tokenised(learnt(("say it", "yes")), seen, 64)
    assert seen.template is not None
    sent = encode(seen.tokenizer, render_turn(Tokens.of(seen.tokenizer), "say it", seen.template))
    assert list(made.rows[0][: made.starts[0]]) == sent


def test_without_a_template_the_separator_is_learnt_with_the_response(seen: BaseFacts) -> None:
    made = tokenised(learnt(("say it", "yes")), without_template(seen), 64)
    row, start = made.rows[0], made.starts[0]
    assert text(seen, row[:start]) == "<s>say it"
    assert text(seen, row[start:-1]) == "\n\nyes"


def test_a_conversation_keeps_its_turns(seen: BaseFacts) -> None:
    turns = (Turn("user", "a"), Turn("assistant", "b"), Turn("user", "c"))
    made = tokenised(Learnt((Pair(turns, "d", "here"),), "0", (), ()), seen, 64)
    assert text(seen, made.rows[0]) == "<s>[user]a[assistant]b[user]c[assistant]d</s>"
    assert text(seen, made.rows[0][made.starts[0] :]) == "d</s>"


def test_a_long_response_is_cut_counted_and_not_taught_to_end(seen: BaseFacts) -> None:
    whole = tokenised(learnt(("p", "x" * 30), ("p", "y")), seen, 200)
    length = len(whole.rows[0]) - 1  # the end token alone does not fit
    made = tokenised(learnt(("p", "x" * 30), ("p", "y")), seen, length)
    assert (whole.truncated, made.truncated) == (0, 1)
    assert made.rows[0] == whole.rows[0][:-1]
    assert made.rows[1] == whole.rows[1]


def test_a_prompt_that_fills_the_length_is_lost_and_named(seen: BaseFacts) -> None:
    made = tokenised(learnt(("p" * 64, "x"), ("p", "y")), seen, 64)
    assert (len(made.rows), made.lost) == (1, ("here",))


def test_an_end_token_stops_the_base() -> None:
    class Words:
        eos_token_id = 5

    words: Any = Words()
    assert end_token(words, frozenset({5, 3})) == 5
    assert end_token(words, frozenset({9, 3})) == 3


def test_a_template_that_refuses_turns_is_named(seen: BaseFacts) -> None:
    strict = replace(seen, template="{{ raise_exception('no system turns') }}")
    turns = (Turn("system", "a"), Turn("user", "c"))
    with pytest.raises(EngineError, match=r"does not take turns of system, user: .*no system turns"):
        tokenised(Learnt((Pair(turns, "d", "here"),), "0", (), ()), strict, 64)
