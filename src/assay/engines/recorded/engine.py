"""The engine of recorded responses: files of rows, matched to examples by key or by exact prompt.

A file must answer every example exactly once for each sample. Missing, surplus or double rows, and rows with
another prompt, are refused, because a gain compares equal prompts. It knows no format.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

from assay.engines.api import NO_PROMPTS, Completion, Liveness, Prompt, cut_after, opening_tag
from assay.engines.recorded.responses import Row
from assay.errors import ResponsesError
from assay.tasks import Example, Task

__all__ = ["Recorded", "Source", "match"]

Turns = Callable[[Example], Sequence[str]]
"""What the user says about an example, turn by turn."""
_Place = tuple[str, int, int]
"""Key of an example, sample and turn."""


def one_turn(example: Example) -> tuple[str, ...]:
    """The prompt of an example that is asked once."""
    return (example.prompt,)


@dataclass(frozen=True, slots=True)
class Source:
    """A file of one subject's responses to one task."""

    path: Path
    read: Callable[[Path], Iterator[Row]]
    after: str | None = None
    """Judge only what follows the first such mark, in responses that have one."""

    def cut(self, rows: Sequence[Row]) -> list[Row]:
        """The rows, with what is not judged of each."""
        thinking = self._thinks(rows)
        return [
            replace(row, skip=cut_after(row.text or "", self.after, row.sent or "", thinking)) for row in rows
        ]

    def _thinks(self, rows: Sequence[Row]) -> bool:
        """Whether prompts open the tag that the mark closes: responses close it and do not open it."""
        tag = opening_tag(self.after)
        mark = (self.after or "").rstrip()
        marked = [text for row in rows if mark and mark in (text := row.text or "")]
        return bool(tag and marked) and all(tag not in text for text in marked)


class Recorded:
    """An engine that looks its answers up."""

    def __init__(
        self,
        sources: Mapping[tuple[str, str], Source],
        examples: Mapping[str, Sequence[Example]],
        beyond: Mapping[str, Sequence[Example]] | None = None,
        tasks: Mapping[str, Task] | None = None,
    ) -> None:
        """Look answers up in `sources`, by subject and task.

        `beyond` holds the examples past a task's limit: rows that answer them are skipped. `tasks` say what the turns of an
        example are; without them it has one.
        """
        self.sources = sources
        self.examples = examples
        self.beyond = beyond or {}
        self.tasks = tasks or {}
        self.failed: dict[str, str] = {}
        self.provenance: Mapping[str, str] = {}

    def liveness(
        self,
        adapters: Sequence[str],  # noqa: ARG002
        sent: Mapping[str, Sequence[str]] = NO_PROMPTS,  # noqa: ARG002
    ) -> list[Liveness]:
        """Nothing: only the responses are there, and those are compared with the base's."""
        return []

    def rows(self, subject: str, task: str) -> list[tuple[Example, Row]]:
        """Every example of the task with this subject's rows; the whole file is checked on the way."""
        source = self.sources[subject, task]
        turns = self.tasks[task].turns if task in self.tasks else one_turn
        pairs = match(source, self.examples[task], self.beyond.get(task, ()), turns)
        return list(
            zip((example for example, _ in pairs), source.cut([row for _, row in pairs]), strict=True)
        )

    def complete(self, prompts: Iterable[Prompt]) -> Iterator[Completion]:
        """Yield the recorded completion of each request; one file is open and in memory at a time."""
        wanted: dict[tuple[str, str], dict[tuple[str, int, int], Prompt]] = {}
        for prompt in prompts:
            cell = wanted.setdefault((prompt.subject, prompt.task), {})
            cell[prompt.example, prompt.sample, prompt.request] = prompt
        for (subject, task), cell in wanted.items():
            for example, row in self.rows(subject, task):
                if (place := (example.key, row.sample, row.turn)) in cell:
                    yield _completion(cell[place], row)


def _completion(prompt: Prompt, row: Row) -> Completion:
    prompt = prompt if row.sent is None else replace(prompt, text=row.sent)
    return Completion(prompt, row.text or "", skip=row.skip, null=row.text is None)


def match(
    source: Source, examples: Sequence[Example], beyond: Sequence[Example] = (), turns: Turns = one_turn
) -> list[tuple[Example, Row]]:
    """Pair every example with its rows, in the order of the examples, samples and turns.

    Rows that answer an example in `beyond` are checked and dropped. `turns`: what the user says about an example. Raises
    ResponsesError where the file and the examples do not agree one to one.
    """
    known = (*examples, *beyond)
    by_key = {example.key: example for example in known}
    by_prompt: dict[str, list[Example]] = {}
    for example in known:
        by_prompt.setdefault(example.prompt, []).append(example)
    rows: dict[_Place, Row] = {}
    for row in source.read(source.path):
        example = _find(source.path, row, by_key, by_prompt, turns)
        place = (example.key, row.sample, row.turn)
        if (earlier := rows.get(place)) is not None:
            raise _second(source.path, row, earlier, place, len(turns(example)))
        rows[place] = row
    samples = 1 + max((sample for _, sample, _ in rows), default=0)
    places = {
        example.key: list(product((example.key,), range(samples), range(len(turns(example)))))
        for example in examples
    }
    if missing := [key for key, listed in places.items() if any(place not in rows for place in listed)]:
        shown = ", ".join(missing[:5]) + (", ..." if len(missing) > 5 else "")
        raise ResponsesError(
            f"no response to {len(missing)} of {len(examples)} examples (keys {shown})",
            place=source.path,
            fix="add them, or set `limit` on the task if only the first examples were run",
        )
    return [(example, rows[place]) for example in examples for place in places[example.key]]


def _second(path: Path, row: Row, earlier: Row, place: _Place, turns: int) -> ResponsesError:
    key, _, turn = place
    which, more = ("", "") if turns == 1 else (f"turn {turn + 1} of ", "turns with `turn: 1, 2, ...`, and ")
    return ResponsesError(
        f"second response to {which}example {key!r}, first on line {earlier.line}",
        place=f"{path}:{row.line}",
        fix=f"keep one, or number {more}repeats with `sample: 0, 1, ...`",
    )


def _find(
    path: Path,
    row: Row,
    by_key: Mapping[str, Example],
    by_prompt: Mapping[str, list[Example]],
    turns: Turns,
) -> Example:
    place, version = f"{path}:{row.line}", "give the version of the prompt file that these responses answer"
    if row.key is not None:
        example = by_key.get(row.key)
        if example is None:
            raise ResponsesError(
                f"key {row.key!r} is not among the task's {len(by_key)} examples",
                place=place,
                fix="remove the row, or give the prompt file that these responses answer",
            )
        texts = turns(example)
        if row.turn >= len(texts):
            has = "is asked once" if len(texts) == 1 else f"has {len(texts)} turns"
            raise ResponsesError(
                f"turn {row.turn + 1} of example {row.key!r}, which {has}", place=place, fix="remove the row"
            )
        if row.prompt is not None and row.prompt != texts[row.turn]:
            prompts = f"{row.prompt[:60]!r} against {texts[row.turn][:60]!r}"
            raise ResponsesError(
                f"key {row.key!r} belongs to a response to another prompt than the task's ({prompts})",
                place=place,
                fix=version,
            )
        return example
    if row.turn:
        raise ResponsesError(
            f"turn {row.turn + 1} without `key`", place=place, fix="add the `key` of its conversation"
        )
    candidates = by_prompt.get(row.prompt or "", [])
    if not candidates:
        raise ResponsesError(
            f"prompt {(row.prompt or '')[:60]!r} is not identical to any of the task's {len(by_key)} examples",
            place=place,
            fix=f"{version}, or add `key` to each row",
        )
    if len(candidates) > 1:
        keys = ", ".join(example.key for example in candidates)
        raise ResponsesError(
            f"examples {keys} share this prompt, so the row could answer either",
            place=place,
            fix="add `key` to each row",
        )
    return candidates[0]
