"""Tokens of generations under way, kept until their records are entered: what a killed run continues from.

It knows no tokenizer. A row belongs to a subject and a protocol by content, as a record does: a row of other weights,
another tokenizer, other prompts or other limits is never read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from assay.engines import Prompt
from assay.errors import RunError
from assay.plan import RowKey
from assay.records.bindings import Bindings

__all__ = ["PartialRows"]


class PartialRows(Bindings):
    """The part of an open `records.sqlite` that holds generations under way."""

    def partial(self, prompts: Iterable[Prompt]) -> dict[Prompt, list[int]]:
        """Tokens of those of these prompts whose generation is under way."""
        by_key = {prompt.key: prompt for prompt in prompts}
        cells = dict.fromkeys((key.subject, key.task) for key in by_key)
        return {by_key[key]: tokens for cell in cells for key, tokens in self._of(*cell) if key in by_key}

    def _of(self, name: str, task: str) -> Iterator[tuple[RowKey, list[int]]]:
        bound = self._binding(name, task)
        if bound is None:
            return
        for *key, tokens in self._db.execute(
            "SELECT e.key, r.sample, r.request, r.tokens FROM partial_rows r CROSS JOIN examples e ON e.id = r.example "
            "WHERE r.subject = ? AND r.protocol = ? AND e.task = ?",
            (*bound, self._task(task)),
        ):
            yield RowKey(name, task, *key), np.frombuffer(tokens, "<u4").tolist()

    def discard_partial(self) -> None:
        """Delete the rows that none of the study's names is bound to."""
        self._db.execute(
            "DELETE FROM partial_rows WHERE NOT EXISTS (SELECT 1 FROM bindings b JOIN examples e ON e.task = b.task "
            "WHERE e.id = example AND b.subject = partial_rows.subject AND b.protocol = partial_rows.protocol)"
        )

    def _keep_partial(self, rows: Mapping[Prompt, Sequence[int]]) -> None:
        """Enter what generations hold now, except those that have a record."""
        self._db.executemany(
            "INSERT OR REPLACE INTO partial_rows (subject, protocol, example, sample, request, tokens) "
            "SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE NOT EXISTS (SELECT 1 FROM records WHERE subject = ?1 "
            "AND protocol = ?2 AND example = ?3 AND sample = ?4 AND request = ?5)",
            ((*self._row(prompt), np.array(tokens, "<u4").tobytes()) for prompt, tokens in rows.items()),
        )

    def _drop_partial(self, prompts: Iterable[Prompt]) -> None:
        """Delete the rows of generations that have their record."""
        self._db.executemany(
            "DELETE FROM partial_rows "
            "WHERE subject = ? AND protocol = ? AND example = ? AND sample = ? AND request = ?",
            map(self._row, prompts),
        )

    def _row(self, prompt: Prompt) -> tuple[int, int, int, int, int]:
        """(subject, protocol, example, sample, request) of a prompt. Raises RunError for a name that is not bound."""
        bound = self._binding(prompt.name, prompt.task)
        if bound is None:
            raise RunError(f"{prompt.name!r} was not bound to task {prompt.task!r} before its responses")
        return (*bound, self._example(prompt.task, prompt.example)[0], prompt.sample, prompt.request)
