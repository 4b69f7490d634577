"""Each instruction is followed by one text and not by another, with the reason, and no text breaks its check."""

from __future__ import annotations

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.tasks import Example, load_task
from assay.tasks.ifbench import IFBench
from assay.tasks.ifbench.registry import INSTRUCTIONS

from .cases import CASES, FIXED, example

pytestmark = pytest.mark.usefixtures("nltk_data", "syllapy")

PIECES = st.sampled_from(
    [
        *".?!,;:\"'“”()[]{}*- \n\t\r\x1c\x00１²İßǅ二🙂\u200d\ufe0f",
        *("?!", "<i>", "</i>", "<em>", "```", "7", "14", "🇫🇷", "n't", "a", "I"),
    ]
)
TEXTS = st.text(max_size=60) | st.lists(PIECES | st.text(max_size=5), max_size=30).map("".join)
EVERY = Example(
    "1",
    "All at once.",
    {"instruction_id_list": list(CASES), "kwargs": [arguments for arguments, *_ in CASES.values()]},
)


def test_there_are_58_instructions_and_a_case_for_each() -> None:
    assert len(INSTRUCTIONS) == 58
    assert CASES.keys() == INSTRUCTIONS.keys()
    assert load_task("ifbench") is IFBench


@pytest.mark.parametrize("mode", IFBench.modes)
@pytest.mark.parametrize("id_", CASES)
def test_an_instruction_passes_and_fails_with_a_reason(id_: str, mode: str) -> None:
    arguments, good, bad, reason = CASES[id_]
    task, asked = IFBench(mode=mode), example(id_, arguments)
    score = task.score(asked, FIXED.get(id_, good) if mode == "fixed" else good)
    assert score.detail["reasons"] == [None]
    assert (score.passed, score.out_of) == ((1, 1, 1, 1), (1, 1, 1, 1))
    score = task.score(asked, bad)
    assert (score.passed[:2], score.out_of) == ((0, 0), (1, 1, 1, 1))
    if mode == "reference":
        assert score.detail["reasons"] == [reason]
    else:
        assert score.detail["reasons"][0]


@pytest.mark.parametrize("mode", IFBench.modes)
@pytest.mark.parametrize("response", ["", " \n\t\u3000"])
def test_an_empty_response_follows_nothing(response: str, mode: str) -> None:
    score = IFBench(mode=mode).score(EVERY, response)
    assert score.passed == (0, 0, 0, 0)
    assert set(score.detail["reasons"]) == {"the response is empty"}


def test_loose_forgives_a_first_line_a_last_line_and_stars() -> None:
    asked = example("format:options", {"options": "a), b), c), d)"})
    for response in ("Sure:\nb)", "b)\nBye", "Sure:\nb)\nBye", "**b)**", "Sure:\n*b)*\nBye"):
        assert IFBench().score(asked, response).passed == (0, 0, 1, 1), response


@given(TEXTS)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_every_check_has_a_verdict_on_any_text_in_both_modes(text: str) -> None:
    for mode in IFBench.modes:
        detail = IFBench(mode=mode).score(EVERY, text).detail
        assert len(detail["strict"]) == len(detail["loose"]) == 58
        for strict, loose, reason in zip(detail["strict"], detail["loose"], detail["reasons"], strict=True):
            assert strict == (reason is None)
            assert loose or not strict


UNITS = (
    *("(", "[{", "'\"", "*", "*\n", " \n", "\n\n ", "<i>", "A1", "``", "!", "\n"),
    *("Abc. ", "?) ", "a-b ", "Question 1. ", "🇫🇷", "\u200d", "e\u0301", "二", "İ", "\x1c "),
    *("1,2,3,4,5\n", '1,2,3,4,"&\n', '"1"\t'),
)


def seconds(text: str) -> float:
    """What all checks of both modes take for it."""
    start = time.process_time()
    for id_, instruction in INSTRUCTIONS.items():
        instruction.check(text, **CASES[id_][0])
        if instruction.fixed:
            instruction.fixed(text, **CASES[id_][0])
    return time.process_time() - start


def test_a_text_of_long_runs_is_judged_in_no_time() -> None:
    assert seconds("".join(unit * (2_000 // len(unit)) for unit in UNITS)) < 10


@pytest.mark.slow
@pytest.mark.parametrize("unit", UNITS)
def test_a_long_run_of_anything_takes_time_linear_in_its_length(unit: str) -> None:
    """50,000 characters, read again at each, would take minutes."""
    for first in ("First line\n", "ProductID,Category,Brand,Price,Stock\n", ""):
        assert seconds(f"{first}{unit * (50_000 // len(unit))}\nlast line") < 10
