"""The time that a run still takes: rows under way, rows that wait, and how long they become, at the pace seen so far.

It knows no engine and no terminal. It needs an engine that reports what generations under way hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from assay.engines import Completion, Partial, Prompt
from assay.engines.api import is_again
from assay.plan import RowKey
from assay.runs.lengths import Lengths, Part, Survival, draw
from assay.runs.pace import Pace, Work, steps_of

__all__ = ["CHARACTERS", "Remaining"]

EVERY = 5.0
"""Seconds between estimates, at least."""
CHARACTERS = 4
"""Of a token, about."""
ROWS = 256
"""At once, where it is not known yet."""
DRAWN = 2000
"""Waiting rows whose lengths are drawn, about; of more, each counts for several."""


class _Kind(NamedTuple):
    """What rows share."""

    limit: int
    """Of tokens; 0: continuations that are scored."""
    part: Part


@dataclass(slots=True)
class _Rows:
    """Rows of one kind that wait."""

    count: int = 0
    characters: int = 0


_Batch = dict[_Kind, _Rows]


@dataclass(slots=True)
class Remaining:
    """What is left to do, and what was learnt of lengths and pace."""

    lengths: Lengths = field(default_factory=Lengths)
    pace: Pace = field(default_factory=Pace)
    base: str = ""
    """Of the batch at work."""
    ahead: dict[str, _Batch] = field(default_factory=dict)
    """What comes after the batch at work, by base."""
    repeats: dict[str, dict[Prompt, int]] = field(default_factory=dict)
    """Second passes that come after the batch at work, by base: prompts of 0 tokens."""
    complete: dict[RowKey, int] = field(default_factory=dict)
    """Tokens of complete responses: second passes come to about the same lengths."""
    batch: _Batch = field(default_factory=dict)
    """What waits in the batch at work."""
    under_way: dict[Prompt, int] = field(default_factory=dict)
    """Tokens of each row that runs."""
    reported: dict[Prompt, float] = field(default_factory=dict)
    """When the tokens of each of these were last reported."""
    begun: dict[Prompt, int] = field(default_factory=dict)
    """Tokens of rows that wait and that an earlier start began; 0 for those of a second pass."""
    seen: int = 0
    """Rows that were seen at once, at most."""
    slots: int = 0
    """Rows at once, at most."""
    loading: tuple[float, float] = (0.0, 0.0)
    """When the last load began, and how long it took."""
    work: Work = field(default_factory=lambda: np.zeros(4))
    """Since `since`."""
    rate: float = 0.0
    """Steps per second since `since`, by the row that grew fastest from report to report."""
    since: float = 0.0
    estimate: tuple[float, float] | None = None
    """When it was made, and the seconds left then."""

    def expect(self, base: str, prompts: Iterable[Prompt]) -> None:
        """These are what a base and its adapters will be asked."""
        self.ahead.pop(base, None)
        self.repeats.pop(base, None)
        for prompt in prompts:
            if is_again(prompt.name):
                self.repeats.setdefault(base, {})[prompt] = 0
            else:
                _add(self.ahead.setdefault(base, {}), prompt)

    def load(self, now: float) -> None:
        """A base is about to be loaded."""
        self.loading = now, 0.0

    def start(
        self, base: str, prompts: Sequence[Prompt], begun: Mapping[Prompt, Sequence[int]], now: float
    ) -> None:
        """These of them are asked now."""
        if not self.loading[1]:
            self.loading = self.loading[0], now - self.loading[0]
        self.base, self.batch, self.under_way, self.reported = base, {}, {}, {}
        self.begun = {_expected(prompt): len(tokens) for prompt, tokens in begun.items()}
        self.work, self.since, self.rate = np.zeros(4), now, 0.0
        for prompt in prompts:
            if is_again(prompt.name):
                self.repeats.get(base, {}).pop(prompt, None)
                self.begun.setdefault(prompt, 0)
                continue
            _remove(self.ahead.get(base, {}), prompt)
            if prompt not in self.begun:
                _add(self.batch, prompt)

    def take(self, item: Completion | Partial, now: float) -> int:
        """Take note of what an engine yields; gives the number of tokens that are new in it."""
        if isinstance(item, Partial):
            return self._take_report(item, now)
        prompt, tokens = _expected(item.prompt), item.tokens or 0
        generated = prompt.kind == "generate"
        new = self._grow(prompt, tokens if generated else 0)
        del self.under_way[prompt]
        self.reported.pop(prompt, None)
        if generated:
            self.lengths.add(_kind(prompt).part, tokens, ended=item.finish != "length")
            self.complete[prompt.key] = tokens
        return new if generated else tokens

    def _take_report(self, report: Partial, now: float) -> int:
        """Its rows have grown; every few seconds what was done since becomes an interval of the pace."""
        total = 0
        for row, tokens in report.rows.items():
            prompt = _expected(row)
            total += (new := self._grow(prompt, len(tokens)))
            # Actors report one after the other: each row has grown since its own last report.
            if (elapsed := now - self.reported.get(prompt, now)) > 0:
                self.rate = max(self.rate, new / elapsed)
            self.reported[prompt] = now
        self._count_slots()
        seconds = now - self.since
        if seconds >= EVERY and self.work.any():
            self.work[0] = self.rate * seconds or self.work[0]
            self.pace.add(self.work, seconds)
            self.work, self.since, self.rate = np.zeros(4), now, 0.0
            self.estimate = now, self._estimate()
        return total

    def seconds(self, now: float) -> float | None:
        """Seconds left; None where the engine does not report what generations under way hold."""
        return None if self.estimate is None else max(1.0, sum(self.estimate) - now)

    def _grow(self, prompt: Prompt, tokens: int) -> int:
        """The tokens that a row has grown by."""
        if prompt not in self.under_way:
            before = self.begun.pop(prompt, None)
            if before is None:
                _remove(self.batch, prompt)
            self.under_way[prompt] = before or 0
            self.work[2] += _characters(prompt) + CHARACTERS * (before or 0)
        before = self.under_way[prompt]
        new = max(0, tokens - before)
        self.under_way[prompt] = before + new
        self.work[1] += new
        self.work[3] += float(_positions(_characters(prompt), before, before + new))
        self.work[0] = max(self.work[0], new)
        return new

    def _count_slots(self) -> None:
        """As many as rows were seen at once; while there are still more of them at every look, ROWS or more."""
        rows = len(self.under_way)
        growing = rows > self.seen and bool(self.batch)
        self.seen = max(rows, self.seen)
        self.slots = max(self.seen, ROWS) if growing else self.seen

    def _estimate(self) -> float:
        curves = self._curves()
        work = self._work(self.batch, curves, self.under_way, self.begun)
        for batch in self.ahead.values():
            work += self._work(batch, curves, {}, {})
        for repeated in self.repeats.values():
            work += self._work({}, curves, {}, repeated)
        loads = sum(1 for base, batch in self.ahead.items() if batch and base != self.base)
        return float(work @ self.pace.costs()) + self.loading[1] * loads

    def _curves(self) -> dict[Part, Survival]:
        """Lengths of each task and subject of which something is left."""
        under_way: dict[Part, list[int]] = {}
        for prompt, tokens in self.under_way.items():
            under_way.setdefault(_kind(prompt).part, []).append(tokens)
        kinds = {kind for batch in (self.batch, *self.ahead.values()) for kind in batch}
        for held in (self.under_way, self.begun, *self.repeats.values()):
            kinds |= {_kind(prompt) for prompt in held}
        curves: dict[Part, Survival] = {}
        for task in {kind.part[0] for kind in kinds}:
            alike = [kind for kind in kinds if kind.part[0] == task]
            limit = max(kind.limit for kind in alike)
            curves |= self.lengths.survival(task, limit, under_way, {kind.part for kind in alike})
        return curves

    def _work(
        self,
        batch: _Batch,
        curves: Mapping[Part, Survival],
        under_way: Mapping[Prompt, int],
        begun: Mapping[Prompt, int],
    ) -> Work:
        """Of the rows of one batch that run, and of those that wait: known by their prompts, then by kind."""
        running = [*self._held(under_way, curves)]
        waiting = [*self._held(begun, curves)]
        many = sum(rows.count for rows in batch.values())
        share = min(1.0, max(DRAWN, 4 * self.slots) / max(many, 1))
        waiting += [_drawn(kind, rows, curves, share) for kind, rows in sorted(batch.items(), reverse=True)]
        work = sum((rows.work for rows in (*running, *waiting)), np.zeros(4))
        work[2] -= sum(rows.characters for rows in running)
        more = sum((rows.weight - 1) * rows.left.sum() for rows in waiting)
        steps = steps_of(_left(running), _left(waiting), self.slots)
        work[0] = steps + more / max(self.slots, 1)
        return work

    def _held(self, held: Mapping[Prompt, int], curves: Mapping[Part, Survival]) -> Iterator[_Drawn]:
        """Rows that hold so many tokens."""
        kinds: dict[_Kind, list[Prompt]] = {}
        for prompt in held:
            kinds.setdefault(_kind(prompt), []).append(prompt)
        for kind, prompts in kinds.items():
            tokens = np.array([held[prompt] for prompt in prompts])
            characters = np.array([_characters(prompt) for prompt in prompts])
            first = np.array([self.complete.get(_first(prompt), 0) for prompt in prompts])
            drawn = draw(curves[kind.part], kind.limit, tokens)
            lengths = np.where(first > tokens, first, drawn)
            positions = _positions(characters, tokens, lengths)
            yield _Drawn(lengths - tokens, (characters + CHARACTERS * tokens).sum(), positions.sum(), 1.0)


class _Drawn(NamedTuple):
    """Rows of one kind, each with a length that it may come to."""

    left: NDArray[np.float64]
    """Tokens to come."""
    characters: float
    """To read."""
    positions: float
    weight: float
    """Rows that each counts for."""

    @property
    def work(self) -> Work:
        """Of all, without the steps."""
        return self.weight * np.array([0, self.left.sum(), self.characters, self.positions])


def _drawn(kind: _Kind, rows: _Rows, curves: Mapping[Part, Survival], share: float) -> _Drawn:
    """A share of the rows that wait, as if each read as much as the others."""
    count = max(1, round(share * rows.count))
    weight = rows.count / count
    if not kind.limit:
        return _Drawn(np.zeros(0), rows.characters / weight, 0.0, weight)
    lengths = draw(curves[kind.part], kind.limit, np.zeros(count, np.int64))
    positions = _positions(rows.characters / rows.count, 0, lengths)
    return _Drawn(lengths, rows.characters / weight, positions.sum(), weight)


def _positions(
    characters: NDArray[np.int64] | float, start: NDArray[np.int64] | int, end: NDArray[np.float64] | int
) -> NDArray[np.float64]:
    """Positions that rows look at while they grow."""
    return np.asarray((end - start) * (characters / CHARACTERS + (start + end) / 2))


def _left(drawn: Iterable[_Drawn]) -> Iterator[float]:
    return (float(tokens) for rows in drawn for tokens in rows.left)


def _expected(prompt: Prompt) -> Prompt:
    """The prompt as it was before the answers that it follows were known."""
    return replace(prompt, text="") if prompt.follows else prompt


def _kind(prompt: Prompt) -> _Kind:
    return _Kind(prompt.max_tokens if prompt.kind == "generate" else 0, (prompt.task, prompt.subject))


def _first(prompt: Prompt) -> RowKey:
    """Of the first pass."""
    return prompt.key._replace(subject=prompt.subject)


def _characters(prompt: Prompt) -> int:
    return len(prompt.text) + len(prompt.continuation)


def _add(batch: _Batch, prompt: Prompt) -> None:
    rows = batch.setdefault(_kind(prompt), _Rows())
    rows.count += 1
    rows.characters += _characters(prompt)


def _remove(batch: _Batch, prompt: Prompt) -> None:
    kind = _kind(prompt)
    if kind in batch:
        batch[kind].count -= 1
        batch[kind].characters -= _characters(prompt)
        if not batch[kind].count:
            del batch[kind]
