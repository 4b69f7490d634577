"""An lm-eval task, or a group of them, as one task of a study. It loads no model."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from assay.errors import TaskError
from assay.study.form import HARNESS as PREFIX
from assay.tasks.lm_eval.documents import MAX_TOKENS, Documents
from assay.tasks.lm_eval.index import find, lm_eval_version
from assay.tasks.lm_eval.leaf import Leaf, make_leaf
from assay.tasks.lm_eval.metrics import MILLION, Column, counted, plain
from assay.tasks.task import Answer, Chat, Example, Form, Metric, Request, Score, Task

__all__ = ["PREFIX", "LmEvalTask", "lm_eval_task"]

MOST_SHOTS = 64
"""Worked examples that a study may ask for; how many a task has shows when its data is there."""
CAPABILITIES = {
    "numeric": ("gsm8k", "gsm_plus", "mgsm", "asdiv", "svamp", "minerva_math", "hendrycks_math"),
    "instruction": ("ifeval", "leaderboard_ifeval"),
}
"""By beginnings of names; any other task is about what its `metadata: {capability: ...}` says, or itself."""
PROBED = 24
"""Documents of each task that are judged on stand-in answers before the first response is asked for."""
KEPT = frozenset({"", ".yaml", ".yml", ".py"})
"""Endings of the files in an `include_path` that a task may be made of."""
LARGEST = 2**20
"""Bytes of such a file, at most."""


class LmEvalTask(Task):
    """What all of lm-eval's tasks share; `lm_eval_task` fills in the rest."""

    kind: ClassVar[str] = PREFIX
    data_field: ClassVar[str] = "examples"
    version: ClassVar[str] = "1"
    source: ClassVar[str] = "loaded by lm-eval itself"
    leaves: ClassVar[Mapping[str, Leaf]]
    """By name, in lm-eval's order: one, or those of a group."""
    macro: ClassVar[bool] = False
    """Whether each of them weighs the same, whatever its size."""
    columns: ClassVar[Mapping[str, tuple[Column, ...]]]
    """What is compared, by leaf; in the order of `metrics`."""
    sources: ClassVar[Mapping[str, str]]
    """Text of the files in `include_path` that tasks are made of, by path in it: what a run keeps."""

    def __init__(self, name: str | None = None, mode: str | None = None) -> None:
        super().__init__(name, mode)
        self._documents: dict[str, Documents] = {}

    @property
    def scorer(self) -> str:
        """Identity of lm-eval, its tasks' configurations and their functions."""
        identities = {name: leaf.identity for name, leaf in self.leaves.items()}
        text = json.dumps([identities, self.macro], sort_keys=True, ensure_ascii=False)
        return (
            f"{self.kind}/{self.version}/{lm_eval_version()}/{hashlib.sha256(text.encode()).hexdigest()[:16]}"
        )

    def read(self, path: Path) -> tuple[Example, ...]:
        """Nothing: raises TaskError, for lm-eval has its data from where the task says."""
        raise TaskError(
            "lm-eval's tasks say themselves where their data is",
            place=path,
            fix="remove `examples`, or write a YAML of your own with `dataset_path: json`, and name its folder as "
            "`include_path`",
        )

    def draw(self, limit: int | None, seed: int) -> tuple[Example, ...]:
        """lm-eval's documents, in its order; of a group one of each task in turn. Raises TaskError."""
        if seed:
            raise TaskError(
                f"{self.kind}: its documents are not drawn, so `seed: {seed}` does nothing", fix="remove it"
            )
        for name, leaf in self.leaves.items():
            if name not in self._documents:
                self._documents[name] = Documents(name, leaf.config)
        taken = _taken({name: len(documents) for name, documents in self._documents.items()}, limit)
        weights = _weights(taken) if self.macro else dict.fromkeys(taken, MILLION)
        return tuple(
            self._documents[name].example(place, self._key(name, place), weights[name])
            for place in range(max(taken.values()))
            for name in taken
            if place < taken[name]
        )

    def _key(self, name: str, place: int) -> str:
        return str(place) if len(self.leaves) == 1 else f"{name}:{place}"

    def asked(self, example: Example) -> str:
        """With its document, whose choices may stand outside the prompt."""
        return json.dumps([example.prompt, example.data["task"], example.data["doc"]], sort_keys=True)

    def requests(
        self, examples: Sequence[Example], chat: Chat | None, shots: int
    ) -> Iterator[tuple[Request, ...]]:
        """What lm-eval writes; worked examples as many as each task has, unless the study says how many."""
        places = [(str(example.data["task"]), int(example.key.rpartition(":")[2])) for example in examples]
        usual = shots == self.form.shots_with(chat is not None)
        counts: dict[str, int] = {}
        for name, place in places:
            counts[name] = max(counts.get(name, 0), place + 1)
        requests = {
            name: self._documents[name].requests(count, chat, None if usual else shots)
            for name, count in counts.items()
        }
        for name, place in places:
            yield requests[name][place]

    def require(self, examples: Sequence[Example]) -> None:
        """Score some placeholder answers. Raises TaskError where a metric is no number that can be compared."""
        for name, leaf in self.leaves.items():
            mine = [example for example in examples if example.data["task"] == name]
            for example in mine[:: max(1, len(mine) // PROBED)]:
                self.score_answers(example, _placeholders(leaf, example, ""))

    def score(self, example: Example, response: str) -> Score:
        """Judge a text, where the task generates; else log-probabilities that carry no information.

        Raises TaskError for a text where the task generates none.
        """
        leaf = self.leaves[example.data["task"]]
        if response and not leaf.generates:
            raise TaskError(
                f"{self.kind}: is judged by log-probabilities, not by texts", fix="run it in a study"
            )
        return self.score_answers(example, _placeholders(leaf, example, response))

    def score_answers(self, example: Example, answers: Sequence[Answer]) -> Score:
        """Put the answers through lm-eval's filters and metrics. Raises TaskError where they do not fit."""
        name = str(example.data["task"])
        where = f"{self.kind}, example {example.key!r}"
        by_filter = self.leaves[name].values(example.data, answers, where)
        counts = [
            counted(column, by_filter[column.filter][1], int(example.data["weight"]), where)
            for column in self.columns[name]
        ]
        detail: dict[str, Any] = {"values": {key: plain(values) for key, (_, values) in by_filter.items()}}
        if self.leaves[name].generates:
            detail["filtered"] = {key: plain(filtered) for key, (filtered, _) in by_filter.items()}
        if (chosen := self.leaves[name].chosen(example.data, answers)) is not None:
            detail["chosen"] = chosen
        return Score(tuple(passed for passed, _ in counts), tuple(of for _, of in counts), detail)


def _placeholders(leaf: Leaf, example: Example, text: str) -> tuple[Answer, ...]:
    answer = Answer(text) if leaf.generates else Answer("", -1.0, False)
    return (answer,) * leaf.request_count(example.data["doc"])


def _taken(sizes: Mapping[str, int], limit: int | None) -> dict[str, int]:
    """How many documents of each task, where `limit` in all are taken, one of each in turn."""
    if limit is None or limit >= sum(sizes.values()):
        return dict(sizes)
    taken = dict.fromkeys(sizes, 0)
    while (left := limit - sum(taken.values())) > 0:
        open_ = [name for name in sizes if taken[name] < sizes[name]]
        each = max(1, min(left // len(open_), min(sizes[name] - taken[name] for name in open_)))
        for name in open_[:left]:
            taken[name] += each
    return {name: count for name, count in taken.items() if count}


def _weights(taken: Mapping[str, int]) -> dict[str, int]:
    """What a document of each task counts, so that all tasks count the same: a million on average."""
    mean = sum(taken.values()) / len(taken)
    return {name: round(MILLION * mean / count) for name, count in taken.items()}


def lm_eval_task(name: str, folder: Path | None = None) -> type[LmEvalTask]:
    """The class of a task or group of lm-eval's; those in `folder` come before those that lm-eval has.

    Raises TaskError, with the fix, if there is none of this name, or it cannot be compared.
    """
    configs = find(name, folder)
    leaves = {task: make_leaf(task, config) for task, config in configs.by_task.items()}
    columns = _common(name, leaves, configs.macro)
    first = next(iter(leaves.values()))

    class Made(LmEvalTask):
        """Made from a name."""

        kind: ClassVar[str] = f"{PREFIX}{name}"
        capability: ClassVar[str] = _capability(name, first)
        metrics: ClassVar[tuple[Metric, ...]] = tuple(column.metric for column in columns[first.name])
        form: ClassVar[Form]

    Made.form = _form(list(leaves.values()))
    Made.leaves, Made.columns, Made.macro = leaves, columns, configs.macro and len(leaves) > 1
    Made.sources = {} if folder is None else _sources(folder)
    Made.__name__ = Made.__qualname__ = "LmEvalTask"
    return Made


def _common(name: str, leaves: Mapping[str, Leaf], macro: bool) -> dict[str, tuple[Column, ...]]:
    """What all tasks of a group can be compared on, of one kind in all of them."""
    named = {task: {column.metric.name: column for column in leaf.columns} for task, leaf in leaves.items()}
    first, *others = named.values()
    shared = [key for key in first if all(key in other for other in others)]
    if not shared:
        each = "; ".join(f"{task}: {', '.join(columns)}" for task, columns in named.items())
        raise TaskError(
            f"the tasks of lm-eval's group {name!r} have no metric in common ({each[:300]})",
            fix="name them one by one",
        )

    def common(key: str, column: Column) -> Column:
        mean = macro or any(columns[key].metric.kind == "mean" for columns in named.values())
        return replace(column, metric=replace(column.metric, kind="mean")) if mean else column

    return {task: tuple(common(key, columns[key]) for key in shared) for task, columns in named.items()}


def _capability(name: str, first: Leaf) -> str:
    configured = (first.config.get("metadata") or {}).get("capability")
    known = (capability for capability, beginnings in CAPABILITIES.items() if name.startswith(beginnings))
    return str(configured) if configured else next(known, name)


def _form(leaves: Sequence[Leaf]) -> Form:
    """Worked examples can be asked for where the tasks leave them open, and all say the same."""
    configured = {leaf.shots for leaf in leaves}
    shots = leaves[0].shots or 0
    free = len(configured) == 1 and configured != {0}
    return Form(max_tokens=MAX_TOKENS, shots=shots, chat_shots=shots, most_shots=MOST_SHOTS if free else 0)


def _sources(folder: Path) -> dict[str, str]:
    texts = {}
    for path in sorted(folder.rglob("*")):
        place = path.relative_to(folder)
        hidden = any(part.startswith((".", "__pycache__")) for part in place.parts)
        if hidden or path.suffix not in KEPT or not path.is_file() or path.stat().st_size > LARGEST:
            continue
        try:
            texts[place.as_posix()] = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
    return texts
