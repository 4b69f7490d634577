"""FollowBench as two tasks: the part that rules decide, and the part that a judge decides. It calls no judge. It calls no judge."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from assay.tasks.followbench.data import read_rows
from assay.tasks.followbench.judging import AGAIN, TEMPLATE, question, reminder, verdicts
from assay.tasks.followbench.rules import fails
from assay.tasks.judged import JudgedTask
from assay.tasks.task import Example, Form, Metric, Score, Task

__all__ = ["SHARES", "FollowBenchJudged", "FollowBenchRules"]

SOURCE = "https://github.com/YJiangcm/FollowBench/tree/main/data"
SHARES = 60
"""Parts of one response's soft score: a whole number of them for each of 1 to 5 constraints."""
FORM = Form(max_tokens=2048)


class _FollowBench(Task):
    """Instructions at five levels of difficulty."""

    capability: ClassVar[str] = "instruction"
    data_field: ClassVar[str] = "prompts"
    source: ClassVar[str] = SOURCE
    form: ClassVar[Form] = FORM
    version: ClassVar[str] = "1"

    def cluster(self, example: Example) -> str:
        """The group: its five instructions differ by a constraint, and their responses are much alike."""
        return str(example.data["group"])


class FollowBenchRules(_FollowBench):
    """The 350 prompts that a rule decides, as the reference does."""

    kind: ClassVar[str] = "followbench-rules"
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("hard", "binary", "hard satisfaction rate, rule-judged part"),
    )

    def read(self, path: Path) -> tuple[Example, ...]:
        """The rule-judged rows of the six files in a folder, or of one. Raises TaskError naming row and fix."""
        return read_rows(path, ruled=True)

    def score(self, example: Example, response: str) -> Score:
        """Apply the row's rule."""
        data = example.data
        reason = fails(data["rule"], response, data["target"], data["level"])
        return Score(
            (int(reason is None),), (1,), {"passed": reason is None, "reason": reason, "rule": data["rule"]}
        )


class FollowBenchJudged(_FollowBench, JudgedTask):
    """The 470 prompts that a judge decides."""

    kind: ClassVar[str] = "followbench-judged"
    wording: ClassVar[str] = f"{TEMPLATE}\n{AGAIN}"
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("hard", "binary", "hard satisfaction rate, judged part"),
        Metric("soft", "ratio", "soft satisfaction rate, judged part"),
    )

    def read(self, path: Path) -> tuple[Example, ...]:
        """The judged rows of the six files in a folder, or of one. Raises TaskError naming row and fix."""
        return read_rows(path, ruled=False)

    def question(self, example: Example, response: str) -> str:
        """The path of instructions, and the response."""
        return question(example.data["kind"], example.data["path"], response)

    def reminder(self, example: Example) -> str:
        """How an answer has to end."""
        return reminder(example.data["level"])

    def verdict(self, example: Example, answer: str) -> Score:
        """All constraints satisfied, and the share of them. Raises ValueError for an answer without verdicts."""
        level = example.data["level"]
        kept = verdicts(answer, level)
        detail = {"passed": all(kept), "satisfied": list(kept), "reason": _reason(kept)}
        return Score((int(all(kept)), sum(kept) * SHARES // level), (1, SHARES), detail)


def _reason(kept: tuple[bool, ...]) -> str | None:
    broken = [str(step) for step, held in enumerate(kept, 1) if not held]
    return f"by the judge, constraint {', '.join(broken)} of {len(kept)} is not satisfied" if broken else None
