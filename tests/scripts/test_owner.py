"""The repository's owner has one name, in every file that names it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from scripts.owner import FILES, ROOT, named_owners, owner, set_owner


def test_every_address_names_the_owner_that_pyproject_names() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    paths = [
        name
        for name in tracked.splitlines()
        if Path(name).suffix in (".md", ".toml", ".cff", ".yml", ".yaml")
    ]
    naming = {name: set(named_owners(ROOT / name)) for name in paths if named_owners(ROOT / name)}
    assert naming == {name: {owner()} for name in FILES}


def test_another_owner_is_written_everywhere(tmp_path: Path) -> None:
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    set_owner("someone", tmp_path)
    assert owner(tmp_path) == "someone"
    for name in FILES:
        assert set(named_owners(tmp_path / name)) == {"someone"}
        assert len(named_owners(tmp_path / name)) == len(named_owners(ROOT / name))
        assert "OWNER/" not in (tmp_path / name).read_text()
