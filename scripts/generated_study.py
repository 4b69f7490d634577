"""A large study of made-up adapters: bases, recipes and seeds on IFEval-like and numeric tasks.

Responses are put together so that each check passes or fails as drawn; texts are short. Used by tests,
screenshots and `scripts.picture`; its numbers say nothing about any model.

    python -m scripts.generated_study FOLDER       # then: assay run FOLDER/study.yaml --out RUN
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from assay.report import write_reports
from assay.runs import Run
from assay.verdicts.result import Applied, NoiseFloor, Result

__all__ = ["Shape", "as_if_measured", "generate", "report_as_if_measured"]

CHECKS: dict[str, tuple[dict[str, Any], str, str, str]] = {
    "detectable_format:title": ({}, "Put a title in double angular brackets.", "<<A day out>>\n", ""),
    "punctuation:no_comma": ({}, "Use no commas.", "", "First, a word before we start.\n"),
    "keywords:existence": ({"keywords": ["river"]}, "Mention the river.", "The river was high.\n", ""),
    "keywords:forbidden_words": (
        {"forbidden_words": ["bridge"]},
        "Never write of the bridge.",
        "",
        "They met on the bridge.\n",
    ),
    "detectable_content:number_placeholders": (
        {"num_placeholders": 1},
        "Leave one placeholder in square brackets.",
        "Sent to [address].\n",
        "Sent to an address.\n",
    ),
    "detectable_format:number_highlighted_sections": (
        {"num_highlights": 1},
        "Highlight one section as *this*.",
        "*The best part* was lunch.\n",
        "The best part was lunch.\n",
    ),
    "detectable_content:postscript": (
        {"postscript_marker": "P.S."},
        "Add a postscript that starts with P.S.",
        "P.S. Bring a coat.\n",
        "",
    ),
}
"""Instruction type: its arguments, the sentence that asks for it, what passes, what fails."""
SUBJECTS = (
    "a walk",
    "a market",
    "a quiet library",
    "an old friend",
    "the harbour",
    "a late train",
    "a garden",
)
FLOOR = (
    "the base differs from itself by more than chance allows; was it answered in another way the second time?"
)
FILLER = "It was early and the streets were empty. Nobody had slept well but everyone came along. "


@dataclass(frozen=True, slots=True)
class Shape:
    """How large the study is."""

    bases: int = 2
    recipes: int = 5
    """On each base."""
    seeds: int = 3
    numeric_tasks: int = 5
    prompts: int = 160
    """Of each task."""
    filler: int = 3
    """Sentences of no consequence in each response."""


def generate(folder: Path, shape: Shape | None = None, seed: int = 7) -> Path:
    """Write prompts, responses and `study.yaml` into `folder`. Returns the study's path."""
    shape, draw = shape or Shape(), np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    tasks: dict[str, _Task] = {"ifeval": _Instructions(shape, draw)}
    tasks |= {name: _Numbers(shape, draw) for name in _names(shape.numeric_tasks)}
    for name, task in tasks.items():
        _jsonl(folder / f"{name}.jsonl", task.rows)
    bases, adapters = [], []
    for base in (f"base-{'abcdefgh'[i]}" for i in range(shape.bases)):
        ease = {name: draw.normal(0.3, 0.9, shape.prompts) for name in tasks}
        bases.append({"name": base, "responses": _answer(folder, base, tasks, ease, draw)})
        for index in range(shape.recipes):
            adapters += list(_recipe(folder, base, index, tasks, ease, shape, draw))
    study = {
        "name": "generated",
        "bases": bases,
        "adapters": adapters,
        "tasks": [{"task": "ifeval", "prompts": "ifeval.jsonl"}]
        + [
            {"task": "numeric", "name": name, "examples": f"{name}.jsonl"}
            for name in tasks
            if name != "ifeval"
        ],
        "claims": {"instruction": ["ifeval.prompt_strict"], "numeric": ["gsm8k.numeric_match"]},
    }
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(study, sort_keys=False), encoding="utf-8")
    return path


def as_if_measured(result: Result) -> Result:
    """The findings with made-up liveness, preflight findings and noise floor, as if weights had been run.

    The last adapter was not loaded, the one before is not applied, the one before that changes no response.
    """
    rows = [row for row in result.matrix.rows if row.base is not None][:-1]
    applied = []
    for index, (name, base) in enumerate((row.subject, row.base or "") for row in rows):
        left = len(rows) - 1 - index
        size, differ = (0.37 + 0.21 * index, (3 + index % 6) / 8) if left > 1 else ((0.0, 0.0004)[left], 0.0)
        reason = None if left else "it leaves every logit of the probe prompts as it was (0 layers matched)"
        applied.append(
            Applied(
                name, base, bool(left), reason, 252 if left else 0, 31 * size, 24 * size, size**2 / 9, differ
            )
        )
    bases = [row.subject for row in result.matrix.rows if row.base is None]
    tasks = {metric.rpartition(".")[0]: metric for metric in reversed(result.matrix.metrics)}
    floors = []
    for i, (base, (task, metric)) in enumerate(
        (base, entry) for base in bases for entry in reversed(tasks.items())
    ):
        warning = None if i else f"{base} on {task}: {FLOOR}"
        better, worse = (9, 1) if warning else (2 + i % 3, 3)
        gain = (better - worse) / 100
        ends = (gain - 0.05, gain + 0.05) if not warning else (0.019, 0.148)
        floors.append(
            NoiseFloor(base, task, metric, 100, 14 + i, better, worse, gain, ends, 0.9, 0.05, warning)
        )
    return replace(
        result,
        applied=tuple(applied),
        noise_floor=tuple(floors),
        problems=(
            f"warning: {rows[0].subject}: no weights for 4 layers that its configuration targets; peft leaves "
            f"them unchanged; check that the file is the one that was trained",
            f"warning: {rows[-1].subject}: every weight change is zero: it cannot do anything; was it saved "
            f"before training?",
            f"note: {rows[0].subject} brings its own chat template",
        ),
        warnings=(*result.warnings, *(floor.warning for floor in floors if floor.warning)),
    )


def report_as_if_measured(folder: Path) -> Result:
    """Write the reports of a complete run again, with these."""
    with Run.open(folder) as run:
        result = as_if_measured(run.analyze())
        write_reports(result, run.plan, run.evidence, folder)
    return result


def _names(count: int) -> list[str]:
    known = ["gsm8k", "svamp", "asdiv", "mawps", "addsub"]
    return (known + [f"numbers-{i}" for i in range(count)])[:count]


RECIPES = (("chat", "instruction"), ("sums", "numeric"), ("helper", "instruction"), ("terse", "instruction"))
"""Name and label; further recipes repeat them with a number."""
MOVES = {
    "chat": (-0.25, 0.9),
    "sums": (-0.1, 1.1),
    "helper": (0.9, 0.05),
    "terse": (0.05, 0.02),
    "chat-2": (0.7, 0.6),
}
"""Shift of a recipe on instructions and on numbers, in logits."""


def _recipe(
    folder: Path,
    base: str,
    index: int,
    tasks: Mapping[str, _Task],
    ease: Mapping[str, np.ndarray],
    shape: Shape,
    draw: np.random.Generator,
) -> Iterable[dict[str, Any]]:
    kind, label = RECIPES[index % len(RECIPES)]
    recipe = kind if index < len(RECIPES) else f"{kind}-{index // len(RECIPES) + 1}"
    on_words, on_numbers = MOVES.get(recipe, (-1.0, -0.4))
    for seed in range(1, shape.seeds + 1):
        name = f"{recipe}-{base[-1]}-s{seed}"
        moved = {
            task: easy
            + (on_words if task == "ifeval" else on_numbers)
            + draw.normal(0, 0.15)
            + draw.normal(0, 0.4, len(easy))
            for task, easy in ease.items()
        }
        yield {
            "name": name,
            "base": base,
            "label": label,
            "recipe": f"{recipe}-{base[-1]}",
            "seed": seed,
            "settings": {"rank": 8 * 2 ** (index % 2)},
            "responses": _answer(folder, name, tasks, moved, draw),
        }


def _answer(
    folder: Path,
    subject: str,
    tasks: Mapping[str, _Task],
    ease: Mapping[str, np.ndarray],
    draw: np.random.Generator,
) -> dict[str, str]:
    """Write one file of responses a task. Returns their names by task."""
    files = {}
    for name, task in tasks.items():
        share = 1 / (1 + np.exp(-ease[name]))
        files[name] = f"{subject}-{name}.jsonl"
        _jsonl(
            folder / files[name],
            (
                {
                    "key": str(row["key"]),
                    "response": task.respond(i, _chance(float(share[i]), draw)),
                }
                for i, row in enumerate(task.rows)
            ),
        )
    return files


def _chance(share: float, draw: np.random.Generator) -> Callable[[], bool]:
    return lambda: bool(draw.random() < share)


class _Task:
    rows: Sequence[Mapping[str, Any]]

    def respond(self, index: int, passes: Callable[[], bool]) -> str:
        raise NotImplementedError


class _Instructions(_Task):
    def __init__(self, shape: Shape, draw: np.random.Generator) -> None:
        self.filler = FILLER * shape.filler
        rows = []
        for i in range(shape.prompts):
            types = [str(kind) for kind in draw.choice(list(CHECKS), draw.integers(1, 3), replace=False)]
            about = SUBJECTS[i % len(SUBJECTS)]
            asked = " ".join(CHECKS[kind][1] for kind in types)
            rows.append(
                {
                    "key": i,
                    "prompt": f"Write a short story about {about}, number {i}. {asked}",
                    "instruction_id_list": types,
                    "kwargs": [CHECKS[kind][0] for kind in types],
                }
            )
        self.rows = rows

    def respond(self, index: int, passes: Callable[[], bool]) -> str:
        types: list[str] = self.rows[index]["instruction_id_list"]
        told = [CHECKS[kind][2] if passes() else CHECKS[kind][3] for kind in types]
        return "".join(told) + self.filler


class _Numbers(_Task):
    def __init__(self, shape: Shape, draw: np.random.Generator) -> None:
        self.filler = FILLER * shape.filler
        pairs = draw.integers(2, 90, (shape.prompts, 2))
        self.rows = [
            {
                "key": i,
                "question": f"Ann has {a} pens and buys {b} more at the market. How many pens has she now?",
                "answer": str(a + b),
            }
            for i, (a, b) in enumerate(pairs.tolist())
        ]

    def respond(self, index: int, passes: Callable[[], bool]) -> str:
        right = int(self.rows[index]["answer"])
        if passes():
            return f"{self.filler}\nThe answer is {right}."
        return f"{self.filler}\nThe answer is {right + 1}." if passes() else f"{self.filler}\nHard to say."


def _jsonl(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


if __name__ == "__main__":
    print(generate(Path(sys.argv[1])))
