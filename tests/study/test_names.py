"""What a name of weights stands for: a folder, a GGUF file, or a hub id."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.errors import StudyError
from assay.study.names import ModelName


def test_a_folder_is_a_folder_and_anything_like_a_hub_id_is_one(tmp_path: Path) -> None:
    assert ModelName.of(str(tmp_path), "model").folder == tmp_path
    assert ModelName.of("owner/name", "model").folder is None


def test_a_gguf_file_is_a_base_and_no_adapter(tmp_path: Path) -> None:
    file = tmp_path / "base.gguf"
    file.touch()
    assert ModelName.of(str(file), "model").folder == file
    with pytest.raises(StudyError, match="no such folder"):
        ModelName.of(str(file), "adapter")


@pytest.mark.parametrize("text", ["", "./absent", "a/b/c", "/" + "a" * 300])
def test_what_can_be_neither_is_refused(text: str) -> None:
    with pytest.raises(StudyError, match=r"no such folder, and no hub id \(owner/name\)"):
        ModelName.of(text, "model")
