"""Responses to five examples, and how tests put them into a store."""

from __future__ import annotations

from collections.abc import Iterable

from assay.engines import Completion, Prompt
from assay.records import Store
from assay.tasks import Example

EXAMPLES = tuple(Example(str(i), f"prompt {i}", {"answer": "1"}) for i in range(5))


def completion(key: str, text: str | None, name: str = "base", **fields: object) -> Completion:
    request = Prompt(name, "math", key, f"prompt {key}")
    return Completion(request, text or "", null=text is None, **fields)  # type: ignore[arg-type]


def unscored(store: Store) -> list[tuple[int, str, str]]:
    return list(store.judged(store.unscored("math", "s")))


def enter(store: Store, completions: Iterable[Completion], name: str = "base") -> None:
    store.bind_task("math", "numeric", EXAMPLES)
    store.bind(name, "math", {"name": name}, {"decoding": {}})
    assert sum(store.append(completions)) >= 0
