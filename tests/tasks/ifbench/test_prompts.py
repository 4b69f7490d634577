"""The published prompts are read whole, and a prompt that could not be judged is refused with the fix."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from assay.errors import TaskError
from assay.tasks import Example, HubData, Metric
from assay.tasks.ifbench import IFBench
from assay.tasks.ifbench.registry import INSTRUCTIONS

GOOD: dict[str, Any] = {
    "key": "0",
    "prompt": "Some words.",
    "instruction_id_list": ["count:word_count_range"],
    "kwargs": [{"min_words": 3.0, "max_words": 5, "N": None}],
}
SPAN = {"prompt_to_repeat": "three little words", "n_start": 0, "n_end": 1}


def write(folder: Path, *rows: dict[str, Any]) -> Path:
    path = folder / "prompts.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_the_300_published_prompts_are_read(examples: tuple[Example, ...]) -> None:
    counts = Counter(len(example.data["instruction_id_list"]) for example in examples)
    assert counts == {1: 256, 2: 44}
    asked = Counter(id_ for example in examples for id_ in example.data["instruction_id_list"])
    assert asked.keys() == INSTRUCTIONS.keys()
    assert (asked["words:consonants"], asked["custom:csv_city"]) == (15, 1)
    assert {
        type(value) for example in examples for each in example.data["kwargs"] for value in each.values()
    } == {
        int,
        str,
    }


@pytest.mark.usefixtures("nltk_data", "syllapy")
def test_what_the_published_prompts_need_is_found(examples: tuple[Example, ...]) -> None:
    IFBench().require(examples)


def test_a_whole_number_may_be_written_with_a_point(tmp_path: Path) -> None:
    (example,) = IFBench().read(write(tmp_path, GOOD))
    assert example.data["kwargs"] == [{"min_words": 3, "max_words": 5}]
    row = GOOD | {"instruction_id_list": ["repeat:repeat_span"], "kwargs": [SPAN]}
    (example,) = IFBench().read(write(tmp_path, row))
    assert example.data["kwargs"] == [SPAN]


@pytest.mark.parametrize(
    ("id_", "arguments", "message"),
    [
        (
            "count:word_count_range",
            {"min_words": 6, "max_words": 5},
            "`min_words` is 6 and `max_words` 5; the first must not be the larger",
        ),
        ("count:numbers", {"N": 2.5}, "`N` is 2.5; a whole number, 1 or more is expected"),
        ("count:numbers", {"N": 0}, "`N` is 0; a whole number, 1 or more is expected"),
        ("count:numbers", {"N": True}, "`N` is True; a whole number, 1 or more is expected"),
        ("count:numbers", {"N": "2"}, "`N` is '2'; a whole number, 1 or more is expected"),
        ("count:numbers", {"N": None}, "`N` is None; a whole number, 1 or more is expected"),
        ("count:numbers", {}, "`N` is missing (found: nothing); a whole number, 1 or more is expected"),
        (
            "ratio:stop_words",
            {"percentage": 101},
            "`percentage` is 101; a whole number, 0 to 100 is expected",
        ),
        ("format:list", {"sep": " "}, "`sep` is ' '; a text is expected"),
        ("format:newline", {"N": 2}, "unknown argument `N`; this instruction takes none"),
        (
            "repeat:repeat_span",
            SPAN | {"n_end": 3},
            "`n_start` is 0 and `n_end` 3 of 3 words counted from 0; a span of these is expected",
        ),
        (
            "repeat:repeat_span",
            SPAN | {"n_start": -1},
            "`n_start` is -1; a whole number, 0 or more is expected",
        ),
    ],
)
def test_an_argument_that_cannot_be_judged_is_refused(
    id_: str, arguments: dict[str, Any], message: str, tmp_path: Path
) -> None:
    row = GOOD | {"instruction_id_list": [id_], "kwargs": [arguments]}
    path = write(tmp_path, row)
    with pytest.raises(TaskError) as refused:
        IFBench().read(path)
    assert str(refused.value) == f"{path}:1: key 0: kwargs[0] ({id_}): {message}"


@pytest.mark.parametrize("number", [float("inf"), 1e400])
def test_an_endless_number_is_refused(number: float, tmp_path: Path) -> None:
    row = GOOD | {"instruction_id_list": ["count:numbers"], "kwargs": [{"N": number}]}
    with pytest.raises(TaskError):
        IFBench().read(write(tmp_path, row))


def test_an_instruction_of_another_benchmark_is_unknown(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD | {"instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]})
    with pytest.raises(
        TaskError, match=r"unknown instruction 'punctuation:no_comma'; (did you mean|IFBench has)"
    ):
        IFBench().read(path)


def test_the_task_is_about_instructions_and_pins_its_prompts() -> None:
    task = IFBench()
    assert (task.name, task.capability, task.data_field) == ("ifbench", "instruction", "prompts")
    assert task.hub == HubData("allenai/IFBench_test", "2e8a48de45ff3bf41242f927254ca81b59ca3ae2", "train")
    assert task.metrics[0] == Metric("prompt_strict", "binary", "prompt-level accuracy, strict")
    assert [metric.name for metric in task.metrics[1:]] == [
        "instruction_strict",
        "prompt_loose",
        "instruction_loose",
    ]
    assert task.scorer == "ifbench/1/reference"
