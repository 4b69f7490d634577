from __future__ import annotations

import json
import os
import struct
from pathlib import Path
from typing import Any

import pytest

from assay.engines.api import ModelRef
from assay.engines.files import json_sha256, located, read_header, read_object, sha256s, shards
from assay.errors import EngineError


def tensors(path: Path, data: int = 8, more: int = 0) -> Path:
    header = json.dumps({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + b"\0" * (data + more))
    return path


def test_a_folder_is_itself(tmp_path: Path) -> None:
    assert located(ModelRef("base", tmp_path), ["*"]) == tmp_path
    assert located(ModelRef("base", str(tmp_path)), ["*"]) == tmp_path


@pytest.mark.parametrize(
    ("source", "revision", "message"),
    [
        (Path("nowhere/at/all"), None, "no folder nowhere/at/all; correct the path"),
        ("/nowhere/at/all", None, "no folder /nowhere/at/all"),
        ("./nowhere", None, "no folder nowhere"),
        ("not a name", None, "neither a folder here nor a hub id"),
        ("a/b/c", None, "neither a folder here nor a hub id"),
    ],
)
def test_what_is_no_source_is_refused(source: Path | str, revision: str | None, message: str) -> None:
    pytest.importorskip("huggingface_hub")
    with pytest.raises(EngineError, match=message):
        located(ModelRef("base", source, revision), ["*"])


def test_a_file_and_a_revision_of_a_folder_are_refused(tmp_path: Path) -> None:
    (tmp_path / "w").write_text("")
    with pytest.raises(EngineError, match="is a file; give the folder"):
        located(ModelRef("base", tmp_path / "w"), ["*"])
    with pytest.raises(EngineError, match="has no revision 'main'"):
        located(ModelRef("base", tmp_path, "main"), ["*"])


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("GatedRepoError", "accept its terms at https://huggingface.co/org/model"),
        ("RepositoryNotFoundError", "no such model on the hub"),
        ("RevisionNotFoundError", "no revision 'v2' on the hub"),
        ("LocalEntryNotFoundError", "run `hf download org/model --revision v2` with a network connection"),
        ("OfflineModeIsEnabled", "HF_HUB_OFFLINE is set"),
        ("HfHubHTTPError", "cannot be downloaded"),
    ],
)
def test_each_failure_of_the_hub_is_told_with_its_fix(
    kind: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = pytest.importorskip("huggingface_hub")

    def fail(*_: Any, **__: Any) -> str:
        error = getattr(hub.errors, kind)
        raise error.__new__(error, "no")  # its constructor wants a response of the hub

    monkeypatch.setattr(hub, "snapshot_download", fail)
    with pytest.raises(EngineError, match=message):
        located(ModelRef("base", "org/model", "v2"), ["*.json"])


def test_a_snapshot_is_asked_for_by_revision_and_without_subfolders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = pytest.importorskip("huggingface_hub")
    asked: dict[str, Any] = {}

    def download(name: str, **options: Any) -> str:
        asked.update(options, name=name)
        return str(tmp_path)

    monkeypatch.setattr(hub, "snapshot_download", download)
    assert located(ModelRef("base", "org/model", "v2"), ["*.json"]) == tmp_path
    assert (asked["name"], asked["revision"], asked["allow_patterns"]) == ("org/model", "v2", ["*.json"])
    assert "*/*" in asked["ignore_patterns"]


def test_of_a_folder_in_a_repository_only_its_own_files_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = pytest.importorskip("huggingface_hub")
    options: dict[str, Any] = {}

    def download(_: str, **given: Any) -> str:
        options.update(given)
        return str(tmp_path)

    monkeypatch.setattr(hub, "snapshot_download", download)
    within = ModelRef("math", "org/library", folder="relevance/lo[r]a")
    with pytest.raises(EngineError, match=r"has nothing on the hub in a folder relevance/lo\[r\]a"):
        located(within, ["*.json"])
    (tmp_path / "relevance" / "lo[r]a").mkdir(parents=True)
    assert located(within, ["*.json"]) == tmp_path / "relevance" / "lo[r]a"
    assert options["allow_patterns"] == ["relevance/lo[[]r]a/*.json"]
    assert options["ignore_patterns"] == ["relevance/lo[[]r]a/*/*", "relevance/lo[[]r]a/consolidated*"]


def test_a_header_may_be_read_without_its_weights(tmp_path: Path) -> None:
    path = tensors(tmp_path / "w.safetensors", data=0)
    assert read_header(path, whole=False)["w"].shape == (2,)
    with pytest.raises(EngineError, match="it was cut short"):
        read_header(path)


def test_a_header_lists_the_tensors(tmp_path: Path) -> None:
    found = read_header(tensors(tmp_path / "w.safetensors"))
    assert (found["w"].dtype, found["w"].shape, found["w"].size) == ("F32", (2,), 8)


@pytest.mark.parametrize(
    ("data", "more", "message"), [(7, 0, "it was cut short"), (8, 3, "there is more in it than it says")]
)
def test_a_file_of_another_length_than_its_header_says_is_refused(
    data: int, more: int, message: str, tmp_path: Path
) -> None:
    with pytest.raises(EngineError, match=message):
        read_header(tensors(tmp_path / "w.safetensors", data, more))


@pytest.mark.parametrize(
    "content",
    [b"", b"\1\2", b"\xff" * 40, struct.pack("<Q", 2) + b"[]", struct.pack("<Q", 12) + b'{"w":{"a":1}}'],
)
def test_what_has_no_header_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "w.safetensors").write_bytes(content)
    with pytest.raises(EngineError, match="no complete safetensors header"):
        read_header(tmp_path / "w.safetensors")


def test_a_git_lfs_pointer_is_told(tmp_path: Path) -> None:
    (tmp_path / "w.safetensors").write_text("version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(EngineError, match="git lfs pull"):
        read_header(tmp_path / "w.safetensors")


def test_the_weights_are_those_that_the_index_names(tmp_path: Path) -> None:
    index = {
        "weight_map": {"a": "model-2.safetensors", "b": "model-1.safetensors", "c": "model-1.safetensors"}
    }
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    (tmp_path / "model-1.safetensors").touch()
    with pytest.raises(EngineError, match=r"names 1 files that are not in .*model-2\.safetensors"):
        shards(tmp_path)
    (tmp_path / "model-2.safetensors").touch()
    (tmp_path / "other.safetensors").touch()
    assert [path.name for path in shards(tmp_path)] == ["model-1.safetensors", "model-2.safetensors"]


def test_a_pickled_base_is_refused_unless_allowed(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"no model\.safetensors in"):
        shards(tmp_path)
    (tmp_path / "pytorch_model.bin").touch()
    with pytest.raises(EngineError, match="is a pickle, which can run code"):
        shards(tmp_path)
    assert shards(tmp_path, allow_pickle=True) == (tmp_path / "pytorch_model.bin",)


def test_an_object_is_empty_where_there_is_no_file_and_nothing_else_passes_for_one(tmp_path: Path) -> None:
    assert read_object(tmp_path / "none.json") == {}
    (tmp_path / "list.json").write_text("[]")
    with pytest.raises(EngineError, match="is not a JSON object"):
        read_object(tmp_path / "list.json")
    (tmp_path / "empty.json").write_text(" ")
    with pytest.raises(EngineError, match=r"empty\.json is empty; download it again"):
        read_object(tmp_path / "empty.json")
    (tmp_path / "cut.json").write_text("{")
    with pytest.raises(EngineError, match="is not JSON"):
        read_object(tmp_path / "cut.json")


def test_digests_know_content_and_neither_names_nor_order(tmp_path: Path) -> None:
    for name, text in (("a", "1"), ("b", "2"), ("c", "1")):
        (tmp_path / name).write_text(text)
    a, b, c = (tmp_path / name for name in "abc")
    assert sha256s([a, b]) == sha256s([b, c])
    assert sha256s([a, b]) != sha256s([a, c])
    assert json_sha256({"x": 1, "y": [2]}) == json_sha256({"y": [2], "x": 1})
    assert json_sha256({"x": 1}) != json_sha256({"x": 1.5})


@pytest.mark.parametrize(
    "entry",
    [
        {"dtype": "F32", "shape": [2], "data_offsets": [0, float("inf")]},
        {"dtype": "F32", "shape": [2], "data_offsets": [8, 0]},
        {"dtype": "F32", "shape": [2], "data_offsets": [-8, 0]},
        {"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [3], "data_offsets": [0, 8]},
        {"dtype": "F16", "shape": [2], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [2.0], "data_offsets": [0, 8]},
    ],
)
def test_an_entry_that_contradicts_itself_is_no_header(tmp_path: Path, entry: dict[str, Any]) -> None:
    header = json.dumps({"w": entry}).encode()
    (tmp_path / "w.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bytes(8))
    with pytest.raises(EngineError, match="no complete safetensors header"):
        read_header(tmp_path / "w.safetensors")


@pytest.mark.parametrize(
    "name", ["../w.safetensors", "/etc/passwd", "a/b.safetensors", "..", "", 7, ["w"], "w\0", "\ud800"]
)
def test_an_index_names_files_beside_it_only(tmp_path: Path, name: Any) -> None:
    (tmp_path / "w.safetensors").touch()
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"a": "w.safetensors", "b": name}}))
    with pytest.raises(EngineError, match="which is no file beside it; download the folder again"):
        shards(tmp_path)


def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "config.json")
    with pytest.raises(EngineError, match=r"config\.json is no regular file"):
        read_object(tmp_path / "config.json")
