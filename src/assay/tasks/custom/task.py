"""A custom task: a class made from a file, which reads prompts and passes responses to its check. It knows no check."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from assay.errors import TaskError
from assay.files import file_exists
from assay.tasks.custom.check import Check
from assay.tasks.custom.form import CustomForm, Shot
from assay.tasks.data_file import Row, read_examples
from assay.tasks.task import Example, Form, Score, Task

__all__ = ["CustomTask", "task_class"]


class CustomTask(Task):
    """What all custom tasks share; `task_class` fills in the rest."""

    kind: ClassVar[str] = "own"  # part of the identity of scores that runs keep
    data_field: ClassVar[str] = "prompts"
    version: ClassVar[str] = "1"
    path: ClassVar[Path]
    """Of the task's file."""
    places: ClassVar[Mapping[str, str]]
    """File and line of `prompts` and of `check`."""
    sources: ClassVar[Mapping[str, str]]
    """Text of the task's file and of those beside it that it needs, by name: what a run keeps."""
    judge_by: ClassVar[Check]
    plain: ClassVar[str]
    """What is sent without a chat template, around `{prompt}`."""
    examples: ClassVar[tuple[Shot, ...]]
    """Worked examples."""

    @property
    def scorer(self) -> str:
        """Identity of the check: of all that a score depends on beside example and response."""
        text = json.dumps(self.judge_by.identity, sort_keys=True, ensure_ascii=False)
        return f"{self.kind}/{self.version}/{hashlib.sha256(text.encode()).hexdigest()[:16]}"

    def read(self, path: Path) -> tuple[Example, ...]:
        """The rows of a JSONL file of `prompt`, optional `key`, and what the check needs.

        Keys default to the position from 0. Raises TaskError naming file, line and fix.
        """
        if not file_exists(path):
            named_by = f"{self.places['prompts']} names it" if path == self.data else "the study names it"
            raise TaskError(
                f"no such file; {named_by}",
                place=path,
                fix="correct the path, which is relative to that file",
            )
        return read_examples(path, self._example, distinct_prompts=True)

    def _example(self, row: Row) -> Example:
        key, prompt = row.key(), row.text("prompt", "the text of the prompt")
        self.judge_by.validate(row)
        return Example(key, prompt, {"row": row.values})

    def prompt(self, example: Example, chat: bool, shots: int) -> str:
        """The prompt; without a chat template in the words of `plain`; after as many worked examples."""
        before = "".join(
            f"{_joined(self.plain.replace('{prompt}', shot.prompt), shot.response)}\n\n"
            for shot in self.examples[:shots]
        )
        return before + (example.prompt if chat else self.plain.replace("{prompt}", example.prompt))

    def require(self, examples: Sequence[Example]) -> None:  # noqa: ARG002 - rows were validated when read
        """Load what the check needs. Raises TaskError if it is missing or unusable."""
        try:
            self.judge_by.require()
        except TaskError as bad:
            place = f"{self.places['check']}: check" + (f": {bad.place}" if bad.place else "")
            raise bad.at(place) from None

    def score(self, example: Example, response: str) -> Score:
        """What the check says."""
        return self.judge_by.judge(example.data["row"], response)


def _joined(question: str, answer: str) -> str:
    return f"{question}{answer}" if question[-1:].isspace() else f"{question} {answer}"


def task_class(
    path: Path, form: CustomForm, shots: tuple[Shot, ...], check: Check, text: str
) -> type[CustomTask]:
    """The class of the task that a file describes, from its fields and its text."""

    class Made(CustomTask):
        """Made from a file."""

    Made.path, Made.judge_by, Made.plain, Made.examples = path, check, form.plain, shots
    Made.capability, Made.metrics = form.capability, check.metrics(form.metric)
    Made.form = Form(max_tokens=form.max_tokens, stop=form.stop, shots=len(shots), most_shots=len(shots))
    Made.sources = {path.name: text, **check.sources}
    Made.data = path.parent / os.path.expanduser(form.prompts)  # noqa: PTH111 - leaves `~nobody` alone
    return Made
