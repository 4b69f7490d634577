"""Numeric match: which number a response gives, whether it is the right one, and which files are data."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assay.errors import TaskError
from assay.tasks import Example, load_task
from assay.tasks.numeric import Numeric


def score(answer: str, response: str) -> tuple[int, ...]:
    return Numeric().score(Example("0", "?", {"answer": answer}), response).passed


# -- real data -------------------------------------------------------------------------------------


def test_both_extractions_agree_with_every_published_verdict_on_gsm8k(shared: Path) -> None:
    # openai/grade-school-math, example_model_solutions: `is_correct` of two systems on 1,319 problems.
    task = Numeric()
    examples = task.read(shared / "data/gsm8k/test.jsonl")
    lines = (shared / "data/gsm8k/judged_solutions.jsonl").read_text().split("\n")
    judged = [json.loads(line) for line in lines if line]
    right = {"6b_finetuning": 0, "175b_verification": 0}
    for example, row in zip(examples, judged, strict=True):
        assert example.prompt == row["question"]
        for system in right:
            passed = task.score(example, row[system]["solution"]).passed
            assert passed[:2] == (row[system]["is_correct"],) * 2, (example.key, system)
            right[system] += passed[0]
    assert right == {"6b_finetuning": 286, "175b_verification": 742}


def test_gsm8k_is_keyed_by_position_and_svamp_by_id(shared: Path) -> None:
    gsm8k = Numeric("gsm8k").read(shared / "data/gsm8k/test.jsonl")
    svamp = Numeric("svamp").read(shared / "data/svamp/SVAMP.json")
    assert [example.key for example in gsm8k] == [str(i) for i in range(1319)]
    assert [example.key for example in svamp] == [f"chal-{i}" for i in range(1, 1001)]
    assert gsm8k[0].data == {"answer": "18"}
    assert svamp[0].data == {"answer": "51"}
    assert svamp[0].prompt.endswith("25 dollars on each pack How much do you have to pay to buy each pack?")


# -- scores ----------------------------------------------------------------------------------------


def test_a_score_is_right_last_right_stated_and_whether_each_was_found() -> None:
    assert score("5", "A: 5") == (1, 1, 1, 1)
    assert score("5", "A: 5, in 2 steps") == (0, 1, 1, 1)
    assert score("5", "A: 4, or 5") == (1, 0, 1, 1)
    assert score("5", "It is 5") == (1, 0, 1, 0)
    assert score("5", "five") == score("5", "") == (0, 0, 0, 0)
    assert score("5", "A: 1/3") == (0, 0, 1, 1)


def test_the_detail_says_what_was_extracted() -> None:
    detail = Numeric().score(Example("0", "?", {"answer": "5"}), "A: $5.00, for 2").detail
    assert detail == {"flexible": False, "format": True, "extracted": "2", "format_extracted": "$5.00"}
    long = Numeric().score(Example("0", "?", {"answer": "5"}), "9" * 1000).detail
    assert long["extracted"] == "9" * 80 + "..."


def test_comparison_is_exact_where_floats_are_not() -> None:
    assert score("0.3", "0.30000000000000001")[0] == 0
    assert score("9007199254740993", "9007199254740992")[0] == 0
    assert score("12345678901234567890123456789012345", "-12345678901234567890123456789012345")[0] == 0
    assert score("-12345678901234567890123456789012345", "-12345678901234567890123456789012345")[0] == 1


def test_the_gain_can_be_split_by_whether_an_answer_was_found() -> None:
    names = [metric.name for metric in Numeric.metrics]
    assert names == ["numeric_match", "format_match", "numeric_found", "format_found"]
    assert [metric.extracted_by for metric in Numeric.metrics] == [
        "numeric_found",
        "format_found",
        None,
        None,
    ]


def test_the_study_file_finds_the_task_by_its_kind() -> None:
    assert load_task("numeric") is Numeric


# -- files -----------------------------------------------------------------------------------------


def write(folder: Path, text: str) -> Path:
    path = folder / "examples.jsonl"
    path.write_text(text)
    return path


def test_own_examples_have_a_key_or_take_their_position(tmp_path: Path) -> None:
    rows = [
        {"key": "a", "question": "q", "answer": "1,000"},
        {"question": "q", "answer": 2.50},
        {"key": 7, "question": "q", "answer": 3},
    ]
    examples = Numeric().read(write(tmp_path, "\n".join(map(json.dumps, rows))))
    assert [(e.key, e.data["answer"]) for e in examples] == [("a", "1000"), ("1", "2.5"), ("7", "3")]


REFUSED = {
    "an answer that is no number": ('{"question": "q", "answer": "#### ten"}', "2: `answer` is '#### ten', which is not a number; write digits"),
    "an answer that is a third": ('{"question": "q", "answer": "1/3"}', "2: `answer` is '1/3', which is not a number"),
    "two numbers as the answer": ('{"question": "q", "answer": "3 to 4"}', "2: `answer` is '3 to 4'"),
    "true as the answer": ('{"question": "q", "answer": true}', "2: `answer` is True"),
    "no answer": ('{"question": "q", "anwser": 1}', "2: `answer` is missing (found: question, anwser)"),
    "a number that JSON cannot hold": ('{"question": "q", "answer": 0.1234567890123456}', "2: `answer` is 0.1234567890123456, too long"),
    "no question": ('{"question": " ", "answer": 1}', "2: `question` is ' '; write the text"),
    "a key that is no key": ('{"key": null, "question": "q", "answer": 1}', "2: `key` is None; write a text"),
    "a key given twice": ('{"key": "0", "question": "q", "answer": 1}', "2: the same key as on line 1 ('0'); keep one, or give each its own"),
    "half a line": ('{"question": "q", ', "2: not a JSON object"),
    "SVAMP without a question": ('{"ID": "a", "Body": "b", "Answer": 1.0}', "2: `Question` is missing"),
}  # fmt: skip


@pytest.mark.parametrize(("row", "told"), REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("array", [False, True], ids=["lines", "array"])
def test_refused_with_line_and_fix(tmp_path: Path, row: str, told: str, array: bool) -> None:
    good = '{"question": "q", "answer": 1}'
    path = write(tmp_path, f"[{good},\n{row}\n]" if array else f"{good}\n{row}\n")
    with pytest.raises(TaskError) as caught:
        Numeric().read(path)
    assert str(caught.value).startswith(
        f"{path}:{told}".replace("not a JSON object", "not " if array else "not a JSON object")
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [("[\n3]", 2), ("[\n", 2), ("[{}\n{}]", 1), ('[{"question": "q", "answer": NaN}]', 1), ("[" * 10_000, 1), ('[{"question": "q", "answer": 1}\n]\nx', 2), ('[{"question": "q",\n"answer": 1}\n{}]', 3)],
)  # fmt: skip
def test_a_broken_array_is_refused_at_its_line(tmp_path: Path, text: str, line: int) -> None:
    path = write(tmp_path, text)
    with pytest.raises(TaskError) as caught:
        Numeric().read(path)
    assert str(caught.value).startswith(f"{path}:{line}: ")


@pytest.mark.parametrize("text", ["", "\n\n", "[]", " [ ]\n"])
def test_a_file_without_examples_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(TaskError, match="no examples"):
        Numeric().read(write(tmp_path, text))


def test_an_answer_beyond_every_float_is_exact(tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    path.write_text(json.dumps({"question": "q", "answer": 10**400}) + "\n")
    (example,) = Numeric().read(path)
    assert Numeric().score(example, f"#### {10**400}").passed[:2] == (1, 1)
    assert Numeric().score(example, f"#### {10**400 + 1}").passed[:2] == (0, 0)
