"""Whole studies on tasks of lm-eval's, with an engine that answers by a function."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import assay
from assay.audit import decide, gate
from assay.engines import Fake, Prompt
from assay.errors import StudyError
from assay.records import Store
from assay.tasks.lm_eval import index
from tests.interruptions import interrupted_at
from tests.often import first_often
from tests.studies import write_study
from tests.tasks.lm_eval.local import TESTS, documents, make_tasks

GOLD = {str(row["id"]): row for row in documents(TESTS, "test")}
NAMES = ("gen_match", "gen_share", "mc_plain", "by_task")


@pytest.fixture(autouse=True)
def none_of_lm_evals(monkeypatch: pytest.MonkeyPatch) -> None:
    """The index of lm-eval's own tasks takes seconds; here it has one."""
    monkeypatch.setattr(index, "bundled_near", lambda _: {})
    monkeypatch.setattr(index, "bundled", lambda: {"arc_easy": None})


def study_of(folder: Path, names: tuple[str, ...] = NAMES, **fields: Any) -> Path:
    if not (folder / "tasks").exists():
        make_tasks(folder)
    document = {
        "name": "lm-eval",
        "bases": [{"name": "base", "model": "owner/base"}],
        "adapters": [
            {"name": name, "label": "mc_plain", "path": f"owner/{name}"} for name in ("good", "same")
        ],
        "tasks": [{"task": f"harness:{name}", "name": name, "include_path": "tasks"} for name in names],
        "noise_prompts": TESTS * len(names),
        **fields,
    }
    return write_study(folder, document)


def text(request: Prompt) -> str:
    """The base says nothing, `good` the right vowel, `same` something wrong that the base does not say."""
    vowel = "aeiou"[int(request.example) % 5]
    right = vowel if request.task == "gen_match" else "word"
    return {"base": "0", "good": right, "same": "1"}[request.subject]


def score(request: Prompt) -> float:
    """`good` finds the right choice; the others the last one."""
    leaf, _, key = request.example.rpartition(":")
    row = GOLD[key]
    if request.task == "by_task" and leaf == "mc_inputs":
        likely = row["label"] if request.subject == "good" else 1
    else:
        likely = row["gold"] if request.subject == "good" else 3
    # An adapter that chooses as the base does, a little surer of it.
    return -1.0 - (request.request % 4 != likely) - (0.01 if request.subject == "same" else 0)


def fake(answer: Callable[[Prompt], str] = text) -> Fake:
    return Fake(answer, score)


def records(folder: Path) -> int:
    with Store.read(folder) as store:
        return store.count()


def test_a_base_and_its_adapters_are_asked_in_one_pass_and_each_column_has_its_figures(
    tmp_path: Path,
) -> None:
    engine = fake()
    result = assay.run(study_of(tmp_path), tmp_path / "run", engine=engine.preflight)
    assert engine.loads == 1
    first = [request for request in engine.asked if request.subject == "good" and not request.variant]
    asked = Counter(request.task for request in first)
    both = 8 * TESTS + 2 * 2
    assert asked == {"gen_match": TESTS, "gen_share": TESTS, "mc_plain": 8 * TESTS, "by_task": both}
    rows = {row.subject: row.scores for row in result.matrix.rows}
    assert rows["good"]["gen_match.exact_match@first"] == 1
    assert rows["base"]["gen_match.exact_match@first"] == 0
    assert rows["good"]["gen_share.letters"] == 1
    assert rows["good"]["mc_plain.acc"] == 1
    assert rows["same"]["mc_plain.acc"] == rows["base"]["mc_plain.acc"] == 2 / TESTS
    assert rows["base"]["by_task.acc"] == pytest.approx((2 / TESTS + 1 / 2) / 2)


def test_a_label_claims_the_task_of_its_name_and_the_gate_opens_for_what_bears_it_out(tmp_path: Path) -> None:
    fields: dict[str, Any] = {"margin": 0.5, "off_target": ["gen_match.exact_match@first"]}
    result = assay.run(study_of(tmp_path, **fields), tmp_path / "run", engine=fake().preflight)
    assert {claim.metric for claim in result.claims} == {"mc_plain.acc"}
    gains = {claim.adapter: claim.gain for claim in result.claims}
    assert gains == {"good": 1 - 2 / TESTS, "same": 0}
    outcomes = {one.adapter: one.outcome for one in gate(tmp_path / "run").adapters}
    assert outcomes["good"] == "pass"
    assert outcomes["same"] != "pass"


def test_a_share_that_was_0_or_1_throughout_is_judged_as_pass_or_fail(tmp_path: Path) -> None:
    result = assay.run(
        study_of(tmp_path, claims={"mc_plain": ["gen_share.letters"]}),
        tmp_path / "run",
        engine=fake().preflight,
    )
    good = next(claim for claim in result.claims if claim.adapter == "good")
    assert (good.better, good.worse, good.p_exact) == (TESTS, 0, 2 / 2**TESTS)


def test_an_adapter_that_chooses_alike_with_other_probabilities_is_no_echo(tmp_path: Path) -> None:
    result = assay.run(study_of(tmp_path, ("mc_plain",)), tmp_path / "run", engine=fake().preflight)
    assert not any("to the letter" in warning for warning in result.warnings)
    (floor,) = result.noise_floor or ()
    assert (floor.n, floor.differ) == (TESTS, 0)


@pytest.mark.parametrize("instant", first_often([9, 1, 100]))
def test_a_run_goes_on_where_it_stopped(tmp_path: Path, instant: int) -> None:
    study = study_of(tmp_path)
    whole = assay.run(study, tmp_path / "whole", engine=fake().preflight)
    with pytest.raises(KeyboardInterrupt):
        assay.run(study, tmp_path / "run", engine=Fake(text, interrupted_at(instant, score)).preflight)
    held = records(tmp_path / "run")
    rest = fake()
    again = assay.run(study, tmp_path / "run", engine=rest.preflight)
    assert (again.claims, again.cells) == (whole.claims, whole.cells)
    assert len(rest.asked) == records(tmp_path / "whole") - held


def test_an_adapter_that_fails_half_way_through_an_example_is_not_measured(tmp_path: Path) -> None:
    engine = Fake(text, score)

    def fail(request: Prompt) -> float:
        if request.subject == "good" and (request.example, request.request) == ("3", 2):
            engine.failed["good"] = "no memory"
        return score(request)

    engine.score = fail
    result = assay.run(study_of(tmp_path, ("mc_plain",)), tmp_path / "run", engine=engine.preflight)
    verdicts = {claim.adapter: (claim.verdict, claim.reason) for claim in result.claims}
    assert verdicts["good"] == ("not measured", "no memory")
    assert verdicts["same"][0] != "not measured"
    assert assay.open_result(tmp_path / "run").claims == result.claims


def test_a_run_is_decided_from_its_folder_alone(tmp_path: Path) -> None:
    first = assay.run(study_of(tmp_path), tmp_path / "run", engine=fake().preflight)
    shutil.move(tmp_path / "run", tmp_path / "elsewhere")
    shutil.rmtree(tmp_path / "tasks")
    for path in tmp_path.glob("*.jsonl"):
        path.unlink()
    assert assay.open_result(tmp_path / "elsewhere").claims == first.claims
    assert decide(tmp_path / "elsewhere").claims == first.claims


def test_a_task_that_judges_otherwise_is_scored_anew_and_asked_no_more(tmp_path: Path) -> None:
    study = study_of(tmp_path, ("gen_share",), claims={"mc_plain": ["gen_share.letters"]})
    assay.run(study, tmp_path / "run", engine=fake().preflight)
    share = tmp_path / "tasks" / "share.py"
    share.write_text(share.read_text().replace("c.isalpha()", "c.isdigit()"))
    engine = fake()
    result = assay.run(study, tmp_path / "run", engine=engine.preflight)
    assert not engine.asked
    assert {row.subject: row.scores["gen_share.letters"] for row in result.matrix.rows} == {
        "base": 1,
        "good": 0,
        "same": 1,
    }


@pytest.mark.parametrize(
    ("task", "told"),
    [
        (
            {"task": "harness:arc_esy"},
            r"study.yaml:\d+: lm-eval has no task or group 'arc_esy'; did you mean 'arc_easy'",
        ),
        ({"task": "harness:"}, r"study.yaml:\d+: .*no name behind it"),
        ({"task": "numeric", "include_path": "tasks"}, r"write `task: harness:numeric`, or remove it"),
        ({"task": "harness:x", "include_path": "task"}, r'no folder .*did you mean "tasks"\?'),
        ({"task": "harness:x", "include_path": "test.jsonl"}, "no folder"),
        ({"task": "harness:gen_match", "include_path": "tasks", "shots": 99}, "99 worked examples, of 64"),
        (
            {"task": "harness:gen_match", "include_path": "tasks", "examples": "test.jsonl"},
            "remove `examples`",
        ),
    ],
)
def test_what_a_study_cannot_mean_is_refused_with_the_fix(
    tmp_path: Path, task: dict[str, Any], told: str
) -> None:
    claims = {"mc_plain": ["mc_plain.exact_match@first"]}
    study = study_of(tmp_path, tasks=[{"name": "mc_plain", **task}], claims=claims)
    with pytest.raises(assay.AssayError, match=told):
        assay.run(study, tmp_path / "run", engine=fake().preflight)
    assert not (tmp_path / "run").exists()


def test_without_lm_eval_a_study_is_refused_with_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "find_spec", lambda _: None)
    with pytest.raises(StudyError, match=r"study.yaml:\d+: .*lora-assay\[harness\]"):
        assay.run(study_of(tmp_path), tmp_path / "run", engine=fake().preflight)


def votes(folder: Path, **fields: Any) -> Path:
    """A study of three answers a document, of which the most frequent counts."""
    return study_of(folder, ("votes",), claims={"mc_plain": ["votes.exact_match"]}, **fields)


def voting(request: Prompt) -> str:
    """The base is right once of three times, `good` twice."""
    times = {"base": 1, "good": 2, "same": 1}[request.subject]
    return str(GOLD[request.example]["answer"]) if request.request < times else "no"


@pytest.mark.parametrize("instant", first_often([3, 2, 4, 9]))
def test_a_run_that_stops_early_judges_no_part_of_an_answer_that_an_interruption_left(
    tmp_path: Path, instant: int
) -> None:
    study = votes(tmp_path, stop="decided")
    whole = assay.run(study, tmp_path / "whole", engine=fake(voting).preflight)
    with pytest.raises(KeyboardInterrupt):
        assay.run(study, tmp_path / "run", engine=fake(interrupted_at(instant, voting)).preflight)
    assert assay.run(study, tmp_path / "run", engine=fake(voting).preflight).claims == whole.claims


def test_a_task_that_came_to_ask_less_is_measured_in_a_folder_where_it_asked_more(tmp_path: Path) -> None:
    study = votes(tmp_path)
    assay.run(study, tmp_path / "run", engine=fake(voting).preflight)
    (file,) = (path for path in (tmp_path / "tasks").rglob("*votes*") if path.is_file())
    file.write_text(file.read_text().replace("repeats: 3", "repeats: 2"))
    again, fresh = (
        assay.run(study, tmp_path / name, engine=fake(voting).preflight) for name in ("run", "fresh")
    )
    assert again.claims == fresh.claims
    assert "not measured" not in {claim.verdict for claim in again.claims}
