"""The recipe that ships, and which recipe a folder runs; nothing here trains."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay import embedded
from assay.demo import controlled
from assay.demo.controlled import clear, kept_recipe, lacking
from assay.errors import OutputError, StudyError
from assay.tasks import TASKS
from tests.demo.conftest import small


def test_the_shipped_recipe_has_two_labels_of_three_seeds_and_a_second_setting(tmp_path: Path) -> None:
    recipe = kept_recipe(tmp_path / "kept")
    seeds: dict[tuple[str, str], int] = {}
    for adapter in recipe.adapters:
        key = adapter.label, adapter.recipe
        seeds[key] = seeds.get(key, 0) + 1
    assert sum(count >= 3 and label == "instruction" for (label, _), count in seeds.items()) == 1
    assert sum(count >= 3 and label == "numeric" for (label, _), count in seeds.items()) == 1
    assert len(seeds) > 2
    assert recipe.base == "embedded"


def test_it_measures_every_task_of_the_small_world_on_300_prompts_or_more(tmp_path: Path) -> None:
    tasks = kept_recipe(tmp_path / "kept").form.tasks
    assert {task.task for task in tasks} == {name for name in TASKS if name.startswith("world-")}
    assert all((task.limit or 0) >= 300 for task in tasks)


def test_it_learns_no_verifiable_instruction_under_the_label_instruction(tmp_path: Path) -> None:
    recipe = kept_recipe(tmp_path / "kept")
    for entry in recipe.form.adapters:
        if entry.label == "instruction":
            assert [data.world for data in entry.data] == ["talk"]


def test_a_folder_runs_its_own_recipe(tmp_path: Path) -> None:
    kept_recipe(tmp_path)
    own = tmp_path / "recipe.yaml"
    own.write_text(own.read_text().replace("name: demo", "name: mine"))
    assert kept_recipe(tmp_path).form.name == "mine"


def test_a_recipe_of_ones_own_is_copied_and_gone_on_with(tmp_path: Path) -> None:
    given = small(tmp_path)
    for _ in range(2):
        assert kept_recipe(tmp_path / "kept", given).path == given
    assert kept_recipe(tmp_path / "kept").form.name == "small"


def test_a_folder_of_another_recipe_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    kept_recipe(tmp_path / "kept")
    before = (tmp_path / "kept" / "recipe.yaml").read_bytes()
    with pytest.raises(
        OutputError, match=r"holds what was made from another recipe, .*or give another --out"
    ):
        kept_recipe(tmp_path / "kept", small(tmp_path))
    assert (tmp_path / "kept" / "recipe.yaml").read_bytes() == before


def test_a_recipe_that_is_refused_makes_no_folder(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="margin"):
        kept_recipe(tmp_path / "kept", small(tmp_path, margin=2))
    assert not (tmp_path / "kept").exists()


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "kept").touch()
    with pytest.raises(OutputError, match="kept: cannot be written"):
        kept_recipe(tmp_path / "kept")


def test_without_torch_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(controlled, "NEEDED", ("torch", "no_such_package"))
    assert "needs" in (found := lacking() or "")
    assert "no_such_package" in found
    assert "pip install 'lora-assay[torch]'" in found


def test_without_the_base_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(controlled, "NEEDED", ())
    monkeypatch.delenv(embedded.VARIABLE, raising=False)
    monkeypatch.setattr(embedded, "SHIPPED", tmp_path)
    assert "not in this build" in (lacking() or "")


def test_cleared_a_folder_holds_the_report_only(tmp_path: Path) -> None:
    (tmp_path / "adapters" / "a").mkdir(parents=True)
    for name in ("recipe.yaml", "records.sqlite", ".lock", "report.html", "report.md", "verdicts.json"):
        (tmp_path / name).touch()
    clear(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"report.html", "report.md", "verdicts.json"}
