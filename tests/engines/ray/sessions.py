"""A session over actors in the test's own process, and what is asked of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

from assay.engines import Fake, ModelRef, Prompt
from assay.engines.ray.session import RaySession
from tests.engines.ray.fakes import Ends, Here, engine, looking, never
from tests.studies import examples, write_study

NAMES = ("base", "math", "chat")


ASKED = [
    Prompt(name, "math", str(i), f"{i}?" + " so" * (i % 5), max_tokens=4 + i % 3)
    for i in range(40)
    for name in NAMES
]


def make() -> Fake:
    return Fake(lambda request: f"{request.subject} says {len(request.text)} to {request.example}")


@contextmanager
def loaded(
    ends: Ends = never,
    fakes: Callable[[int], Fake] = lambda _: make(),
    draw: Random | None = None,
    **options: Any,
) -> Iterator[tuple[RaySession, Here]]:
    made: list[Here] = []

    def begin(order: Any) -> Here:
        made.append(Here(order, fakes, ends, draw or Random(0)))  # noqa: S311
        return made[-1]

    look = looking(make(), begin)
    found = look(
        engine(options={"batch": 16, **options}), ModelRef("base", "b"), [ModelRef(n, n) for n in NAMES[1:]]
    )
    with found.load() as session:
        yield session, made[0]


def texts(session: RaySession) -> list[tuple[Prompt, str]]:
    return sorted(((one.prompt, one.text) for one in session.complete(ASKED)), key=repr)


EXPECTED = sorted(((one.prompt, one.text) for one in make().complete(ASKED)), key=repr)


def study_of(folder: Path, name: str) -> Path:
    folder.mkdir()
    examples(folder, 30)
    return write_study(
        folder,
        {
            "name": "small",
            "bases": [{"name": "base", "model": "org/base"}],
            "adapters": [{"name": one, "label": "numeric", "path": f"org/{one}"} for one in ("math", "chat")],
            "tasks": [{"task": "numeric", "name": "math", "examples": "examples.jsonl"}],
            "engine": {"name": name},
        },
    )
