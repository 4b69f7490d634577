"""How much depends on the way a task is verified: `reference` against `fixed`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from assay.records import Store
from assay.tasks import Task
from assay.verdicts.result import ModeDifference

__all__ = ["mode_differences"]


def mode_differences(tasks: Mapping[str, Task], store: Store) -> tuple[ModeDifference, ...]:
    """For each task with two modes: the verifications that the other mode decides otherwise, and why."""
    return tuple(_difference(name, task, store) for name, task in tasks.items() if len(task.modes) > 1)


def _difference(name: str, task: Task, store: Store) -> ModeDifference:
    other = next(mode for mode in task.modes if mode != task.mode)
    differ, prompts = 0, 0
    causes: Counter[str] = Counter()
    for detail in store.differing(name, task.scorer):
        theirs = detail["other"]
        for form in ("strict", "loose"):
            changed = [
                i for i, pair in enumerate(zip(detail[form], theirs[form], strict=True)) if pair[0] != pair[1]
            ]
            differ += len(changed)
            causes.update(theirs["why"].get(str(index), "unexplained") for index in changed)
        prompts += all(detail["strict"]) != all(theirs["strict"])
    ratios = [index for index, metric in enumerate(task.metrics) if metric.kind == "ratio"]
    scored = (store.scores(subject, name, task.scorer) for subject, bound in store.bound() if bound == name)
    checks = sum(int(scores.out_of[:, :, ratios].sum()) for scores in scored if scores is not None)
    return ModeDifference(name, task.mode, other, checks, differ, prompts, dict(causes.most_common()))
