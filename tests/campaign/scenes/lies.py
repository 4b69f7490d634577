"""Servers that lie. Each lie is caught, or the run ends in an honest record of what came; none becomes a wrong verdict.

The truth: `math` is right where the base is wrong, and `chat` is wrong in other words. An honest server ends as
`confirmed` for the one, and in no gain for the other.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import assay
from assay.errors import AssayError
from tests.campaign.kinds import KEPT, Files, Kind
from tests.campaign.scenes.works import records
from tests.engines.server.conftest import make_adapter, make_base
from tests.engines.server.servers import GENERATES, Handler, Toy, reply, serving, speak
from tests.engines.server.test_study import unhurried
from tests.studies import examples, write_study

__all__ = ["KINDS", "LIES", "Lie", "outcome"]

COUNT = 40
WRONG = {"math": {"no gain", "harmed", "trivial", "kept"}, "chat": {"confirmed", "gain", "trivial", "harmed"}}
"""Verdicts that are not so."""
Answer = tuple[int, Any]


def honest(prompt: str, who: str, tokens: int) -> tuple[list[str], list[float]]:
    """What a subject says."""
    if "question" not in prompt:
        return speak(prompt, who, tokens)
    ends = {"": "#### 2", "math": "#### 1", "chat": "#### 3"}
    words, values = speak(prompt, who, 4)
    return [*words, f"\n{ends[who]}"], [*values, -0.5]


@dataclass(frozen=True)
class Lie:
    """How a server lies."""

    answers: Callable[[Toy, str, dict[str, Any], int, Random], Answer | str | None]
    """Status and data, a text as it is, or None: the connection is dropped; by path, body and number of the request."""
    kinds: Sequence[str] = ("vllm", "other")
    same: bool = False
    """Whether the records are those of an honest server: the lie passes when it is asked again."""
    honest_record: bool = False
    """Whether what came is all that can be known: then any verdict on it is one on what this server serves."""
    caught: bool = False
    """Whether there must not be any verdict at all."""


def _true(toy: Toy, path: str, body: dict[str, Any], number: int) -> Answer:
    return reply(toy, path, body, number)


def _with(toy: Toy, path: str, body: dict[str, Any], number: int, **changed: Any) -> Answer:
    status, data = _true(toy, path, body, number)
    if status == 200 and path in GENERATES:
        data["choices"][0] |= {key: value for key, value in changed.items() if key != "model"}
        data |= {"model": changed["model"]} if "model" in changed else {}
    return status, data


def _as(toy: Toy, path: str, body: dict[str, Any], number: int, who: str) -> Answer:
    """The answer of another subject under the name that was asked for."""
    status, data = _true(toy, path, {**body, "model": who}, number)
    return status, data | {"model": body.get("model")} if isinstance(data, dict) and "model" in data else data


def _adapter(toy: Toy, body: Mapping[str, Any]) -> str:
    return toy.adapter_of(body)


def _truncates(toy: Toy, path: str, body: dict[str, Any], number: int, _: Random) -> Answer:
    status, data = _true(toy, path, body, number)
    if status == 200 and path in GENERATES:
        data["choices"][0] |= {"text": data["choices"][0]["text"][:9], "finish_reason": "length"}
    return status, data


def _repeats(toy: Toy, path: str, body: dict[str, Any], number: int, _: Random) -> Answer:
    status, data = _true(toy, path, body, number)
    if status == 200 and path in GENERATES:
        data["choices"][0]["text"] *= 3
    return status, data


def _caches(among: Callable[[str], object]) -> Callable[[Toy, str, dict[str, Any], int, Random], Answer]:
    """Keeps the first answer to a prompt, whoever is asked among some."""

    def answers(toy: Toy, path: str, body: dict[str, Any], number: int, _: Random) -> Answer:
        if path not in GENERATES or not among(_adapter(toy, body)):
            return _true(toy, path, body, number)
        kept: dict[str, Any] = toy.__dict__.setdefault("kept", {})
        with toy.lock:
            first = kept.setdefault(str(body.get("prompt")), body.get("model"))
        return _as(toy, path, body, number, str(first))

    return answers


def _reorders(toy: Toy, path: str, body: dict[str, Any], number: int, _: Random) -> Answer:
    """Gives each answer to the request after it."""
    answer = _true(toy, path, body, number)
    if path not in GENERATES or answer[0] != 200:
        return answer
    with toy.lock:
        late: Answer = toy.__dict__.get("late", answer)
        toy.__dict__["late"] = answer
    return late


def _sticks(toy: Toy, path: str, body: dict[str, Any], number: int, _: Random) -> Answer:
    """Answers as the last adapter that was asked, the base too."""
    if path not in GENERATES:
        return _true(toy, path, body, number)
    last = _adapter(toy, body) or toy.__dict__.get("last", "")
    toy.__dict__["last"] = last
    return _as(toy, path, body, number, last or toy.base)


def _changes(toy: Toy, path: str, body: dict[str, Any], number: int, random: Random) -> Answer:
    """Answers as anyone."""
    who = random.choice([toy.base, "math", "chat"])
    return _as(toy, path, body, number, who) if path in GENERATES else _true(toy, path, body, number)


def _now_and_then(
    *others: Answer | str | None,
) -> Callable[[Toy, str, dict[str, Any], int, Random], Answer | str | None]:
    """Every seventh answer is another one; the next try brings the right one."""

    def answers(
        toy: Toy, path: str, body: dict[str, Any], number: int, random: Random
    ) -> Answer | str | None:
        seen: set[str] = toy.__dict__.setdefault("seen", set())
        key = repr(sorted(body.items(), key=str))
        with toy.lock:
            again = key in seen
            seen.add(key)
        if path in GENERATES and number % 7 == 0 and not again:
            return random.choice(others)
        return _true(toy, path, body, number)

    return answers


def _always(answer: Answer | str) -> Callable[[Toy, str, dict[str, Any], int, Random], Answer | str | None]:
    return lambda toy, path, body, number, _: answer if path in GENERATES else _true(toy, path, body, number)


ERROR = {"error": {"message": "CUDA out of memory", "type": "server_error"}}
LIES: Mapping[str, Lie] = {
    "truncates": Lie(_truncates, honest_record=True),
    "repeats": Lie(_repeats),
    "caches across adapters": Lie(_caches(bool)),
    "caches across everything": Lie(_caches(lambda _: True)),
    "reorders": Lie(_reorders),
    "sticks to an adapter": Lie(_sticks),
    "changes its mind": Lie(_changes),
    "answers as the base": Lie(lambda toy, path, body, number, _: _as(toy, path, body, number, toy.base)),
    "says that the base answered": Lie(
        lambda toy, path, body, number, _: _with(toy, path, body, number, model="base"), kinds=("vllm",)
    ),
    "swaps the adapters": Lie(
        lambda toy, path, body, number, _: _as(
            toy, path, body, number, {"math": "chat", "chat": "math"}.get(_adapter(toy, body), toy.base)
        ),
        honest_record=True,
    ),
    "drops now and then": Lie(_now_and_then(None), same=True),
    "fails under success now and then": Lie(
        _now_and_then((200, ERROR), (200, {"choices": []}), (200, []), "oops", '{"choices": [{"te', ""),
        same=True,
    ),
    "stops short now and then": Lie(
        _now_and_then(
            (200, {"choices": [{"text": "", "finish_reason": "abort"}]}), (500, ERROR), (503, ERROR)
        ),
        same=True,
    ),
    "fails under success": Lie(_always((200, ERROR)), caught=True),
    "shows a page": Lie(_always("<html>502 Bad Gateway</html>"), caught=True),
    "answers nothing": Lie(
        _always((200, {"choices": [{"text": None, "finish_reason": "stop"}]})), caught=True
    ),
    "gives numbers that are none": Lie(
        lambda toy, path, body, number, _: _with(
            toy,
            path,
            body,
            number,
            logprobs={"tokens": ["a", "b"], "token_logprobs": [float("nan"), float("inf")]},
        )
    ),
}


@dataclass
class Outcome:
    """How a run against a server ended."""

    refusal: str = ""
    verdicts: Mapping[str, str] = field(default_factory=dict)
    records: Sequence[str] = ()


def outcome(folder: Path, kind: str, lie: Lie | None, random: Random) -> Outcome:
    """Run the study against a server that lies; None: against an honest one."""
    make_base(folder / "base")
    for name, value in (("math", 2.0), ("chat", 3.0)):
        make_adapter(folder / name, value)
    examples(folder, COUNT)
    with _lying(kind, lie, random) as address:
        study = write_study(
            folder,
            {
                "name": "served",
                "bases": [{"name": "base", "model": "./base"}],
                "adapters": [
                    {"name": name, "path": f"./{name}", "label": "numeric"} for name in ("math", "chat")
                ],
                "tasks": [{"task": "numeric", "name": "gsm", "examples": "examples.jsonl"}],
                "decoding": {"max_tokens": 20},
                "engine": {"name": "openai", "url": address, "server": kind, "options": {"retries": 3}},
            },
        )
        try:
            result = assay.run(study, folder / "run", engine=unhurried)
        except AssayError as bad:
            return Outcome(refusal=str(bad))
    return Outcome(
        "", {claim.adapter: str(claim.verdict) for claim in result.claims}, records(folder / "run")
    )


@contextmanager
def _lying(kind: str, lie: Lie | None, random: Random) -> Any:
    toy = Toy(kind, words=honest)

    def before(toy: Toy, handler: Handler, path: str, body: dict[str, Any]) -> bool:
        if lie is None:
            return False
        answer = lie.answers(toy, path, body, len(toy.bodies), random)
        if answer is None:
            handler.drop()
        else:
            handler.answer(*((200, answer) if isinstance(answer, str) else answer))
        return True

    toy.before = before
    with serving(toy) as address:
        yield address


@cache
def _honest_records(kind: str) -> tuple[str, ...]:
    with tempfile.TemporaryDirectory() as folder:
        found = outcome(Path(folder), kind, None, Random(0))
    assert found.verdicts["math"] == "confirmed", found
    return tuple(found.records)


def _tell(files: Files, folder: Path) -> None:
    name = files[f"{KEPT}lie"].decode()
    lie, random = LIES[name], Random(hashlib.sha256(files["seed"]).digest())
    kind = random.choice(lie.kinds)
    found = outcome(folder / "lie", kind, lie, random)
    if lie.same:
        assert tuple(found.records) == _honest_records(kind), f"{name}: {found.refusal or 'other records'}"
    if lie.caught:
        assert set(found.verdicts.values()) <= {"not measured", "not applied"}, (name, found.verdicts)
    for adapter, verdict in found.verdicts.items():
        assert lie.honest_record or verdict not in WRONG[adapter], (name, kind, found.verdicts)


def _whole() -> Sequence[Files]:
    return [{f"{KEPT}lie": name.encode(), "seed": b"seed of a lie, to be changed"} for name in LIES]


KINDS = (Kind("lies", _whole, _tell, warm=0, scenes=12),)
