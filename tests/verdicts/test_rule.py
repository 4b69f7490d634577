"""A new rule is told: which words it changed on the same records, and that words of a report are by an older one."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

import assay
from assay.verdicts.rule import RULE
from tests.studies import one_task_study, table


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A run whose reports were written under rule 1, with another word for 3 prompts that rise and none that falls."""
    base, adapter = table(3, 0, 300, 150)
    assay.run(one_task_study(tmp_path, base, {"a": adapter, "b": adapter[::-1]}), tmp_path / "run")
    path = tmp_path / "run" / "verdicts.json"
    document = json.loads(path.read_text())
    del document["rule"]
    assert document["claims"][0]["verdict"] == "trivial"
    document["claims"][0]["verdict"] = "undecided"
    path.write_text(json.dumps(document))
    with closing(sqlite3.connect(tmp_path / "run" / "records.sqlite")) as records, records:
        changed = records.execute(
            "UPDATE events SET data = json_remove(data, '$.rule') WHERE kind = 'analyzed'"
        )
        assert changed.rowcount == 1
    return tmp_path / "run"


def test_words_that_a_new_rule_changed_are_listed_once(old: Path) -> None:
    result = assay.decide(old)
    told = [warning for warning in result.warnings if "rule" in warning]
    assert told == [
        f"this run was decided by rule 1 before, and is now by rule {RULE}: these words changed: "
        "a on math.numeric_match: undecided, now trivial"
    ]
    assert json.loads((old / "verdicts.json").read_text())["rule"] == RULE
    assert "undecided, now trivial" in (old / "report.md").read_text()
    assert not any("rule 1" in warning for warning in assay.decide(old).warnings)


def test_a_report_of_an_older_rule_says_so(old: Path) -> None:
    result = assay.audit.open_result(old)
    assert any("was decided by rule 1" in warning for warning in result.warnings)
    assert {claim.verdict for claim in result.claims if claim.adapter == "a"} == {"trivial"}


def test_other_claims_are_not_compared(old: Path) -> None:
    path = old / "verdicts.json"
    verdicts = json.loads(path.read_text())
    for row in verdicts["claims"]:
        row["margin"] = 0.2
    path.write_text(json.dumps(verdicts))
    assert not any("words changed" in warning for warning in assay.decide(old).warnings)


def test_another_verifier_hides_no_changed_word(old: Path) -> None:
    path = old / "verdicts.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"claims_sha256": "others"}))
    assert any("undecided, now trivial" in warning for warning in assay.audit.report(old).warnings)


def test_a_run_done_again_lists_the_words_that_a_new_rule_changed(old: Path) -> None:
    result = assay.run(old.parent / "study.yaml", old)
    assert any("undecided, now trivial" in warning for warning in result.warnings)
