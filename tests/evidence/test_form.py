"""An evidence file is canonical, states its own digest, and is refused where a field is missing or of another form."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assay.canonical import canonical, canonical_sha256
from assay.errors import RunError
from assay.evidence import read_evidence
from assay.evidence.form import to_text
from tests.evidence.audited import make_audited


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_audited(tmp_path_factory.mktemp("audited"))


def test_the_file_is_canonical_and_states_its_own_digest(made: Path) -> None:
    data = json.loads(made.read_text())
    assert made.read_text() == canonical(data)
    stated = data.pop("sha256")
    assert stated == canonical_sha256(data)


def test_what_is_read_is_what_was_written(made: Path) -> None:
    evidence, intact = read_evidence(made)
    assert intact
    assert to_text(evidence) == made.read_text()


def test_another_layout_of_the_same_json_is_as_good(made: Path, tmp_path: Path) -> None:
    (tmp_path / "indented.json").write_text(json.dumps(json.loads(made.read_text()), indent=4))
    assert read_evidence(tmp_path / "indented.json") == read_evidence(made)


@pytest.mark.parametrize("field", ["finding", "alpha", "basis", "tasks", "policy_sha256"])
def test_a_missing_field_is_named(field: str, made: Path, tmp_path: Path) -> None:
    data = json.loads(made.read_text())
    del data[field]
    (tmp_path / "x.json").write_text(json.dumps(data))
    with pytest.raises(RunError, match=r"x\.json: is malformed"):
        read_evidence(tmp_path / "x.json")
