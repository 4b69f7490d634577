"""A task, or a group of tasks, of lm-eval's as one of ours."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from assay.errors import TaskError
from assay.study.form import HARNESS as PREFIX
from assay.tasks.lm_eval.asking import MAX_TOKENS, Loaded
from assay.tasks.lm_eval.leaf import Leaf, leaf
from assay.tasks.lm_eval.library import find, lm_eval_version
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
        self._loaded: dict[str, Loaded] = {}

    @property
    def scorer(self) -> str:
        """Identity of lm-eval, its tasks' configurations and their functions."""
        identities = {name: one.identity for name, one in self.leaves.items()}
        text = json.dumps([identities, self.macro], sort_keys=True, ensure_ascii=False)
        return (
            f"{self.kind}/{self.version}/{lm_eval_version()}/{hashlib.sha256(text.encode()).hexdigest()[:16]}"
        )

    def read(self, path: Path) -> tuple[Example, ...]:
        """Nothing: raises TaskError, for lm-eval has its data from where the task says."""
        raise TaskError(
            f"{path}: lm-eval's tasks say themselves where their data is; remove `examples`, or write a YAML of your "
            f"own with `dataset_path: json`, and name its folder as `include_path`"
        )

    def draw(self, limit: int | None, seed: int) -> tuple[Example, ...]:
        """lm-eval's documents, in its order; of a group one of each task in turn. Raises TaskError."""
        if seed:
            raise TaskError(
                f"{self.kind}: its documents are not drawn, so `seed: {seed}` does nothing; remove it"
            )
        for name, one in self.leaves.items():
            if name not in self._loaded:
                self._loaded[name] = Loaded(name, one.config)
        taken = _taken({name: len(one) for name, one in self._loaded.items()}, limit)
        weights = _weights(taken) if self.macro else dict.fromkeys(taken, MILLION)
        return tuple(
            self._loaded[name].example(place, self._key(name, place), weights[name])
            for place in range(max(taken.values()))
            for name in taken
            if place < taken[name]
        )

    def _key(self, name: str, place: int) -> str:
        return str(place) if len(self.leaves) == 1 else f"{name}:{place}"

    def requests(
        self, examples: Sequence[Example], chat: Chat | None, shots: int
    ) -> Iterator[tuple[Request, ...]]:
        """What lm-eval writes; worked examples as many as each task has, unless the study says how many."""
        places = [(str(one.data["task"]), int(one.key.rpartition(":")[2])) for one in examples]
        wanted = None if shots == self.form.shots_with(chat is not None) else shots
        counts = {name: 1 + max(at for one, at in places if one == name) for name in dict(places)}
        asked = {name: self._loaded[name].requests(count, chat, wanted) for name, count in counts.items()}
        for name, place in places:
            yield asked[name][place]

    def require(self, examples: Sequence[Example]) -> None:
        """Judge some stand-in answers. Raises TaskError where a metric is no number that can be compared."""
        for name, one in self.leaves.items():
            mine = [example for example in examples if example.data["task"] == name]
            for example in mine[:: max(1, len(mine) // PROBED)]:
                self.score_answers(example, _stand_ins(one, example, ""))

    def score(self, example: Example, response: str) -> Score:
        """Judge a text, where a text is asked for; else log-probabilities that say nothing.

        Raises TaskError for a text where none is asked for.
        """
        one = self.leaves[example.data["task"]]
        if response and not one.generates:
            raise TaskError(f"{self.kind}: is judged by log-probabilities, not by texts; run it in a study")
        return self.score_answers(example, _stand_ins(one, example, response))

    def score_answers(self, example: Example, answers: Sequence[Answer]) -> Score:
        """Put the answers through lm-eval's filters and metrics. Raises TaskError where they do not fit."""
        name = str(example.data["task"])
        where = f"{self.kind}, example {example.key!r}"
        found = self.leaves[name].judge(example.data, answers, where)
        counts = [
            counted(column, found[column.filter][1], int(example.data["weight"]), where)
            for column in self.columns[name]
        ]
        detail: dict[str, Any] = {
            "values": {key: plain(values) for key, (_, values) in found.items()},
        }
        if self.leaves[name].generates:
            detail["filtered"] = {key: plain(left) for key, (left, _) in found.items()}
        if (chosen := self.leaves[name].chosen(example.data, answers)) is not None:
            detail["chosen"] = chosen
        return Score(tuple(one for one, _ in counts), tuple(of for _, of in counts), detail)


def _stand_ins(one: Leaf, example: Example, text: str) -> tuple[Answer, ...]:
    answer = Answer(text) if one.generates else Answer("", -1.0, False)
    return (answer,) * one.requests(example.data["doc"])


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
    found = find(name, folder)
    leaves = {called: leaf(called, config) for called, config in found.configs.items()}
    columns = _common(name, leaves, found.macro)
    first = next(iter(leaves.values()))

    class Made(LmEvalTask):
        """Made from a name."""

        kind: ClassVar[str] = f"{PREFIX}{name}"
        capability: ClassVar[str] = _capability(name, first)
        metrics: ClassVar[tuple[Metric, ...]] = tuple(one.metric for one in columns[first.name])
        form: ClassVar[Form]

    Made.form = _form(list(leaves.values()))
    Made.leaves, Made.columns, Made.macro = leaves, columns, found.macro and len(leaves) > 1
    Made.sources = {} if folder is None else _sources(folder)
    Made.__name__ = Made.__qualname__ = "LmEvalTask"
    return Made


def _common(name: str, leaves: Mapping[str, Leaf], macro: bool) -> dict[str, tuple[Column, ...]]:
    """What all tasks of a group can be compared on, of one kind in all of them."""
    named = [{one.metric.name: one for one in found.columns} for found in leaves.values()]
    shared = [key for key in named[0] if all(key in other for other in named)]
    if not shared:
        each = "; ".join(f"{one}: {', '.join(columns)}" for one, columns in zip(leaves, named, strict=True))
        raise TaskError(
            f"the tasks of lm-eval's group {name!r} have no metric in common ({each[:300]}); name them one by one"
        )
    mixed = {key for key in shared if macro or any(one[key].metric.kind == "mean" for one in named)}
    return {
        one: tuple(
            Column(Metric(key, "mean", columns[key].metric.title), columns[key].source, columns[key].filter)
            if key in mixed
            else columns[key]
            for key in shared
        )
        for one, columns in zip(leaves, named, strict=True)
    }


def _capability(name: str, first: Leaf) -> str:
    said = (first.config.get("metadata") or {}).get("capability")
    known = (capability for capability, beginnings in CAPABILITIES.items() if name.startswith(beginnings))
    return str(said) if said else next(known, name)


def _form(leaves: Sequence[Leaf]) -> Form:
    """Worked examples can be asked for where the tasks leave them open, and all say the same."""
    said = {one.shots for one in leaves}
    usual = leaves[0].shots or 0
    free = len(said) == 1 and said != {0}
    return Form(max_tokens=MAX_TOKENS, shots=usual, chat_shots=usual, most_shots=MOST_SHOTS if free else 0)


def _sources(folder: Path) -> dict[str, str]:
    found = {}
    for path in sorted(folder.rglob("*")):
        place = path.relative_to(folder)
        hidden = any(part.startswith((".", "__pycache__")) for part in place.parts)
        if hidden or path.suffix not in KEPT or not path.is_file() or path.stat().st_size > LARGEST:
            continue
        try:
            found[place.as_posix()] = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
    return found
