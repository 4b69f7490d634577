"""Training data against the prompts of the tasks that its adapters are measured on.

    compared = compare_all(recipe, study, learnt)          # learnt: the data of each entry of the recipe file
    learnt, overlaps = compare(learnt, {"math": ["Natalia sold clips to 48 of ...", ...]}, leave_out=["math"])

A gain on prompts that were learnt may be memory. It knows no model.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from assay.engines.files import json_sha256
from assay.errors import AssayError
from assay.runs.tasks import read_examples, resolve_tasks
from assay.study import Study
from assay.study.document import Problem
from assay.tasks.overlap import Prompts
from assay.training.data import Learnt, Pair
from assay.training.recipe import Recipe

__all__ = ["Compared", "Overlap", "compare", "compare_all"]


@dataclass(frozen=True, slots=True)
class Overlap:
    """How many of a task's prompts are in the data."""

    prompts: int
    """Of the task."""
    sha256: str
    """Of these prompts, in order."""
    repeated: int
    """Of these prompts, in the data that is learnt."""
    examples: int
    """Examples of the data that repeat one."""
    left_out: int
    """Examples that repeated one and were left out."""
    first: str
    """Where the first of these is, and the words that it repeats; empty where none does."""

    @property
    def counts(self) -> dict[str, int | str]:
        """All but `first`, which may name a place on this machine."""
        return {key: value for key, value in asdict(self).items() if key != "first"}


@dataclass(frozen=True, slots=True)
class Compared:
    """The data of each entry of a recipe file, compared with every task."""

    learnt: tuple[Learnt, ...]
    """What is left of it."""
    overlaps: tuple[Mapping[str, Overlap], ...]
    """Of each entry, by task; without tasks whose prompts cannot be read here."""
    warnings: tuple[str, ...]


def compare_all(recipe: Recipe, study: Study, learnt: Sequence[Learnt]) -> Compared:
    """Compare the data of each entry with the study's tasks, and leave out what the recipe says.

    Raises StudyError where a task of `leave_out` cannot be read, or no example is left.
    """
    prompts, unread = _prompts(study)
    warnings = [
        f"{recipe.document.named('tasks', index)}: the training data was not compared with its prompts, which cannot "
        f"be read here: {unread[entry.name]}"
        for index, entry in enumerate(study.tasks)
        if entry.name in unread
    ]
    known: dict[tuple[str, tuple[str, ...]], tuple[Learnt, dict[str, Overlap]]] = {}
    compared = []
    for entry, data in enumerate(learnt):
        out = recipe.form.adapters[entry].leave_out or ()
        if absent := [task for task in out if task in unread]:
            problem = f"the prompts of {absent[0]} cannot be read here: {unread[absent[0]]}"
            recipe.document.refuse([Problem(("adapters", entry, "leave_out"), problem)])
        if (data.sha256, out) not in known:
            known[data.sha256, out] = compare(data, prompts, out)
        compared.append(known[data.sha256, out])
        if not compared[-1][0].pairs:
            problem = "no example is left: each repeats a prompt"
            recipe.document.refuse([Problem(("adapters", entry, "leave_out"), problem, "give other data")])
        warnings += _warnings(recipe, entry, compared[-1][1])
    left, overlaps = zip(*compared, strict=True)
    return Compared(left, overlaps, tuple(dict.fromkeys(warnings)))


def _warnings(recipe: Recipe, entry: int, overlaps: Mapping[str, Overlap]) -> Iterator[str]:
    data, left_out = (recipe.document.named("adapters", entry, field) for field in ("data", "leave_out"))
    for task, overlap in overlaps.items():
        if overlap.left_out:
            yield f"{left_out}: {overlap.left_out:,} examples that repeat a prompt of {task} were left out"
        elif overlap.repeated:
            yield (
                f"{data}: {overlap.repeated:,} of {overlap.prompts:,} prompts of {task} are in the training data "
                f"({overlap.first}): a gain there may be memorized; set `leave_out: {task}` to train without them"
            )


def _prompts(study: Study) -> tuple[dict[str, list[str]], dict[str, str]]:
    """The prompts of each task, as far as they can be read here; and why those of the others cannot."""
    prompts: dict[str, list[str]] = {}
    unread: dict[str, str] = {}
    for index, (name, task) in enumerate(resolve_tasks(study).items()):
        try:
            examples = read_examples(study, index, task)[: study.tasks[index].limit]
            prompts[name] = [example.prompt for example in examples]
        except AssayError as bad:
            unread[name] = str(bad)
    return prompts, unread


def compare(
    learnt: Learnt, prompts: Mapping[str, Sequence[str]], leave_out: Collection[str] = ()
) -> tuple[Learnt, dict[str, Overlap]]:
    """The data without examples that repeat a prompt of the tasks in `leave_out`, and its overlap with each task."""
    hits, words = _hits(learnt, prompts)
    dropped = {pair for task in leave_out for pair, _ in hits[task]}
    overlaps = {}
    for task, texts in prompts.items():
        pairs = {pair for pair, _ in hits[task]}
        kept = [(pair, prompt) for pair, prompt in hits[task] if pair not in dropped]
        first = min(pairs, default=None)
        overlaps[task] = Overlap(
            prompts=len(texts),
            sha256=json_sha256(list(texts)),
            repeated=len({prompt for _, prompt in kept}),
            examples=len({pair for pair, _ in kept}),
            left_out=len(pairs & dropped),
            first="" if first is None else f'{learnt.pairs[first].where}, "{words[task, first]}"',
        )
    return learnt.without(dropped), overlaps


def _hits(
    learnt: Learnt, prompts: Mapping[str, Sequence[str]]
) -> tuple[dict[str, set[tuple[int, int]]], dict[tuple[str, int], str]]:
    """By task, which examples repeat which of its prompts; and the words that an example repeats."""
    tasks = [task for task, texts in prompts.items() for _ in texts]
    owners = array("q")
    hits: dict[str, set[tuple[int, int]]] = defaultdict(set)
    words: dict[tuple[str, int], str] = {}
    known = Prompts([text for texts in prompts.values() for text in texts])
    for match in known.matches(_texts(learnt.pairs, owners)):
        task, pair = tasks[match.prompt], owners[match.text]
        hits[task].add((pair, match.prompt))
        words.setdefault((task, pair), match.words)
    return hits, words


def _texts(pairs: Sequence[Pair], owners: array[int]) -> Iterator[str]:
    """Every message of every example; `owners` gets the example's number for each."""
    for number, pair in enumerate(pairs):
        for text in (*(turn.content for turn in pair.prompt), pair.response):
            owners.append(number)
            yield text
