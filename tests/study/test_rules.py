"""What must hold between the entries of a study, and of the files that it names."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.errors import StudyError
from assay.study import load_study
from tests.study.studies import VALID, assert_refused, write

REFUSED = {
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
    "two checkpoints alike": ("recipe: a\n    seed: 1\n    responses:\n      ifeval: a1.jsonl\n  - {", "recipe: a\n    seed: 2\n    step: 5\n    responses:\n      ifeval: a1.jsonl\n  - {step: 5, ", "16: adapters[1].seed", "2 at step 5 is also the seed of adapters[0]"),
    "one recipe with a seed for one": ("    seed: 1\n", "    step: 5\n", "8: adapters[0].seed", "missing; adapters of one recipe"),
    "a folder in no folder": ("    seed: 1", "    seed: 1\n    folder: lora", "13: adapters[0].folder", "a folder without `path`"),
    "a folder outside of its own": ("path: ./b", "path: ./b, folder: ../c", "16: adapters[2].folder", '"../c" is not a folder within another'),
    "a folder that is not there": ("path: ./b", "path: ./b, folder: lora", "16: adapters[2].folder", "no folder b/lora; there is no adapter in a folder of b"),
    "a path that begins in a folder": ("path: ./b", "path: b/c/d", "16: adapters[2].path", "not a hub id (owner/name)"),
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
    "a scale listed twice": ("path: ./b", "path: ./b, scale: [0.5, 0.50]", "16: adapters[2].scale", "0.5 is listed twice; remove one"),
    "a scale of nothing": ("path: ./b", "path: ./b, scale: 0", "16: adapters[2].scale", "0"),
    "one recipe at two scales": ("seed: 2", "seed: 2, scale: 0.5", "15: adapters[1].scale", "another recipe"),
    "one file for several scales": ("    seed: 1\n", "    seed: 1\n    scale: [0.5, 1]\n", "15: adapters[0].responses.ifeval", "write `{scale}` in its path"),
    "a prompt file that is not there": ("prompts.jsonl", "prompt.jsonl", "18: tasks[0].prompts", 'prompt.jsonl; did you mean "prompts.jsonl"? Paths are relative'),
    "a file that is nearly no other's namesake": ("prompts.jsonl", "inputs.jsonl", "18: tasks[0].prompts", "inputs.jsonl; paths are relative"),
    "an example file that is not there": ("test.jsonl", "x/y.csv", "19: tasks[1].examples", "x/y.csv (nor its folder)"),
    "a folder for a file": ("prompts.jsonl", "b", "18: tasks[0].prompts", "b is not a file"),
    "a response file that is not there": ("a1.jsonl", "a3.jsonl", "14: adapters[0].responses.ifeval", "no file a3.jsonl"),
    "a path too long for a file": ("a1.jsonl", "a" * 5000, "14: adapters[0].responses.ifeval", "no file"),
    "a summary that is not there": ("margin: 0.05", "summary: score.csv", "24: summary", 'did you mean "scores.csv"?'),
    "a template that is not there": ("margin: 0.05", "decoding: {template: chats}", "24: decoding.template", "write `chat` or `none`"),
    "a weights folder that is not there": ("path: ./b", "path: ./c", "16: adapters[2].path", "no folder c"),
    "weights of a name too long": ("path: ./b", "path: ./" + "c" * 5000, "16: adapters[2].path", "no folder"),
    "weights of a hub id too long": ("org/large", "o/" * 2500, "5: bases[1].model", "not a hub id"),
    "a GGUF file that is not there": ("org/large\n    revision: main", "x/q4.gguf", "5: bases[1].model", "no file x/q4.gguf"),
    "a GGUF file with a revision": ("org/large", "b.gguf", "6: bases[1].revision", "has no revision"),
    "a file that is no GGUF file": ("    revision: main", "    file: q4.bin", "6: bases[1].file", "q4.bin is not the name of a GGUF file"),
    "a file of nothing": ("org/large\n    revision: main", "b.gguf\n    file: b.gguf", "6: bases[1].file", "`model` takes a GGUF file too"),
    "weights that are neither folder nor hub id": ("org/large", "org/large/7b", "5: bases[1].model", "not a hub id (owner/name)"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "where", "fix"), REFUSED.values(), ids=REFUSED)
def test_refused_with_line_and_fix(folder: Path, old: str, new: str, where: str, fix: str) -> None:
    assert_refused(folder, old, new, where, fix)


def test_a_copy_in_a_run_folder_is_read_without_its_files(folder: Path, tmp_path: Path) -> None:
    copy = write(tmp_path, VALID)
    with pytest.raises(StudyError, match="no file"):
        load_study(copy)
    assert load_study(copy, check_files=False).adapters == load_study(write(folder, VALID)).adapters
