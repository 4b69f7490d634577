"""What CI runs: its stages, their budgets, and what it prints of them. `make` is replaced."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

RUN = Path(__file__).parents[1] / ".ci" / "run"
MAKE = '#!/usr/bin/env bash\necho "make $*"\n[ "$*" != "$FAILING" ] || exit 3\n'
STAGES = ["install", "demo", "tests", "docs", "wheel", "browser", "campaign"]


@pytest.fixture
def ran(tmp_path: Path) -> Path:
    """A copy of the script, and programs that do nothing."""
    for name, text in {"make": MAKE, "chromedriver": "#!/usr/bin/env bash\n"}.items():
        (tmp_path / "bin").mkdir(exist_ok=True)
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)
    (tmp_path / ".ci").mkdir()
    shutil.copy(RUN, tmp_path / ".ci" / "run")
    return tmp_path


def run(folder: Path, failing: str = "") -> subprocess.CompletedProcess[str]:
    path = f"{folder / 'bin'}:{os.environ['PATH']}"
    return subprocess.run(
        ["bash", folder / ".ci" / "run"],
        env={"PATH": path, "FAILING": failing},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_budgets_are_25_minutes_at_most() -> None:
    stages = re.findall(r"^stage (\w+) (\d+)$", RUN.read_text(), re.MULTILINE)
    assert [name for name, _ in stages] == STAGES
    assert sum(int(minutes) for _, minutes in stages) <= 25


def test_every_stage_is_printed_beside_its_budget(ran: Path) -> None:
    done = run(ran)
    assert done.returncode == 0, done.stderr
    table = done.stdout.partition("stage    seconds of budget\n")[2].splitlines()
    assert [line.split()[0] for line in table] == [*STAGES, "all"]
    assert re.fullmatch(r"demo +\d+ s of +240 s", table[1])


def test_no_test_is_left_out(ran: Path) -> None:
    runs = re.findall(r"^make test-all TESTS=(.*)$", run(ran).stdout, re.MULTILINE)
    apart = {folder for tests in runs[0].split("--ignore ")[1:] for folder in tests.split()}
    assert runs[0].split()[0] == "tests"
    assert apart == {folder for tests in runs[1:] for folder in tests.split()}


def test_a_stage_that_fails_ends_it_and_is_named(ran: Path) -> None:
    done = run(ran, failing="docs")
    assert done.returncode == 3
    assert "docs     failed" in done.stdout
    assert "make package" not in done.stdout
    assert "install" in done.stdout.partition("stage    seconds of budget\n")[2]
