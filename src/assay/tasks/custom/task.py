"""A task of one's own: a class made from a file, which reads prompts and hands responses to its check."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from assay.errors import TaskError
from assay.rows import read_rows
from assay.tasks.custom.check import Check, shown
from assay.tasks.custom.form import CustomForm, Worked
from assay.tasks.task import Example, Form, Score, Task

__all__ = ["CustomTask", "made"]


class CustomTask(Task):
    """What all tasks of one's own share; `made` fills in the rest."""

    kind: ClassVar[str] = "own"
    data_field: ClassVar[str] = "prompts"
    version: ClassVar[str] = "1"
    path: ClassVar[Path]
    """Of the task's file."""
    places: ClassVar[Mapping[str, str]]
    """File and line of `prompts` and of `check`."""
    sources: ClassVar[Mapping[str, str]]
    """Text of the task's file and of those beside it that it needs, by name: what a run keeps."""
    by: ClassVar[Check]
    plain: ClassVar[str]
    """What is sent without a chat template, around `{prompt}`."""
    worked: ClassVar[tuple[Worked, ...]]

    @property
    def scorer(self) -> str:
        """Identity of the check: of all that a score depends on beside example and response."""
        text = json.dumps(self.by.identity, sort_keys=True, ensure_ascii=False)
        return f"{self.kind}/{self.version}/{hashlib.sha256(text.encode()).hexdigest()[:16]}"

    def read(self, path: Path) -> tuple[Example, ...]:
        """The rows of a JSONL file of `prompt`, optional `key`, and what the check needs.

        Keys default to the position from 0. Raises TaskError naming file, line and fix.
        """
        if not path.is_file():
            by = f"{self.places['prompts']} names it" if path == self.data else "the study names it"
            raise TaskError(f"{path}: no such file; {by}: mend the path, which is relative to that file")
        examples: list[Example] = []
        keys: dict[str, int] = {}
        prompts: dict[str, int] = {}
        for line, row in read_rows(path, TaskError):
            example = self._example(row, len(examples), f"{path}:{line}")
            for seen, value, what in ((keys, example.key, "key"), (prompts, example.prompt, "prompt")):
                if seen.setdefault(value, line) != line:
                    raise TaskError(
                        f"{path}:{line}: the same {what} as on line {seen[value]} ({shown(value)}); keep one"
                    )
            examples.append(example)
        if not examples:
            raise TaskError(f"{path}: no prompts; one JSON object a line is expected")
        return tuple(examples)

    def _example(self, row: dict[str, Any], position: int, where: str) -> Example:
        key = row.get("key", position)
        if isinstance(key, bool) or not isinstance(key, int | str) or key == "":
            raise TaskError(f"{where}: `key` is {shown(key)}; write a text or a whole number")
        prompt = row.get("prompt")
        if not isinstance(prompt, str) or not prompt.strip():
            found = shown(prompt) if "prompt" in row else f"missing (found: {', '.join(row) or 'nothing'})"
            raise TaskError(f"{where}: `prompt` is {found}; the text of the prompt is expected")
        if why := self.by.refusal(row):
            raise TaskError(f"{where}: {why}")
        return Example(str(key), prompt, {"row": row})

    def ask(self, example: Example, chat: bool, shots: int) -> str:
        """The prompt; without a chat template in the words of `plain`; after as many worked examples."""
        before = "".join(
            f"{_joined(self.plain.replace('{prompt}', one.prompt), one.response)}\n\n"
            for one in self.worked[:shots]
        )
        return before + (example.prompt if chat else self.plain.replace("{prompt}", example.prompt))

    def check(self, examples: Sequence[Example]) -> None:  # noqa: ARG002 - rows were looked at when read
        """Load what the check needs. Raises TaskError if it is not there, or of no use."""
        try:
            self.by.require()
        except TaskError as bad:
            raise TaskError(f"{self.places['check']}: check: {bad}") from None

    def score(self, example: Example, response: str) -> Score:
        """What the check says."""
        return self.by.judge(example.data["row"], response)


def _joined(asked: str, answer: str) -> str:
    return f"{asked}{answer}" if asked[-1:].isspace() else f"{asked} {answer}"


def made(path: Path, said: CustomForm, worked: tuple[Worked, ...], by: Check, text: str) -> type[CustomTask]:
    """The class of the task that a file describes, from what it says and its text."""

    class Made(CustomTask):
        """Made from a file."""

    Made.path, Made.by, Made.plain, Made.worked = path, by, said.plain, worked
    Made.capability, Made.metrics = said.capability, by.metrics(said.metric)
    Made.form = Form(max_tokens=said.max_tokens, stop=said.stop, shots=len(worked), most_shots=len(worked))
    Made.sources = {path.name: text, **by.sources}
    Made.data = path.parent / os.path.expanduser(said.prompts)  # noqa: PTH111 - leaves `~nobody` alone
    return Made
