"""Logs of other tools into a run: the same verdict as from our own files, or a refusal with nothing written."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import assay
from assay.audit import open_result
from assay.errors import AssayError
from assay.interop.exporters.every_eval_ever import export_every_eval_ever
from assay.interop.exporters.finished import Finished
from assay.interop.exporters.lm_eval import export_samples
from assay.interop.importers.import_log import Import, import_log
from assay.interop.importers.logs import read_log
from assay.runs import Run
from tests.interop.importers.writing import (
    ADAPTER,
    ARGUMENTS,
    BASE,
    FORMS,
    N,
    asked,
    both,
    refused,
    written,
)
from tests.studies import RIGHT, WRONG, examples, one_task_study, table


@pytest.mark.parametrize("form", FORMS)
def test_logs_of_a_base_and_an_adapter_give_a_verdict(form: str, tmp_path: Path) -> None:
    done = both(form, tmp_path)
    assert (done.responses, done.base, done.adapter) == (N, "org/base", "org/a")
    assert done.study is not None
    result = assay.run(done.study, tmp_path / "run")
    (claim,) = result.claims
    assert (claim.adapter, claim.better, claim.worse, claim.verdict) == ("a", 24, 0, "confirmed")
    assert result.claims_declared.when == "after"


def test_a_run_survives_export_and_import_in_lm_evals_form(tmp_path: Path) -> None:
    done = both("lm-eval", tmp_path)
    first = assay.run(str(done.study), tmp_path / "run")
    with Run.open(tmp_path / "run") as run:
        exported = export_samples(Finished(run, first), tmp_path / "out")
    for name in ("base", "a"):
        (path,) = (one for one in exported.files if one.parent.name == name and "samples" in one.name)
        arguments = json.loads(path.read_text().splitlines()[0])["arguments"]["gen_args_0"]
        assert arguments == {"arg_0": "Q: question 0\nA:", "arg_1": {"max_gen_toks": 64}}
        again = Import("lm-eval", path, name, "numeric", data=tmp_path / "examples.jsonl")
        done = import_log(again if name == "base" else replace(again, label="numeric"), tmp_path / "again")
    second = assay.run(str(done.study), tmp_path / "again")
    assert second.claims == first.claims


def test_a_run_survives_export_and_import_in_every_eval_evers_form(tmp_path: Path) -> None:
    base, adapter = table(24, 0, N)
    first = assay.run(one_task_study(tmp_path / "study", base, {"a": adapter}), tmp_path / "run")
    with Run.open(tmp_path / "run") as run:
        export_every_eval_ever(Finished(run, first), tmp_path / "out")
    found = {
        json.loads(path.read_text())["model_info"]["name"]: path.with_name(f"{path.stem}_samples.jsonl")
        for path in (tmp_path / "out").rglob("*.json")
    }
    data = tmp_path / "study" / "examples.jsonl"
    import_log(Import("every-eval-ever", found["base"], "base", "numeric", data=data), tmp_path / "again")
    what = Import("every-eval-ever", found["a"], "a", "numeric", data=data, label="numeric")
    done = import_log(what, tmp_path / "again")
    assert (done.base, done.adapter) == ("base", "a")
    (claim,) = assay.run(str(done.study), tmp_path / "again").claims
    assert (claim.gain, claim.interval) == (first.claims[0].gain, first.claims[0].interval)


def test_responses_are_judged_after_a_mark_where_one_is_given(tmp_path: Path) -> None:
    data = examples(tmp_path, N)
    for name, texts in (("base", BASE), ("a", ADAPTER)):
        path = written("lm-eval", tmp_path, name, [f"#### 7 END{text}" for text in texts])
        label = None if name == "base" else "numeric"
        what = asked("lm-eval", path, name, data, label=label, after="END")
        done = import_log(what, tmp_path / "run")
    (claim,) = assay.run(str(done.study), tmp_path / "run").claims
    assert (claim.better, claim.verdict) == (24, "confirmed")
    with Run.open(tmp_path / "run") as run:
        assert {row["response"] for row in run.records.responses("a", "numeric")} == {RIGHT, WRONG}


def test_what_a_user_wrote_into_the_study_stays(tmp_path: Path) -> None:
    done = both("lm-eval", tmp_path)
    path = Path(str(done.study))
    document = yaml.safe_load(path.read_text())
    document |= {"margin": 0.1, "claims": {"numeric": ["numeric.format_match"]}}
    path.write_text(yaml.safe_dump(document))
    again = written("lm-eval", tmp_path, "a", ADAPTER)
    import_log(asked("lm-eval", again, "a", tmp_path / "examples.jsonl"), tmp_path / "run")
    after = yaml.safe_load(path.read_text())
    assert (after["margin"], after["claims"]) == (0.1, {"numeric": ["numeric.format_match"]})
    assert len(after["adapters"]) == 1
    assert after["adapters"][0]["label"] == "numeric"


def test_an_adapter_without_a_label_is_left_open_and_the_run_says_so(tmp_path: Path) -> None:
    data = examples(tmp_path, N)
    for name, texts in (("base", BASE), ("a", ADAPTER)):
        path = written("lm-eval", tmp_path, name, texts)
        done = import_log(asked("lm-eval", path, name, data), tmp_path / "run")
    with pytest.raises(AssayError, match="the label of adapter 'a' is still `unknown`"):
        assay.run(str(done.study), tmp_path / "run")


@pytest.mark.parametrize("form", FORMS)
def test_a_log_cut_off_between_lines_is_refused(form: str, tmp_path: Path) -> None:
    import_log(asked(form, written(form, tmp_path, "base", BASE), "base"), tmp_path / "run")
    path = written(form, tmp_path, "a", ADAPTER[:-1])
    what = replace(asked(form, path, "a"), label="numeric")
    refused(tmp_path, what, "1 responses of 'a' and its base 'base' have no counterpart")
    data = examples(tmp_path, N)
    refused(tmp_path, replace(what, data=data), "no response to 1 of 40 examples")


def test_a_served_adapter_is_what_the_user_states(tmp_path: Path) -> None:
    for name, served in (("base", "org/base"), ("a", "helper")):
        (tmp_path / name).mkdir()
        written("lm-eval", tmp_path / name, name, BASE if name == "base" else ADAPTER)
        said = {"config": {"model_args": {"model": served, "base_url": "http://localhost:8000/v1"}}}
        (tmp_path / name / f"results_{name}.json").write_text(json.dumps(said))
    import_log(Import("lm-eval", tmp_path / "base", "base", "numeric"), tmp_path / "run")
    helper = Import("lm-eval", tmp_path / "a", "a", "numeric", label="numeric")
    refused(tmp_path, helper, r"names 'helper', which a server served.*--model-args .*peft=helper")
    done = import_log(replace(helper, model_args="pretrained=org/base,peft=helper"), tmp_path / "run")
    assert (done.base, done.adapter) == ("org/base", "helper")


def test_responses_without_text_are_counted_in_a_note(tmp_path: Path) -> None:
    path = written("lm-eval", tmp_path, "base", ["None", *BASE[1:]])
    done = import_log(asked("lm-eval", path, "base", examples(tmp_path, N)), tmp_path / "run")
    assert "1 of 40 responses have no text" in " ".join(done.notes)
    assert '"resps": [[null]]' in (tmp_path / "run" / "imported" / done.file).read_text()


def test_an_adapter_before_its_base_is_refused(tmp_path: Path) -> None:
    path = written("lm-eval", tmp_path, "a", ADAPTER)
    refused(tmp_path, asked("lm-eval", path, "a"), "import the base's log first")


def test_one_adapter_under_two_names_and_two_under_one_are_refused(tmp_path: Path) -> None:
    both("lm-eval", tmp_path)
    path = written("lm-eval", tmp_path, "a", ADAPTER)
    twin = Import("lm-eval", path, "b", "numeric", ARGUMENTS["a"])
    refused(tmp_path, twin, "which is 'a' here; import it --as a")
    other = Import("lm-eval", path, "a", "numeric", "pretrained=org/base,peft=org/other")
    refused(tmp_path, other, "'a' is 'org/a' on 'org/base' here")
    elsewhere = Import("lm-eval", path, "c", "numeric", "pretrained=org/x,peft=org/c")
    refused(tmp_path, elsewhere, "was run on 'org/x', and its base's log on 'org/base'")


@pytest.mark.parametrize(
    ("task", "message"), [("maths", "unknown; choose one of"), ("./x.yaml", "with a name")]
)
def test_a_task_that_is_not_known_is_refused(task: str, message: str, tmp_path: Path) -> None:
    path = written("lm-eval", tmp_path, "base", BASE)
    refused(tmp_path, replace(asked("lm-eval", path, "base"), task=task), message)


def test_a_base_has_no_label(tmp_path: Path) -> None:
    path = written("lm-eval", tmp_path, "base", BASE)
    refused(
        tmp_path, replace(asked("lm-eval", path, "base"), label="numeric"), "has no --base and no --label"
    )


def mutated(draw: Callable[[Any], Any], data: bytes) -> bytes:
    """A log as it arrives: cut off, in another order, doubled in part, or with foreign bytes."""
    lines = data.splitlines(keepends=True)
    kind = draw(st.sampled_from(["cut", "shuffle", "double", "bytes", "value"]))
    if kind == "cut":
        return data[: draw(st.integers(0, len(data) - 1))]
    if kind == "shuffle":
        shuffled: list[bytes] = draw(st.permutations(lines))
        return b"".join(shuffled)
    if kind == "double":
        again: list[bytes] = draw(st.lists(st.sampled_from(lines), min_size=1, max_size=3))
        return data + b"".join(again)
    at = draw(st.integers(0, len(data) - 1))
    if kind == "bytes":
        foreign: bytes = draw(st.binary(min_size=1, max_size=8))
        return data[:at] + foreign + data[at + 1 :]
    hostile = [b"null", b"[]", b"{}", b'"\\ud800"', b"1e999", b"[" * 5_000, b"\x00", b"-1", b"NaN"]
    old = draw(st.sampled_from([b'"question 1"', b"64", b'"1"', RIGHT.encode(), b"{", b'"']))
    return data.replace(old, draw(st.sampled_from(hostile)), draw(st.integers(1, 3)))


@pytest.mark.parametrize("form", FORMS)
@given(data=st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_damaged_log_crashes_or_leaves_something_behind(
    form: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    path = written(form, folder, "base", [RIGHT, WRONG, RIGHT])
    path.write_bytes(mutated(data.draw, path.read_bytes()))
    what = asked(form, path, "base", examples(folder, 3))
    try:
        import_log(what, folder / "run")
    except AssayError as error:
        refusal = str(error)
    else:
        refusal = ""
    if refusal:
        assert path.name in refusal
        assert not (folder / "run").exists()
    else:
        log = read_log(form, path, ARGUMENTS["base"])
        assert sorted(str(row.key or row.prompt)[-1] for row in log.rows) == ["0", "1", "2"]


def test_a_real_log_of_200_prompts_is_imported_whole(tmp_path: Path, shared: Path) -> None:
    (log,) = (shared / "data" / "lm_eval_logs").glob("samples_ifeval_*.jsonl")
    data = shared / "data" / "ifeval" / "input_data.jsonl"
    what = Import("lm-eval", log, "base", "ifeval", "pretrained=org/base", data=data, limit=200)
    assert import_log(what, tmp_path / "run").responses == 200
    refused(tmp_path, replace(what, limit=None), "no response to 341 of 541 examples")


def test_open_result_reads_an_imported_run(tmp_path: Path) -> None:
    done = both("csv", tmp_path)
    result = assay.run(str(done.study), tmp_path / "run")
    assert open_result(tmp_path / "run").claims == result.claims
