"""The four tasks of the small world: what is drawn for testing, judged by the verifiers of other tasks.

    task = WorldProblems()
    example, *_ = task.draw(300, seed=0)
    task.score(example, "#### 42")

Each can read a file instead, in the form of the task that it is judged like.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from assay.demo.synthetic.draw import draw
from assay.demo.synthetic.kind import ANSWER
from assay.tasks.data_file import Row, read_examples
from assay.tasks.ifeval import IFEval
from assay.tasks.numeric import Numeric
from assay.tasks.task import Example, Form, HubData, Metric, Score, Task

__all__ = ["WorldInstructions", "WorldLists", "WorldPassages", "WorldProblems"]

LIMIT = 300
"""Examples that a study gets where it names no limit."""
SOURCE = "no file is needed: the task draws its own examples (`limit`, `seed`)"


class WorldInstructions(IFEval):
    """Requests with one to three of IFEval's instructions, judged by IFEval's verifiers."""

    kind: ClassVar[str] = "world-instructions"
    source: ClassVar[str] = SOURCE
    form: ClassVar[Form] = Form(max_tokens=224)
    hub: ClassVar[HubData | None] = None

    def draw(self, limit: int | None, seed: int) -> tuple[Example, ...]:
        """So many test prompts of the small world."""
        return _own("instructions", limit, seed)

    def prompt(self, example: Example, chat: bool, shots: int) -> str:  # noqa: ARG002 - has none
        """The prompt; without a chat template, a blank line after it."""
        return example.prompt if chat else f"{example.prompt}\n\n"


class WorldProblems(Numeric):
    """Word problems of one to three steps, judged by numeric match."""

    kind: ClassVar[str] = "world-problems"
    source: ClassVar[str] = SOURCE
    form: ClassVar[Form] = Form(max_tokens=128, stop=("Question:",))
    hub: ClassVar[HubData | None] = None

    def draw(self, limit: int | None, seed: int) -> tuple[Example, ...]:
        """So many test problems of the small world."""
        return _own("problems", limit, seed)

    def prompt(self, example: Example, chat: bool, shots: int) -> str:  # noqa: ARG002 - has none
        """The problem alone; without a chat template, as question and answer."""
        return _asked(example, chat)


class _Exact(Task):
    """Short answers, of which one text is right."""

    data_field: ClassVar[str] = "examples"
    source: ClassVar[str] = SOURCE
    version: ClassVar[str] = "1"

    def read(self, path: Path) -> tuple[Example, ...]:
        """The examples of a JSONL file of `{key?, question, answer}`. Raises TaskError naming line and fix."""
        return read_examples(path, _example)

    def prompt(self, example: Example, chat: bool, shots: int) -> str:  # noqa: ARG002 - has none
        """The question alone; without a chat template, as question and answer."""
        return _asked(example, chat)


class WorldLists(_Exact):
    """Sorting, turning around, copying and picking; right is the exact answer."""

    kind: ClassVar[str] = "world-lists"
    capability: ClassVar[str] = "lists"
    form: ClassVar[Form] = Form(max_tokens=96, stop=("\n",))
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("exact_match", "binary", "exact match"),
        Metric("places_right", "ratio", "items in their places"),
    )

    def draw(self, limit: int | None, seed: int) -> tuple[Example, ...]:
        """So many test lists of the small world."""
        return _own("lists", limit, seed)

    def score(self, example: Example, response: str) -> Score:
        """Compare the trimmed text, and item by item what stands between commas."""
        right, given = example.data["answer"], _trimmed(response)
        wanted, found = _items(right), _items(given)
        placed = sum(1 for one, other in zip(wanted, found, strict=False) if one == other)
        exact = given == right
        detail = {"exact": exact, "items": len(wanted), "placed": placed}
        return Score((int(exact), placed), (1, len(wanted)), detail)


class WorldPassages(_Exact):
    """Questions about a few people; right is the word itself."""

    kind: ClassVar[str] = "world-passages"
    capability: ClassVar[str] = "reading"
    form: ClassVar[Form] = Form(max_tokens=32, stop=("\n",))
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("exact_match", "binary", "exact match"),
        Metric("contained", "binary", "the answer is among the words of the response"),
    )

    def draw(self, limit: int | None, seed: int) -> tuple[Example, ...]:
        """So many test passages of the small world."""
        return _own("passages", limit, seed)

    def score(self, example: Example, response: str) -> Score:
        """Compare the trimmed text, and look for the answer among its words."""
        right = example.data["answer"]
        exact = _trimmed(response) == right
        contained = f" {right} " in f" {' '.join(word.strip('.,!?') for word in response.split())} "
        return Score((int(exact), int(contained)), (1, 1), {"exact": exact, "contained": contained})


def _own(kind: str, limit: int | None, seed: int) -> tuple[Example, ...]:
    pairs = draw(kind, "test", LIMIT if limit is None else limit, seed)
    return tuple(Example(pair.key, pair.prompt, pair.data) for pair in pairs)


def _asked(example: Example, chat: bool) -> str:
    return example.prompt if chat else f"Question: {example.prompt}\n{ANSWER}"


def _trimmed(text: str) -> str:
    """Without what begins an answer, without space around it and without one full stop at its end."""
    return text.strip().removeprefix(ANSWER).strip().removesuffix(".").rstrip()


def _items(text: str) -> list[str]:
    return [item.strip() for item in text.split(",")]


def _example(row: Row) -> Example:
    answer = row.text("answer", "a text").strip()
    return Example(row.key(), row.text("question", "a text"), {"answer": answer})
