r"""Numeric match (NM): is the number in a response the right one? It knows no subject and no model.

    example: {"question": "Ann has 3 pens and buys 2. How many has she?", "answer": "3 + 2 = 5\n#### 5"}
    response: "She had 3 and bought 2. The answer is **5**, so Ann has 5 pens in 2 colours."
    format: 5, the last number that the text calls its answer; flexible: 2, the last number in it

Data: GSM8K's form (JSONL, the number after `####`), SVAMP's (a JSON array of ID, Body, Question,
Answer), or JSONL of `{key?, question, answer}`. `assay.tasks.numbers` says what a number is, and what states it.
A response is right in a form with two readings (`1 234`, `1.5 million`) if either is.

Asked without a chat template, the form and the stops are those of lm-eval's `gsm8k`, whose figures
differ by its examples (5 drawn from GSM8K's training set for each question, with `<<3+2=5>>` in their
answers; here the same 4 of `few_shot`, `shots: 5` in a study for as many) and its limit (256 tokens, unless
told; here 1024, so that a long way to an answer is not cut). With one, lm-eval sends the same text as a
user's turn; here a sentence asks for steps and a last line `#### x`. Its `gsm8k_cot` says `Q:`, `A:` and
`The answer is x.`, which is read here too.
"""

from __future__ import annotations

from decimal import Decimal
from math import isfinite
from pathlib import Path
from typing import ClassVar

from assay.tasks.data_file import Row, read_examples
from assay.tasks.few_shot import EXAMPLES, few_shot_text
from assay.tasks.numbers import last_number, number, stated_number
from assay.tasks.task import Example, Form, HubData, Metric, Score, Task

__all__ = ["Numeric"]

TO_ANSWER = "Work step by step, and end with a last line that holds only #### and the answer as a number."
"""The words after a question under a chat template."""


class Numeric(Task):
    """Word problems with a number as the answer: GSM8K, SVAMP, or one's own."""

    kind: ClassVar[str] = "numeric"
    capability: ClassVar[str] = "numeric"
    data_field: ClassVar[str] = "examples"
    version: ClassVar[str] = "2"
    source: ClassVar[str] = (
        "https://raw.githubusercontent.com/openai/grade-school-math/master/grade_school_math/data/test.jsonl"
    )
    form: ClassVar[Form] = Form(
        max_tokens=1024, stop=("Question:", "</s>", "<|im_end|>"), shots=4, most_shots=len(EXAMPLES)
    )
    hub: ClassVar[HubData | None] = HubData(
        "openai/gsm8k", "cc7b047b6e5bb11b4f1af84efc572db110a51b3c", split="test", config="main"
    )
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("numeric_match", "binary", "numeric match, last number", extracted_by="numeric_found"),
        Metric("format_match", "binary", "numeric match, stated answer", extracted_by="format_found"),
        Metric("numeric_found", "binary", "responses with a number"),
        Metric("format_found", "binary", "responses with a stated answer"),
    )

    def read(self, path: Path) -> tuple[Example, ...]:
        """The examples of a GSM8K, SVAMP or plain file. Raises TaskError naming file, line and fix.

        Keys are `key` or SVAMP's `ID`, else the position from 0.
        """
        return read_examples(path, _example)

    def prompt(self, example: Example, chat: bool, shots: int) -> str:
        """The question and how to answer it; without a chat template, worked examples and `Answer:`."""
        if not chat:
            return f"{few_shot_text(shots)}Question: {example.prompt}\nAnswer:"
        question = f"{few_shot_text(shots)}Question: {example.prompt}" if shots else example.prompt
        return f"{question}\n\n{TO_ANSWER}"

    def score(self, example: Example, response: str) -> Score:
        """Compare both extractions with the right answer."""
        right = Decimal(example.data["answer"])
        flexible, stated = last_number(response), stated_number(response)
        last, right_last = flexible.shown(right.__eq__) if flexible else (None, False)
        answer, right_stated = stated.shown(right.__eq__) if stated else (None, False)
        detail = {
            "flexible": right_last,
            "format": right_stated,
            "extracted": _shown(last),
            "format_extracted": _shown(answer),
        }
        passed = (right_last, right_stated, flexible is not None, stated is not None)
        return Score(tuple(map(int, passed)), (1, 1, 1, 1), detail)


def _shown(text: str | None) -> str | None:
    return text if text is None or len(text) <= 80 else f"{text[:80]}..."


def _example(row: Row) -> Example:
    svamp = "Body" in row.values
    key = row.key("key", "ID")
    question = f"{row.text('Body').strip()} {row.text('Question').strip()}" if svamp else row.text("question")
    return Example(key, question, {"answer": _answer(row, "Answer" if svamp else "answer")})


def _answer(row: Row, name: str) -> str:
    """The right answer in plain digits."""
    answer = row.values.get(name)
    value = None
    if isinstance(answer, str):
        value = number(answer.rpartition("####")[2])
    elif isinstance(answer, int | float) and not isinstance(answer, bool):
        value = Decimal(repr(answer)) if isinstance(answer, int) or isfinite(answer) else None
    if value is None:
        end = repr(answer)
        held = f"...{end[-80:]}" if name in row.values and len(end) > 80 else row.shown(name)
        raise row.error(
            f"`{name}` is {held}, which is not a number",
            "write digits, as in `18`, `2.5` or, after a solution, `#### 18`",
        )
    if isinstance(answer, float) and len(value.as_tuple().digits) > 15:
        raise row.error(f"`{name}` is {answer!r}, too long for JSON's numbers", "write it in quotes")
    plain = f"{value:f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain
