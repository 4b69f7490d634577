from __future__ import annotations

import pytest

from assay.report.text.verdicts import harm_words, needed_words, pool_words, stop_words
from assay.verdicts.result import Pool, Stop


@pytest.mark.parametrize(
    ("stop", "words"),
    [
        (None, ""),
        (Stop(541, 541, (541,), "group"), ""),
        (Stop(541, 541, (96, 541), "group"), "all 541 prompts, after 2 looks"),
        (Stop(1096, 2541, (96, 1096), "group"), "stopped early, 1,096 of 2,541 prompts"),
    ],
)
def test_a_stop_says_of_how_many_prompts(stop: Stop | None, words: str) -> None:
    assert stop_words(stop) == words


def test_a_pool_answer_speaks_of_the_list_alone() -> None:
    words = pool_words(Pool("more", (0.01, 0.04), settled=True), Stop(96, 1541, (96,), "group"))
    assert words == "for this list of 1,541 prompts only: more, [+1.0, +4.0]"


def test_what_is_not_known_has_no_words() -> None:
    assert needed_words(None) == ""
    assert needed_words(1200) == "about 1,200 prompts would decide"
    assert [harm_words(excluded) for excluded in (True, False, None)] == ["excluded", "not excluded", "-"]
