"""What a run looks like in other tools' forms, read back by those tools where they are installed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

import assay
from assay.audit import open_result
from assay.engines import Fake
from assay.engines.recorded.lm_eval import logged_model, read_samples
from assay.errors import OutputError
from assay.files import file_name
from assay.interop.exporters.card import to_card
from assay.interop.exporters.eval_results import to_eval_results
from assay.interop.exporters.every_eval_ever import export_every_eval_ever
from assay.interop.exporters.finished import Finished
from assay.interop.exporters.lm_eval import export_samples
from assay.interop.exporters.responses import export_parquet
from assay.runs import Run
from tests.runs.test_stages import answer as stopping_answer
from tests.runs.test_stages import run as run_stopping
from tests.runs.test_stages import stopping
from tests.studies import one_task_study, table

N = 40
BETTER = 24


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run of an adapter that is right on 24 prompts where its base is wrong, of 40."""
    base, adapter = table(BETTER, 0, N)
    study = one_task_study(tmp_path / "study", base, {"a": adapter, "b|c": base[::-1]})
    assay.run(study, tmp_path / "run")
    return tmp_path / "run"


@pytest.fixture
def finished(folder: Path) -> Any:
    with Run.open(folder) as run:
        yield Finished(run, run.analyze())


def test_lm_eval_reads_file_names_and_results_of_an_export(finished: Finished, tmp_path: Path) -> None:
    utils = pytest.importorskip("lm_eval.utils")
    done = export_samples(finished, tmp_path / "out")
    names = [str(path) for path in done.files]
    samples = utils.get_sample_results_filenames(names)
    assert {utils.get_file_task_name(Path(name).name) for name in samples} == {"math"}
    results = utils.get_results_filenames(names)
    assert len(samples) == len(results) == 3
    assert {utils.get_file_datetime(Path(name).name) for name in samples} == {
        utils.get_file_datetime(Path(name).name.replace(".json", ".jsonl")) for name in results
    }
    own = next(path for path in done.files if path.parent.name == "a" and path.name.startswith("results"))
    printed = utils.make_table(json.loads(own.read_text()))
    assert "numeric_match" in printed
    assert f"{BETTER / N}|" in printed
    assert {Path(name).parent.name for name in samples} == {"base", "a", utils.sanitize_model_name("b|c")}


def test_an_exported_samples_line_has_every_field_that_lm_eval_declares(
    finished: Finished, tmp_path: Path
) -> None:
    schema = pytest.importorskip("lm_eval.result_schema")
    done = export_samples(finished, tmp_path)
    path = next(path for path in done.files if path.name.startswith("samples"))
    row = json.loads(path.read_text().splitlines()[0])
    assert set(schema.SampleResult.__annotations__) <= set(row)
    assert set(row["metrics"]) <= set(row)


def test_hashes_are_those_that_lm_eval_computes(finished: Finished, tmp_path: Path) -> None:
    utils = pytest.importorskip("lm_eval.utils")
    path = next(path for path in export_samples(finished, tmp_path).files if "samples" in path.name)
    row = json.loads(path.read_text().splitlines()[0])
    assert row["doc_hash"] == utils.hash_string(json.dumps(row["doc"], indent=2, ensure_ascii=False))
    assert row["prompt_hash"] == utils.hash_string(row["arguments"]["gen_args_0"]["arg_0"])


def test_our_own_reader_gets_back_what_was_exported_and_whose_it_is(
    finished: Finished, tmp_path: Path
) -> None:
    done = export_samples(finished, tmp_path)
    assert (done.responses, done.left_out) == (3 * N, ())
    path = next(path for path in done.files if path.parent.name == "a" and "samples" in path.name)
    ours = [(row["key"], row["text"]) for row in finished.evidence.responses("a", "math")]
    assert [(row.key, row.text) for row in read_samples(path)] == ours
    model = logged_model(path, None)
    assert (model.base, model.adapter) == ("base", "a")


def test_an_export_twice_gives_the_same_files(finished: Finished, tmp_path: Path) -> None:
    for export in (export_samples, export_every_eval_ever):
        first, second = export(finished, tmp_path / "x"), export(finished, tmp_path / "y")
        assert [path.read_bytes() for path in first.files] == [path.read_bytes() for path in second.files]


@pytest.mark.parametrize("name", ["..", ".", "a/b", 'a"<>:/|\\?*[]b'])
def test_no_name_leaves_its_folder(name: str) -> None:
    assert file_name(name) not in ("", ".", "..")
    assert "/" not in file_name(name)


def test_the_hubs_own_parser_reads_a_card(finished: Finished) -> None:
    hub = pytest.importorskip("huggingface_hub")
    card = hub.ModelCard(to_card(finished, "a"))
    values = {one.metric_type: one.metric_value for one in card.data.eval_results}
    assert (card.data.model_name, values["numeric_match"]) == ("a", BETTER / N)
    again = hub.ModelCard(str(card))
    assert again.data.to_dict() == card.data.to_dict()
    assert card.data.library_name == "peft"


def test_a_card_says_claim_evidence_verdict_and_how_to_reproduce(finished: Finished) -> None:
    text = to_card(finished, "a")
    for words in (
        "labelled **numeric**",
        "math.numeric\\_match: gains 5.0 points or more",
        "+60.0",
        "**confirmed**",
        "Gate: **",
        finished.result.claims_sha256,
        "Declared after the responses",
        finished.plan.study_text.rstrip(),
    ):
        assert words in text, words


def test_a_base_that_is_no_hub_id_is_not_named_as_one(finished: Finished) -> None:
    front = yaml.safe_load(to_card(finished, "a").split("---")[1])
    assert "base_model" not in front


def test_a_card_of_several_adapters_asks_which(finished: Finished) -> None:
    with pytest.raises(OutputError, match=r"several adapters .* --subject, one of a, b\|c"):
        to_card(finished)
    with pytest.raises(OutputError, match="no adapter 'base'"):
        to_card(finished, "base")


def test_the_hubs_own_parser_reads_eval_results(finished: Finished) -> None:
    parse = pytest.importorskip("huggingface_hub").parse_eval_result_entries
    text = to_eval_results(finished, {"math": "org/data:main"}, "a")
    (entry,) = parse(yaml.safe_load(text))
    assert (entry.dataset_id, entry.task_id, entry.value) == ("org/data", "main", BETTER / N)
    assert entry.dataset_revision is None
    assert "verdict: confirmed" in entry.notes
    assert "95 % interval: [" in entry.notes


@pytest.mark.parametrize(
    ("places", "message"),
    [
        ({}, "say where each task stands on the hub"),
        ({"maths": "org/data:main"}, "no task 'maths'"),
        ({"math": "data:main"}, "write `math=org/dataset:task_id`"),
        ({"math": "org/data"}, "write `math=org/dataset:task_id`"),
    ],
)
def test_a_leaderboard_is_never_guessed(finished: Finished, places: dict[str, str], message: str) -> None:
    with pytest.raises(OutputError, match=message):
        to_eval_results(finished, places, "a")


def test_a_part_of_a_benchmark_is_not_published(tmp_path: Path) -> None:
    base, adapter = table(BETTER, 0, N)
    study = one_task_study(tmp_path, base, {"a": adapter})
    study.write_text(study.read_text().replace("task: numeric", "task: numeric\n  limit: 30"))
    assay.run(study, tmp_path / "run")
    with Run.open(tmp_path / "run") as opened:
        run = Finished(opened, open_result(tmp_path / "run"))
        with pytest.raises(OutputError, match="on its first 30 examples only"):
            to_eval_results(run, {"math": "org/data:main"})
        (found,) = yaml.safe_load(to_card(run).split("---")[1])["model-index"][0]["results"]
        assert found["dataset"] == {"name": "math (its first 30 examples)", "type": "numeric"}
        done = export_samples(run, tmp_path / "out")
    results = json.loads(next(path for path in done.files if path.suffix == ".json").read_text())
    assert results["config"]["limit"] == 30
    assert results["n-samples"] == {"math": {"original": None, "effective": 30}}


def test_what_stopped_early_says_so_and_names_what_is_left_out(tmp_path: Path) -> None:
    study = stopping(tmp_path, ("down", "same"))
    study.write_text(study.read_text().replace("owner/down", "./adapters/down"))
    (tmp_path / "adapters" / "down").mkdir(parents=True)
    stopped = run_stopping(study, Fake(stopping_answer, inert={"same"}))
    claim = next(claim for claim in stopped.claims if claim.adapter == "down")
    assert claim.stop
    with Run.open(tmp_path / "run") as opened:
        run = Finished(opened, stopped)
        card = to_card(run, "down")
        done = export_every_eval_ever(run, tmp_path / "out")
        left_out = export_samples(run, tmp_path / "samples").left_out
    assert f"(at a stop, {claim.n} of 400 prompts)" in card
    assert "allow for every look" in card
    assert "math (as far as its run went, which may stop early)" in card
    assert done.left_out == left_out == ("same on math", "same on away")
    folder = tmp_path / "out" / "data" / "stopping" / "unknown" / "down"  # a local path names no developer
    (path,) = (path for path in done.files if path.parent == folder and path.suffix == ".json")
    results = {one["evaluation_result_id"]: one for one in json.loads(path.read_text())["evaluation_results"]}
    gain = results["math.numeric_match.gain"]["score_details"]
    assert gain["uncertainty"]["confidence_interval"]["method"].endswith("allowing for every look")
    assert gain["details"]["looks"] == ", ".join(map(str, claim.stop.looks))
    assert gain["details"]["stop"] == f"at a stop, {claim.n} of 400 prompts"


def test_every_eval_ever_has_scores_and_gains_with_their_intervals(
    finished: Finished, tmp_path: Path
) -> None:
    done = export_every_eval_ever(finished, tmp_path)
    documents = [json.loads(path.read_text()) for path in done.files if path.suffix == ".json"]
    (own,) = (one for one in documents if one["model_info"]["name"] == "a")
    results = {one["evaluation_result_id"]: one["score_details"] for one in own["evaluation_results"]}
    low, high = (
        results["math.numeric_match"]["uncertainty"]["confidence_interval"][end] for end in ("lower", "upper")
    )
    assert low < BETTER / N < high
    claim = next(claim for claim in finished.result.claims if claim.adapter == "a")
    gain = results["math.numeric_match.gain"]
    found = gain["uncertainty"]["confidence_interval"]
    assert (gain["score"], (found["lower"], found["upper"])) == (claim.gain, claim.interval)
    assert found["confidence_level"] == claim.level
    assert gain["details"]["verdict"] == "confirmed"
    assert own["model_info"]["additional_details"]["adapter"] == "a"
    base = next(one for one in documents if one["model_info"]["name"] == "base")
    assert not [one for one in base["evaluation_results"] if one["evaluation_result_id"].endswith(".gain")]
    samples = tmp_path / own["detailed_evaluation_results"]["file_path"]
    assert len(samples.read_text().splitlines()) == own["detailed_evaluation_results"]["total_rows"] == 4 * N


def test_parquet_holds_every_response_with_what_it_passed(finished: Finished, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    assert export_parquet(finished, tmp_path / "out.parquet") == 3 * N
    rows = parquet.read_table(tmp_path / "out.parquet").to_pylist()
    own = [row for row in rows if row["adapter"] == "a"]
    passed = sum(mark["passed"] for row in own for mark in row["scores"] if mark["metric"] == "numeric_match")
    assert (len(own), passed) == (N, BETTER)


def test_parquet_without_pyarrow_says_what_to_install(
    finished: Finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(OutputError, match="needs pyarrow; `pip install pyarrow`"):
        export_parquet(finished, tmp_path / "out.parquet")
    assert not (tmp_path / "out.parquet").exists()


def test_a_score_of_all_right_still_has_an_interval(tmp_path: Path) -> None:
    base, adapter = [False] * N, [True] * N
    assay.run(one_task_study(tmp_path, base, {"a": adapter}), tmp_path / "run")
    with Run.open(tmp_path / "run") as opened:
        run = Finished(opened, open_result(tmp_path / "run"))
        one = run.estimates("a", "math")["numeric_match"]
    assert (one.score, one.standard_error) == (1.0, None)
    assert one.interval == pytest.approx((0.025 ** (1 / N), 1.0))  # Clopper and Pearson at n of n


def test_several_samples_a_prompt_are_one_line_and_no_exact_interval(tmp_path: Path) -> None:
    study = one_task_study(tmp_path, [True, False] * 10, {"a": [True] * 20})
    for name in ("base", "a"):
        path = tmp_path / f"{name}.jsonl"
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        twice = [row | {"sample": sample} for row in rows for sample in (0, 1)]
        path.write_text("".join(json.dumps(row) + "\n" for row in twice))
    study.write_text(study.read_text() + "decoding: {samples: 2}\n")
    assay.run(study, tmp_path / "run")
    with Run.open(tmp_path / "run") as opened:
        run = Finished(opened, open_result(tmp_path / "run"))
        done = export_samples(run, tmp_path / "out")
        assert run.estimates("base", "math")["numeric_match"].method.startswith("ratio of sums")
    assert done.responses == 80
    path = next(path for path in done.files if path.parent.name == "base" and "samples" in path.name)
    assert [row.sample for row in read_samples(path)] == [0, 1] * 20
