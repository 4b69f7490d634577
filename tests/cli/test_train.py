"""`assay train` as a user meets it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from assay.cli import main
from assay.progress import Progress
from assay.training.manifest import Manifest
from assay.training.recipe import Recipe
from assay.training.session import Adapter, Trained
from tests.training.recipes import entry, write_recipe


def called(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["assay", *map(str, arguments)])
    with pytest.raises(SystemExit) as left:
        main()
    return int(left.value.code or 0)


def found(folder: Path, kept: bool = False) -> Trained:
    manifest = Manifest(
        *("numeric-s1", "numeric", "numeric", 1, {"rank": 8}, 200),
        {"name": "base", "model": "owner/base", "revision": None, "dtype": "float32", "sha256": "0"},
        {"sources": ["sums.jsonl"], "hubs": [], "pairs": 3, "sha256": "0", "tokens": "0", "truncated": 0},
        *("0", {"first": 2.5, "final": 1.25}, "0", {}),
    )
    return Trained((Adapter(manifest, folder / "numeric-s1", kept),), folder / "study.yaml", ("look here",))


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[object, object]]:
    """A training that takes no time, and what it was asked for."""
    asked: list[tuple[object, object]] = []

    def train(recipe: Recipe, out: Path, progress: Progress) -> Trained:
        asked.append((recipe.form.name, out))
        progress("training", 1, 1)
        return found(tmp_path, kept=True)

    monkeypatch.setattr("assay.training.train", train)
    return asked


def test_it_prints_each_adapter_the_study_and_what_is_next(
    trained: list[object],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    path = write_recipe(tmp_path, "owner/base")
    assert called(monkeypatch, "train", path, "--out", tmp_path / "made") == 0
    assert trained == [("toy", tmp_path / "made")]
    words = " ".join(capsys.readouterr().out.split())
    assert "numeric-s1 numeric numeric 1 200 2.500 1.250" in words
    assert "1 of 1 adapters exist already and match the recipe: kept" in words
    assert "warning: look here" in words
    assert f"study: {tmp_path / 'study.yaml'}" in words
    assert f"next: `assay plan {tmp_path / 'study.yaml'}`" in words


def test_json_holds_the_record_of_each_adapter(
    trained: list[object],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    assert called(monkeypatch, "train", write_recipe(tmp_path, "owner/base"), "--json") == 0
    assert trained == [("toy", Path("adapters/toy"))]
    told = json.loads(capsys.readouterr().out)
    assert told["study"] == str(tmp_path / "study.yaml")
    assert told["adapters"][0]["path"] == str(tmp_path / "numeric-s1")
    assert told["adapters"][0]["loss"] == {"first": 2.5, "final": 1.25}
    assert told["adapters"][0]["kept"] is True


def test_a_recipe_that_is_refused_exits_with_64_and_the_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = write_recipe(tmp_path, "owner/base", entry(settings={"rank": 0}))
    assert called(monkeypatch, "train", path) == 64
    told = capsys.readouterr().err
    assert f"assay: {path}:" in told
    assert "adapters[0].settings.rank: more than 0 is expected, found the number 0" in told


def test_interrupted_it_exits_with_130_and_says_what_is_kept(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def interrupted(*_: object) -> None:
        (tmp_path / "made" / "numeric-s2").mkdir(parents=True)
        (tmp_path / "made" / "numeric-s2" / "training.json").write_text("{}")
        raise KeyboardInterrupt

    monkeypatch.setattr("assay.training.train", interrupted)
    path = write_recipe(tmp_path, "owner/base", entry(seeds=[1, 2, 3]))
    assert called(monkeypatch, "train", path, "--out", tmp_path / "made") == 130
    told = capsys.readouterr().err
    assert f"stopped: 1 of 3 adapters are in {tmp_path / 'made'}; the same command continues" in told


def test_without_torch_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "assay.training.base", raising=False)
    monkeypatch.delattr("assay.training.base", raising=False)
    path = write_recipe(tmp_path, "owner/base")
    assert called(monkeypatch, "train", path, "--out", tmp_path / "out") == 64
    assert "training needs torch, which is not installed; `pip install 'lora-assay[torch]'`" in (
        capsys.readouterr().err
    )
