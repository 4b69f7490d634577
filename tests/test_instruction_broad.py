"""The study of all instruction benchmarks runs on generated responses, and its report, drift and gate cover each of them."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest

import assay
from assay.audit import plan
from assay.report import apply_gate
from assay.study import load_study
from assay.verdicts import Result
from tests.studies import examples, jsonl, responses
from tests.tasks.followbench import files

STUDY = Path(__file__).parents[1] / "studies" / "instruction-broad"
BENCHMARKS = (
    "ifeval",
    "ifbench",
    "followbench",
    "m-ifeval-es",
    "m-ifeval-fr",
    "m-ifeval-ja",
    "multi-if",
    "wordings",
)
INSTRUCTIONS = {
    "ifeval": ("input_data.jsonl", "punctuation:no_comma", "Yes.", "Yes, yes."),
    "ifbench": ("IFBench_test.jsonl", "format:no_whitespace", "Yes.", "Yes yes."),
    "m-ifeval-es": ("es_input_data.jsonl", "es:punctuation:no_comma", "Si.", "Si, si."),
    "m-ifeval-fr": ("fr_input_data.jsonl", "fr:punctuation:no_comma", "Oui.", "Oui, oui."),
    "m-ifeval-ja": ("ja_input_data.jsonl", "ja:punctuation:no_comma", "はい。", "はい、はい。"),
    "wordings": ("wordings.jsonl", "punctuation:no_comma", "Yes.", "Yes, yes."),
}
"""By task: its file, an instruction, a response that follows it, and one that does not."""
COUNT, WORDINGS, LEVELS = 150, 3, 5
GAINS = {
    "instruction-1": {"ifeval": (60, 4), "ifbench": (60, 4), "wordings": (60, 4), "m-ifeval-ja": (4, 60)},
    "instruction-2": {"ifeval": (4, 60), "gsm8k": (60, 4)},
    "numeric-1": {"gsm8k": (60, 4)},
}
"""By adapter and task: prompts that it alone passes, and that its base alone passes; elsewhere 3 and 3."""


def passes(subject: str, task: str) -> list[bool]:
    """The base passes the first 70; an adapter fails the first ones of these, and passes the last ones of the others."""
    better, worse = GAINS.get(subject, {}).get(task, (0 if subject == "base" else 3,) * 2)
    return [False] * worse + [True] * (70 - worse) + [False] * (80 - better) + [True] * better


def make(folder: Path) -> Path:
    """The study with data and responses in a folder."""
    study = Path(shutil.copy(STUDY / "study.yaml", folder / "study.yaml"))
    data = folder / "data"
    data.mkdir()
    for task, (name, instruction, *_) in INSTRUCTIONS.items():
        jsonl(
            data / name,
            (
                {"key": i, "prompt": f"{task} {i}", "instruction_id_list": [instruction], "kwargs": [{}]}
                | ({"cluster": f"request {i // WORDINGS}"} if task == "wordings" else {})
                for i in range(COUNT)
            ),
        )
    conversations(data / "multiIF_20241018.csv")
    target = "{instruction}\nBOT: {answer}"
    groups = [row for n in range(COUNT // LEVELS) for row in files.group("example", n, target=target)]
    files.folder(data / "followbench", {"example": groups})
    examples(data, COUNT, "gsm8k.jsonl")
    for subject in ("base", *GAINS):
        (folder / "responses" / subject).mkdir(parents=True)
        for task, (_, _, good, bad) in INSTRUCTIONS.items():
            answer(folder, subject, task, [str(i) for i in range(COUNT)], good, bad)
        turns(folder, subject)
        keys = [f"example-{n}-{level}" for n in range(COUNT // LEVELS) for level in range(1, LEVELS + 1)]
        answer(folder, subject, "followbench", keys, "BOT: yes", "yes")
        responses(folder / "responses" / subject / "gsm8k.jsonl", passes(subject, "gsm8k"))
    return study


def conversations(path: Path) -> None:
    """Conversations of three turns in English, which ask for one more prompt without commas at each turn."""
    rows = []
    for i in range(COUNT):
        row = {"key": str(i), "language": "English"}
        for turn in (1, 2, 3):
            row[f"turn_{turn}_prompt"] = json.dumps({"role": "user", "content": f"Turn {turn} of {i}."})
            row[f"turn_{turn}_instruction_id_list"] = json.dumps(["punctuation:no_comma"])
            row[f"turn_{turn}_kwargs"] = json.dumps(["{}"])
        rows.append(row)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def turns(folder: Path, subject: str) -> None:
    rows = (
        {"key": str(i), "turn": turn, "response": "Yes." if right else "Yes, yes."}
        for i, right in enumerate(passes(subject, "multi-if"))
        for turn in (1, 2, 3)
    )
    jsonl(folder / "responses" / subject / "multi-if.jsonl", rows)


def answer(folder: Path, subject: str, task: str, keys: list[str], good: str, bad: str) -> None:
    rows = (
        {"key": key, "response": good if right else bad}
        for key, right in zip(keys, passes(subject, task), strict=True)
    )
    jsonl(folder / "responses" / subject / f"{task}.jsonl", rows)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("broad"))


@pytest.fixture(scope="module")
def result(study: Path) -> Result:
    return assay.run(study, study.parent / "run")


def test_every_benchmark_is_a_column_and_a_claim(result: Result) -> None:
    claimed = [claim.metric for claim in result.claims if claim.adapter == "instruction-1"]
    assert tuple(metric.rpartition(".")[0] for metric in claimed) == BENCHMARKS
    assert set(claimed) <= set(result.matrix.metrics)
    verdicts = {claim.metric.rpartition(".")[0]: claim.verdict for claim in result.claims[:8]}
    assert verdicts["ifeval"] == verdicts["ifbench"] == "confirmed"
    assert verdicts["m-ifeval-ja"] == "harmed"


def test_clusters_are_the_evidence_of_followbench_and_of_the_wordings(result: Result) -> None:
    of = {claim.metric.rpartition(".")[0]: claim.n for claim in result.claims[:8]}
    assert (of["wordings"], of["followbench"], of["ifeval"]) == (COUNT // WORDINGS, COUNT // LEVELS, COUNT)
    assert {entry.metric for entry in result.reliability} == {"wordings.prompt_strict"}


def test_the_benchmarks_agree_or_not(result: Result) -> None:
    (agreement,) = (entry for entry in result.agreement if entry.capability == "instruction")
    assert tuple(metric.rpartition(".")[0] for metric in agreement.metrics) == BENCHMARKS
    assert len(agreement.pairs) == 8 * 7 / 2
    assert "instruction-1" in agreement.depends


def test_drift_is_measured_from_each_benchmark(result: Result) -> None:
    gaps = [drift for drift in result.drift if drift.variant == "gap" and drift.adapter == "instruction-2"]
    assert {drift.target.rpartition(".")[0] for drift in gaps} == set(BENCHMARKS)
    assert all(drift.off_target == ("gsm8k.numeric_match",) for drift in gaps)
    (worst,) = (drift for drift in gaps if drift.target == "ifeval.prompt_strict")
    assert worst.value > 0.7


def test_the_gate_covers_every_benchmark(study: Path, result: Result) -> None:
    gate = apply_gate(result, load_study(study).gate)
    outcomes = {adapter.adapter: adapter for adapter in gate.adapters}
    rules = outcomes["instruction-1"].rules
    assert {rule.task for rule in rules if rule.kind == "claim"} == set(BENCHMARKS)
    assert {rule.task for rule in rules if rule.tier == "required"} == {"ifeval", "gsm8k"}
    assert {rule.task for rule in rules if rule.tier == "advisory"} == {
        task for task in BENCHMARKS if task.startswith("m")
    }
    assert any("m-ifeval-ja" in advice for advice in outcomes["instruction-1"].advice)
    assert outcomes["instruction-2"].outcome == "fail"


def test_its_plan_counts_clusters(study: Path) -> None:
    powers = plan(load_study(study)).power
    of = {power.metric.rpartition(".")[0]: power.prompts for power in powers}
    assert of["wordings"] == COUNT // WORDINGS
    assert of["followbench"] == COUNT // LEVELS
    assert of["ifeval"] == COUNT


def test_the_readme_names_every_file_of_the_study() -> None:
    text = (STUDY / "README.md").read_text()
    study = load_study(STUDY / "study.yaml", check_files=False)
    for task in study.tasks:
        assert f"`{task.name}`" in text or f"-{task.name[-2:]}`" in text
