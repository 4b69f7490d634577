"""Files are written whole or not at all, and what is no file stays what it is."""

from __future__ import annotations

import gzip
import os
import stat
from pathlib import Path
from threading import Thread

import pytest

from assay.errors import OutputError, ResponsesError
from assay.files import file_exists, file_name, folder_exists, read_bytes, write_atomically, write_text


def test_a_file_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    for text in ("old", "new"):
        write_text(path, text)
        assert path.read_text() == text
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_text(path, "old")

    def fail(temporary: Path) -> None:
        temporary.write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(
        OutputError, match=r"a\.json: cannot be written: No space left on device; the old file"
    ):
        write_atomically(path, fail)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("there", [True, False])
def test_a_link_stays_and_what_it_leads_to_is_written(tmp_path: Path, there: bool) -> None:
    (tmp_path / "far").mkdir()
    target, link = tmp_path / "far" / "b.json", tmp_path / "a.json"
    if there:
        target.write_text("old")
    link.symlink_to(target)
    write_text(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert list((tmp_path / "far").iterdir()) == [target]


def test_a_pipe_stays_and_its_reader_gets_the_text(tmp_path: Path) -> None:
    pipe, got = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = Thread(target=lambda: got.append(pipe.read_text()), daemon=True)
    reader.start()
    write_text(pipe, "text")
    reader.join(10)
    assert got == ["text"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert list(tmp_path.iterdir()) == [pipe]


def test_a_device_stays(tmp_path: Path) -> None:
    link = tmp_path / "null"
    link.symlink_to("/dev/null")
    for path in (Path("/dev/null"), link):
        write_text(path, "text")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
    assert link.is_symlink()


def test_what_is_no_file_and_refuses_the_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=f"^{tmp_path}: cannot be written: Is a directory$"):
        write_text(tmp_path, "text")

    def fail(_: Path) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OutputError, match=r"^/dev/null: cannot be written: No space left on device$"):
        write_atomically(Path("/dev/null"), fail)


@pytest.mark.parametrize("name", ["..", ".", "a/b", 'a"<>:/|\\?*[]b'])
def test_no_name_leaves_its_folder(name: str) -> None:
    assert file_name(name) not in ("", ".", "..")
    assert "/" not in file_name(name)


def test_gzip_unpacks_to_a_bounded_size(tmp_path: Path) -> None:
    path = tmp_path / "bomb.jsonl.gz"
    path.write_bytes(gzip.compress(bytes(70 * 2**20), 1))
    with pytest.raises(ResponsesError, match=r"that unpack to more than 67,108,864; unpack it with `gunzip`"):
        read_bytes(path, ResponsesError)


@pytest.mark.parametrize("name", ["a" * 300, "a\0b", "absent"])
def test_a_name_that_no_file_can_have_is_no_file_and_no_folder(tmp_path: Path, name: str) -> None:
    assert not file_exists(tmp_path / name)
    assert not folder_exists(tmp_path / name)


def test_a_file_is_no_folder_and_a_folder_no_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert file_exists(tmp_path / "file")
    assert folder_exists(tmp_path)
    assert not file_exists(tmp_path)
    assert not folder_exists(tmp_path / "file")
