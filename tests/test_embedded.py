"""The base that ships with assay: where it is, and what a study may say of it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from assay import embedded
from assay.engines import ModelRef
from assay.engines.files import located
from assay.errors import EngineError, StudyError
from assay.study import load_study
from tests.studies import write_study


@pytest.fixture
def other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Another folder in its place."""
    folder = tmp_path / "other"
    folder.mkdir()
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        (folder / name).touch()
    monkeypatch.setenv(embedded.VARIABLE, str(folder))
    return folder


@pytest.fixture
def absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A build without it."""
    monkeypatch.delenv(embedded.VARIABLE, raising=False)
    monkeypatch.setattr(embedded, "SHIPPED", tmp_path / "nothing")


def study(folder: Path, model: str = "embedded", **base: str) -> Path:
    folder.mkdir(exist_ok=True)
    return write_study(
        folder,
        {
            "name": "s",
            "bases": [{"name": "base", "model": model, **base}],
            "adapters": [{"name": "a", "label": "numeric", "path": "owner/a"}],
            "tasks": [{"task": "world-problems"}],
        },
    )


def test_the_variable_puts_another_folder_in_its_place(other: Path) -> None:
    assert embedded.folder() == other
    assert located(ModelRef("base", "embedded"), ["*.json"]) == other


@pytest.mark.usefixtures("other")
def test_a_path_of_that_name_is_a_folder_like_any_other(tmp_path: Path) -> None:
    (tmp_path / "embedded").mkdir()
    assert located(ModelRef("base", tmp_path / "embedded"), []) == tmp_path / "embedded"
    with pytest.raises(EngineError, match="no folder embedded"):
        located(ModelRef("base", Path("embedded")), [])


def test_a_variable_that_names_no_base_is_refused_with_what_is_absent(other: Path) -> None:
    (other / "model.safetensors").unlink()
    with pytest.raises(EngineError, match=r"ASSAY_EMBEDDED=.*: no model\.safetensors in .*; name the folder"):
        embedded.folder()


@pytest.mark.usefixtures("absent")
def test_a_build_without_the_base_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"not in this build .*train_base FOLDER` and set ASSAY_EMBEDDED"):
        embedded.folder()
    path = study(tmp_path / "s")
    with pytest.raises(StudyError, match=r"study\.yaml:\d+: bases\[0\]\.model: .*not in this build"):
        load_study(path)


@pytest.mark.usefixtures("other")
def test_a_study_names_it_by_a_word(tmp_path: Path) -> None:
    loaded = load_study(study(tmp_path / "s"))
    assert loaded.source(loaded.bases[0].model or "") == "embedded"
    assert loaded.engine.name == "torch"


@pytest.mark.usefixtures("other")
def test_a_folder_of_the_same_name_beside_the_study_is_not_guessed_at(tmp_path: Path) -> None:
    path = study(tmp_path / "s")
    (tmp_path / "s" / "embedded").mkdir()
    with pytest.raises(StudyError, match=r"for the folder write `\./embedded`"):
        load_study(path)
    named = load_study(study(tmp_path / "s", "./embedded"))
    assert named.source(named.bases[0].model or "") == tmp_path / "s" / "embedded"


@pytest.mark.usefixtures("other")
def test_it_has_no_revision(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"bases\[0\]\.revision: the embedded base has no revision"):
        load_study(study(tmp_path / "s", revision="main"))
    with pytest.raises(EngineError, match="no revision 'main'; remove `revision`"):
        located(ModelRef("base", "embedded", "main"), [])


def test_the_shipped_weights_are_those_that_the_training_log_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(embedded.VARIABLE, raising=False)
    folder = embedded.folder()
    weights = (folder / "model.safetensors").read_bytes()
    trained = json.loads((folder / "training.json").read_text(encoding="utf-8"))
    assert hashlib.sha256(weights).hexdigest() == trained["weights_sha256"]
    assert sum(path.stat().st_size for path in folder.iterdir()) < 16 * 2**20


def test_the_shipped_base_is_half_able(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(embedded.VARIABLE, raising=False)
    scores = json.loads((embedded.folder() / "evaluation.json").read_text(encoding="utf-8"))
    for task, score in scores.items():
        assert 0.15 <= score["metrics"][score["primary"]] <= 0.75, task
