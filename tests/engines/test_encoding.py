"""Special tokens stand once, what is scored begins where a prompt ends, and seeds are a request's own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assay.engines import Prompt
from assay.engines.encoding import cut_before, encode, encode_pair, seed_of
from assay.errors import EngineError
from tests.engines.vllm.fakes import Letters

REQUEST = Prompt("base", "gsm", "1", "hi", temperature=1.0, seed=3)


def text(tokens: list[int]) -> str:
    return "".join(map(chr, tokens))


@pytest.mark.parametrize(("prompt", "tokens"), [("hi", "<hi"), ("<hi", "<hi"), ("", "<")])
def test_the_first_special_token_is_there_once(prompt: str, tokens: str) -> None:
    assert text(encode(Letters(), prompt)) == tokens


@pytest.mark.parametrize(
    ("prompt", "continuation", "scored"),
    [("ab", "cd", "cd"), ("ab ", "cd", " cd"), ("ab", " cd", " cd"), ("", "cd", "cd"), ("", "<cd", "cd")],
)
def test_white_space_before_the_border_counts_as_the_continuations(
    prompt: str, continuation: str, scored: str
) -> None:
    tokens, count = encode_pair(Letters(), prompt, continuation)
    assert text(tokens[-count:]) == scored
    assert text(tokens).removeprefix("<") == (prompt + continuation).removeprefix("<")


def test_nothing_cannot_be_scored_after_nothing() -> None:
    with pytest.raises(EngineError, match="without a prompt"):
        encode_pair(Letters(), "", "")


@pytest.mark.parametrize(
    ("stops", "kept"), [((), "one two"), (("",), "one two"), (("w", " "), "one"), (("x",), "one two")]
)
def test_a_text_ends_before_its_first_stop(stops: tuple[str, ...], kept: str) -> None:
    assert cut_before("one two", stops) == (kept, kept != "one two")


@pytest.mark.parametrize(
    "more", [{"seed": 4}, {"task": "x"}, {"example": "2"}, {"sample": 1}, {"request": 1}]
)
def test_a_seed_depends_on_what_a_draw_may_depend_on(more: dict[str, object]) -> None:
    assert seed_of(replace(REQUEST, **more)) != seed_of(REQUEST)  # type: ignore[arg-type]
    assert 0 <= seed_of(REQUEST) < 2**31


@pytest.mark.parametrize("more", [{"subject": "math"}, {"text": "other"}, {"variant": "again"}])
def test_a_seed_depends_on_nothing_else(more: dict[str, object]) -> None:
    assert seed_of(replace(REQUEST, **more)) == seed_of(REQUEST)  # type: ignore[arg-type]
