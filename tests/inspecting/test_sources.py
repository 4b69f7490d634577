"""A path is a folder where there is one, else a hub id; anything else is refused before the hub is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.errors import EngineError
from assay.files import file_sha256
from assay.inspecting.sources import find_source
from tests.inspecting.adapters import matrices, write_adapter


def test_a_folder_is_read_where_it_is(tmp_path: Path) -> None:
    folder = write_adapter(tmp_path / "a")
    source = find_source(str(folder))
    files, header = source.read()
    assert source.folder == folder
    assert files.tensors == matrices()
    assert {entry.dtype for entry in header.values()} == {"F32"}
    assert source.weights_sha256(files) == file_sha256(folder / "adapter_model.safetensors")


@pytest.mark.parametrize(
    "path", ["nowhere", "./nowhere/at", "../nowhere", "/nowhere/at/all", "~/nowhere/at", "inner/a/b"]
)
def test_what_is_neither_folder_nor_hub_id_is_refused(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "inner").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(EngineError, match="no folder"):
        find_source(path)


def test_a_file_is_refused_with_the_folder_as_the_fix(tmp_path: Path) -> None:
    path = write_adapter(tmp_path / "a") / "adapter_model.safetensors"
    with pytest.raises(EngineError, match="is a file; give the folder"):
        find_source(str(path))
