"""Libraries from C, built by this machine's compiler."""

from __future__ import annotations

import ctypes
import shutil
import threading
from pathlib import Path

import pytest

from assay import native
from assay.native import build, cache_folder

SOURCE = "int assay_answer(void) { return 42; }\n"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "answer.c"
    path.write_text(SOURCE)
    return path


@pytest.fixture
def compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CC", raising=False)
    if not any(map(shutil.which, ("cc", "gcc", "clang"))):
        pytest.skip("this machine has no C compiler")


@pytest.mark.usefixtures("compiler")
def test_a_library_is_built_once_for_each_source(source: Path, tmp_path: Path) -> None:
    first = build(source, tmp_path / "cache")
    assert isinstance(first, Path)
    assert ctypes.CDLL(str(first)).assay_answer() == 42
    made = first.stat().st_mtime_ns
    assert build(source, tmp_path / "cache") == first
    assert first.stat().st_mtime_ns == made
    source.write_text(SOURCE.replace("42", "43"))
    second = build(source, tmp_path / "cache")
    assert second != first
    assert ctypes.CDLL(str(second)).assay_answer() == 43


@pytest.mark.usefixtures("compiler")
def test_builds_at_once_leave_one_library(source: Path, tmp_path: Path) -> None:
    built: list[Path | str] = []
    threads = [
        threading.Thread(target=lambda: built.append(build(source, tmp_path / "cache"))) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list((tmp_path / "cache").iterdir()) == [built[0]]
    assert built == [built[0]] * 3


@pytest.mark.usefixtures("compiler")
def test_another_compiler_is_tried_where_the_named_one_is_not_there(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CC", str(tmp_path / "gone"))
    assert isinstance(build(source, tmp_path / "cache"), Path)


@pytest.mark.usefixtures("compiler")
def test_a_source_that_does_not_compile_has_the_compilers_words(source: Path, tmp_path: Path) -> None:
    source.write_text("int broken(")
    reason = build(source, tmp_path / "cache")
    assert isinstance(reason, str)
    assert "answer.c" in reason
    assert list((tmp_path / "cache").iterdir()) == []


def test_without_a_compiler_the_reason_says_so(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setattr(native, "find_spec", lambda _: None)
    assert "no C compiler" in str(build(source, tmp_path / "cache"))


def test_a_folder_that_cannot_be_written_is_named(source: Path) -> None:
    assert str(build(source, source / "cache")).startswith(f"no library can be kept in {source / 'cache'}")


@pytest.mark.usefixtures("compiler")
@pytest.mark.parametrize("open_to_all", ["folder", "library"])
def test_nothing_is_loaded_that_other_users_may_write(source: Path, tmp_path: Path, open_to_all: str) -> None:
    library = build(source, tmp_path / "cache")
    assert isinstance(library, Path)
    assert library.parent.stat().st_mode & 0o777 == 0o700
    place = library if open_to_all == "library" else library.parent
    place.chmod(0o777)
    assert str(build(source, tmp_path / "cache")).startswith(f"other users may write {place}")


@pytest.mark.parametrize("home", ["", "cache"])
def test_no_library_is_kept_in_the_working_directory(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", home)
    assert cache_folder() == Path.home() / ".cache" / "assay"
