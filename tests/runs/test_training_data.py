"""What is known of an adapter's training data: from its manifest, else from its card, else nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from assay.engines.files import json_sha256
from assay.runs.training_data import TrainingData, training_data
from assay.study import Study
from assay.tasks import Example

EXAMPLES = {"math": (Example("a", "one and one"), Example("b", "two and two"))}
SHA256 = json_sha256(["one and one", "two and two"])


def study(home: Path, **fields: Any) -> Study:
    adapter = {"name": "a", "label": "numeric", "path": "./a"} | fields
    tasks = [{"task": "numeric", "name": "math", "examples": "e.jsonl"}]
    data = {
        "name": "s",
        "bases": [{"name": "b", "model": "owner/base"}],
        "adapters": [adapter],
        "tasks": tasks,
    }
    return Study.from_dict(data, home, check_files=False)


def adapter(folder: Path, overlaps: dict[str, Any] | None = None, card: str = "", name: str = "a") -> Path:
    place = folder / name
    place.mkdir(parents=True)
    if overlaps is not None:
        data = {"sources": ["sums.jsonl"], "overlaps": overlaps}
        (place / "training.json").write_text(json.dumps({"data": data}))
    (place / "README.md").write_text(card)
    return place


def known(home: Path, **fields: Any) -> TrainingData:
    (data,) = training_data(study(home, **fields), EXAMPLES)
    return data


def test_the_manifest_says_how_many_prompts_are_in_the_data(tmp_path: Path) -> None:
    adapter(tmp_path, {"math": {"repeated": 1, "sha256": SHA256}})
    assert known(tmp_path) == TrainingData("a", {"math": 1}, (), ("sums.jsonl",))


def test_data_that_was_compared_with_other_prompts_is_unknown(tmp_path: Path) -> None:
    adapter(tmp_path, {"math": {"repeated": 0, "sha256": json_sha256(["one and one"])}})
    assert known(tmp_path) == TrainingData("a", {}, ("math",), ("sums.jsonl",))


def test_of_other_adapters_the_card_names_data_that_is_unknown(tmp_path: Path) -> None:
    adapter(tmp_path, card="---\ndatasets:\n- openai/gsm8k\n- my/data\n---\n# a\n")
    assert known(tmp_path) == TrainingData("a", {}, ("math",), ("openai/gsm8k", "my/data"))


def test_an_adapter_in_a_folder_of_a_folder_is_read_there(tmp_path: Path) -> None:
    adapter(tmp_path / "a", card="---\ndatasets: my/data\n---\n", name="inner")
    assert known(tmp_path, folder="inner").datasets == ("my/data",)


def test_of_an_adapter_on_the_hub_nothing_is_known(tmp_path: Path) -> None:
    assert known(tmp_path, path="owner/adapter") == TrainingData("a", {}, ("math",), ())


def test_a_manifest_that_is_no_json_is_no_manifest(tmp_path: Path) -> None:
    (adapter(tmp_path) / "training.json").write_text("{")
    assert known(tmp_path).unknown == ("math",)
