"""The page of the real study is what its template makes of the findings kept beside it."""

from __future__ import annotations

import json

from scripts.real_study_page import KEPT, PAGE, page


def test_the_page_is_written_from_the_findings_that_are_kept() -> None:
    findings = json.loads(KEPT.read_text(encoding="utf-8"))
    assert page(findings) == PAGE.read_text(encoding="utf-8"), (
        "run `python -m scripts.real_study_page` and look at what changed"
    )
