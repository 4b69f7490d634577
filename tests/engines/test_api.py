"""What of a response is judged: what follows a mark; nothing of a thought that never closes."""

from __future__ import annotations

import pytest

from assay.engines.api import cut_after

MARK = "</think>\n\n"


@pytest.mark.parametrize(
    ("text", "mark", "judged"),
    [
        ("a", None, "a"),
        ("a##b##c", "##", "b##c"),
        ("no mark", "##", "no mark"),
        ("a##", "##", ""),
        ("<think>x</think>\n\n5", MARK, "5"),
        ("<think>x</think>\n5", MARK, "\n5"),
        ("<think>x</think>", MARK, ""),
        ("<think>x, then", MARK, ""),
        ("[THINK]x, then", "[/THINK]", ""),
        ("<think>x</think> <think>y", MARK, " <think>y"),
        ("no thought at all", MARK, "no thought at all"),
        ("<think>x</think> so 5", "</think>\n\nAnswer:", "<think>x</think> so 5"),
        ("a\n\nb", "\n\n", "b"),
        ("a", "\n\n", "a"),
    ],
)
def test_what_is_judged(text: str, mark: str | None, judged: str) -> None:
    assert text[cut_after(text, mark) :] == judged


def test_a_prompt_may_open_the_thought() -> None:
    assert cut_after("x, then", MARK, "Q\n<think>\n") == len("x, then")
    assert cut_after("x, then", MARK, "Think in <think> tags. Q") == 0
    assert cut_after("x, then", MARK, thinking=True) == len("x, then")
    assert cut_after("x</think>\n\n5", MARK, "Q\n<think>\n") == len("x</think>\n\n")
