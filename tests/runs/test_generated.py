"""Tasks that ask several things about an example: what becomes of them on the way to an engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import assay
from assay.engines import Fake, Prompt
from assay.engines.fake import FakePreflight
from assay.errors import EngineError, StudyError
from assay.records import Store
from assay.records.queries import answers
from assay.runs.generated import generated
from assay.tasks import Task
from assay.tasks.task import Answer, Request
from tests.runs.choices import KNOWN, Choice, cells, study_of
from tests.runs.generating import BAD, BASE, COUNT, GOOD, PASSES, answer, generating, run, verdicts
from tests.studies import RIGHT, WRONG, examples, write_study


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


def test_an_adapter_with_its_own_template_is_compared_with_the_base_under_that_template(
    tmp_path: Path,
) -> None:
    def see(request: Prompt) -> str:
        if request.subject == "base" and "[own]" in request.text:
            return WRONG
        return answer(request)

    fake = Fake(see, templates={"base": "<u>{prompt}</u>", "bad": "[own]{prompt}"})
    result = run(generating(tmp_path), fake)
    good, bad = result.claims
    assert (good.base_score, bad.base_score) == (60 / COUNT, 0)
    assert bad.verdict == "confirmed"  # it beats the base that its template spoils
    assert any(
        problem.startswith("note: bad: it brings its own chat template") for problem in result.problems
    )
    variants = {one.variant for one in fake.asked if one.subject == "base"}
    assert len(variants) == 3  # the study's own, the other template, and again
    assert result.matrix.rows[0].subject == "base"
    assert [row.scores["math.numeric_match"] for row in result.matrix.rows if row.base is None] == [0.3, 0]


@pytest.mark.parametrize("templates", [{}, {"base": "<u>{prompt}</u>", "bad": "[own]{prompt}"}])
def test_an_adapter_that_ends_with_another_token_is_compared_with_the_base_ended_by_it(
    tmp_path: Path, templates: dict[str, str]
) -> None:
    fake = Fake(answer, templates=templates, end_tokens={"bad": (7,)})
    run(generating(tmp_path), fake)
    asked = {(one.subject, one.ends) for one in fake.asked if one.variant != "again"}
    assert asked == {("base", ()), ("good", ()), ("bad", (7,)), ("base", (7,))}
    with Store.read(tmp_path / "run") as store:
        counterpart = store.counterpart("bad", "base", "math")
        assert counterpart is not None
        assert counterpart.endswith("end:7")
        assert store.counterpart("good", "base", "math") == "base"


def test_a_template_that_the_study_names_is_used_for_all(tmp_path: Path) -> None:
    (tmp_path / "plain.jinja").write_text("<<{prompt}>>")
    fake = Fake(answer, templates={"base": "<u>{prompt}</u>", "bad": "[own]{prompt}"})
    run(generating(tmp_path, decoding={"template": "plain.jinja"}), fake)
    assert all(one.text.startswith("<<question") for one in fake.asked)
    bare = Fake(answer, templates=fake.templates)
    run(generating(tmp_path, decoding={"template": "none"}), bare)
    assert all(one.text.endswith("Answer:") for one in bare.asked)


def test_a_chat_template_that_is_asked_for_and_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="the base 'base' has no chat template; write `none`"):
        run(generating(tmp_path, decoding={"template": "chat"}), Fake(answer))


@pytest.mark.parametrize(
    ("decoding", "entry", "expected"),
    [({}, {}, 1024), ({"max_tokens": 77}, {}, 77), ({"max_tokens": 77}, {"max_tokens": 5}, 5)],
)
def test_the_longest_response_is_the_entrys_then_the_studys_then_the_tasks(
    tmp_path: Path, decoding: dict[str, Any], entry: dict[str, Any], expected: int
) -> None:
    fake = Fake(answer)
    tasks = [{"task": "numeric", "name": "math", "examples": "examples.jsonl", **entry}]
    run(generating(tmp_path, decoding=decoding, tasks=tasks), fake)
    assert {one.max_tokens for one in fake.asked} == {expected}


def test_recorded_and_generated_responses_do_not_mix(tmp_path: Path) -> None:
    (tmp_path / "r.jsonl").write_text("")
    adapters = [{"name": "good", "label": "numeric", "responses": {"math": "r.jsonl"}}]
    with pytest.raises(
        StudyError, match=r"study.yaml:\d+: 'good' has no `path`, and the engine 'torch' generates"
    ):
        run(generating(tmp_path, adapters=adapters), Fake(answer))


def test_samples_without_a_temperature_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="2 samples at temperature 0 would all be the same text"):
        run(generating(tmp_path, decoding={"samples": 2}), Fake(answer))


def test_bases_whose_names_differ_by_case_are_two(tmp_path: Path) -> None:
    PASSES.update({"Alpha": [True] * COUNT, "alpha": BASE, "x": GOOD, "y": BAD})
    fields: dict[str, Any] = {
        "bases": [{"name": "Alpha", "model": "owner/a"}, {"name": "alpha", "model": "owner/b"}],
        "adapters": [
            {"name": "x", "label": "numeric", "base": "Alpha", "path": "owner/x"},
            {"name": "y", "label": "numeric", "base": "alpha", "path": "owner/y"},
        ],
    }
    fake = Fake(answer, templates={"x": "[own]{prompt}", "y": "[own]{prompt}"})
    result = run(generating(tmp_path, **fields), fake)
    assert [claim.base_score for claim in result.claims] == [1.0, 60 / COUNT]
    assert verdicts(result) == {"x": "harmed", "y": "harmed"}
