"""The helper for users' own tests."""

from __future__ import annotations

from pathlib import Path

import pytest

import assay
from assay.errors import AssayError, RunError
from assay.plan import Policy
from assay.stats import Verdict
from assay.testing import Fake, Prompt, assert_label_holds, score_response
from tests.studies import RIGHT, WRONG, examples, one_task_study, table, write_study


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("labels")
    base, up = table(60, 20, 400, 200)
    _, open_question = table(60, 45, 400, 200)
    assay.run(one_task_study(folder, base, {"up": up, "open": open_question}), folder / "run")
    return folder / "run"


def test_a_label_that_holds_passes(run: Path) -> None:
    assert_label_holds(run, "up")


def test_a_label_that_does_not_hold_says_which_rule(run: Path) -> None:
    with pytest.raises(
        AssertionError, match=r"the label of 'open' does not hold: undecided\n  math.numeric_match"
    ):
        assert_label_holds(run, "open")


def test_an_undecided_label_passes_where_that_is_allowed(run: Path) -> None:
    assert_label_holds(run, "open", allow_undecided=True)


def test_a_policy_of_ones_own_is_asked(run: Path) -> None:
    with pytest.raises(AssertionError, match="fail"):
        assert_label_holds(run, "up", policy=Policy(passing=(Verdict.GAIN,), failing=(Verdict.CONFIRMED,)))


def test_an_adapter_that_the_run_lacks_is_an_error_not_a_failure(run: Path) -> None:
    with pytest.raises(RunError, match="no claim of 'down'; this run has up, open"):
        assert_label_holds(run, "down")


def test_one_response_is_scored_by_a_task_of_its_name_or_file(tmp_path: Path) -> None:
    row = {"question": "2 + 2?", "answer": "4"}
    loose, stated = (score_response("numeric", row, text) for text in ("so it is 4", "#### 4"))
    assert (loose["numeric_match"], loose["format_match"]) == (1.0, 0.0)
    assert (stated["numeric_match"], stated["format_match"]) == (1.0, 1.0)
    tone = tmp_path / "tone.yaml"
    tone.write_text("capability: support\nprompts: tone.jsonl\ncheck: exact\n")
    (tmp_path / "tone.jsonl").write_text('{"prompt": "Thanks!", "answer": "warm"}\n')
    row = {"prompt": "Thanks!", "answer": "warm"}
    assert score_response(tone, row, "warm") == {"passed": 1.0}
    assert score_response(tone, row, "cold") == {"passed": 0.0}
    with pytest.raises(AssayError, match="unknown task 'maths'"):
        score_response("maths", row, "4")


def test_a_pipeline_runs_on_the_fake_engine(tmp_path: Path) -> None:
    examples(tmp_path, 100)
    study = write_study(
        tmp_path,
        {
            "name": "s",
            "bases": [{"name": "base", "model": "any/base"}],
            "adapters": [{"name": "helper", "label": "numeric", "path": "any/helper"}],
            "tasks": [{"task": "numeric", "name": "math", "examples": "examples.jsonl"}],
        },
    )

    def answer(prompt: Prompt) -> str:
        return RIGHT if prompt.subject == "helper" or int(prompt.example) % 2 else WRONG

    fake = Fake(answer)
    result = assay.run(study, tmp_path / "run", engine=fake.preflight)
    assert result.claims[0].verdict == "confirmed"
    assert {prompt.subject for prompt in fake.asked} == {"base", "helper"}
    assert_label_holds(tmp_path / "run", "helper")
