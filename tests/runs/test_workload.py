"""A workload's prompts."""

from __future__ import annotations

from pathlib import Path

from assay.engines import Fake
from tests.runs.choices import cells, study_of


def test_each_is_a_request_of_its_own_in_order(tmp_path: Path) -> None:
    base, good = cells(study_of(tmp_path), Fake(lambda _: ""))
    asked = [one for one in base.prompts() if one.example == "1"]
    assert [(one.request, one.kind, one.continuation) for one in asked] == [
        (0, "loglikelihood", " yes"),
        (1, "loglikelihood", " no"),
        (2, "generate", ""),
        (3, "generate", ""),
    ]
    assert {one.subject for one in good.prompts()} == {"good"}
