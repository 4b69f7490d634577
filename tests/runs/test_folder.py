"""A run's folder never lets old responses speak for a new study, nor an undeclared claim pass a gate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import assay
from assay.audit import gate
from assay.errors import OutputError, RunError
from tests.studies import edit, jsonl, responses, table


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".sqlite"}


def make_harmful(study: Path) -> None:
    base, adapter = table(10, 60, 400, 150)
    responses(study.parent / "base.jsonl", base)
    responses(study.parent / "a.jsonl", adapter)


@pytest.mark.parametrize(
    "change",
    [
        lambda document: document.update(name="another"),
        lambda document: document["tasks"][0].update(limit=399),
        lambda document: document["tasks"][0].update(task="maths"),
    ],
)
def test_a_refused_run_leaves_the_run_that_was_there(study: Path, done: Path, change: Any) -> None:
    make_harmful(study)
    before = files(done)
    edit(study, change)
    with pytest.raises(assay.AssayError):
        assay.run(study, done)
    assert files(done) == before
    assert gate(done).outcome == "pass"


def test_a_run_stopped_while_responses_come_in_is_neither_decided_nor_gated(study: Path, done: Path) -> None:
    make_harmful(study)

    def stop(what: str, *_: object, **__: object) -> None:
        assert what == "responses"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        assay.run(study, done, stop)
    for refused in (gate, assay.decide, assay.open_result):
        with pytest.raises(RunError, match="some responses are missing"):
            refused(done)
    assert assay.run(study, done).claims[0].verdict == "harmed"


@pytest.mark.parametrize(
    "change",
    [
        lambda document: document["tasks"][0].update(limit=399),
        lambda document: document["adapters"][0]["responses"].update(math={"path": "a.jsonl", "after": "##"}),
        lambda document: document.update(decoding={"temperature": 1}),
        lambda document: document["adapters"].append(
            {"name": "b", "label": "numeric", "responses": {"math": "b.jsonl"}}
        ),
    ],
)
def test_what_responses_depend_on_cannot_be_edited_in_the_run(done: Path, change: Any) -> None:
    edit(done / "study.yaml", change)
    for refused in (gate, assay.decide, assay.open_result):
        with pytest.raises(assay.AssayError, match="run the study itself again"):
            refused(done)


def test_claims_edited_in_the_run_are_not_gated_until_they_are_decided(done: Path) -> None:
    edit(done / "study.yaml", lambda document: document.update(margin=0.2))
    with pytest.raises(RunError, match="claims were changed since the run was decided"):
        gate(done)
    assay.decide(done)
    assert gate(done).outcome == "fail"


def test_going_back_to_an_older_claim_block_is_a_third_entry(done: Path) -> None:
    text = (done / "study.yaml").read_text()
    edit(done / "study.yaml", lambda document: document.update(margin=0.2))
    assay.decide(done)
    (done / "study.yaml").write_text(text)
    history = [entry.sha256 for entry in assay.decide(done).claims_declared.history]
    assert len(history) == 3
    assert history[0] == history[2] != history[1]


def test_a_users_own_study_file_is_not_overwritten(study: Path) -> None:
    text = study.read_text()
    with pytest.raises(OutputError, match=r"is not from a run, and would be overwritten"):
        assay.run(study, study.parent)
    assert study.read_text() == text


def test_two_subjects_whose_judged_texts_are_equal_are_warned_of_in_any_order(
    study: Path, done: Path
) -> None:
    lines = (study.parent / "a.jsonl").read_text().splitlines()
    (study.parent / "b.jsonl").write_text("\n".join(reversed(lines)))
    edit(
        study,
        lambda document: document["adapters"].append(
            {"name": "b", "label": "numeric", "responses": {"math": "b.jsonl"}}
        ),
    )
    warnings = assay.run(study, done).warnings
    assert any("'a' and 'b' give the same responses to math" in warning for warning in warnings)


def test_unequal_numbers_of_samples_are_refused(study: Path) -> None:
    rows = [{"key": str(i), "sample": j, "response": "1"} for i in range(400) for j in range(2)]
    jsonl(study.parent / "a.jsonl", rows)
    with pytest.raises(assay.AssayError, match="samples a prompt of 'a' differ"):
        assay.run(study, study.parent / "run")


@pytest.mark.parametrize(
    ("mark", "message"),
    [
        ("ZZ", "the mark 'ZZ' occurs in none of the 400 responses of 'a' to math"),
        ("\\n", r"did you mean a line break"),
    ],
)
def test_a_mark_that_never_occurs_is_warned_of(study: Path, mark: str, message: str) -> None:
    edit(study, lambda d: d["adapters"][0]["responses"].update(math={"path": "a.jsonl", "after": mark}))
    assert any(message in warning for warning in assay.run(study, study.parent / "run").warnings)


def test_an_adapter_that_answers_one_task_like_its_base_is_warned_of(study: Path) -> None:
    base, _ = table(60, 20, 400, 150)
    folder = study.parent
    responses(folder / "more-a.jsonl", base)
    responses(folder / "more-base.jsonl", base)

    def change(document: Any) -> None:
        document["tasks"].append({"task": "numeric", "name": "more", "examples": "examples.jsonl"})
        document["bases"][0]["responses"]["more"] = "more-base.jsonl"
        document["adapters"][0]["responses"]["more"] = "more-a.jsonl"

    edit(study, change)
    result = assay.run(study, folder / "run")
    assert {claim.verdict for claim in result.claims} == {"confirmed", "no gain"}
    assert any(
        "all 400 responses of 'a' to more are identical to the base's" in warning
        for warning in result.warnings
    )


def test_a_refused_decision_leaves_the_run_gated_as_before(done: Path) -> None:
    text = (done / "study.yaml").read_text()
    edit(done / "study.yaml", lambda document: document.update(claims={"numeric": ["math.speed"]}))
    with pytest.raises(assay.AssayError, match=r"math\.speed"):
        assay.decide(done)
    (done / "study.yaml").write_text(text)
    assert gate(done).outcome == "pass"


def test_a_run_of_another_name_is_not_decided(done: Path) -> None:
    edit(done / "study.yaml", lambda document: document.update(name="another"))
    with pytest.raises(RunError, match="is not the study of this run"):
        assay.decide(done)


def test_a_gate_edited_in_the_run_is_not_asked_until_the_run_is_decided(done: Path) -> None:
    edit(done / "study.yaml", lambda document: document.update(gate={"passing": ["harmed"], "failing": []}))
    with pytest.raises(RunError, match="its `gate` was changed since the run was decided"):
        gate(done)
    assay.decide(done)
    assert gate(done).outcome == "undecided"
    assert "gate undecided" in (done / "report.md").read_text()


def test_grouping_adapters_otherwise_is_another_claim_block(done: Path) -> None:
    before = assay.open_result(done).claims_sha256
    edit(done / "study.yaml", lambda document: document["adapters"][0].update(recipe="r", seed=1))
    assert assay.decide(done).claims_sha256 != before
