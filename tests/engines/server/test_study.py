"""Whole studies against a server in a thread: verdicts, resume, storms, and keys that stay out of sight."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

import assay
from assay.engines import ModelRef, Preflight
from assay.engines.server.http import Server
from assay.engines.server.preflight import preflight
from assay.errors import EngineError, StudyError
from assay.plan import EngineSettings
from assay.records import Store
from assay.study import Study, load_study
from tests.engines.server.servers import GENERATES, Handler, Toy, speak
from tests.studies import examples, write_study

Serve = Callable[[Toy], str]
COUNT = 12


def study(home: Path, address: str, kind: str = "vllm", **engine: Any) -> Path:
    examples(home, COUNT)
    return write_study(
        home,
        {
            "name": "served",
            "bases": [{"name": "base", "model": "./base"}],
            "adapters": [
                {"name": name, "path": f"./{name}", "label": "numeric"} for name in ("math", "chat")
            ],
            "tasks": [{"task": "numeric", "name": "gsm", "examples": "examples.jsonl"}],
            "decoding": {"max_tokens": 20},
            "noise_prompts": COUNT,
            "engine": {"name": "openai", "url": address, "server": kind} | engine,
        },
    )


def unhurried(settings: EngineSettings, base: ModelRef, adapters: Sequence[ModelRef]) -> Preflight:
    """The preflight, with waits that take no time."""
    return preflight(settings, base, adapters, lambda at: Server(at, sleep=lambda _: None))


def kept(run: Path) -> dict[tuple[str, str], str]:
    with Store.read(run) as store:
        return {
            (name, row["key"]): row["text"]
            for name, task in store.bound()
            for row in store.responses(name, task)
        }


@pytest.mark.parametrize("kind", ["vllm", "sglang", "tgi", "llama.cpp", "other"])
def test_a_study_runs_to_its_verdicts_on_every_kind(home: Path, serve: Serve, kind: str) -> None:
    result = assay.run(study(home, serve(Toy(kind)), kind), home / "run")
    assert {claim.adapter: claim.verdict for claim in result.claims} == {
        "math": "no gain",
        "chat": "no gain",
    } or all(claim.verdict not in ("not applied", "not measured") for claim in result.claims)
    assert len(kept(home / "run")) == 5 * COUNT
    assert {one.adapter: one.alive for one in result.applied} == {"math": True, "chat": True}


def test_an_ignored_adapter_ends_as_not_applied_without_a_response(home: Path, serve: Serve) -> None:
    toy = Toy(ignores={"math"})
    result = assay.run(study(home, serve(toy)), home / "run")
    verdicts = {claim.adapter: claim.verdict for claim in result.claims}
    assert verdicts["math"] == "not applied"
    assert verdicts["chat"] not in ("not applied", "not measured")
    assert {name for name, _ in kept(home / "run")} == {"base", "base/again", "chat", "chat/again"}


def test_a_name_that_the_server_does_not_know_ends_as_not_measured_with_the_names_it_knows(
    home: Path, serve: Serve
) -> None:
    result = assay.run(study(home, serve(Toy(adapters={"chat": ""}))), home / "run")
    (claim,) = [claim for claim in result.claims if claim.adapter == "math"]
    assert claim.verdict == "not measured"
    assert "'chat'" in (claim.reason or "")


def test_a_run_that_a_dying_server_ended_goes_on_where_it_stopped(home: Path, serve: Serve) -> None:
    toy = Toy()
    path = study(home, serve(toy), concurrency=2, options={"retries": 0})
    alive = 5 * 9 + 10  # answers to probe prompts, and a few responses

    def dying(_toy: Toy, handler: Handler, at: str, _body: dict[str, Any]) -> bool:
        dead = at in GENERATES and sum(map(bool, toy.asked(at))) > alive
        if dead:
            handler.drop()
        return dead

    toy.before = dying
    with pytest.raises(EngineError, match=r"run again; completed responses are kept"):
        assay.run(path, home / "run")
    before = kept(home / "run")
    assert 8 <= len(before) < 5 * COUNT
    toy.before = lambda *_: False
    toy.bodies.clear()
    assay.run(path, home / "run")
    assert len(kept(home / "run")) == 5 * COUNT
    assert before.items() <= kept(home / "run").items()
    asked = sum("logprobs" not in body for body in toy.asked("/v1/completions") if body)
    assert asked == 5 * COUNT - len(before)


def test_storms_of_refusals_and_drops_change_no_response(home: Path, serve: Serve, tmp_path: Path) -> None:
    calm = assay.run(study(home, serve(Toy())), tmp_path / "calm")
    tries: Counter[str] = Counter()

    def storm(_toy: Toy, handler: Handler, _at: str, body: dict[str, Any]) -> bool:
        """Each request fails in four ways before it is answered."""
        with toy.lock:
            tries[json.dumps(body)] += 1
        match tries[json.dumps(body)]:
            case 1:
                handler.answer(429, {"error": "slow down"}, Retry_After="30")
            case 2:
                handler.drop()
            case 3:
                handler.answer(503, "<html>bad gateway</html>")
            case 4:
                handler.answer(200, '{"choices": [')
            case _:
                return False
        return True

    toy = Toy(before=storm)
    rough = assay.run(study(home, serve(toy)), tmp_path / "rough", engine=unhurried)
    assert kept(tmp_path / "rough") == kept(tmp_path / "calm")
    assert [claim.verdict for claim in rough.claims] == [claim.verdict for claim in calm.claims]


def test_no_file_of_a_run_holds_the_key(home: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOY_KEY", "sk-hush")
    toy = Toy(key="sk-hush")
    assay.run(study(home, serve(toy), key_env="TOY_KEY"), home / "run")
    assert all(one["Authorization"] == "Bearer sk-hush" for one in toy.headers)
    for path in (home / "run").rglob("*"):
        assert path.is_dir() or b"sk-hush" not in path.read_bytes()
    rows = sqlite3.connect(home / "run" / "records.sqlite")
    assert "sk-hush" not in "\n".join(rows.iterdump())
    rows.close()


def test_what_was_found_not_applied_can_be_mended_at_the_server_and_run_again(
    home: Path, serve: Serve
) -> None:
    toy = Toy(ignores={"math"})
    path = study(home, serve(toy))
    assay.run(path, home / "run")
    toy.ignores = set()
    result = assay.run(path, home / "run")
    assert all(claim.verdict not in ("not applied", "not measured") for claim in result.claims)


# -- the fields of a study --------------------------------------------------------------------------


def settings(home: Path, **engine: Any) -> Study:
    return load_study(study(home, "http://localhost:8000/", **engine))


def test_the_fields_of_a_server_are_read(home: Path) -> None:
    found = settings(home, concurrency=4, timeout=2.5, key_env="SOME_KEY").engine
    assert (found.url, found.server, found.concurrency) == ("http://localhost:8000", "vllm", 4)
    assert (found.timeout, found.key_env) == (2.5, "SOME_KEY")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"url": "http://me:hunter2@host"}, "password"),
        ({"url": "http://host/v1?api_key=hunter2"}, "query"),
        ({"url": "localhost:8000"}, "no address of a server"),
        ({"url": "ftp://host"}, "no address of a server"),
        ({"url": "http://host:99999"}, "no address of a server"),
        ({"key_env": "sk-hunter2"}, "not the name of an environment variable"),
        ({"concurrency": 0}, "more than 0"),
        ({"timeout": 0}, "more than 0"),
        ({"name": "torch"}, "`url` is for servers; write `name: openai`"),
    ],
)
def test_a_bad_field_is_named_and_a_secret_in_it_is_not_repeated(
    home: Path, fields: dict[str, Any], said: str
) -> None:
    with pytest.raises(StudyError, match=said) as refused:
        settings(home, **fields)
    assert "hunter2" not in str(refused.value)


def test_a_server_that_mixes_base_and_adapter_ends_without_a_verdict(home: Path, serve: Serve) -> None:
    applied: list[str] = []

    def words(prompt: str, adapter: str, tokens: int) -> tuple[list[str], list[float]]:
        applied.extend([adapter] if adapter else [])
        return speak(prompt, "math" if applied else "", tokens)

    with pytest.raises(
        EngineError, match="the base 'base' answers differently after a request to the adapter than before it"
    ):
        assay.run(study(home, serve(Toy(words=words))), home / "run")
    assert kept(home / "run") == {}
    assert not (home / "run" / "verdicts.json").exists()


def test_an_adapter_that_does_not_agree_with_itself_is_seen_though_its_base_does(
    home: Path, serve: Serve
) -> None:
    counted: Counter[str] = Counter()

    def words(prompt: str, adapter: str, tokens: int) -> tuple[list[str], list[float]]:
        counted[adapter] += 1
        changed = adapter and (counted[adapter] * 7) % 10 < 3
        return speak(prompt, f"{adapter} otherwise" if changed else adapter, tokens)

    result = assay.run(study(home, serve(Toy(words=words))), home / "run")
    (noise,) = result.engine_noise
    assert (noise.adapters, noise.base_differ, noise.n) == (("math", "chat"), 0, COUNT)
    assert noise.adapter_differ > 0
    assert noise.limit is None
    assert f"0 and {noise.adapter_differ} responses differ" in (home / "run" / "report.md").read_text()
