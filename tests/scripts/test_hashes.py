"""Pinned requirements get the hash of the file that pip would install, or none at all."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from scripts.hashes import hashed

ROOT = Path(__file__).parents[2]


def entry(name: str, version: str, **archive: Any) -> dict[str, Any]:
    info = {"url": f"https://host/{name}.whl", "archive_info": archive}
    return {"metadata": {"name": name, "version": version}, "download_info": info}


def test_each_file_has_its_hash_by_name(tmp_path: Path) -> None:
    report = {
        "install": [entry("b", "2", hashes={"sha256": "bb"}), entry("A", "1.0", hashes={"sha256": "aa"})]
    }
    (tmp_path / "report.json").write_text(json.dumps(report))
    command = [sys.executable, "-m", "scripts.hashes", str(tmp_path / "report.json")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "A==1.0 --hash=sha256:aa\nb==2 --hash=sha256:bb\n"


@pytest.mark.parametrize("archive", [{}, {"hashes": {}}, {"hashes": {"md5": "x"}}])
def test_a_file_without_a_hash_is_refused(archive: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"torch 2\.13\.0 has no SHA-256"):
        list(hashed({"install": [entry("torch", "2.13.0", **archive)]}))


def test_every_package_of_the_lock_file_has_one_version() -> None:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    assert all(line.count("==") == 1 for line in lines if line and not line.startswith("#"))
