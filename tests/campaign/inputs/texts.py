"""Responses: what the verifiers of every task make of a text that no model should have written."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from assay.tasks import Example, Task, load_task
from assay.tasks.custom import read_task
from assay.tasks.followbench.rules import BY_LEVEL, BY_TARGET, fails
from tests.campaign.kinds import KEPT, Files, Kind, write
from tests.tasks.ifbench import cases as ifbench
from tests.tasks.ifeval import cases as ifeval
from tests.tasks.mifeval import cases as mifeval

__all__ = ["KINDS"]

EXAMPLE = f"{KEPT}example"
NUMBERS = (
    "She had 3 and bought 2. The answer is **5**.\n#### 5",
    "\\boxed{\\frac{1}{2}} or 1,234.50 $ and 3.5 \\times 10^{2}\n\n**42**",
    "<think>\n16 - 3 = 13\n</think>\n\nA: $18 or 1800 cents\nQuestion: how many?\nAnswer: 7",
    "Die Antwort lautet 1.234,50 €. 答案是 １２。 2½ 1/3 (5) minus 4 2024-01-05 50 %",
)
CHECKS: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("exact: {ignore: [case, space]}", {"answer": "Paris is it"}, "paris  is IT"),
    ("contains: {words: true, ignore: [case]}", {"all": ["fox", "dog"], "none": ["cat"]}, "A fox and a dog."),
    ("regex: {pattern: '(?:a+b|c)[0-9]{2,}\\s*$', whole: false}", {}, "aaab22\nc13"),
    ("numeric: {tolerance: 0.5}", {"answer": "12.5"}, "It is 12.7, or 13 %"),
    (
        "json_schema",
        {"schema": {"type": "object", "required": ["a"]}},
        'So:\n```json\n{"a": [1, {"b": "c"}]}\n```',
    ),
)


def _instructed(kind: str) -> Kind:
    """Every instruction of a task, with a text that follows it and one that does not."""
    cases: Any = {"ifeval": ifeval, "ifbench": ifbench, "m-ifeval": mifeval}[kind]

    def whole() -> Sequence[Files]:
        return [
            {EXAMPLE: _packed(id_, given), "response": text.encode()}
            for id_, (given, *texts) in cases.CASES.items()
            for text in texts[:2]
        ]

    def _packed(id_: str, given: dict[str, object]) -> bytes:
        example = mifeval.example(id_) if kind == "m-ifeval" else cases.example(id_, given)
        return json.dumps(dict(example.data)).encode()

    def feed(files: Files, _: Path) -> None:
        example, text = Example("1", "A prompt.", json.loads(files[EXAMPLE])), _text(files["response"])
        for task in _modes(kind):
            score = task.score(example, text)
            assert all(0 <= right <= most for right, most in zip(score.passed, score.out_of, strict=True))
            json.dumps(dict(score.detail), ensure_ascii=False).encode()

    return Kind(f"{kind} responses", whole, feed, weight=3)


@cache
def _modes(kind: str) -> tuple[Task, ...]:
    task = load_task(kind)
    return tuple(task(mode=mode) for mode in task.modes)


def _numbers(files: Files, _: Path) -> None:
    (task,) = _modes("numeric")
    score = task.score(Example("1", "How many?", {"answer": "5"}), _text(files["response"]))
    json.dumps(dict(score.detail), ensure_ascii=False).encode()


def _custom_whole() -> Sequence[Files]:
    return [
        {
            f"{KEPT}tone.yaml": f"capability: x\nprompts: tone.jsonl\ncheck:\n  {check}\n".encode()
            if ":" in check
            else f"capability: x\nprompts: tone.jsonl\ncheck: {check}\n".encode(),
            f"{KEPT}tone.jsonl": json.dumps({"prompt": "p", **row}).encode(),
            "response": text.encode(),
        }
        for check, row, text in CHECKS
    ]


def _custom(files: Files, folder: Path) -> None:
    write(files, folder)
    task = read_task(folder / "tone.yaml")()
    (example,) = task.read(folder / "tone.jsonl")
    task.require([example])
    json.dumps(dict(task.score(example, _text(files["response"])).detail), ensure_ascii=False).encode()


def _rules_whole() -> Sequence[Files]:
    texts = (
        "Dear Ann, it is $5 (2).\n1. one\n2. two\n\n- a | b\n|a|b|\n|-|-|",
        "**1. Growth:** it is so. **2. b:** We run.",
    )
    return [
        {f"{KEPT}rule": rule.encode(), "response": text.encode()}
        for rule in (*BY_LEVEL, "format-22", *(rule for rule in BY_TARGET if rule not in ("example", "ent")))
        for text in texts
    ] + [{f"{KEPT}rule": b"example", "response": b"Q: a\nBOT: yes it is\n"}]


def _rules(files: Files, _: Path) -> None:
    rule = files[f"{KEPT}rule"].decode()
    target = "{instruction}\nBOT: {answer}" if rule == "example" else "A 5"
    for level in (1, 5):
        fails(rule, _text(files["response"]), target, level)


def _text(content: bytes) -> str:
    """A response as a store holds it: any text without lone surrogates."""
    return content.decode("utf-8", "replace")


KINDS = (
    *(_instructed(kind) for kind in ("ifeval", "ifbench", "m-ifeval")),
    Kind("numeric responses", lambda: [{"response": text.encode()} for text in NUMBERS], _numbers, weight=3),
    Kind("custom responses", _custom_whole, _custom),
    Kind("followbench responses", _rules_whole, _rules),
)
