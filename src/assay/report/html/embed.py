"""Flips as JSON inside the page: within a budget of bytes, escaped for HTML, and counted. It knows no task.

The page's script shows every text by `textContent`. Base answers and prompts are stored once.
"""

from __future__ import annotations

import json
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from assay.report.html.page_data import Check, Flip, Side
from assay.text import plain

__all__ = ["FLIP_BYTES", "Embedded", "embed", "json_in_html", "visible"]

FLIP_BYTES = 3_400_000
"""Bytes of JSON; leaves room for the largest page's tables below 5 MB."""
LONGEST = 4000
"""Characters of a text that the page holds; a longer text keeps its beginning and its end."""
TAIL = 1000
_ESCAPED = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_KEPT = "\n\t\u200c\u200d"
"""Line breaks and tabs; joiners, which scripts and emoji need and which hide nothing."""
_HTML = {ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}


def visible(text: str) -> str:
    """A text with its line breaks, and with control and bidirectional characters as `\\u202e`."""
    return "".join(
        character
        if character in _KEPT or unicodedata.category(character) not in _ESCAPED
        else f"\\u{ord(character):04x}"
        for character in text.replace("\r\n", "\n")
    )


def json_in_html(value: object) -> str:
    """JSON that no HTML parser can leave early: `<`, `>`, `&` and line separators as `\\u003c`."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.translate(_HTML)


@dataclass(frozen=True, slots=True)
class Embedded:
    """The flips that the page holds."""

    json: str
    shown: int
    adapters: tuple[str, ...]
    tasks: tuple[str, ...]
    types: tuple[str, ...]


@dataclass(slots=True)
class _Pages:
    """Rows by index, each entered once."""

    rows: list[Any] = field(default_factory=list)
    index: dict[Any, int] = field(default_factory=dict)

    def enter(self, key: Any, row: Any) -> int:
        if key not in self.index:
            self.index[key] = len(self.rows)
            self.rows.append(row)
        return self.index[key]


def embed(flips: Sequence[Flip], budget: int = FLIP_BYTES) -> Embedded:
    """As many flips as fit into the budget, the same number from each adapter and task where there are enough.

    In the page they are ordered by adapter and task, and within these spread over the file as in `flips`.
    """
    chosen = _within(flips, budget)
    subjects, tasks, types, prompts, bases = _Pages(), _Pages(), _Pages(), _Pages(), _Pages()
    rows = []
    for flip in (flips[i] for i in sorted(chosen)):
        task = tasks.enter(flip.task, plain(flip.task))
        kinds = [types.enter(name, plain(name)) for name in flip.types]
        prompt = prompts.enter((flip.task, flip.key), [plain(flip.key), _text(flip.prompt), kinds])
        base = bases.enter((flip.base, flip.task, flip.key), [plain(flip.base), *_side(flip.before)])
        subject = subjects.enter(flip.adapter, plain(flip.adapter))
        rows.append([subject, task, prompt, base, int(flip.direction == "fixed"), *_side(flip.after)])
    document = {
        "adapters": subjects.rows,
        "tasks": tasks.rows,
        "types": types.rows,
        "prompts": prompts.rows,
        "bases": bases.rows,
        "flips": rows,
    }
    return Embedded(
        json_in_html(document), len(rows), *(tuple(pages.rows) for pages in (subjects, tasks, types))
    )


def _within(flips: Sequence[Flip], budget: int) -> set[int]:
    """Indices of the flips that fit, taken in turns from each adapter and task."""
    chosen: set[int] = set()
    stored: set[tuple[str, ...]] = set()
    spent = 0
    for index in _in_turns(flips):
        flip = flips[index]
        parts: list[tuple[tuple[str, ...], object]] = [
            (("after", str(index)), _side(flip.after)),
            (("prompt", flip.task, flip.key), _text(flip.prompt)),
            (("before", flip.base, flip.task, flip.key), _side(flip.before)),
        ]
        new = [(key, part) for key, part in parts if key not in stored]
        size = sum(40 + len(json_in_html(part).encode()) for _, part in new)
        if spent + size > budget:
            break
        spent += size
        stored |= {key for key, _ in new}
        chosen.add(index)
    return chosen


def _in_turns(flips: Sequence[Flip]) -> Iterator[int]:
    queues: dict[tuple[str, str], list[int]] = defaultdict(list)
    for index, flip in enumerate(flips):
        queues[flip.adapter, flip.task].append(index)
    for turn in range(max(map(len, queues.values()), default=0)):
        yield from (queue[turn] for queue in queues.values() if turn < len(queue))


def _side(side: Side) -> list[Any]:
    return [_text(side.response), [_check(check) for check in side.checks]]


def _check(check: Check) -> list[Any]:
    reason = None if check.reason is None else visible(check.reason[:600])
    return [plain(check.name), int(check.passed), reason]


def _text(text: str) -> str | list[Any]:
    """The text, or [beginning, end, full length, length left out] of a long one, in characters."""
    if len(text) <= LONGEST:
        return visible(text)
    return [visible(text[: LONGEST - TAIL]), visible(text[-TAIL:]), len(text), len(text) - LONGEST]
