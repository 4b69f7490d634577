"""A study file is either loaded whole or refused with file, line, field and fix."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from assay.errors import Place, StudyError
from assay.study import Study, load_study, strict

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

VALID = """\
name: two bases
bases:
  - {name: small, responses: {ifeval: small.jsonl}}
  - name: large
    model: org/large
    revision: main
adapters:
  - name: a1
    base: small
    label: instruction
    recipe: a
    seed: 1
    responses:
      ifeval: a1.jsonl
  - {name: a2, base: small, label: instruction, recipe: a, seed: 2, responses: {ifeval: {path: a2.jsonl}}}
  - {name: b, base: large, label: numeric, path: ./b}
tasks:
  - {task: ifeval, prompts: prompts.jsonl, limit: 100}
  - {task: numeric, name: gsm8k, examples: test.jsonl, margin: 0.1}
claims:
  instruction:
    - ifeval.prompt_strict
    - {metric: gsm8k.numeric_match, kind: keeps, margin: 0.02}
margin: 0.05
"""
FILES = "base.jsonl qa-1000.jsonl input_data.jsonl test.jsonl prompts.jsonl small.jsonl a1.jsonl a2.jsonl scores.csv"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that the studies here name."""
    made = tmp_path_factory.mktemp("study")
    for name in FILES.split():
        (made / name).touch()
    (made / "b").mkdir()
    return made


def write(folder: Path, text: str, name: str = "study.yaml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(StudyError) as caught:
        load_study(write(folder, text))
    return str(caught.value).replace(f"{folder}{os.sep}", "")


def changed(old: str, new: str) -> str:
    assert VALID.count(old) >= 1, old
    return VALID.replace(old, new, 1)


# -- what loads ------------------------------------------------------------------------------------


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


def test_an_entry_takes_its_defaults_from_the_others(folder: Path) -> None:
    study = load_study(
        write(
            folder,
            "name: x\nbases: [{name: b, responses: {ifeval: base.jsonl}}]\n"
            "adapters: [{name: a, label: instruction, responses: {ifeval: a1.jsonl}}]\ntasks: [{task: ifeval}]\n",
        )
    )
    adapter, task = study.adapters[0], study.tasks[0]
    assert (adapter.base, adapter.recipe, adapter.seed, task.name) == ("b", "a", None, "ifeval")
    assert (study.engine.name, study.family, study.margin, study.alpha) == ("recorded", "adapter", 0.05, 0.05)
    assert (study.decoding.samples, study.decoding.temperature, study.claims) == (1, None, {})


def test_a_subject_with_weights_makes_torch_the_default_engine(folder: Path) -> None:
    assert load_study(write(folder, VALID)).engine.name == "torch"


def test_a_claim_is_a_metric_or_a_mapping(folder: Path) -> None:
    gains, keeps = load_study(write(folder, VALID)).claims["instruction"]
    assert (gains.metric, gains.kind, gains.margin) == ("ifeval.prompt_strict", "gains", None)
    assert (keeps.metric, keeps.kind, keeps.margin) == ("gsm8k.numeric_match", "keeps", 0.02)


def test_any_field_can_be_located_and_what_is_absent_is_where_it_would_be(folder: Path) -> None:
    study = load_study(write(folder, VALID))
    path = study.path
    assert str(study.locate("adapters", 0, "recipe")) == f"{path}:11"
    assert str(study.locate("claims", "instruction", 1)) == f"{path}:23"
    assert study.locate("tasks", 0, "mode") == Place(f"{path}:18", ("tasks", 0, "mode"))
    assert study.locate("engine").text == f"{path}:1"


def test_paths_are_relative_to_the_study_and_hub_ids_stay(folder: Path) -> None:
    study = load_study(write(folder, VALID))
    assert study.resolve("x/../a1.jsonl") == folder / "a1.jsonl"
    assert study.source("./b") == study.source("b") == folder / "b"
    assert study.source("org/large") == "org/large"
    assert study.source("~/adapters") == Path.home() / "adapters"
    assert study.text == VALID


def test_a_copy_in_a_run_folder_is_read_without_its_files(folder: Path, tmp_path: Path) -> None:
    copy = write(tmp_path, VALID)
    with pytest.raises(StudyError, match="no file"):
        load_study(copy)
    assert load_study(copy, check_files=False).adapters == load_study(write(folder, VALID)).adapters


def test_a_summary_stands_in_for_models_and_responses(folder: Path) -> None:
    for summary in ("scores.csv", "{path: scores.csv}"):
        text = f"name: x\nbases: [{{name: b}}]\nadapters: [{{name: a, label: i}}]\ntasks: [{{task: ifeval}}]\nsummary: {summary}\n"
        assert load_study(write(folder, text)).summary == "scores.csv"


def test_a_task_may_say_how_it_is_asked(folder: Path) -> None:
    study = load_study(write(folder, changed("margin: 0.1", "shots: 0, max_tokens: 2048")))
    assert [(task.shots, task.max_tokens) for task in study.tasks] == [(None, None), (0, 2048)]
    silent, said = (task.model_dump(exclude_defaults=True) for task in study.tasks)  # as runs compare them
    assert not {"shots", "max_tokens"} & silent.keys()
    assert {"shots", "max_tokens"} <= said.keys()


def test_numbers_may_have_an_exponent_and_off_target_metrics_may_be_named(folder: Path) -> None:
    study = load_study(
        write(folder, changed("margin: 0.05", "margin: 5e-2\noff_target: [gsm8k.numeric_match]"))
    )
    assert study.margin == 0.05
    assert study.off_target == ("gsm8k.numeric_match",)


def test_a_loaded_study_cannot_be_changed(folder: Path) -> None:
    study = load_study(write(folder, VALID))
    with pytest.raises(ValidationError, match="frozen"):
        setattr(study, "margin", 0.5)  # noqa: B010 - mypy sees that it is frozen


# -- what is refused -------------------------------------------------------------------------------

REFUSED = {
    "an unknown field": ("    recipe: a\n", "    recipie: a\n", "11: adapters[0].recipie", 'mean "recipe"? Fields here: name, base'),
    "an unknown field at the top": ("margin: 0.05", "margins: 0.05", "24: margins", 'mean "margin"'),
    "an unknown field of a response file": ("{path: a2.jsonl}", "{path: a2.jsonl, afer: x}", "15: adapters[1].responses.ifeval.afer", '"after"'),
    "a missing name": ("name: two bases\n", "", "1: name", "missing"),
    "a missing label": ("    label: instruction\n", "", "8: adapters[0].label", "missing; add it"),
    "a field left empty": ("    label: instruction", "    label:", "10: adapters[0].label", "fill it in"),
    "a key given twice": ("    seed: 1", "    recipe: a\n    seed: 1", "12: adapters[0].recipe", "twice, first on line 11; remove one"),
    "an anchor": ("name: two bases", "name: &n two", "1: the anchor `&n`", "write the value out"),
    "an alias": ("    recipe: a\n", "    recipe: *n\n", "11: the alias `*n`", "write the value out"),
    "a tag": ("    seed: 1", "    seed: !!int '1'", "12: the tag", "remove it"),
    "a second document": ("margin: 0.05", "---\nmargin: 0.05", "24: a second document", "remove the `---`"),
    "a tab": ("    base: small", "\tbase: small", "9: a tab", "YAML wants spaces"),
    "broken YAML": ("    base: small", "    base: [small", "10: not YAML", "this line or the one above"),
    "a control character": ("    base: small", "    base: small\x07", "9: the character U+0007", "remove it"),
    "a list as a key": ("margin: 0.05", "[a]: 1", "24: a list or mapping where a name", "quote it"),
    "a key that is no text": ("  instruction:", "  no:", "21: claims.no", 'quote it: "no"'),
    "nesting without end": ("margin: 0.05", "engine: {options: " + "{a: " * 30 + "}" * 31, "24: nested", "20 deep"),
    "a text that YAML reads as false": ("label: instruction", "label: no", "10: adapters[0].label", '`no`, which YAML reads as false; quote it: "no"'),
    "a text that YAML reads as a number": ("label: instruction", "label: 1.0", "10: adapters[0].label", 'the number 1.0; quote it: "1.0"'),
    "a text that YAML reads as a date": ("label: instruction", "label: 2024-01-01", "10: adapters[0].label", 'a date; quote it: "2024-01-01"'),
    "a text that YAML reads in base 60": ("label: instruction", "label: 1:30", "10: adapters[0].label", 'quote it: "1:30"'),
    "a boolean as a number": ("margin: 0.05", "margin: yes", "24: margin", "a number is expected, found `yes`, which YAML reads as true"),
    "a quoted number": ("margin: 0.05", 'margin: "0.05"', "24: margin", 'found the text "0.05"; write plain digits, without quotes'),
    "an octal number": ("seed: 1", "seed: 017", "12: adapters[0].seed", "another notation; write plain digits"),
    "a number of a hundred digits": ("seed: 1", "seed: 1" + "0" * 100, "12: adapters[0].seed", "too many digits"),
    "a fraction as a count": ("limit: 100", "limit: 1.5", "18: tasks[0].limit", "a whole number is expected"),
    "a limit of nothing": ("limit: 100", "limit: 0", "18: tasks[0].limit", "more than 0 is expected, found the number 0"),
    "fewer worked examples than none": ("limit: 100", "shots: -1", "18: tasks[0].shots", "at least 0 is expected, found the number -1"),
    "worked examples as a fraction": ("limit: 100", "shots: 2.5", "18: tasks[0].shots", "a whole number is expected"),
    "a task's limit of no tokens": ("limit: 100", "max_tokens: 0", "18: tasks[0].max_tokens", "more than 0 is expected, found the number 0"),
    "a task's limit in quotes": ("limit: 100", 'max_tokens: "9"', "18: tasks[0].max_tokens", "write plain digits, without quotes"),
    "NaN": ("margin: 0.05", "margin: .nan", "24: margin", "a finite number is expected, found the number .nan"),
    "infinity": ("margin: 0.05", "margin: 1e999", "24: margin", "a finite number is expected"),
    "NaN in a setting": ("    seed: 1", "    settings: {x: -.inf}", "12: adapters[0].settings.x", "not a finite number"),
    "a list as a setting": ("    seed: 1", "    settings: {x: [1]}", "12: adapters[0].settings.x", "one number or one text"),
    "a date in an engine's options": ("margin: 0.05", "engine: {options: {a: [2024-01-01]}}", "24: engine.options.a", "quote it"),
    "a margin of 1": ("margin: 0.05", "margin: 1", "24: margin", "less than 1 is expected, found the number 1"),
    "a margin of 0": ("margin: 0.1", "margin: 0", "19: tasks[1].margin", "at least 0.0001 is expected"),
    "an alpha of a half": ("margin: 0.05", "alpha: 0.5", "24: alpha", "less than 0.5 is expected"),
    "an unknown family": ("margin: 0.05", "family: studies", "24: family", 'one of adapter, study is expected, found the text "studies"; did you mean "study"?'),
    "an unknown stop": ("margin: 0.05", "stop: early", "24: stop", "one of full, decided"),
    "an unknown kind of claim": ("kind: keeps", "kind: keep", "23: claims.instruction[1].kind", 'did you mean "keeps"?'),
    "an unknown format": ("{path: a2.jsonl}", "{path: a2.jsonl, format: xml}", "15: adapters[1].responses.ifeval.format", "jsonl, json, csv, parquet, lm-eval"),
    "a mapping for a list": ("margin: 0.05", "off_target: {a: 1}", "24: off_target", "a list is expected, found a mapping; begin each item with `- `"),
    "a text for a mapping": ("margin: 0.05", "engine: torch", "24: engine", 'a mapping of `field: value` is expected, found the text "torch"'),
    "a summary with other fields": ("margin: 0.05", "summary: {file: scores.csv}", "24: summary", "summary: scores.csv"),
    "a slash in a name": ("name: a1", "name: a/1", "8: adapters[0].name", "a `/` in a name; remove it"),
    "a space at the end of a label": ("label: instruction", 'label: "instruction "', "10: adapters[0].label", "space at an end"),
    "an empty name": ("name: two bases", 'name: ""', "1: name", "write a name"),
    "a bidi character in a recipe": ("recipe: a", 'recipe: "a\\u202eb"', "11: adapters[0].recipe", "U+202E in a name; remove it"),
    "a control character in a path": ("a1.jsonl", '"a1\\0.jsonl"', "14: adapters[0].responses.ifeval", "U+0000; remove it"),
    "an empty mark": ("{path: a2.jsonl}", '{path: a2.jsonl, after: ""}', "15: adapters[1].responses.ifeval.after", "remove the line"),
    "no responses in a mapping of responses": ("{ifeval: {path: a2.jsonl}}", "{}", "15: adapters[1].responses", "empty; give at least one"),
    "a metric without its task": ("    - ifeval.prompt_strict", "    - prompt_strict", "22: claims.instruction[0]", "write task and metric"),
    "a label with no claims": ("  instruction:\n    - ifeval.prompt_strict\n    - {", "  instruction: []\n  numeric:\n    - {", "21: claims.instruction", "empty"),
    "two adapters of one name": ("name: a2", "name: a1", "15: adapters[1].name", '"a1" is also adapters[0]'),
    "two bases of one name": ("name: large", "name: small", "4: bases[1].name", '"small" is also bases[0]'),
    "an adapter named like a base": ("name: a1", "name: small", "8: adapters[0].name", '"small" is also bases[0]'),
    "two tasks of one name": ("numeric, name: gsm8k", "ifeval", "19: tasks[1].name", "give one a `name`"),
    "an adapter without a base among several": ("    base: small\n", "", "8: adapters[0].base", 'name one of "small", "large"'),
    "an unknown base": ("    base: small", "    base: smal", "9: adapters[0].base", 'did you mean "small"? Bases: "small", "large"'),
    "a subject with two sources": ("path: ./b", "path: ./b, responses: {ifeval: base.jsonl}", "16: adapters[2]", "both `path` and `responses`; keep one"),
    "a subject without a source": (", path: ./b", "", "16: adapters[2]", "neither `path` nor `responses`"),
    "a base with two sources": ("    revision: main", "    responses: {ifeval: base.jsonl}", "4: bases[1]", "both `model` and `responses`"),
    "a base without a source": ("    model: org/large\n    revision: main\n", "", "4: bases[1]", "neither `model` nor `responses`"),
    "a revision of nothing": ("    seed: 1", "    seed: 1\n    revision: main", "13: adapters[0].revision", "without `path`"),
    "a revision of a folder": ("path: ./b", "path: ./b, revision: main", "16: adapters[2].revision", "has no revision"),
    "two seeds alike": ("seed: 2", "seed: 1", "15: adapters[1].seed", "also the seed of adapters[0]"),
    "one recipe without seeds": ("    seed: 1\n", "", "8: adapters[0].seed", "missing; adapters of one recipe"),
    "one recipe with two labels": ("label: instruction, recipe", "label: numeric, recipe", "15: adapters[1].label", "not as in adapters[0]"),
    "one recipe with two settings": ("seed: 2", "seed: 2, settings: {r: 8}", "15: adapters[1].settings", "another recipe"),
    "claims of a label that nobody has": ("  instruction:", "  instructions:", "21: claims.instructions", 'did you mean "instruction"? Labels: "instruction", "numeric"'),
    "a claim made twice": ("{metric: gsm8k.numeric_match, kind: keeps, margin: 0.02}", "ifeval.prompt_strict", "23: claims.instruction[1]", "also claims.instruction[0]; remove one"),
    "a claim on a task that is not run": ("ifeval.prompt_strict", "ifevl.prompt_strict", "22: claims.instruction[0]", 'did you mean "ifeval"? Tasks: "ifeval", "gsm8k"'),
    "an off-target metric of no task": ("margin: 0.05", "off_target: [svamp.numeric_match]", "24: off_target[0]", "names no task"),
    "an off-target metric listed twice": ("margin: 0.05", "off_target: [gsm8k.a, gsm8k.a]", "24: off_target[1]", "twice"),
    "responses to a task that is not run": ("      ifeval: a1.jsonl", "      ifevl: a1.jsonl", "14: adapters[0].responses.ifevl", 'did you mean "ifeval"?'),
    "one file as two subjects' responses": ("a2.jsonl", "./a1.jsonl", "15: adapters[1].responses.ifeval", "also adapters[0].responses.ifeval"),
    "an adapter with its base's responses": ("a2.jsonl", "small.jsonl", "15: adapters[1].responses.ifeval", "also bases[0].responses.ifeval"),
    "a prompt file that is not there": ("prompts.jsonl", "prompt.jsonl", "18: tasks[0].prompts", 'prompt.jsonl; did you mean "prompts.jsonl"? Paths are relative'),
    "a file that is nearly no other's namesake": ("prompts.jsonl", "inputs.jsonl", "18: tasks[0].prompts", "inputs.jsonl; paths are relative"),
    "an example file that is not there": ("test.jsonl", "x/y.csv", "19: tasks[1].examples", "x/y.csv (nor its folder)"),
    "a folder for a file": ("prompts.jsonl", "b", "18: tasks[0].prompts", "b is no file"),
    "a response file that is not there": ("a1.jsonl", "a3.jsonl", "14: adapters[0].responses.ifeval", "no file a3.jsonl"),
    "a path too long for a file": ("a1.jsonl", "a" * 5000, "14: adapters[0].responses.ifeval", "no file"),
    "a summary that is not there": ("margin: 0.05", "summary: score.csv", "24: summary", 'did you mean "scores.csv"?'),
    "a template that is not there": ("margin: 0.05", "decoding: {template: chats}", "24: decoding.template", "write `chat` or `none`"),
    "a weights folder that is not there": ("path: ./b", "path: ./c", "16: adapters[2].path", "no folder c"),
    "weights of a name too long": ("path: ./b", "path: ./" + "c" * 5000, "16: adapters[2].path", "no folder"),
    "weights of a hub id too long": ("org/large", "o/" * 2500, "5: bases[1].model", "no hub id"),
    "weights that are neither folder nor hub id": ("org/large", "org/large/7b", "5: bases[1].model", "no hub id (owner/name)"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "where", "fix"), REFUSED.values(), ids=REFUSED)
def test_refused_with_line_and_fix(folder: Path, old: str, new: str, where: str, fix: str) -> None:
    message = refusal(folder, changed(old, new))
    (line,) = [row for row in message.split("\n") if row.startswith(f"study.yaml:{where}")] or [message]
    assert line.startswith(f"study.yaml:{where}")
    assert fix in line


@pytest.mark.parametrize("section", ["bases", "adapters", "tasks"])
def test_a_study_without_subjects_or_tasks_is_refused(folder: Path, section: str) -> None:
    data = yaml.safe_load(VALID)
    for empty, text in ((f"{section}: []", "empty; give at least one"), ("", "missing; add it")):
        rest = yaml.safe_dump({key: value for key, value in data.items() if key != section})
        assert f": {section}: {text}" in refusal(folder, f"{empty}\n{rest}")


@pytest.mark.parametrize(
    ("text", "found"),
    [("", "nothing"), ("- a\n", "a list"), ("hello", 'the text "hello"'), ("3", "the number 3")],
)
def test_what_is_no_mapping_is_no_study(folder: Path, text: str, found: str) -> None:
    assert (
        refusal(folder, text)
        == f"study.yaml:1: a study is a mapping, `name: ...`, `bases: ...`; found {found}"
    )


def test_a_file_that_is_missing_or_not_utf8_is_named(folder: Path) -> None:
    with pytest.raises(StudyError, match=r"nowhere\.yaml: cannot be read"):
        load_study(folder / "nowhere.yaml")
    bad = folder / "latin.yaml"
    bad.write_bytes("name: caf\xe9\n".encode("latin-1"))
    with pytest.raises(StudyError, match=r"latin\.yaml:1: not UTF-8"):
        load_study(bad)


def test_every_problem_of_a_file_is_told_in_its_order(folder: Path) -> None:
    text = (
        changed("label: instruction", "label: no")
        .replace("limit: 100", "limit: 0")
        .replace("margin: 0.05", "margin: 2")
    )
    lines = refusal(folder, text).split("\n")
    assert [line.split(":")[1] for line in lines] == ["10", "18", "24"]


def test_of_a_hundred_problems_the_first_twenty_are_told(folder: Path) -> None:
    lines = refusal(folder, VALID + "".join(f"x{i}: 1\n" for i in range(100))).split("\n")
    assert len(lines) == 21
    assert lines[-1] == "study.yaml: and 80 more"


def test_an_alias_bomb_is_refused_at_once(folder: Path) -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{b}: &{b} [*{a}, *{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    assert refusal(folder, bomb).startswith("study.yaml:1: the anchor `&a`")


def test_deep_nesting_is_refused_and_does_not_overflow(folder: Path) -> None:
    assert "study.yaml:1" in refusal(folder, "[" * 100_000)
    assert "study.yaml:1" in refusal(folder, "a: " + "{a: " * 100_000)


def test_without_libyaml_the_refusals_are_the_same(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strict, "_LOADER", yaml.SafeLoader)
    for old, new, where, _ in REFUSED.values():
        assert f"study.yaml:{where.partition(':')[0]}:" in refusal(folder, changed(old, new))
    assert load_study(write(folder, VALID)).text == VALID
    assert "surrogate" in refusal(folder, changed("label: instruction", 'label: "\\ud800"'))


# -- from Python -----------------------------------------------------------------------------------


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


def test_a_dict_is_refused_in_the_words_of_its_fields(folder: Path) -> None:
    data = yaml.safe_load(VALID)
    data["adapters"][0]["base"] = "smal"
    with pytest.raises(
        StudyError, match=re.escape('study: adapters[0].base: no base "smal"; did you mean "small"?')
    ):
        Study.from_dict(data, folder)
    loop: dict[str, Any] = {}
    loop["loop"] = loop
    bads: tuple[dict[Any, Any], ...] = (
        {"name": object()},
        loop,
        {"name": "\ud800"},
        {1: 2},
        {"margin": float("nan")},
        {},
    )
    for bad in bads:
        with pytest.raises(StudyError, match=r"^study: "):
            Study.from_dict(bad, folder)


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


# -- fuzz ------------------------------------------------------------------------------------------

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
PIECES += [
    "- ",
    "name: ",
    "responses: ",
    "\u202e",
    "\ud7ff",
    "seed: 1\n",
    "null",
    "{}",
    "[]",
    "~/",
    "../",
    "0x1",
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
