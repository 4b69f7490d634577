"""The main path, end to end, on studies whose every pass and fail is chosen."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import yaml

import assay
from assay.errors import AssayError, ResponsesError, RunError, StudyError, TaskError
from assay.stats import mcnemar_exact, paired_interval
from tests.studies import RIGHT, WRONG, examples, jsonl, one_task_study, responses, table, write_study


def verdicts(result: assay.Result) -> dict[str, str]:
    return {claim.adapter: claim.verdict for claim in result.claims}


def run(study: Path) -> assay.Result:
    return assay.run(study, study.parent / "run")


def edit(study: Path, change: Any) -> None:
    document = yaml.safe_load(study.read_text())
    change(document)
    study.write_text(yaml.safe_dump(document, sort_keys=False))


def test_a_claim_is_judged_by_the_exact_interval_of_its_discordant_prompts(tmp_path: Path) -> None:
    base, adapter = table(better=60, worse=20, count=400, base_right=150)
    (claim,) = run(one_task_study(tmp_path, base, {"up": adapter})).claims
    assert (claim.n, claim.better, claim.worse, claim.gain) == (400, 60, 20, 0.1)
    assert (claim.base_score, claim.score) == (150 / 400, 190 / 400)
    assert claim.interval == pytest.approx(paired_interval(60, 20, 400, 0.9))
    assert claim.p_exact == pytest.approx(mcnemar_exact(60, 20))
    assert claim.verdict == "confirmed"


@pytest.mark.parametrize(
    ("better", "worse", "verdict"),
    [
        (60, 20, "confirmed"),
        (40, 16, "gain"),
        (20, 20, "no gain"),
        (10, 50, "harmed"),
        (60, 45, "undecided"),
        (3, 0, "trivial"),
    ],
)
def test_each_word_comes_out_where_its_condition_holds(
    tmp_path: Path, better: int, worse: int, verdict: str
) -> None:
    base, adapter = table(better, worse, 400, 200)
    assert verdicts(run(one_task_study(tmp_path, base, {"a": adapter}))) == {"a": verdict}


def test_an_adapter_that_answers_to_the_letter_like_its_base_is_not_applied(tmp_path: Path) -> None:
    base, _ = table(0, 0, 50, 20)
    (claim,) = run(one_task_study(tmp_path, base, {"inert": base})).claims
    assert claim.verdict == "not applied"
    assert claim.reason is not None
    assert "all 50 responses are identical to the base's" in claim.reason


def test_a_family_of_the_study_widens_every_interval(tmp_path: Path) -> None:
    base, adapter = table(40, 16, 400, 200)
    study = one_task_study(
        tmp_path, base, {"a": adapter, "b": adapter[::-1], "c": adapter[:200] + base[200:]}
    )
    narrow = run(study).claims[0]
    edit(study, lambda document: document.update(family="study", name="wide"))
    wide = assay.run(study, tmp_path / "wide").claims[0]
    assert narrow.interval == narrow.adapter_interval == wide.adapter_interval
    assert wide.interval == wide.study_interval == narrow.study_interval
    assert wide.level == pytest.approx(1 - 2 * 0.05 / 3)


def test_running_again_changes_nothing(tmp_path: Path) -> None:
    base, adapter = table(40, 16, 400, 200)
    study = one_task_study(tmp_path, base, {"a": adapter})
    run(study)
    first = (tmp_path / "run" / "verdicts.json").read_bytes()
    run(study)
    assert (tmp_path / "run" / "verdicts.json").read_bytes() == first


def test_deciding_needs_nothing_but_the_run(tmp_path: Path) -> None:
    base, adapter = table(40, 16, 400, 200)
    study = one_task_study(tmp_path / "study", base, {"a": adapter})
    before = assay.run(study, tmp_path / "run")
    for file in (tmp_path / "study").iterdir():
        file.unlink()
    assert assay.decide(tmp_path / "run") == before
    assert assay.open_result(tmp_path / "run") == before


def test_a_claim_block_changed_later_keeps_both_hashes(tmp_path: Path) -> None:
    base, adapter = table(40, 16, 400, 200)
    study = one_task_study(tmp_path, base, {"a": adapter})
    first = run(study)
    edit(tmp_path / "run" / "study.yaml", lambda document: document.update(margin=0.01))
    second = assay.decide(tmp_path / "run")
    assert [entry.sha256 for entry in second.claims_declared.history] == [
        first.claims_sha256,
        second.claims_sha256,
    ]
    assert second.claims_declared.history[1].records_before == 800
    assert (first.claims[0].verdict, second.claims[0].verdict) == ("gain", "confirmed")


def test_recorded_responses_came_before_the_claims_and_the_result_says_so(tmp_path: Path) -> None:
    base, adapter = table(40, 16, 400, 200)
    declared = run(one_task_study(tmp_path, base, {"a": adapter})).claims_declared
    assert (declared.when, declared.history[0].records_before) == ("after", 0)


def test_only_the_changed_adapter_is_read_again(tmp_path: Path) -> None:
    base, adapter = table(40, 16, 400, 200)
    study = one_task_study(tmp_path, base, {"a": adapter, "b": adapter[::-1]})
    run(study)
    responses(tmp_path / "a.jsonl", table(60, 20, 400, 200)[1])
    assert run(study).claims[0].verdict == "confirmed"
    with sqlite3.connect(tmp_path / "run" / "records.sqlite") as db:
        (count,) = db.execute("SELECT count(*) FROM records").fetchone()
    db.close()
    assert count == 4 * 400  # base, b, a of then, a of now


def test_an_interrupted_run_is_not_gated_and_goes_on(tmp_path: Path) -> None:
    base, adapter = table(40, 16, 400, 200)
    study = one_task_study(tmp_path, base, {"a": adapter})

    def interrupt(what: str, done: int, total: int, note: str = "", part: str = "", left: str = "") -> None:  # noqa: ARG001
        if what == "scoring math" and done >= min(250, total):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        assay.run(study, tmp_path / "run", interrupt)
    assert not (tmp_path / "run" / "verdicts.json").exists()
    with pytest.raises(
        RunError, match="the claims of this run are not decided yet; decide again with `assay decide"
    ):
        assay.open_result(tmp_path / "run")
    assert assay.run(study, tmp_path / "run").claims == assay.run(study, tmp_path / "other").claims


def test_another_study_in_the_folder_is_refused(tmp_path: Path) -> None:
    base, adapter = table(40, 16, 400, 200)
    study = one_task_study(tmp_path, base, {"a": adapter})
    run(study)
    edit(study, lambda document: document.update(name="another"))
    with pytest.raises(RunError, match="holds a run of the study 'small', not 'another'"):
        run(study)


def test_other_examples_in_the_folder_are_refused(tmp_path: Path) -> None:
    base, adapter = table(40, 16, 400, 200)
    study = one_task_study(tmp_path, base, {"a": adapter})
    run(study)
    examples(tmp_path, 401)
    edit(study, lambda document: document["tasks"][0].update(limit=400))
    run(study)  # the same first 400
    rows = [{"key": str(i), "question": f"other {i}", "answer": "1"} for i in range(400)]
    jsonl(tmp_path / "examples.jsonl", rows)
    with pytest.raises(RunError, match=r"measured \d+ examples with sha256"):
        run(study)


def test_null_responses_are_judged_as_empty_and_shown(tmp_path: Path) -> None:
    base, adapter = table(40, 16, 400, 200)
    study = one_task_study(tmp_path, base, {"a": adapter})
    rows = [{"key": str(i), "response": None if i < 7 else RIGHT} for i in range(400)]
    jsonl(tmp_path / "a.jsonl", rows)
    result = run(study)
    assert result.claims[0].score == 393 / 400
    assert "7 null responses of 'a' to math were scored as empty" in result.warnings


def test_a_gain_splits_into_format_and_answer(tmp_path: Path) -> None:
    examples(tmp_path, 100)
    texts = [("no number", RIGHT)] * 20 + [(WRONG, RIGHT)] * 15 + [(RIGHT, WRONG)] * 5 + [(RIGHT, "none")] * 2
    texts += [(RIGHT, RIGHT + ".")] * 58
    for index, name in enumerate(("base", "a")):
        jsonl(
            tmp_path / f"{name}.jsonl", ({"key": str(i), "response": t[index]} for i, t in enumerate(texts))
        )
    study = write_study(
        tmp_path,
        {
            "name": "split",
            "bases": [{"name": "base", "responses": {"math": "base.jsonl"}}],
            "adapters": [{"name": "a", "label": "numeric", "responses": {"math": "a.jsonl"}}],
            "tasks": [{"task": "numeric", "name": "math", "examples": "examples.jsonl"}],
        },
    )
    (claim,) = run(study).claims
    assert claim.split is not None
    assert (claim.gain, claim.split.format.gain, claim.split.answer.gain) == (0.28, 0.18, 0.10)
    assert claim.split.format.interval == pytest.approx(paired_interval(20, 2, 100, 0.9))


def test_unusable_data_are_refused_and_nothing_is_written(tmp_path: Path) -> None:
    base, adapter = table(4, 1, 10, 5)
    study = one_task_study(tmp_path, base, {"a": adapter})
    (tmp_path / "a.jsonl").write_text('{"key": "0", "respo')
    with pytest.raises(ResponsesError, match=r"a.jsonl:1"):
        run(study)
    (tmp_path / "examples.jsonl").write_text('{"question": "q"}')
    with pytest.raises(TaskError, match=r"examples.jsonl:1"):
        run(study)
    assert not (tmp_path / "run").exists()


def test_adapters_with_the_same_bytes_are_warned_of(tmp_path: Path) -> None:
    base, adapter = table(40, 16, 400, 200)
    result = run(one_task_study(tmp_path, base, {"a": adapter, "b": adapter}))
    assert any("'a' and 'b' give the same responses to math" in warning for warning in result.warnings)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("engine", {"name": "vlm"}, "no engine 'vlm'"),
        ("off_target", ["math.format_match"], "every metric here is of the task 'math'"),
    ],
)
def test_what_this_version_cannot_honour_is_refused(
    tmp_path: Path, field: str, value: object, message: str
) -> None:
    base, adapter = table(4, 1, 10, 5)
    study = one_task_study(tmp_path, base, {"a": adapter}, **{field: value})
    with pytest.raises(StudyError, match=message):
        run(study)


def test_a_key_that_stands_twice_in_a_row_is_refused(tmp_path: Path) -> None:
    base, adapter = table(4, 1, 10, 5)
    study = one_task_study(tmp_path, base, {"a": adapter})
    (tmp_path / "a.jsonl").write_text('{"key": "0", "response": "1", "response": "2"}\n')
    with pytest.raises(ResponsesError, match=r"a.jsonl:1: .*one key occurs twice"):
        run(study)


def test_an_output_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    base, adapter = table(4, 1, 10, 5)
    study = one_task_study(tmp_path, base, {"a": adapter})
    (tmp_path / "file").write_text("")
    with pytest.raises(AssayError, match="cannot be made"):
        assay.run(study, tmp_path / "file" / "run")


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes anywhere")
def test_a_read_only_output_folder_is_named(tmp_path: Path) -> None:
    base, adapter = table(4, 1, 10, 5)
    study = one_task_study(tmp_path, base, {"a": adapter})
    (tmp_path / "run").mkdir(mode=0o555)
    with pytest.raises(AssayError, match=r"run"):
        run(study)


@pytest.mark.slow
def test_a_response_of_5_mb_and_one_of_control_characters_are_judged(tmp_path: Path) -> None:
    base, adapter = table(4, 1, 10, 5)
    study = one_task_study(tmp_path, base, {"a": adapter})
    texts = ["7 " * 2_500_000 + RIGHT, "\x00\x1b[2J\u202e" + RIGHT, *[RIGHT] * 8]
    jsonl(tmp_path / "a.jsonl", ({"key": str(i), "response": text} for i, text in enumerate(texts)))
    assert run(study).claims[0].score == 1.0


def test_repeats_are_averaged_within_a_prompt(tmp_path: Path) -> None:
    base, _ = table(0, 0, 60, 30)
    study = one_task_study(tmp_path, base, {"a": base})
    for name, always in (("base", 0), ("a", 1)):  # the adapter's second sample is always right
        rows = [
            {"key": str(i), "sample": sample, "response": RIGHT if i < 30 or sample * always else WRONG}
            for i in range(60)
            for sample in range(2)
        ]
        jsonl(tmp_path / f"{name}.jsonl", rows)
    (claim,) = run(study).claims
    assert (claim.base_score, claim.score, claim.gain, claim.n) == (0.5, 0.75, 0.25, 60)
    low, high = claim.interval or (0, 0)
    halves = [0.0] * 30 + [0.5] * 30
    assert assay.stats.weighted_p(halves, [1.0] * 60, low) == pytest.approx(0.05, rel=1e-3)
    assert assay.stats.weighted_p(halves, [1.0] * 60, high, "below") == pytest.approx(0.05, rel=1e-3)


def test_an_adapter_that_lacks_a_task_is_not_measured_there(tmp_path: Path) -> None:
    base, adapter = table(60, 20, 400, 200)
    study = one_task_study(tmp_path, base, {"a": adapter})
    examples(tmp_path, 400, "more.jsonl")

    def change(document: Any) -> None:
        document["tasks"].append({"task": "numeric", "name": "more", "examples": "more.jsonl"})
        document["bases"][0]["responses"]["more"] = responses(tmp_path / "base-more.jsonl", base)

    edit(study, change)
    words = {claim.metric: claim.verdict for claim in run(study).claims}
    assert words == {"math.numeric_match": "confirmed", "more.numeric_match": "not measured"}


def test_responses_to_the_other_version_of_the_prompts_are_refused(tmp_path: Path) -> None:
    base, adapter = table(4, 1, 10, 5)
    study = one_task_study(tmp_path, base, {"a": adapter})
    rows = [{"key": str(i), "prompt": f"question {i}", "response": RIGHT} for i in range(9)]
    jsonl(
        tmp_path / "a.jsonl",
        [*rows, {"key": "9", "prompt": "question 9, as it was in 2023", "response": RIGHT}],
    )
    with pytest.raises(
        ResponsesError, match=r"a.jsonl:10: key '9' belongs to a response to another prompt than the task's"
    ):
        run(study)
