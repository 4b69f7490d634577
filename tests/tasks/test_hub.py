"""Examples from the hub are those of the pinned commit, read as from a file, or refused with the way out."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, ClassVar

import pytest

from assay.errors import TaskError
from assay.tasks import HubData, read_hub
from assay.tasks.ifeval import IFEval
from assay.tasks.numeric import Numeric

datasets = pytest.importorskip("datasets", reason="the extra `torch` is not installed")

PINNED, OTHER = "a" * 40, "b" * 40
ROWS = [{"question": f"{i} and {i}?", "answer": f"{i} + {i} = {2 * i}\n#### {2 * i}"} for i in range(3)]
CONFIGS = """---
configs:
- {config_name: main, data_files: [{split: test, path: main/test.jsonl}, {split: train, path: main/train.jsonl}]}
- {config_name: other, data_files: [{split: test, path: other.jsonl}]}
---
"""
ARGUMENTS = {"num_words": None, "relation": None, "letter": None, "keywords": None, "num_paragraphs": None}


class OnHub(Numeric):
    """A numeric task with a pin of its own."""

    hub: ClassVar[HubData | None] = HubData("owner/name", PINNED, split="test", config="main")


class InstructionsOnHub(IFEval):
    """Instructions with a pin of their own."""

    hub: ClassVar[HubData | None] = HubData("owner/name", PINNED, split="train")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the hub's files, and no network."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    return tmp_path / "hub"


def put(cache: Path, commit: str, name: str, text: str) -> None:
    path = cache / "datasets--owner--name" / "snapshots" / commit / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def lines(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def put_numeric(cache: Path, commit: str, rows: list[dict[str, Any]]) -> None:
    put(cache, commit, "README.md", CONFIGS)
    put(cache, commit, "main/test.jsonl", lines(rows))
    put(cache, commit, "main/train.jsonl", lines(ROWS[:1]))
    put(cache, commit, "other.jsonl", lines(ROWS[:2]))


def refusal(task: Numeric | IFEval) -> str:
    with pytest.raises(TaskError) as refused:
        read_hub(task)
    return str(refused.value)


def test_the_pins_name_whole_commits() -> None:
    ifeval, gsm8k = IFEval.hub, Numeric.hub
    assert ifeval == HubData("google/IFEval", "966cd89545d6b6acfd7638bc708b98261ca58e84", "train", None)
    assert gsm8k == HubData("openai/gsm8k", "cc7b047b6e5bb11b4f1af84efc572db110a51b3c", "test", "main")


def test_examples_are_those_of_a_file_of_the_same_rows(cache: Path, tmp_path: Path) -> None:
    put_numeric(cache, PINNED, ROWS)
    file = tmp_path / "test.jsonl"
    file.write_text(lines(ROWS))
    found = read_hub(OnHub("gsm8k"))
    assert found == Numeric("gsm8k").read(file)
    assert [(example.key, example.data["answer"]) for example in found] == [
        ("0", "0"),
        ("1", "2"),
        ("2", "4"),
    ]


def test_another_commit_in_the_cache_is_not_taken(cache: Path) -> None:
    put_numeric(cache, OTHER, ROWS)
    assert f"owner/name at {PINNED} gave no rows" in refusal(OnHub())
    put_numeric(cache, PINNED, ROWS[:2])
    assert len(read_hub(OnHub())) == 2


def test_texts_of_any_script_and_line_ends_arrive_unchanged(cache: Path) -> None:
    question = "Zoë says: “5\u2028+ 5” 😀\r\n\tHow much?"
    put_numeric(cache, PINNED, [{"question": question, "answer": "10"}])
    assert [example.prompt for example in read_hub(OnHub())] == [question]


def test_arguments_that_the_hub_fills_up_with_null_are_absent(cache: Path) -> None:
    rows = [
        {
            "key": 1000,
            "prompt": "Write 300 words without commas.",
            "instruction_id_list": ["punctuation:no_comma", "length_constraints:number_words"],
            "kwargs": [ARGUMENTS, ARGUMENTS | {"num_words": 300, "relation": "at least"}],
        },
        {
            "key": 1001,
            "prompt": "Say apple.",
            "instruction_id_list": ["keywords:existence"],
            "kwargs": [ARGUMENTS | {"keywords": ["apple"]}],
        },
    ]
    put(cache, PINNED, "data.jsonl", lines(rows))
    first, second = read_hub(InstructionsOnHub())
    assert first.key == "1000"
    assert first.data["kwargs"] == [{}, {"num_words": 300, "relation": "at least"}]
    assert second.data["kwargs"] == [{"keywords": ["apple"]}]


def test_the_published_prompts_are_the_same_from_the_hub_and_from_the_file(cache: Path, shared: Path) -> None:
    file = shared / "data/ifeval/input_data.jsonl"
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    names = {name: None for row in rows for arguments in row["kwargs"] for name in arguments}
    for row in rows:
        row["kwargs"] = [names | arguments for arguments in row["kwargs"]]
    put(cache, PINNED, "data.jsonl", lines(rows))
    assert read_hub(InstructionsOnHub()) == IFEval().read(file)


def test_a_bad_row_is_named_by_its_repository(cache: Path) -> None:
    put_numeric(cache, PINNED, [*ROWS, {"question": "How many?", "answer": "many"}])
    assert refusal(OnHub()).startswith(
        f"owner/name at {PINNED}, test:4: `answer` is 'many', which is not a number"
    )


def test_a_repository_that_cannot_be_reached_is_refused_with_the_file_to_give(cache: Path) -> None:
    assert not cache.exists()
    message = refusal(OnHub("gsm8k"))
    assert message.startswith(f"task 'gsm8k': no examples: owner/name at {PINNED} gave no rows (")
    assert message.endswith(
        "; name a file of them in the study, `examples: FILE` (from "
        "https://raw.githubusercontent.com/openai/grade-school-math/master/grade_school_math/data/test.jsonl)"
    )
    assert "`prompts: FILE` (from https://raw.githubusercontent.com/google-research/" in refusal(
        InstructionsOnHub()
    )


@pytest.mark.parametrize("missing", ["README.md", "main/test.jsonl"])
def test_a_commit_that_is_cached_in_part_only_is_refused(cache: Path, missing: str) -> None:
    put_numeric(cache, PINNED, ROWS)
    (cache / "datasets--owner--name" / "snapshots" / PINNED / missing).unlink()
    assert "gave no rows" in refusal(OnHub())


def test_rows_that_do_not_fit_together_are_refused_with_the_first_cause(cache: Path) -> None:
    put_numeric(cache, PINNED, [{"question": "5 + 5?", "answer": 10}])
    message = refusal(OnHub())
    assert "error occurred while generating" not in message
    assert "string" in message


def test_what_is_not_cached_is_fetched_at_the_pinned_commit(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def fetch(repo: str, **options: Any) -> str:
        asked.append((repo, options))
        if options["local_files_only"]:
            raise OSError("not there")
        put_numeric(cache, PINNED, ROWS)
        return str(cache / "datasets--owner--name" / "snapshots" / PINNED)

    monkeypatch.setattr("huggingface_hub.snapshot_download", fetch)
    assert len(read_hub(OnHub())) == 3
    kept = {"repo_type": "dataset", "revision": PINNED}
    assert asked == [("owner/name", kept | {"local_files_only": local}) for local in (True, False)]


@pytest.mark.parametrize("module", ["datasets", "huggingface_hub"])
def test_a_missing_package_is_named(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    message = refusal(OnHub())
    assert f"{module} is not installed (`pip install 'lora-assay[torch]'`)" in message
    assert "`examples: FILE`" in message


def test_a_task_that_is_nowhere_on_the_hub_is_refused() -> None:
    class Own(Numeric):
        hub: ClassVar[HubData | None] = None
        source: ClassVar[str] = ""

    assert refusal(Own("own")) == (
        "task 'own': no examples: they are not on the hub; name a file of them in the study, `examples: FILE`"
    )


def test_the_progress_bars_are_as_before(cache: Path, capfd: pytest.CaptureFixture[str]) -> None:
    put_numeric(cache, PINNED, ROWS)
    before = datasets.are_progress_bars_disabled()
    read_hub(OnHub())
    assert datasets.are_progress_bars_disabled() == before
    assert capfd.readouterr().err == ""
