"""A text repeats a prompt by 13 words in a row, by a whole prompt of 8 to 12, or as that prompt and nothing else."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.tasks import overlap
from assay.tasks.overlap import Prompts, words

TWENTY = "a b c d e f g h i j k l m n o p q r s t"


def found(prompts: Sequence[str], texts: Sequence[str]) -> set[tuple[int, int]]:
    return {(match.text, match.prompt) for match in Prompts(prompts).matches(texts)}


@pytest.mark.parametrize(
    ("text", "repeats"),
    [
        (TWENTY, True),
        ("before a b c d e f g h i j k l m after", True),
        ("h i j k l m n o p q r s t", True),
        ("A, b! C -- d; E f\n\tg (h) i. J? k 'l' M", True),
        ("a b c d e f g h i j k l", False),
        ("a b c d e f x g h i j k l m", False),
        ("b a c d e f g h i j k l m", False),
        ("", False),
    ],
)
def test_thirteen_words_in_a_row_repeat_a_longer_prompt(text: str, repeats: bool) -> None:
    assert found([TWENTY], [text]) == ({(0, 0)} if repeats else set())


def test_a_prompt_of_eight_to_twelve_words_is_repeated_by_all_of_them() -> None:
    texts = ["x a b c d e f g h y", "a b c d e f g", "a b c d e f g h"]
    assert found(["a b c d e f g h"], texts) == {(0, 0), (2, 0)}


def test_a_prompt_of_fewer_words_is_repeated_by_a_text_without_others() -> None:
    assert found(["What is 7 + 8?"], ["what is 7 8", "so what is 7 + 8?"]) == {(0, 0)}


def test_words_do_not_run_on_into_the_next_text() -> None:
    assert found([TWENTY], ["a b c d e f g", "h i j k l m n"]) == set()


def test_every_prompt_that_a_text_repeats_is_found_and_equal_prompts_too() -> None:
    other = " ".join(f"w{i}" for i in range(13))
    assert found([TWENTY, "no", other, TWENTY], ["no", f"{other} {TWENTY}"]) == {
        *((0, 1), (1, 0), (1, 2), (1, 3))
    }


def test_words_that_many_prompts_share_are_wording_and_a_whole_prompt_never_is() -> None:
    wording = " ".join(f"rule{i}" for i in range(15))
    prompts = [f"{wording} {i}" for i in range(11)]
    assert found(prompts, [wording]) == set()
    assert found(prompts[:10], [wording]) == {(0, i) for i in range(10)}
    assert found(prompts, [prompts[3]]) == {(0, 3)}


def test_the_shared_words_are_given() -> None:
    (match,) = Prompts([TWENTY]).matches([f"x {TWENTY.upper()} y"])
    assert match.words == TWENTY[: 2 * 13 - 1]


def test_words_are_without_case_and_punctuation_in_any_script() -> None:
    assert words("It's 3.5 Kg_of CAF\u00c9, \u00dcBER-alles") == [
        *("it", "s", "3", "5", "kg", "of", "caf\u00e9", "\u00fcber", "alles"),
    ]
    assert words("\u6d4b\u8bd5 ok\u3002") == ["\u6d4b", "\u8bd5", "ok"]


def test_texts_of_several_chunks_keep_their_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overlap, "CHUNK", 20)
    texts = ["nothing here at all"] * 7 + [TWENTY] + ["nothing"] * 9 + [f"x {TWENTY}"]
    assert found([TWENTY], texts) == {(7, 0), (17, 0)}


def by_hand(prompts: Sequence[str], texts: Sequence[str]) -> set[tuple[int, int]]:
    """By definition, one pair after the other."""
    split = [words(prompt) for prompt in prompts]
    pairs = set()
    for number, text in enumerate(map(words, texts)):
        for index, prompt in enumerate(split):
            size = min(13, len(prompt))
            rows = {tuple(text[i : i + size]) for i in range(len(text) - size + 1)}
            own = {tuple(prompt[i : i + size]) for i in range(len(prompt) - size + 1)}
            if prompt and (text == prompt or (size >= 8 and rows & own)):
                pairs.add((number, index))
    return pairs


@given(st.integers(0, 10_000))
def test_any_texts_of_few_words_are_matched_as_by_definition(seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311

    def text() -> str:
        return " ".join(draw.choices("ab", k=draw.randint(0, 30)))

    prompts = list({text() for _ in range(8)})
    texts = [text() for _ in range(8)] + [f"{text()} {prompt} {text()}" for prompt in prompts[:2]]
    assert found(prompts, texts) == by_hand(prompts, texts)
