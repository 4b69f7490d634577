"""A task with several requests about each example, and a study of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

from assay.engines import Fake
from assay.runs.generated import generated
from assay.runs.workload import BaseGroup, Workload
from assay.study import Study, load_study
from assay.tasks import Example, Form, Metric, Score, Task
from assay.tasks.task import Chat, Request
from tests.studies import write_study

COUNT = 4


class Choice(Task):
    """Two continuations to score, and a text."""

    kind: ClassVar[str] = "choice"
    capability: ClassVar[str] = "choice"
    metrics: ClassVar[tuple[Metric, ...]] = (Metric("acc", "binary", "accuracy"),)
    data_field: ClassVar[str] = "examples"
    form: ClassVar[Form] = Form(max_tokens=50, stop=(".",), shots=1, chat_shots=2)
    version: ClassVar[str] = "1"

    def read(self, path: Path) -> tuple[Example, ...]:
        raise NotImplementedError

    def requests(
        self, examples: Sequence[Example], chat: Chat | None, shots: int
    ) -> Iterator[tuple[Request, ...]]:
        for example in examples:
            turns = [{"role": "user", "content": example.prompt}] * shots
            sent = chat(turns, False) if chat else example.prompt * shots
            scored = (Request(sent, "loglikelihood", f" {word}") for word in ("yes", "no"))
            yield (*scored, Request(sent, max_tokens=7, temperature=0.5), Request(sent, stop=("!",)))

    def score(self, example: Example, response: str) -> Score:
        raise NotImplementedError


KNOWN = tuple(Example(str(place), f"q{place}") for place in range(COUNT))


def study_of(folder: Path, **fields: Any) -> Study:
    entry = {"task": "numeric", "name": "choice", **fields.pop("entry", {})}
    document = {
        "name": "asks",
        "bases": [{"name": "base", "model": "owner/base"}],
        "adapters": [{"name": "good", "label": "x", "path": "owner/good"}],
        "tasks": [entry],
        "engine": {"name": "fake"},
        **fields,
    }
    return load_study(write_study(folder, document))


def group(study: Study, fake: Fake) -> BaseGroup:
    """The base and its adapter, which generate together."""
    return generated(study, {"choice": Choice("choice")}, {"choice": KNOWN}, fake.preflight).groups[0]


def cells(study: Study, fake: Fake) -> tuple[Workload, ...]:
    return group(study, fake).workloads
