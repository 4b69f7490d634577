"""What prompts need is checked before anything runs, and a file of responses is scored as IFEval's is."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from assay.errors import TaskError
from assay.records import Store
from assay.scoring import note_verifier
from assay.scoring.file import score_file
from assay.tasks.mifeval import MIFEval, japanese_words, sentences, spanish_words

from .cases import example, written


def prompts_file(folder: Path, *rows: dict[str, Any]) -> Path:
    path = folder / "prompts.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


def row(key: int, *ids: str) -> dict[str, Any]:
    kwargs = [written(id_) for id_ in ids]
    return {"key": key, "prompt": f"Prompt {key}.", "instruction_id_list": list(ids), "kwargs": kwargs}


@pytest.mark.parametrize(
    ("package", "id_", "extra"),
    [
        ("spacy", "es:special_character:enie", "spanish"),
        ("janome.tokenizer", "ja:keywords:existence", "japanese"),
    ],
)
def test_a_missing_package_is_refused_with_its_extra(
    package: str, id_: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    for module in (spanish_words, japanese_words):
        module.forget()
    with pytest.raises(TaskError, match=rf"is not installed, .* run `pip install 'lora-assay\[{extra}\]'`"):
        MIFEval().require([example(id_)])
    for module in (spanish_words, japanese_words):
        module.forget()


@pytest.mark.parametrize("language", ["es", "fr"])
def test_missing_data_for_sentences_is_refused(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import nltk

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError("no network")

    monkeypatch.setattr(nltk.data, "path", [])
    monkeypatch.setattr("urllib.request.urlopen", refuse)
    sentences.forget()
    with pytest.raises(TaskError, match=r"tokenizers/punkt_tab/(spanish|french)/ is missing, .* punkt_tab`"):
        MIFEval().require([example(f"{language}:length_constraints:number_sentences")])
    sentences.forget()


def test_what_no_prompt_needs_is_not_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("spacy", "janome.tokenizer", "nltk"):
        monkeypatch.setitem(sys.modules, package, None)
    MIFEval().require(
        [example(id_) for id_ in ("es:punctuation:no_comma", "fr:startend:quotation", "ja:letters:kanji")]
    )


def test_importing_the_task_loads_no_language_package() -> None:
    code = "import sys, assay.tasks.mifeval; print(*{'nltk', 'langdetect', 'spacy', 'janome'} & sys.modules.keys())"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == []


def test_languages_may_be_mixed_in_one_file(tmp_path: Path) -> None:
    ids = ("es:punctuation:no_comma", "fr:detectable_content:no_digits", "ja:letters:kanji")
    (read,) = MIFEval().read(prompts_file(tmp_path, row(1, *ids)))
    assert read.data["instruction_id_list"] == list(ids)
    assert read.data["kwargs"][2] == {"kanji_limit": 2, "relation": "less than"}
    assert MIFEval().score(read, "a, 漢字 1").detail["strict"] == [False, False, False]


@pytest.mark.parametrize(
    ("id_", "arguments", "complaint"),
    [
        (
            "es:special_character:tildes",
            {"num_words": 1, "relation": "au moins"},
            '"al menos" or "como máximo"',
        ),
        (
            "ja:keywords:letter_frequency",
            {"letter": "カ", "let_frequency": 1, "let_relation": "以上"},
            "hiragana",
        ),
        ("fr:special_character:accents", {"word_to_accentuate": ["école"]}, "an object of words"),
        ("en:punctuation:no_comma", {}, "unknown instruction"),
    ],
)
def test_a_prompt_that_cannot_be_judged_is_refused(
    id_: str, arguments: dict[str, object], complaint: str, tmp_path: Path
) -> None:
    bad = {"key": 1, "prompt": "A prompt.", "instruction_id_list": [id_], "kwargs": [arguments]}
    with pytest.raises(TaskError, match=complaint):
        MIFEval().read(prompts_file(tmp_path, bad))


def test_a_letter_that_the_reference_replaces_at_random_is_noted() -> None:
    asked: dict[str, object] = {"letter": "ñ", "let_frequency": 1, "let_relation": "al menos"}
    detail = MIFEval().score(example("es:keywords:letter_frequency", asked), "Ñ").detail
    assert detail["strict"] == [True]
    assert detail["notes"] == {"0": '"ñ" is counted, where the reference counts a letter drawn at random'}


def test_a_file_of_responses_gets_totals_and_a_line_each(tmp_path: Path) -> None:
    prompts = prompts_file(
        tmp_path, row(1, "es:punctuation:no_comma", "es:startend:quotation"), row(2, "fr:startend:quotation")
    )
    responses = [{"key": 1, "response": '"a, b"'}, {"key": 2, "response": "*« oui »*"}]
    (tmp_path / "responses.jsonl").write_text("\n".join(map(json.dumps, responses)), encoding="utf-8")
    out = tmp_path / "scores.jsonl"
    totals = score_file("m-ifeval", tmp_path / "responses.jsonl", {"prompts": prompts}, out=out)
    assert totals == {
        "prompt_strict": 0.0,
        "instruction_strict": 1 / 3,
        "prompt_loose": 0.5,
        "instruction_loose": 2 / 3,
        "prompts": 2,
        "instructions": 3,
    }
    first, second = map(json.loads, out.read_text(encoding="utf-8").splitlines())
    assert (first["key"], first["strict"], first["reasons"]) == ("1", [False, True], ["1 comma", None])
    assert (second["strict"], second["loose"]) == ([False], [True])


def test_a_run_records_the_versions_of_the_language_packages_that_are_installed(tmp_path: Path) -> None:
    class Task(MIFEval):
        packages = ("numpy", "no-such-package")

    with Store.write(tmp_path) as store:
        note_verifier(store, Task())
        (versions,) = store.manifest.verifiers["m-ifeval/1/reference"]
    assert "numpy" in versions
    assert "no-such-package" not in versions
