"""Measures a base on the four tasks of the small world, through the torch engine. It trains nothing."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from assay.engines import Completion, Prompt
from assay.engines.chat_template import Tokens, render_turn
from assay.tasks import Example, Task, load_task

__all__ = ["MEASURED", "evaluate", "table"]

MEASURED = ("world-instructions", "world-problems", "world-lists", "world-passages")
WANTED = (0.15, 0.75)
"""Between these a base is half able."""


def evaluate(folder: Path, prompts: int = 300, seed: int = 0) -> dict[str, Any]:
    """Every metric on so many test prompts of each task, under the base's chat template, greedily.

    `by` splits the primary metric: by instruction, by steps, by items, by people.
    """
    from assay.engines.torch import Source, TorchEngine, load_base

    base = load_base(Source(str(folder)))
    tasks = {kind: load_task(kind)() for kind in MEASURED}
    examples = {
        kind: {one.key: one for one in task.draw(prompts, seed) or ()} for kind, task in tasks.items()
    }
    requests = [
        Prompt(
            "base",
            kind,
            example.key,
            render_turn(Tokens.of(base.tokenizer), task.prompt(example, True, 0), base.template or ""),
            max_tokens=task.form.max_tokens,
        )
        for kind, task in tasks.items()
        for example in examples[kind].values()
    ]
    answers: dict[str, list[Completion]] = defaultdict(list)
    for completion in TorchEngine(base).complete(requests):
        answers[completion.prompt.task].append(completion)
    return {kind: _scored(task, examples[kind], answers[kind]) for kind, task in tasks.items()}


def table(scores: Mapping[str, Any]) -> str:
    """A Markdown table: the primary metrics with 95 % intervals, and whether the base is half able."""
    lines = [
        "| task | metric | prompts | score | 95 % interval | neither near 0 nor near 1 |",
        "|---|---|---|---|---|---|",
    ]
    for kind, score in scores.items():
        name, value, count = score["primary"], score["metrics"][score["primary"]], score["prompts"]
        low, high = _wilson(value, count)
        able = "yes" if WANTED[0] <= value <= WANTED[1] else "no"
        lines.append(f"| {kind} | {name} | {count} | {value:.3f} | {low:.3f} to {high:.3f} | {able} |")
    return "\n".join(lines) + "\n"


def _scored(task: Task, examples: Mapping[str, Example], answers: list[Completion]) -> dict[str, Any]:
    passed, out_of = [0] * len(task.metrics), [0] * len(task.metrics)
    parts: dict[str, list[int]] = defaultdict(list)
    samples: list[dict[str, Any]] = []
    for answer in sorted(answers, key=lambda one: one.prompt.example):
        example = examples[answer.prompt.example]
        score = task.score(example, answer.scored_text)
        passed = [one + more for one, more in zip(passed, score.passed, strict=True)]
        out_of = [one + more for one, more in zip(out_of, score.out_of, strict=True)]
        for part, right in _parts(task, example, score.passed[0], score.detail):
            parts[part].append(right)
        if len(samples) < 12:
            samples.append({"prompt": example.prompt, "response": answer.text, "passed": score.passed[0]})
    names = [metric.name for metric in task.metrics]
    return {
        "primary": names[0],
        "prompts": len(answers),
        "metrics": {name: one / all_ for name, one, all_ in zip(names, passed, out_of, strict=True)},
        "tokens": sum(answer.tokens or 0 for answer in answers) / max(1, len(answers)),
        "by": {
            part: [round(sum(rights) / len(rights), 3), len(rights)] for part, rights in sorted(parts.items())
        },
        "samples": samples,
    }


def _parts(task: Task, example: Example, right: int, detail: Mapping[str, Any]) -> list[tuple[str, int]]:
    """What the primary metric is split by."""
    data = example.data
    match task.kind:
        case "world-instructions":
            ids = data["instruction_id_list"]
            counted = (f"{len(ids)} instructions", right)
            return [counted, *zip(ids, map(int, detail["strict"]), strict=True)]
        case "world-problems":
            return [(f"{data['steps']} steps", right), (f"{len(data['answer'])} digits", right)]
        case "world-lists":
            first = example.prompt.split(":" if ":" in example.prompt else "?")[0]
            items = 1 + example.prompt.count(", ")
            return [(f"{items:02} items", right), (first.split(" ")[0], right)]
        case _:
            return [(f"{example.prompt.count('. ') + 1:02} facts", right)]


def _wilson(share: float, count: int) -> tuple[float, float]:
    z = 1.959963984540054
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count)) / (1 + z * z / count)
    return middle - half, middle + half
