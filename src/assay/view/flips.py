"""Pages of all flips of a run, with filters. It renders nothing.

Flips are ordered by task, adapter and place in the file. How many each adapter has on a task is known from the findings,
so that a page opens where it starts; only the adapters and tasks on it are read. A search reads texts from the start of
a page until the page is full or its time is over, and says how far it came.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, islice
from threading import Lock
from typing import Literal, NamedTuple

from assay.records import Store
from assay.records.browsing import flip_rows, flips
from assay.report.html.page_data import Flip, FlipCount, Side, prompt_of, side_of, types_of
from assay.runs.decided import reading
from assay.view.opened import Opened

__all__ = ["Filter", "FlipPage", "Flips", "Pair", "Shown"]

SIZE = 20
"""Flips on a page."""
SEARCH_SECONDS = 0.5
"""What one page of a search may take."""
CHUNK = 100
"""Flips whose texts a search reads at once."""
KEPT = 500
"""Adapters and tasks whose flips are kept in memory."""


class Pair(NamedTuple):
    """An adapter on a task, and the subject that it is compared with: empty for its base."""

    adapter: str
    task: str
    against: str = ""


@dataclass(frozen=True, slots=True)
class Filter:
    """What flips must be like; an empty text fits every flip."""

    adapter: str = ""
    task: str = ""
    direction: str = ""
    """`fixed` or `broken`."""
    type: str = ""
    """An instruction type."""
    text: str = ""
    """In a prompt, a response, a reason or a key, in upper or lower case."""
    against: str = ""
    """A subject that takes the base's place, for one adapter."""

    @property
    def searches(self) -> bool:
        """Whether texts must be read to know what fits."""
        return bool(self.type or self.text)

    def fits(self, flip: Flip) -> bool:
        """Whether its type and text fit."""
        if self.type and self.type not in flip.types:
            return False
        words = self.text.lower()
        return not words or any(words in text.lower() for text in _texts(flip))


def _texts(flip: Flip) -> Iterator[str]:
    yield from (flip.prompt, flip.before.response, flip.after.response, flip.key)
    yield from (
        f"{check.name} {check.reason or ''}" for side in (flip.before, flip.after) for check in side.checks
    )


class Shown(NamedTuple):
    """A flip on a page."""

    pair: Pair
    position: int
    """In the file of examples."""
    flip: Flip


@dataclass(frozen=True, slots=True)
class FlipPage:
    """Some flips in order."""

    shown: tuple[Shown, ...]
    start: int
    """How many flips come before the page; of a search, how many were read before it."""
    end: int
    """Where the next page starts."""
    total: int
    """How many flips fit; a search has them all to read."""

    @property
    def more(self) -> bool:
        """Whether another page follows."""
        return self.end < self.total


class Flips:
    """The flips of one run. Shared by threads."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        self._bases = {adapter.name: adapter.base for adapter in opened.plan.adapters}
        self._sizes = {
            Pair(count.adapter, count.task): (count.fixed, count.broken) for count in opened.counts
        }
        self._kept: dict[Pair, list[tuple[int, bool]]] = {}
        self._lock = Lock()

    @property
    def counts(self) -> tuple[FlipCount, ...]:
        """Of every adapter and task."""
        return tuple(
            FlipCount(pair.adapter, pair.task, *size)
            for pair, size in self._sizes.items()
            if not pair.against
        )

    def page(self, filters: Filter, start: int = 0, seconds: float = SEARCH_SECONDS) -> FlipPage:
        """The page that starts after so many flips that fit, or for a search, after so many that were read."""
        pairs = self._pairs(filters)
        with reading(self._opened.entry.path) as store:
            places = self._places(store, pairs, filters.direction, start)
            if filters.searches:
                shown, end = self._search(store, places, filters, start, seconds)
            else:
                shown = list(self._read(store, islice(places, SIZE)))
                end = start + len(shown)
            total = sum(self._size(store, pair, filters.direction) for pair in pairs)
        return FlipPage(tuple(shown), start, end if shown or filters.searches else total, total)

    def whole(self, pair: Pair, position: int) -> Flip | None:
        """One flip by its place in the file of examples; None where there is none."""
        if pair.adapter not in self._bases or pair.task not in self._opened.plan.tasks:
            return None
        with reading(self._opened.entry.path) as store:
            return next((shown.flip for shown in self._read(store, [(pair, position)])), None)

    def _pairs(self, filters: Filter) -> list[Pair]:
        """In the order of pages."""
        tasks = [name for name in self._opened.plan.tasks if filters.task in ("", name)]
        if filters.against:
            known = filters.adapter in self._bases
            return [Pair(filters.adapter, task, filters.against) for task in tasks] if known else []
        return [
            Pair(count.adapter, count.task)
            for count in self.counts
            if count.task in tasks and filters.adapter in ("", count.adapter)
        ]

    def _size(self, store: Store, pair: Pair, direction: str) -> int:
        if pair not in self._sizes:
            self._of(store, pair)
        fixed, broken = self._sizes[pair]
        return {"fixed": fixed, "broken": broken}.get(direction, fixed + broken)

    def _of(self, store: Store, pair: Pair) -> list[tuple[int, bool]]:
        """(position, fixed) of a pair's flips, in file order."""
        with self._lock:
            held = self._kept.get(pair)
        if held is None:
            scorer = self._opened.plan.tasks[pair.task].scorer
            held = flips(store, pair.adapter, self._reference(store, pair), pair.task, scorer)
            fixed = sum(rises for _, rises in held)
            with self._lock:
                while len(self._kept) >= KEPT:
                    del self._kept[next(iter(self._kept))]
                self._kept[pair] = held
                self._sizes[pair] = (fixed, len(held) - fixed)
        return held

    def _reference(self, store: Store, pair: Pair) -> str:
        """Name of the other side in the records, under the adapter's protocol; empty where it has no responses under that."""
        other = pair.against or self._bases[pair.adapter]
        return store.counterpart(pair.adapter, other, pair.task) or ""

    def _places(
        self, store: Store, pairs: Iterable[Pair], direction: str, start: int
    ) -> Iterator[tuple[Pair, int]]:
        """(pair, position) of each flip of this direction, after the first ones."""
        for pair in pairs:
            size = self._size(store, pair, direction)
            if start >= size:
                start -= size
                continue
            held = [place for place, rises in self._of(store, pair) if direction in ("", _word(rises))]
            yield from ((pair, place) for place in held[start:])
            start = 0

    def _search(
        self, store: Store, places: Iterator[tuple[Pair, int]], filters: Filter, start: int, seconds: float
    ) -> tuple[list[Shown], int]:
        """(flips that fit, flips read up to the last of them, or up to the end of the time)."""
        until, end = time.monotonic() + seconds, start
        shown: list[Shown] = []
        while len(shown) < SIZE and (chunk := list(islice(places, CHUNK))):
            for each in self._read(store, chunk):
                end += 1
                shown += [each] if filters.fits(each.flip) else []
                if len(shown) == SIZE:
                    return shown, end
            if time.monotonic() > until:
                break
        return shown, end

    def _read(self, store: Store, places: Iterable[tuple[Pair, int]]) -> Iterator[Shown]:
        """With their texts."""
        for pair, group in groupby(places, key=lambda place: place[0]):
            task = self._opened.plan.tasks[pair.task]
            reference = self._reference(store, pair)
            rises = dict(self._of(store, pair))
            positions = [position for _, position in group]
            for row in flip_rows(store, pair.adapter, reference, pair.task, task.scorer, positions):
                sides: list[Side] = [
                    side_of(task, row.data, answer.response, answer.detail)
                    for answer in (row.before, row.after)
                ]
                direction = _word(rises.get(row.position, False))
                names = (pair.adapter, pair.against or self._bases[pair.adapter], pair.task, row.key)
                flip = Flip(*names, direction, prompt_of(row.prompt, row.data), types_of(row.data), *sides)
                yield Shown(pair, row.position, flip)


def _word(rises: bool) -> Literal["fixed", "broken"]:
    return "fixed" if rises else "broken"
