"""Each of the 25 instructions passes what follows it, and says why another text does not."""

from __future__ import annotations

import time

import pytest

from assay.tasks import Example
from assay.tasks.ifeval import IFEval
from assay.tasks.ifeval.registry import INSTRUCTIONS
from tests.tasks.ifeval.cases import CASES, PUNKT, example


def test_there_are_25_instructions() -> None:
    assert len(INSTRUCTIONS) == 25
    assert CASES.keys() == INSTRUCTIONS.keys()


@pytest.mark.parametrize("mode", IFEval.modes)
@pytest.mark.parametrize("id_", CASES)
def test_an_instruction_passes_and_fails_with_a_reason(
    id_: str, mode: str, request: pytest.FixtureRequest
) -> None:
    if id_ in PUNKT:
        request.getfixturevalue("punkt_data")
    arguments, good, bad, reason = CASES[id_]
    task, asked = IFEval(mode=mode), example(id_, arguments)
    score = task.score(asked, good)
    assert (score.passed, score.out_of) == ((1, 1, 1, 1), (1, 1, 1, 1))
    assert score.detail["reasons"] == [None]
    score = task.score(asked, bad)
    assert (score.passed[:2], score.out_of) == ((0, 0), (1, 1, 1, 1))
    assert score.detail["reasons"] == [reason]


@pytest.mark.parametrize("mode", IFEval.modes)
@pytest.mark.parametrize("response", ["", " \n\t\u3000"])
@pytest.mark.parametrize("id_", INSTRUCTIONS)
def test_an_empty_response_follows_nothing(id_: str, response: str, mode: str) -> None:
    score = IFEval(mode=mode).score(example(id_, CASES[id_][0]), response)
    assert score.passed == (0, 0, 0, 0)
    assert score.detail == {"strict": [False], "loose": [False], "reasons": ["the response is empty"]}


def build(unit: str) -> str:
    """150,000 characters; fewer sentences, each of which takes its time."""
    return unit * ((60_000 if unit.endswith((". ", "! ", ") ")) else 150_000) // len(unit))


@pytest.mark.slow
@pytest.mark.usefixtures("punkt_data")
@pytest.mark.parametrize(
    "text",
    [
        *map(build, "[*<\"\n -.'aA@1\x00\u2028ßİ漢"),
        *map(
            build,
            ("<<", '\\"', "\n ", "*\n", "``", "e\u0301", "नमस्ते ", "p.", "[]", "{[", "http://a ", "\x1c "),
        ),
        *map(build, ("Abc. ", "x! ", "A'S ", "?) ")),
        build("[") + build("]"),
        f"x{build(' ')}y",
    ],
    ids=lambda text: repr(text[:9]),
)
def test_a_long_run_of_anything_takes_time_linear_in_its_length(text: str) -> None:
    """150,000 characters, read again at each, would take minutes."""
    start = time.process_time()
    every = Example(
        "1",
        "All at once.",
        {"instruction_id_list": list(CASES), "kwargs": [arguments for arguments, *_ in CASES.values()]},
    )
    assert len(IFEval().score(every, f"First line\n{text}\nlast line").detail["strict"]) == 25
    assert time.process_time() - start < 30
