"""The controlled study on a toy: trained, audited, resumed, and the same every time."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from assay.audit import open_result
from assay.demo.controlled import kept_recipe, run_controlled
from assay.progress import silent
from assay.study import load_study
from assay.verdicts import Result
from tests.demo.conftest import small

TRAINED = ["instruction-s1", "instruction-s2", "numeric-s1"]
pytestmark = pytest.mark.usefixtures("as_embedded")


class Told:
    """What was told of progress; raises KeyboardInterrupt at a call of one kind."""

    def __init__(self, interrupt: str = "", at: int = 0) -> None:
        self.most: Counter[str] = Counter()
        self.interrupt, self.at = interrupt, at

    def __call__(
        self,
        what: str,
        done: int,
        total: int,  # noqa: ARG002
        note: str = "",  # noqa: ARG002
        part: str = "",
        left: str = "",  # noqa: ARG002
    ) -> None:
        if not part:
            self.most[what] = max(self.most[what], done)
        if what == self.interrupt and not part and done >= self.at:
            raise KeyboardInterrupt


def ran(folder: Path, recipe: Path | None = None, told: Told | None = None) -> Result:
    return run_controlled(kept_recipe(folder, recipe), folder, told or silent)


@pytest.fixture(scope="module")
def whole(toy: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """A finished demo. Read only."""
    folder = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASSAY_EMBEDDED", str(toy))
        return folder / "kept", ran(folder / "kept", small(folder))


def test_the_matrix_holds_the_base_every_adapter_and_the_inert_one(whole: tuple[Path, Result]) -> None:
    _, result = whole
    assert [row.subject for row in result.matrix.rows] == ["base", *TRAINED, "inert"]
    assert all(score is not None for row in result.matrix.rows[:-1] for score in row.scores.values())


def test_the_inert_adapter_is_not_applied_and_every_other_is(whole: tuple[Path, Result]) -> None:
    _, result = whole
    assert {entry.adapter: entry.alive for entry in result.applied} == dict.fromkeys(TRAINED, True) | {
        "inert": False
    }
    assert [claim.adapter for claim in result.claims if claim.verdict == "not applied"] == ["inert"]


def test_claims_are_declared_before_the_first_response(whole: tuple[Path, Result]) -> None:
    assert whole[1].claims_declared.when == "before"


def test_the_folder_holds_recipe_adapters_and_run(whole: tuple[Path, Result]) -> None:
    folder, _ = whole
    left = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
    run = {"study.yaml", "records.sqlite", "verdicts.json", "report.md", "report.html"}
    assert left == {"recipe.yaml", "adapters"} | run
    assert (folder / "recipe.yaml").read_bytes() == (folder.parent / "recipe.yaml").read_bytes()
    assert {path.name for path in (folder / "adapters").iterdir() if path.is_dir()} >= {*TRAINED, "inert"}


def test_nothing_kept_names_a_place_on_the_machine(whole: tuple[Path, Result], toy: Path) -> None:
    folder, _ = whole
    study = load_study(folder / "study.yaml")
    assert study.bases[0].model == "embedded"
    assert study.adapters[-1].path == "./adapters/inert"
    for path in folder.rglob("*"):
        if path.suffix in (".json", ".yaml", ".md", ".html"):
            assert str(toy) not in path.read_text(encoding="utf-8"), path
            assert str(folder) not in path.read_text(encoding="utf-8"), path


def test_run_again_it_trains_nothing_asks_nothing_and_finds_the_same(whole: tuple[Path, Result]) -> None:
    folder, result = whole
    told = Told()
    before = (folder / "verdicts.json").read_bytes()
    assert ran(folder, told=told).matrix == result.matrix
    assert told.most["training"] in (0, 9)  # steps of before
    assert not any(told.most[what] for what in told.most if what == "responses")
    assert json.loads((folder / "verdicts.json").read_text())["matrix"] == json.loads(before)["matrix"]
    assert open_result(folder).matrix == result.matrix


@pytest.mark.slow
def test_two_demos_of_one_recipe_give_the_same_matrix(whole: tuple[Path, Result], tmp_path: Path) -> None:
    again = ran(tmp_path / "again", small(tmp_path))
    assert again.matrix == whole[1].matrix
    assert again.claims == whole[1].claims
    assert again.recipes == whole[1].recipes


@pytest.mark.slow
@pytest.mark.parametrize(("what", "at"), [("responses", 7), ("training", 5)])
def test_interrupted_it_goes_on_to_the_same_matrix(
    whole: tuple[Path, Result], tmp_path: Path, what: str, at: int
) -> None:
    with pytest.raises(KeyboardInterrupt):
        ran(tmp_path / "kept", small(tmp_path), Told(what, at))
    assert ran(tmp_path / "kept").matrix == whole[1].matrix


@pytest.mark.slow
def test_a_change_in_the_folders_recipe_trains_what_changed(tmp_path: Path) -> None:
    one = ran(tmp_path / "kept", small(tmp_path))
    own = tmp_path / "kept" / "recipe.yaml"
    name = "adapter_model.safetensors"
    before = {path.parent.name: path.read_bytes() for path in (tmp_path / "kept").rglob(name)}
    text = own.read_text()
    assert text.count("seeds:\n  - 1\n  data:\n  - world") == 1
    own.write_text(text.replace("seeds:\n  - 1\n  data:\n  - world", "seeds:\n  - 3\n  data:\n  - world"))
    two = ran(tmp_path / "kept")
    after = {path.parent.name: path.read_bytes() for path in (tmp_path / "kept").rglob(name)}
    assert [row.subject for row in two.matrix.rows][1:] == [*TRAINED[:2], "numeric-s3", "inert"]
    assert {name: after[name] for name in before} == before  # what is no longer asked for stays as well
    assert two.matrix.rows[:3] == one.matrix.rows[:3]
