"""Evidence whose run, adapter or file was altered is refused, and the way is named."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assay.errors import AssayError
from assay.evidence import verify
from tests.evidence.audited import (
    CONFIG,
    WEIGHTS,
    change_evidence,
    change_identity,
    change_records,
    change_study,
    make_audited,
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_audited(tmp_path_factory.mktemp("audited"))


@pytest.fixture
def evidence(made: Path, tmp_path: Path) -> Path:
    """A copy of everything, to be altered."""
    shutil.copytree(made.parent.parent, tmp_path / "copy")
    return tmp_path / "copy" / "evidence" / made.name


def altered(evidence: Path) -> set[str]:
    """The parts that are found to be altered."""
    folder = evidence.parent.parent
    return {difference.part for difference in verify(evidence, folder / "run", folder / "sums")}


def test_what_was_not_altered_is_verified(evidence: Path) -> None:
    assert altered(evidence) == set()


def test_a_run_at_another_place_and_an_adapter_of_another_name_are_verified(evidence: Path) -> None:
    folder = evidence.parent.parent
    (folder / "run").rename(folder / "elsewhere")
    (folder / "sums").rename(folder / "renamed")
    assert verify(evidence, folder / "elsewhere", folder / "renamed") == []


def test_a_gguf_copy_beside_the_weights_changes_nothing(evidence: Path) -> None:
    (evidence.parent.parent / "sums" / "sums-f16.gguf").write_bytes(b"a copy in another format")
    assert altered(evidence) == set()


def lower_alpha(folder: Path) -> None:
    (folder / "sums" / CONFIG).write_text(json.dumps({"peft_type": "LORA", "r": 8, "lora_alpha": 8}))


WAYS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "other weights": (
        "adapter weights",
        lambda at: (at / "sums" / WEIGHTS).write_bytes(b"weights of another"),
    ),
    "another alpha in the adapter's configuration": ("adapter configuration", lower_alpha),
    "another prompt": (
        "prompts",
        lambda at: change_records(at, "UPDATE examples SET prompt = 'other' WHERE key = '7'"),
    ),
    "another reference answer": (
        "prompts",
        lambda at: change_records(
            at, "UPDATE examples SET data = replace(data, '\"1\"', '\"2\"') WHERE key = '7' AND task = 1"
        ),
    ),
    "another response": (
        "responses",
        lambda at: change_records(at, "UPDATE records SET text = '#### 1' WHERE text = '#### 2' AND id < 30"),
    ),
    "a response less": (
        "responses",
        lambda at: change_records(at, "DELETE FROM records WHERE id = (SELECT max(id) FROM records)"),
    ),
    "an edited score": (
        "scores",
        lambda at: change_records(
            at, "UPDATE scores SET counts = replace(counts, '0', '1') WHERE record < 30"
        ),
    ),
    "another base": (
        "subject",
        lambda at: change_identity(at, "subjects", lambda one: one.update(weights="2" * 64)),
    ),
    "another tokenizer": (
        "subject",
        lambda at: change_identity(
            at, "subjects", lambda identity: "tokenizer" in identity and identity.update(tokenizer={})
        ),
    ),
    "another chat template": (
        "protocol",
        lambda at: change_identity(at, "protocols", lambda identity: identity.update(template="3" * 64)),
    ),
    "another margin": (
        "claim",
        lambda at: change_study(at, "name: audited\n", "name: audited\nmargin: 0.2\n"),
    ),
    "another policy": (
        "policy",
        lambda at: change_study(at, "name: audited\n", "name: audited\ngate: {tolerated_harm: 0.3}\n"),
    ),
    "another engine setting": (
        "settings",
        lambda at: change_study(
            at, "name: audited\n", "name: audited\nengine: {name: torch, dtype: float16}\n"
        ),
    ),
    "another verifier": (
        "verifier",
        lambda at: change_study(at, "prompts: prompts.jsonl\n", "prompts: prompts.jsonl\n  mode: fixed\n"),
    ),
    "claims that came later": (
        "claim",
        lambda at: change_records(at, "UPDATE claims SET records_before = 100"),
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_an_altered_run_or_adapter_is_refused_and_the_way_named(way: str, evidence: Path) -> None:
    part, alter = WAYS[way]
    alter(evidence.parent.parent)
    assert part in altered(evidence)


EDITS: dict[str, tuple[str, Callable[[dict], object]]] = {  # type: ignore[type-arg]
    "the word": ("verdict", lambda data: data["finding"].update(verdict="no gain")),
    "the interval": ("verdict", lambda data: data["finding"].update(interval=[-0.4, -0.2])),
    "the gain": ("verdict", lambda data: data["finding"].update(gain=data["finding"]["gain"] + 0.01)),
    "the margin": ("verdict", lambda data: data["finding"].update(margin=0.9)),
    "alpha": ("verdict", lambda data: data.update(alpha=0.2)),
    "the rule": ("rule", lambda data: data.update(rule=1)),
    "a subject": ("subject", lambda data: next(iter(data["subjects"].values())).update(dtype="int4")),
    "a protocol": ("protocol", lambda data: next(iter(data["protocols"].values())).update(max_tokens=1)),
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edited_file_is_refused_even_where_its_digest_was_made_again(edit: str, evidence: Path) -> None:
    part, change = EDITS[edit]
    change_evidence(evidence, change)
    assert part in {difference.part for difference in verify(evidence)}


def test_an_edited_number_of_prompts_shows_by_the_files_digest_or_by_its_run(evidence: Path) -> None:
    change_evidence(evidence, lambda data: data["finding"].update(p=0.04), digest=False)
    assert {difference.part for difference in verify(evidence)} == {"file"}
    change_evidence(evidence, lambda _: None)
    assert verify(evidence) == []
    assert altered(evidence) == {"figures"}


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("claim", lambda data: data.update(family="study")),
        ("prompts", lambda data: data["tasks"].pop("style")),
        ("subject", lambda data: [data["subjects"].clear(), data["basis"][0].update(subject="0" * 64)]),
        ("protocol", lambda data: [data["protocols"].clear(), data["basis"][0].update(protocol="0" * 64)]),
    ],
)
def test_what_only_the_run_contradicts_is_found(
    part: str, change: Callable[[dict[str, Any]], object], evidence: Path
) -> None:
    change_evidence(evidence, change)
    assert part in altered(evidence)


def test_a_field_that_is_there_twice_is_refused(evidence: Path) -> None:
    text = evidence.read_text()
    assert text.count('"verdict":') == 1
    evidence.write_text(text.replace('"verdict":', '"verdict":"no gain","verdict":'))
    with pytest.raises(AssayError, match="the field 'verdict' is there twice"):
        verify(evidence)


def test_scores_that_were_edited_before_the_evidence_was_written_are_found(evidence: Path) -> None:
    from assay.interop.exporters.export import export_run

    folder = evidence.parent.parent
    change_records(folder, "UPDATE scores SET counts = replace(counts, '0', '1') WHERE record < 30")
    (later,) = export_run(folder / "run", "evidence", folder / "later").files or ()
    assert {difference.part for difference in verify(later, folder / "run")} == {"scores"}


def test_a_claim_that_the_study_no_longer_makes_is_named(evidence: Path) -> None:
    change_study(evidence.parent.parent, "label: numeric", "label: instruction")
    assert altered(evidence) == {"claim"}


def test_recorded_responses_have_no_weights_to_compare(done: Path, tmp_path: Path) -> None:
    from assay.interop.exporters.export import export_run

    (made,) = export_run(done, "evidence", tmp_path / "evidence").files or ()
    assert verify(made, done) == []
    (difference,) = verify(made, adapter=done)
    assert difference.part == "adapter weights"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "assay.evidence/1"}'])
def test_what_is_no_evidence_file_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(AssayError, match=r"x\.json"):
        verify(tmp_path / "x.json")
