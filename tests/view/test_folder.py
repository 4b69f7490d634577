"""The runs of a folder have names and keys, and no key is a path."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.errors import RunError
from assay.view.folder import Folder


def make_run(path: Path) -> None:
    path.mkdir(parents=True)
    (path / "records.sqlite").write_bytes(b"")


def test_runs_are_listed_by_name_with_numbers_in_order(tmp_path: Path) -> None:
    for name in ("run10", "run2", "b", "nested/a"):
        make_run(tmp_path / name)
    (tmp_path / "empty").mkdir()
    assert [entry.name for entry in Folder(tmp_path).runs().values()] == ["b", "nested/a", "run2", "run10"]


def test_a_folder_that_is_a_run_is_its_only_run(tmp_path: Path) -> None:
    make_run(tmp_path / "mine")
    make_run(tmp_path / "mine" / "inner")
    folder = Folder(tmp_path / "mine")
    assert folder.is_run
    assert [entry.name for entry in folder.runs().values()] == ["mine"]


def test_a_run_is_not_searched_for_runs_nor_is_what_is_hidden_or_deep(tmp_path: Path) -> None:
    for name in ("a", "a/inside", ".hidden", "1/2/3/4"):
        make_run(tmp_path / name)
    assert [entry.name for entry in Folder(tmp_path).runs().values()] == ["a"]


@pytest.mark.parametrize("name", ["a/b", "..", "sp ace", "<script>", "%2e%2e", "ü", "~x", "a\nb", "\udcff"])
def test_a_key_is_the_name_only_where_that_is_safe_in_an_address(tmp_path: Path, name: str) -> None:
    made = tmp_path / "runs" / (name if name != ".." else "dots..")
    make_run(made)
    (key,) = Folder(tmp_path / "runs").runs()
    assert set(key) <= set("abcdefghijklmnopqrstuvwxyz0123456789~.-_")
    assert key == made.name or key.startswith("~")


def test_rings_of_links_end(tmp_path: Path) -> None:
    make_run(tmp_path / "x" / "a")
    (tmp_path / "x" / "ring").symlink_to(tmp_path)
    (tmp_path / "linked").symlink_to(tmp_path / "x")
    assert [entry.name for entry in Folder(tmp_path).runs().values()] == ["linked/a", "x/a"]


def test_a_folder_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no such folder"):
        Folder(tmp_path / "nowhere")


def test_a_stamp_changes_when_a_file_of_the_run_does(tmp_path: Path) -> None:
    make_run(tmp_path / "a")
    (entry,) = Folder(tmp_path).runs().values()
    before = entry.stamp()
    assert entry.stamp() == before
    (tmp_path / "a" / "verdicts.json").write_text("{}")
    assert entry.stamp() != before
