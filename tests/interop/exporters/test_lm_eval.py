"""Samples and results as lm-eval writes them, read back by lm-eval where it is installed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import assay
from assay.audit import open_result
from assay.engines.recorded.lm_eval import logged_model, read_samples
from assay.interop.exporters.every_eval_ever import export_every_eval_ever
from assay.interop.exporters.finished import Finished
from assay.interop.exporters.lm_eval import export_samples
from assay.plan import MetricName
from assay.runs import Run
from tests.interop.exporters.conftest import BETTER, N
from tests.studies import one_task_study


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
        assert run.estimates("base", "math")[MetricName("math", "numeric_match")].method.startswith(
            "ratio of sums"
        )
    assert done.responses == 80
    path = next(path for path in done.files if path.parent.name == "base" and "samples" in path.name)
    assert [row.sample for row in read_samples(path)] == [0, 1] * 20
