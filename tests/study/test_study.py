"""A study is loaded whole, or refused; from a file and from plain data alike."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from assay.errors import StudyError
from assay.study import Study, load_study, strict
from tests.study.studies import VALID, write

PRODUCT = r"""name: qwen3-4b-ifeval
bases:
  - name: qwen3-4b
    responses:                                               # recorded; to generate: `model: FOLDER or hub id`, `revision:`
      ifeval: {path: base.jsonl, after: "</think>\n\n"}      # keep what follows the first such mark, where there is one
adapters:
  - name: qa-1000
    base: qwen3-4b             # needed when there are several bases
    label: instruction
    recipe: qa-1000            # optional, with seed
    seed: 1
    settings: {steps: 1000}    # optional, free: what varies between recipes
    responses: {ifeval: qa-1000.jsonl}                       # or `path: FOLDER or hub id`, `revision:`
tasks:
  - {task: ifeval, prompts: input_data.jsonl}                # `prompts` optional: a pinned hub revision, else the message says which file to give
  - {task: numeric, name: gsm8k, examples: test.jsonl}       # `name` defaults to the task's
claims:                        # optional: replaces the label's default
  instruction: [ifeval.prompt_strict]                        # or {metric: ..., kind: keeps, margin: 0.02}
family: adapter                # or study
margin: 0.05
alpha: 0.05
decoding: {max_tokens: 1280, temperature: 0, samples: 1, seed: 0, template: chat, after: "</think>\n\n"}     # each task brings defaults
engine: {name: torch, dtype: bfloat16, quantization: none}   # torch | vllm | openai | ray:torch | ...
stop: full                     # or decided
"""


def test_the_example_of_the_documentation_loads(folder: Path) -> None:
    study = load_study(write(folder, PRODUCT))
    assert study.name == "qwen3-4b-ifeval"
    assert study.bases[0].responses is not None
    assert study.bases[0].responses["ifeval"].after == "</think>\n\n"
    assert study.adapters[0].responses is not None
    assert study.adapters[0].responses["ifeval"].path == "qa-1000.jsonl"
    assert study.adapters[0].settings == {"steps": 1000}
    assert [task.name for task in study.tasks] == ["ifeval", "gsm8k"]
    assert study.claims["instruction"][0].metric == "ifeval.prompt_strict"
    assert (study.decoding.max_tokens, study.engine.dtype, study.stop.when) == (1280, "bfloat16", "full")


def test_a_loaded_study_cannot_be_changed(folder: Path) -> None:
    study = load_study(write(folder, VALID))
    with pytest.raises(ValidationError, match="frozen"):
        setattr(study, "margin", 0.5)  # noqa: B010 - mypy sees that it is frozen


def test_a_file_that_is_missing_or_not_utf8_is_named(folder: Path) -> None:
    with pytest.raises(StudyError, match=r"nowhere\.yaml: cannot be read"):
        load_study(folder / "nowhere.yaml")
    bad = folder / "latin.yaml"
    bad.write_bytes("name: caf\xe9\n".encode("latin-1"))
    with pytest.raises(StudyError, match=r"latin\.yaml:1: not UTF-8"):
        load_study(bad)


def test_a_study_from_a_dict_equals_the_one_from_the_file(folder: Path) -> None:
    made = Study.from_dict(yaml.safe_load(VALID), folder)
    assert made.model_dump() == load_study(write(folder, VALID)).model_dump()
    assert made.path is None
    assert made.resolve("a1.jsonl") == folder / "a1.jsonl"
    again = load_study(write(folder, made.text, "again.yaml"))
    assert again.model_dump() == made.model_dump()


def test_a_dict_with_a_path_object_or_a_shared_part_is_taken(folder: Path) -> None:
    shared = {"rank": 8}
    data = yaml.safe_load(VALID)
    data["tasks"][0]["prompts"] = folder / "prompts.jsonl"
    data["adapters"][0]["settings"] = data["adapters"][1]["settings"] = shared
    made = Study.from_dict(data, folder)
    assert made.tasks[0].prompts == str(folder / "prompts.jsonl")
    assert made.adapters[0].settings == shared


@given(
    st.dictionaries(
        st.text(), st.text() | st.integers(-(10**9), 10**9) | st.floats(allow_nan=False) | st.booleans()
    )
)
@settings(deadline=None)
def test_plain_data_written_as_yaml_reads_back_the_same(data: dict[str, Any]) -> None:
    assert strict.parse(strict.dump(data), None).data == data


def refusal_or_none(load: Callable[[], Study]) -> str:
    """The message; empty where the study loads."""
    try:
        load()
    except StudyError as refused:
        return str(refused)
    return ""


PIECES = [
    *"[]{}:,-#&*!|>'\"%@`\n\t \0\x85",
    "no",
    "~",
    "1e999",
    ".nan",
    "<<: ",
    "&a ",
    "*a",
    "!!set ",
    "---\n",
    "? ",
    "2024-01-01",
]


@pytest.mark.slow
@given(st.data())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_study_loads_or_is_refused_and_nothing_else(folder: Path, data: st.DataObject) -> None:
    text = VALID
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 12)))
        text = text[:start] + data.draw(st.sampled_from(PIECES) | st.text(max_size=4)) + text[end:]
    path = folder / "fuzzed.yaml"
    path.write_bytes(text.encode("utf-8", "replace"))
    told = refusal_or_none(lambda: load_study(path))
    assert all(line.startswith(f"{path}:") for line in told.split("\n") if told)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)),
       st.data())  # fmt: skip
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_value_in_any_place_loads_or_is_refused(folder: Path, value: Any, data: st.DataObject) -> None:
    study = yaml.safe_load(VALID)
    held: Any = study
    while True:
        keys = list(held) if isinstance(held, dict) else list(range(len(held)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(held[key], dict | list) or not held[key] or data.draw(st.booleans()):
            break
        held = held[key]
    held[key] = value
    told = refusal_or_none(lambda: Study.from_dict(study, folder))
    assert all(line.startswith("study: ") for line in told.split("\n") if told)
