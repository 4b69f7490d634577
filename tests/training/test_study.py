"""The study that audits what was trained."""

from __future__ import annotations

from pathlib import Path

import pytest

import assay
from assay.study import load_study
from assay.training import train
from tests.training.recipes import entry, write_recipe
from tests.training.refused import refusal
from tests.training.whole import Whole

pytestmark = pytest.mark.slow


def test_a_label_without_a_claim(toy: Path, tmp_path: Path) -> None:
    message = refusal(write_recipe(tmp_path, toy, entry(label="numerical")))
    assert "the study of these adapters would be refused: label 'numerical'" in message


def test_an_unknown_task(toy: Path, tmp_path: Path) -> None:
    assert "unknown task 'numerics'" in refusal(write_recipe(tmp_path, toy, tasks=[{"task": "numerics"}]))


def test_a_study_in_the_way_that_no_training_wrote(toy: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "study.yaml").write_text("name: mine\n")
    assert "study.yaml: was changed since it was written" in refusal(write_recipe(tmp_path, toy))


def test_the_study_loads_and_names_every_adapter(whole: Whole) -> None:
    study = load_study(whole.out / "study.yaml")
    assert [(one.name, one.label, one.recipe, one.seed) for one in study.adapters] == [
        ("numeric-rank2-s1", "numeric", "numeric-rank2", 1),
        ("numeric-rank2-s2", "numeric", "numeric-rank2", 2),
        ("numeric-rank4-s1", "numeric", "numeric-rank4", 1),
        ("numeric-rank4-s2", "numeric", "numeric-rank4", 2),
        ("talk-s1", "instruction", "talk", 1),
    ]
    assert [one.settings["rank"] for one in study.adapters] == [2, 2, 4, 4, 2]
    assert (study.name, study.margin, study.bases[0].name) == ("toy", 0.1, "toy-base")
    assert Path(study.source(study.bases[0].model or "")).samefile(
        whole.trained.adapters[0].manifest.base["model"] or ""
    )


def test_a_study_that_was_edited_is_not_written_over(toy: Path, tmp_path: Path) -> None:
    path = write_recipe(tmp_path, toy, entry(settings={"steps": 1}))
    study = train(path, tmp_path / "out").study
    study.write_text(study.read_text() + "# mine\n")
    with pytest.raises(assay.AssayError, match="was changed since it was written"):
        train(path, tmp_path / "out")


def test_killed_while_the_study_is_written_it_goes_on(
    toy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_recipe(tmp_path, toy, entry(settings={"steps": 1}))
    train(path, tmp_path / "out")
    changed = write_recipe(tmp_path, toy, entry(settings={"steps": 1}), margin=0.1)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            train(changed, tmp_path / "out")
    assert load_study(train(changed, tmp_path / "out").study).margin == 0.1
