"""What a page shows of the records."""

from __future__ import annotations

import re
from pathlib import Path

from tests.report.html.pages import data_of, page_of
from tests.studies import RIGHT, WRONG, examples, jsonl, one_task_study, table, write_study


def test_flips_are_those_that_the_scores_say(page: str) -> None:
    data = data_of(page)
    told = re.findall(r'<th scope="row">([^<]*)</th><td>([^<]*)</td><td class="r num">(\d+)</td>'
                      r'<td class="r num">(\d+)</td></tr>', page)  # fmt: skip
    counted = {(adapter, task): (int(broken), int(fixed)) for adapter, task, broken, fixed in told}
    shown: dict[tuple[str, str], list[int]] = {}
    for adapter, task, _, _, fixed, _, _ in data["flips"]:
        shown.setdefault((data["adapters"][adapter], data["tasks"][task]), []).append(fixed)
    assert {key: (row.count(0), row.count(1)) for key, row in shown.items()} == {
        key: row for key, row in counted.items() if any(row)
    }


def test_a_flip_brings_both_answers_and_what_failed(page: str) -> None:
    data = data_of(page)
    flips = [flip for flip in data["flips"] if data["tasks"][flip[1]] == "ifeval"]
    for _, _, prompt, base, fixed, response, checks in flips:
        key, text, types = data["prompts"][prompt]
        _, before, base_checks = data["bases"][base]
        assert key
        assert text
        assert before != response
        assert {data["types"][kind] for kind in types} == {check[0] for check in checks}
        assert all(check[1] for check in checks) == bool(fixed)
        assert all(check[1] for check in base_checks) == (not fixed)
        assert all(check[2] for check in checks if not check[1])


def test_a_run_where_nothing_flipped_says_so(tmp_path: Path) -> None:
    base, same = table(0, 0, 30, base_right=10)
    page = page_of(one_task_study(tmp_path / "in", base, {"same": same}), tmp_path / "run")
    assert "There are no flips" in page
    assert data_of(page)["flips"] == []


def test_a_run_of_several_samples_has_no_flips_and_says_why(tmp_path: Path) -> None:
    examples(tmp_path, 12)
    for name in ("base", "tuned"):
        rows = (
            {"key": str(i), "sample": s, "response": RIGHT if (i + s * (name == "base")) % 3 else WRONG}
            for i in range(12)
            for s in range(2)
        )
        jsonl(tmp_path / f"{name}.jsonl", rows)
    study = write_study(
        tmp_path,
        {
            "name": "sampled",
            "bases": [{"name": "base", "responses": {"math": "base.jsonl"}}],
            "adapters": [{"name": "tuned", "label": "numeric", "responses": {"math": "tuned.jsonl"}}],
            "tasks": [{"task": "numeric", "name": "math", "examples": "examples.jsonl"}],
            "decoding": {"samples": 2},
        },
    )
    page = page_of(study, tmp_path / "run")
    assert "Subjects with several samples per prompt are left out" in page
    assert data_of(page)["flips"] == []
