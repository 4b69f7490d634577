"""A log is read whole and checked within itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assay.errors import ResponsesError
from assay.interop.importers.import_log import Import, import_log
from assay.interop.importers.logs import read_log
from tests.interop.importers.writing import (
    ARGUMENTS,
    BASE,
    FORMS,
    N,
    asked,
    refused,
    sample,
    written,
)
from tests.studies import RIGHT, jsonl


@pytest.mark.parametrize("form", FORMS)
def test_a_log_that_does_not_say_whose_it_is_is_refused_with_what_to_add(form: str, tmp_path: Path) -> None:
    path = written(form, tmp_path, "x", BASE)
    refused(tmp_path, Import(form, path, "base", "numeric"), r"--model-args")


def test_model_arguments_that_contradict_the_log_are_refused(tmp_path: Path) -> None:
    path = written("lm-eval", tmp_path, "base", BASE)
    told = {"config": {"model_args": "pretrained=org/base"}}
    (tmp_path / "results_base.json").write_text(json.dumps(told))
    refused(
        tmp_path,
        replace(asked("lm-eval", path, "a"), label="numeric"),
        "the base 'org/base' alone answered, and",
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda i: sample(i, RIGHT, sent="Question {}"),
            "prompts as sent of 'a' differ from those of its base",
        ),
        (lambda i: sample(i, RIGHT, limit=8), "generation arguments of 'a' differ from those of its base"),
        (
            lambda i: sample(i, RIGHT, limit=8 if i == 3 else 64),
            "mixed protocols: 2 sets of generation arguments",
        ),
        (lambda i: sample(min(i, N - 2), RIGHT), "second response to"),
    ],
)
def test_unequal_or_mixed_protocols_are_refused(
    change: Callable[[int], dict[str, Any]], message: str, tmp_path: Path
) -> None:
    import_log(asked("lm-eval", written("lm-eval", tmp_path, "base", BASE), "base"), tmp_path / "run")
    path = jsonl(tmp_path / "samples_math_a.jsonl", (change(i) for i in range(N)))
    refused(tmp_path, replace(asked("lm-eval", path, "a"), label="numeric"), message)


def test_a_folder_with_two_logs_is_refused_and_with_one_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    written("lm-eval", folder, "base", BASE)
    assert len(read_log("lm-eval", folder, ARGUMENTS["base"]).rows) == N
    written("lm-eval", folder, "a", BASE)
    with pytest.raises(
        ResponsesError, match=r"one samples_\*.jsonl is expected .* found samples_math_a.jsonl, "
    ):
        read_log("lm-eval", folder, ARGUMENTS["base"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no response in this file"),
        ("key,text\n1,2\n", r"no `response` field \(found: key, text\)"),
        ("key,response,key\n", "column 'key' occurs twice"),
        ("key,response\n1\n", "another number of fields"),
        ("key,response\n1,2,3\n", "another number of fields"),
        ("key,response\n,2\n", "neither `key` nor `prompt`"),
        ("key,response,sample\n1,2,-1\n", "`sample` must be 0, 1"),
        ('key,response\n1,"cut', "not CSV"),
        ("key,response\n", "no response in this file"),
    ],
)
def test_csv_that_is_no_list_of_responses_is_refused(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text(text)
    with pytest.raises(ResponsesError, match=message):
        read_log("csv", tmp_path / "r.csv", ARGUMENTS["base"])
