"""What is wrong with a wheel; `make package` builds a real one and tries it."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from scripts.package import NEEDED, expect, wheel_problems

from scripts import package


def wheel(folder: Path, *names: str, padding: int = 0) -> Path:
    path = folder / "lora_assay-9-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, b"\0" * padding)
    return path


WHOLE = [f"lora_assay-9{part}" if part.startswith(".") else part for part in NEEDED]


def test_a_whole_wheel_has_no_problem(tmp_path: Path) -> None:
    assert wheel_problems(wheel(tmp_path, *WHOLE)) == []


def test_a_large_wheel_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "LARGEST", 100_000)
    (problem,) = wheel_problems(wheel(tmp_path, *WHOLE, padding=100_000))
    assert "at most 100,000 are allowed" in problem


def test_the_limit_is_12_megabytes() -> None:
    assert package.LARGEST == 12_000_000


@pytest.mark.parametrize("part", range(len(WHOLE)))
def test_a_wheel_that_lacks_a_part_is_refused(part: int, tmp_path: Path) -> None:
    (problem,) = wheel_problems(wheel(tmp_path, *WHOLE[:part], *WHOLE[part + 1 :]))
    assert problem.endswith(f"no {NEEDED[part]}")


@pytest.mark.parametrize("name", ["tests/test_it.py", "assay/embedded/base/training.jsonl", "assay/a.pyc"])
def test_a_wheel_with_what_is_not_the_package_is_refused(name: str, tmp_path: Path) -> None:
    (problem,) = wheel_problems(wheel(tmp_path, *WHOLE, name))
    assert problem.endswith(f"{name} does not belong in it")


def test_an_output_that_lacks_a_word_ends_the_trial() -> None:
    expect("a b", "a", "b")
    with pytest.raises(SystemExit, match="expected 'c' in\na b"):
        expect("a b", "a", "c")
