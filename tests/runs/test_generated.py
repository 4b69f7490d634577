"""Tasks that ask several things about an example: what becomes of them on the way to an engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

import assay
from assay.engines import Fake, Prompt
from assay.engines.fake import FakePreflight
from assay.errors import EngineError, StudyError
from assay.records import Store
from assay.records.queries import answers
from assay.runs.generated import generated
from assay.runs.workload import Workload
from assay.study import Study, load_study
from assay.tasks import Example, Form, Metric, Score, Task
from assay.tasks.task import Answer, Chat, Request
from tests.studies import RIGHT, examples, write_study

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


def cells(study: Study, fake: Fake) -> tuple[Workload, ...]:
    found = generated(study, {"choice": Choice("choice")}, {"choice": KNOWN}, fake.preflight)
    return found.groups[0].workloads


def test_each_is_a_request_of_its_own_in_order(tmp_path: Path) -> None:
    base, good = cells(study_of(tmp_path), Fake(lambda _: ""))
    asked = [one for one in base.prompts() if one.example == "1"]
    assert [(one.request, one.kind, one.continuation) for one in asked] == [
        (0, "loglikelihood", " yes"),
        (1, "loglikelihood", " no"),
        (2, "generate", ""),
        (3, "generate", ""),
    ]
    assert {one.subject for one in good.prompts()} == {"good"}


def test_what_a_task_leaves_open_its_form_decides_and_the_study_goes_first(tmp_path: Path) -> None:
    def limits(**fields: Any) -> list[tuple[int, tuple[str, ...], float]]:
        base, _ = cells(study_of(tmp_path, **fields), Fake(lambda _: ""))
        asked = [one for one in base.prompts() if one.example == "0" and one.kind == "generate"]
        return [(one.max_tokens, one.stop, one.temperature) for one in asked]

    assert limits() == [(7, (".",), 0.5), (50, ("!",), 0.0)]
    assert limits(decoding={"max_tokens": 9}) == [(9, (".",), 0.5), (9, ("!",), 0.0)]
    assert limits(entry={"max_tokens": 3}, decoding={"temperature": 0}) == [
        (3, (".",), 0.0),
        (3, ("!",), 0.0),
    ]


def test_the_protocol_changes_with_all_that_is_asked(tmp_path: Path) -> None:
    class Other(Choice):
        """With another continuation."""

        def requests(self, *args: Any) -> Iterator[tuple[Request, ...]]:
            for first, *rest in super().requests(*args):
                yield (replace(first, continuation=" maybe"), *rest)

    study, preflight = study_of(tmp_path), Fake(lambda _: "").preflight
    one, other = (
        generated(study, {"choice": kind("choice")}, {"choice": KNOWN}, preflight).groups[0].workloads[0]
        for kind in (Choice, Other)
    )
    assert one.texts == other.texts
    assert one.protocol["sent"] != other.protocol["sent"]


def test_a_task_that_asks_one_text_has_the_protocol_that_it_always_had(tmp_path: Path) -> None:
    class Plain(Choice):
        """One text an example."""

        requests = Task.requests

    plain = generated(
        study_of(tmp_path), {"choice": Plain("choice")}, {"choice": KNOWN}, Fake(lambda _: "").preflight
    )
    cell = plain.groups[0].workloads[0]
    assert not cell.asks
    assert [one.text for one in cell.prompts()] == ["q0", "q1", "q2", "q3"]
    assert (cell.prompt.max_tokens, cell.prompt.stop) == (50, (".",))


def test_several_turns_go_under_the_template_where_the_engine_can(tmp_path: Path) -> None:
    fake = Fake(lambda _: "", templates={"base": "[{prompt}]"})
    base, _ = cells(study_of(tmp_path), fake)
    assert base.texts["1"] == "[user: q1\nuser: q1]"


def test_several_turns_are_refused_where_the_engine_takes_one(tmp_path: Path) -> None:
    class OneTurn(FakePreflight):
        def converse(self, turns: Sequence[Mapping[str, str]], template: str, begun: bool) -> str:  # noqa: ARG002
            raise EngineError(f"takes one turn, not {len(turns)}")

    class OfOneTurn(Fake):
        def preflight(self, *given: Any) -> OneTurn:
            return OneTurn(self, *given)

    look = OfOneTurn(lambda _: "", templates={"base": "[{prompt}]"}).preflight
    task, examples = {"choice": Choice("choice")}, {"choice": KNOWN}
    with pytest.raises(StudyError, match="takes one turn, not 3"):
        generated(study_of(tmp_path, entry={"shots": 3}), task, examples, look)
    base = generated(study_of(tmp_path, entry={"shots": 1}), task, examples, look)
    assert base.groups[0].workloads[0].texts["1"] == "[q1]"


def test_answers_of_an_example_come_together_in_the_order_asked(tmp_path: Path) -> None:
    fake = Fake(lambda request: f"text {request.example}", lambda request: -float(request.request))
    with Store.write(tmp_path) as store:
        store.bind_task("choice", "choice", KNOWN)
        (base, *_) = cells(study_of(tmp_path), fake)
        store.bind("base", "choice", base.identity, base.protocol)
        for _ in store.append(reversed(list(fake.complete(base.prompts())))):
            pass
        firsts = [row for (row,) in store._db.execute("SELECT id FROM records WHERE request = 0")]
        found = {key: given for _, key, given in answers(store, firsts)}
    assert set(found) == {example.key for example in KNOWN}
    assert found["2"][0] == Answer(" yes", -0.0, True)
    assert found["2"][1] == Answer(" no", -1.0, False)
    assert found["2"][2] == Answer("text 2")


def test_studies_of_texts_are_judged_as_before(tmp_path: Path) -> None:
    examples(tmp_path, COUNT)
    document = {
        "name": "texts",
        "bases": [{"name": "base", "model": "owner/base"}],
        "adapters": [{"name": "good", "label": "numeric", "path": "owner/good"}],
        "tasks": [{"task": "numeric", "name": "math", "examples": "examples.jsonl"}],
    }

    def answer(request: Prompt) -> str:
        return RIGHT if request.subject == "good" else "none"

    result = assay.run(write_study(tmp_path, document), tmp_path / "run", engine=Fake(answer).preflight)
    assert [(claim.base_score, claim.score) for claim in result.claims] == [(0.0, 1.0)]
