"""What SECURITY.md says is so: its commands, files and rules exist."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "SECURITY.md").read_text(encoding="utf-8")


def test_its_files_and_commands_exist() -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(re.findall(r"`make ([a-z-]+)`", TEXT)) <= set(targets)
    for name in re.findall(r"`([\w./-]+\.(?:py|lock))`", TEXT):
        assert (ROOT / name).exists(), name


def test_the_rules_of_bandit_are_on_and_every_exception_has_its_reason() -> None:
    lint = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]
    assert "S" in lint["select"]
    assert [rule for rule in lint["ignore"] if rule.startswith("S")] == ["S608"]
    exceptions = re.compile(r"# noqa: (?:[A-Z]+\d+, ?)*S(?!101\b)\d{3}(?P<reason> - \w|)")
    for path in (ROOT / "src").rglob("*.py"):
        assert all(found["reason"] for found in exceptions.finditer(path.read_text())), path


def test_the_workflow_audits_the_lock_file() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "audit.yml").read_text())
    steps = [step.get("run", "") for job in workflow["jobs"].values() for step in job["steps"]]
    assert any("pip_audit" in step and "requirements.lock" in step for step in steps)
    assert workflow["permissions"] == {"contents": "read"}
