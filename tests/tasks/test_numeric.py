"""Numeric match: which number a response gives, whether it is the right one, and which files are data."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import TaskError
from assay.tasks import TASKS, Example, Task, load_task
from assay.tasks.numeric import Numeric, last_number, number, stated_number


def value(text: str | None) -> Decimal | None:
    return None if text is None else number(text)


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


# -- the last number -------------------------------------------------------------------------------

LAST = {
    "thousands": [("1,234", "1234"), ("1,234,567.50", "1234567.5"), ("1'234", "1234"), ("1_234", "1234")],
    "thousands of LaTeX": [(r"1{,}234", "1234"), (r"1\,234", "1234"), (r"1,\!234", "1234")],
    "thousands by a no-break space": [("1\u202f234", "1234"), ("1\u00a0234\u00a0567", "1234567")],
    "lakhs": [("1,00,000", "100000"), ("12,34,56,789", "123456789")],
    "commas that group nothing": [("12,34", "34"), ("1,2345", "2345"), ("1, 2, 3", "3"), ("1 234", "234")],
    "a point is decimal": [("1.000", "1"), ("1.000,5", "5"), (".5", "0.5"), ("$.50", "0.5"), ("0.50", "0.5")],
    "a point that ends a sentence": [("It is 5.", "5"), ("so...5", "5"), ("done.5", "5"), ("1.2.3", "3")],
    "currency and percent": [("$5", "5"), ("5 €", "5"), ("₹ 5", "5"), (r"\$5", "5"), ("50%", "50")],
    "minus": [("-5", "-5"), ("−5", "-5"), ("–5", "-5"), ("-$5", "-5"), ("$-5", "-5"), (r"-\$5", "-5")],
    "minus behind something": [("= -5", "-5"), ("(-5)", "-5"), ("**-5**", "-5"), ("$-5$", "-5")],
    "plus": [("+5", "5"), ("3+5", "5"), ("±5", "5")],
    "a hyphen": [("10-5", "5"), ("3–4", "4"), ("x-5", "5"), ("2024-01-05", "5"), ("a--5", "5"), ("10-$5", "5")],
    "a hyphen in LaTeX": [("$5$-$3$", "3"), (r"\text{a}-5", "5"), ("(2)-5", "5")],
    "a fraction": [("1/2", "0.5"), ("-3/4", "-0.75"), ("10/2", "5"), ("2/5/2024", "2024"), ("5/day", "5")],
    "a power of ten": [("3.5e2", "350"), ("1E3", "1000"), ("2e-1", "0.2"), ("1e5x", "5")],
    "digits of another script": [("１２", "12"), ("１２．５", "12.5"), ("٣٤", "34"), ("1٬234٫5", "1234.5")],
    "beside letters": [("5th", "5"), ("10km", "10"), ("RM50", "50"), ("5'11\"", "11"), ("1.8 billion", "1.8")],
    "the last line that has one": [("1\n-2\nthree\n\n", "-2"), ("7\r\nseven", "7")],
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), [case for cases in LAST.values() for case in cases])
def test_the_last_number_of(text: str, expected: str) -> None:
    assert value(last_number(text)) == Decimal(expected)


@pytest.mark.parametrize("text", ["", "none", "²", "½", "x", "-", "$", "1/3", "1/0", "0/0"])
def test_no_decimal_number_in(text: str) -> None:
    assert value(last_number(text)) is None


def test_a_number_is_extracted_as_written() -> None:
    assert last_number("It costs −$1,234.50!") == "−$1,234.50"
    assert stated_number("#### **１２** apples") == "１２"


# -- the stated number -----------------------------------------------------------------------------

STATED = [
    ("#### 18", "18"), ("####18", "18"), ("#### $18", "18"), ("#### **18**\nDone, in 3 steps.", "18"), ("#### -1,234", "-1234"),
    ("A: 5", "5"), ("so\nA: -5 apples", "-5"), ("A：５", "5"), ("A: 1.8 billion", "1.8"), ("A: 9/9", "1"),
    (r"\boxed{18}", "18"), (r"\boxed{\$18}", "18"), (r"\boxed{\text{18}}", "18"), (r"\boxed{1{,}234}", "1234"), (r"\fbox{-7}", "-7"),
    (r"$\boxed{18 \text{ eggs}}$ in 2 days", "18"), (r"\boxed{x = 5}", "5"),
    ("The answer is 18.", "18"), ("the final answer is: **$18.00** (of 20)", "18"), ("**Final Answer**: 18", "18"), ("**Answer:**\n\n18", "18"),
    ("Answer = 3", "3"), ("The answer is $18$.", "18"), (r"The answer is: \(\boxed{18}\)", "18"), ("ANSWER: 4%", "4"), ("The answer is (4)", "4"),
    ("A: 16 - 3 = 13", "13"), ("A: 16 - 3 = <<16-3=13>>13 eggs", "13"), (r"\boxed{10-5=5}", "5"), ("A: 5 x 3 = $15", "15"),
    ("#### 12 345", "12345"), ("A: 12 345 678.", "12345678"), ("A: -12 345.5", "-12345.5"), ("A: 12 345 eggs", "12"),
    ("#### 5\n#### 6", "6"), ("A: 5\nA: none", "5"), ("#### 5\n\nThe answer is above, step 3", "5"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), STATED)
def test_stated(text: str, expected: str) -> None:
    assert value(stated_number(text)) == Decimal(expected)


@pytest.mark.parametrize(
    "text",
    ["18", "DATA: 5", "### 5", "The answer is not 5", "A: three", "#### x", "#### 1. Compute it", "answer 5",
     "Answer:\n1. First, add", "A: 16 - 3", "A: 3–5", "A: 2024-01-05", "A: 10:30", "A: 1/2/3",
     r"\boxed{\frac{1}{2}}", r"\boxed{}"],
)  # fmt: skip
def test_states_nothing(text: str) -> None:
    assert stated_number(text) is None


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
    assert all(issubclass(load_task(name), Task) and load_task(name).kind == name for name in TASKS)


HOSTILE: dict[str, str] = {
    name: (piece * (300_000 // len(piece)))
    for name, piece in {
        "digits": "7", "hashes": "#", "A:": "A:", "commas": "1,", "lakhs": ",23", "thousands": ",234", "boxed": "\\boxed{",
        "answers": "answer is ", "slashes": "1/", "points": "1.", "dollars": "$ ", "minus": "-", "lines": "\n", "spaces": " ",
        "sums": "A: 1+1=1 ", "powers": "1e1", "groups": " 234", "bold": "answer**",
    }.items()
}  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE)
def test_a_long_text_of_anything_is_judged_in_linear_time(piece: str) -> None:
    begun = time.process_time()
    score("5", f"A: 1{HOSTILE[piece]}")
    assert time.process_time() - begun < 3  # measured: below 0.2 s; a quadratic reading takes minutes


# -- properties ------------------------------------------------------------------------------------

DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**12), max_value=10**12)


def forms() -> st.SearchStrategy[Callable[[Decimal], str]]:
    """Ways to write one number."""

    def make(group: str, minus: str, currency: str, zeros: int, percent: str) -> Callable[[Decimal], str]:
        def write(number: Decimal) -> str:
            digits = f"{abs(number):,}".replace(",", group)
            digits += "" if "." in digits or not zeros else "."
            return f"{minus if number < 0 else ''}{currency}{digits}{'0' * zeros}{percent}"

        return write

    groups = st.sampled_from(["", ",", "'", "’", "_", "\u202f", "\u00a0", "{,}", "\\,"])
    currencies = st.sampled_from(["", "$", "€", "£ ", "\\$"])
    return st.builds(
        make, groups, st.sampled_from("-−–"), currencies, st.integers(0, 3), st.sampled_from(["", "%"])
    )


@given(
    DECIMALS,
    forms(),
    st.sampled_from(["", "**", " ", "(", "= "]),
    st.sampled_from(["", ".", " apples", "!\n", "**"]),
)
def test_however_a_number_is_written_it_is_the_same_number(
    right: Decimal, write: Callable[[Decimal], str], before: str, after: str
) -> None:
    text = f"First 3, then 4: {before}{write(right)}{after}"
    assert value(last_number(text)) == right
    assert number(write(right)) == right
    assert value(stated_number(f"3 and 4\n#### {write(right)}{after}")) == right


@given(
    st.lists(st.integers(-(10**6), 10**6), min_size=1),
    st.sampled_from([" ", ", ", " + ", "\n", " and ", "; "]),
)
def test_the_last_of_many_numbers_is_found(numbers: list[int], between: str) -> None:
    assert value(last_number(between.join(map(str, numbers)))) == numbers[-1]


@given(st.text() | st.text(alphabet="0123456789,.-+/$%eE=# A:\n{}\\'_"))
@settings(max_examples=500)
def test_any_text_is_judged_and_what_is_extracted_stands_in_it(text: str) -> None:
    passed = score("5", text)
    for found in (last_number(text), stated_number(text)):
        assert found is None or (found in text and (number(found) is not None or "/" in found))
    assert all(part in (0, 1) for part in passed)
    assert passed[0] <= passed[2]
    assert passed[1] <= passed[3] <= passed[2]


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
    "an answer that is no number": ('{"question": "q", "answer": "#### ten"}', "2: `answer` is '#### ten', which is no number; write digits"),
    "an answer that is a third": ('{"question": "q", "answer": "1/3"}', "2: `answer` is '1/3', which is no number"),
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
