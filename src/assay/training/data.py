"""What an adapter learns from: prompts and responses from a file, the hub, or the synthetic data.

    rows = read_data(recipe, 0)      # of the first entry of the recipe file
    rows.pairs[0].response

A row is `messages` (turns, the last of them the assistant's, which is the response) or `prompt` and
`response`; other fields are named in the recipe. Nothing is skipped: a row that cannot be used is an
error with its line. It knows no tokenizer.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from assay.errors import StudyError, TaskError
from assay.rows import read_rows
from assay.study.document import Place, Problem
from assay.tasks.hub import hub_rows
from assay.tasks.registry import synthetic_data
from assay.tasks.task import HubData
from assay.training.form import Data
from assay.training.recipe import Recipe

__all__ = ["Learnt", "Turn", "read_data"]

SHOWN = 3
"""Bad rows of each source that a message names."""
KINDS = {
    type(None): "nothing",
    bool: "true or false",
    int | float: "a number",
    list: "a list",
    dict: "a mapping",
}
ROLES = ("system", "user", "assistant")


@dataclass(frozen=True, slots=True)
class Turn:
    """One message."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Pair:
    """One example to learn from."""

    prompt: tuple[Turn, ...]
    """What comes before the response: one user turn, or a conversation."""
    response: str
    where: str
    """`pairs.jsonl:12`."""


@dataclass(frozen=True, slots=True)
class Learnt:
    """All examples of one entry of a recipe file."""

    pairs: tuple[Pair, ...]
    sha256: str
    """Of prompts and responses, in order; not of where they were."""
    sources: tuple[str, ...]
    """What the recipe calls them: `pairs.jsonl`, `openai/gsm8k train`, `world talk`."""
    hubs: tuple[str, ...]
    """Ids of datasets on the hub among them."""
    skipped: int = 0
    """Empty rows that the recipe says to skip."""

    def without(self, dropped: Collection[int]) -> Learnt:
        """The data without the examples of these numbers."""
        if not dropped:
            return self
        pairs = tuple(pair for number, pair in enumerate(self.pairs) if number not in dropped)
        return replace(self, pairs=pairs, sha256=_sha256(pairs))


class _RowsError(Exception):
    """Rows that cannot be used; its text says why and the fix."""


class _EmptyError(_RowsError):
    """A row without a prompt or a response; its text says which."""

    def __str__(self) -> str:
        return f"{self.args[0]}; fill it in, remove the row, or set `empty: skip`"


def read_data(recipe: Recipe, entry: int) -> Learnt:
    """The data of an entry. Raises StudyError naming recipe line, data file, row and fix."""
    pairs: list[Pair] = []
    skipped = 0
    problems: list[Problem] = []
    for index, data in enumerate(recipe.data(entry)):
        place = recipe.data_place(entry, index)
        try:
            read, empty = _pairs(recipe, data)
            pairs += read
            skipped += empty
        except _RowsError as bad:
            problems.append(Problem(_field(place, data), str(bad)))
    if problems:
        recipe.document.refuse(problems)
    given = recipe.data(entry)
    hubs = tuple(dict.fromkeys(data.hub for data in given if data.hub))
    return Learnt(tuple(pairs), _sha256(pairs), tuple(map(_source_name, given)), hubs, skipped)


def _sha256(pairs: Iterable[Pair]) -> str:
    digest = hashlib.sha256()
    for pair in pairs:
        row = [[[turn.role, turn.content] for turn in pair.prompt], pair.response]
        digest.update(json.dumps(row, ensure_ascii=False).encode() + b"\n")
    return digest.hexdigest()


def _field(place: Place, data: Data) -> Place:
    return (*place, "path" if data.path else "hub" if data.hub else "world")


def _source_name(data: Data) -> str:
    if data.path is not None:
        return Path(data.path).name
    return f"{data.hub} {data.split}" if data.hub else f"world {data.world}"


def _pairs(recipe: Recipe, data: Data) -> tuple[list[Pair], int]:
    """The pairs of one source, and how many empty rows were skipped."""
    empty = 0
    if data.world is not None:
        pairs = list(_drawn(data.world, data.count or 0, data.draw or 0))
    elif data.path is not None:
        path = recipe.resolve(data.path)
        rows = ((f"{path}:{line}", row) for line, row in read_rows(path, StudyError))
        try:
            pairs, empty = _checked(data, rows)
        except StudyError as bad:
            raise _RowsError(str(bad)) from None
    else:
        numbered = enumerate(_hub_rows(data), 1)
        pairs, empty = _checked(data, ((f"{data.hub} row {number}", row) for number, row in numbered))
    if not pairs:
        raise _RowsError(f"{_source_name(data)} holds no row that can be learnt; give at least one")
    return pairs, empty


def _checked(data: Data, rows: Iterable[tuple[str, Mapping[str, Any]]]) -> tuple[list[Pair], int]:
    """A pair for each row, up to the limit; raises _RowsError with the first rows that cannot be used."""
    pairs: list[Pair] = []
    skipped = 0
    bad: list[str] = []
    for number, (where, row) in enumerate(rows):
        if data.limit is not None and number == data.limit:
            break
        try:
            pairs.append(_pair(data, row, where))
        except _RowsError as error:
            if isinstance(error, _EmptyError) and data.empty == "skip":
                skipped += 1
            else:
                bad.append(f"{where}: {error}")
    if bad:
        more = f"; and {len(bad) - SHOWN} more rows" if len(bad) > SHOWN else ""
        raise _RowsError("; ".join(bad[:SHOWN]) + more)
    return pairs, skipped


def _pair(data: Data, row: Mapping[str, Any], where: str) -> Pair:
    if data.prompt is None and "messages" in row:
        return Pair(*_conversation(row["messages"]), where)
    names, answer = data.prompt or ("prompt",), data.response or "response"
    for name in (*names, answer):
        if name not in row:
            has = ", ".join(f"`{key}`" for key in list(row)[:8]) or "nothing"
            raise _RowsError(
                f"no `{name}`, the row has {has}; write `messages`, or `prompt` and `response`, or name the fields "
                f"in the recipe: `prompt: FIELD`, `response: FIELD`"
            )
    texts = [_text(row[name], name) for name in names]
    prompt = "\n\n".join(text for text in texts if text.strip())
    if not prompt:
        raise _EmptyError(f"`{'`, `'.join(names)}` is empty")
    return Pair((Turn("user", prompt),), _response(row[answer], answer), where)


def _conversation(messages: Any) -> tuple[tuple[Turn, ...], str]:
    """The turns before the last one, and its text."""
    if not isinstance(messages, list) or len(messages) < 2:
        raise _RowsError("`messages` is not a list of at least two messages: a prompt and its response")
    turns = []
    for number, message in enumerate(messages, 1):
        role = message.get("role") if isinstance(message, Mapping) else None
        if role not in ROLES:
            raise _RowsError(
                f'message {number} has the role "{role}"; write {", ".join(ROLES[:-1])} or {ROLES[-1]}'
            )
        turns.append(Turn(role, _text(message.get("content"), f"content of message {number}")))
    *prompt, last = turns
    if last.role != "assistant":
        raise _RowsError(
            f"the last message is the {last.role}'s; it is the response that is learnt, and must be the assistant's"
        )
    if prompt[-1].role != "user":
        raise _RowsError(f"the message before the response is the {prompt[-1].role}'s; it must be the user's")
    if not prompt[-1].content.strip():
        raise _EmptyError("the message before the response is empty")
    return tuple(prompt), _response(last.content, "content of the last message")


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        what = next((word for kind, word in KINDS.items() if isinstance(value, kind)), "no text")
        raise _RowsError(f"`{name}` holds {what}; a text is expected")
    return value


def _response(value: Any, name: str) -> str:
    text = _text(value, name)
    if not text.strip():
        raise _EmptyError(f"`{name}` is empty: there is no response to learn")
    return text


def _drawn(kind: str, count: int, seed: int) -> Iterator[Pair]:
    """Pairs of the synthetic data, of the split that is for adapters."""
    try:
        drawn = synthetic_data().draw(kind, "tune", count, seed)
    except TaskError as bad:
        raise _RowsError(str(bad)) from None
    for number, pair in enumerate(drawn, 1):
        if not pair.prompt.strip():
            raise _RowsError(f"{kind} of the synthetic data have no prompts; draw another kind")
        yield Pair((Turn("user", pair.prompt),), pair.response, f"world {kind} {number}")


def _hub_rows(data: Data) -> Sequence[Mapping[str, Any]]:
    """The rows of a split of a hub dataset, at its revision."""
    try:
        return hub_rows(HubData(str(data.hub), data.revision, data.split, data.config), data.limit)
    except TaskError as bad:
        raise _RowsError(
            f"{bad}; check its name, `split` and `config`, and that the hub can be reached; or save its rows as "
            f"JSONL and give `path: FILE.jsonl`"
        ) from None
