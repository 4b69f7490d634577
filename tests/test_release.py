"""The files that a release is made of: version, citation, changelog and its fragments, the publishing workflow."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import yaml

import assay

ROOT = Path(__file__).parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
TYPES = [kind["directory"] for kind in PROJECT["tool"]["towncrier"]["type"]]
FRAGMENTS = sorted(path for path in (ROOT / "changelog.d").iterdir() if path.name != "README.md")


def towncrier(folder: Path, *arguments: str) -> str:
    command = [
        sys.executable,
        "-m",
        "towncrier",
        "build",
        "--version",
        "9.9.9",
        "--date",
        "2030-01-02",
        *arguments,
    ]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


def test_the_version_is_the_same_everywhere() -> None:
    version = assay.__version__
    assert "version" in PROJECT["project"]["dynamic"]
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"] == version
    assert f"/assay@v{version}\n" in (ROOT / "docs" / "tutorial" / "gate.md").read_text()


def test_the_changelog_has_an_entry_of_the_version() -> None:
    first = re.search(r"<!-- changes -->\n\n## (\S+)", (ROOT / "CHANGELOG.md").read_text())
    assert first
    assert first[1] == assay.__version__


def test_the_citation_has_what_its_format_requires() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    assert citation["license"] == PROJECT["project"]["license"]


def test_fragments_have_names_that_towncrier_reads() -> None:
    for path in FRAGMENTS:
        assert re.fullmatch(rf"\+[\w-]+\.({'|'.join(TYPES)})\.md", path.name), path.name


def test_every_fragment_is_in_the_next_entry() -> None:
    entry = " ".join(towncrier(ROOT, "--draft").split())
    for path in FRAGMENTS:
        assert " ".join(path.read_text().split()) in entry, path.name


def test_fragments_become_an_entry_above_the_others(tmp_path: Path) -> None:
    for name in ("pyproject.toml", "CHANGELOG.md"):
        shutil.copy(ROOT / name, tmp_path / name)
    folder = tmp_path / "changelog.d"
    folder.mkdir()
    for kind in TYPES:
        (folder / f"+thing.{kind}.md").write_text(f"A thing was {kind}.\n")
    towncrier(tmp_path, "--yes")
    text = (tmp_path / "CHANGELOG.md").read_text()
    entry, _, rest = text.partition(f"## {assay.__version__}")
    assert rest
    assert "## 9.9.9 (2030-01-02)\n\n### Added\n\n- A thing was added." in entry
    assert "### Changed\n\n- A thing was changed.\n\n### Fixed\n\n- A thing was fixed." in entry
    assert not list(folder.glob("+*"))


def test_the_workflow_publishes_by_a_token_of_the_run_alone() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "publish.yml").read_text())
    build, publish = workflow["jobs"]["build"], workflow["jobs"]["publish"]
    assert workflow["permissions"] == {"contents": "read"}
    assert publish["permissions"] == {"id-token": "write"}
    assert publish["needs"] == "build"
    assert "secrets." not in (ROOT / ".github" / "workflows" / "publish.yml").read_text()
    assert any("scripts.package" in step.get("run", "") for step in build["steps"])


def test_the_workflow_compares_the_tag_with_the_version() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "publish.yml").read_text())
    (step,) = (
        step for step in workflow["jobs"]["build"]["steps"] if step.get("name") == "The tag is the version"
    )
    for tag, code in ((f"v{assay.__version__}", 0), ("v0.0.9", 1)):
        assert (
            subprocess.run(
                ["bash", "-ec", step["run"]], cwd=ROOT, env={"TAG": tag, "PATH": "/usr/bin:/bin"}
            ).returncode
            == code
        )
