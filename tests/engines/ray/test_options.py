"""What a study says of actors is theirs; the rest is for the engine that they hold."""

from __future__ import annotations

from typing import Any

import pytest

from assay.engines.ray.options import read_settings
from assay.errors import EngineError
from tests.engines.ray.fakes import engine


def test_the_rest_is_the_inner_engines() -> None:
    found, inner = read_settings(engine("ray:vllm", {"actors": 3, "gpus_per_actor": 0.5, "rows": 64}))
    assert (found.actors, found.gpus_per_actor, found.batch) == (3, 0.5, 512)
    assert (inner.name, inner.options) == ("vllm", {"rows": 64})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("actors", 0),
        ("actors", True),
        ("actors", "2"),
        ("gpus_per_actor", -1),
        ("gpus_per_actor", 1.5),
        ("cpus_per_actor", 0.5),
        ("address", " "),
        ("batch", 0),
    ],
)
def test_a_wrong_value_is_refused_by_its_field(name: str, value: Any) -> None:
    with pytest.raises(EngineError, match=f"engine.options.{name}: .*; write "):
        read_settings(engine(options={name: value}))


@pytest.mark.parametrize("name", ["ray:openai", "ray:", "ray:ray:torch"])
def test_other_engines_are_not_held_by_actors(name: str) -> None:
    with pytest.raises(EngineError, match="ray:torch or ray:vllm"):
        read_settings(engine(name))


def test_a_numbered_gpu_is_refused_since_each_actor_sees_its_own() -> None:
    with pytest.raises(EngineError, match="gpus_per_actor"):
        read_settings(engine(options={"device": "cuda:1"}))


def test_the_address_is_the_environments_where_a_study_says_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "head:6379")
    assert read_settings(engine())[0].address == "head:6379"
    assert read_settings(engine(options={"address": "local"}))[0].address == "local"
