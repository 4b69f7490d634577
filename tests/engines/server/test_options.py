"""What a study says of a server is read, or refused by field with the fix."""

from __future__ import annotations

from typing import Any

import pytest

from assay.engines.server.options import Connection, read_connection, read_settings
from assay.errors import EngineError
from assay.plan import EngineSettings, JudgeSettings


def engine(**fields: Any) -> EngineSettings:
    return EngineSettings(**({"name": "openai", "url": "http://x"} | fields))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"server": "ollama"}, "engine.server: 'ollama' is unknown; choose one of vllm, sglang"),
        ({"options": {"modles": {}}}, "engine.options.modles: no such option; did you mean 'models'?"),
        ({"options": {"api": "grpc"}}, "engine.options.api: 'grpc'; write one of auto, completions, chat"),
        ({"options": {"retries": -1}}, "engine.options.retries: -1; write a whole number"),
        ({"options": {"models": {"a": 1}}}, "engine.options.models: {'a': 1}; write a mapping of names"),
        ({"options": {"models": {"": "b"}}}, "engine.options.models: {'': 'b'}; write a mapping of names"),
        (
            {"server": "tgi", "options": {"load": True}},
            "engine.options.load: a server of kind 'tgi' has no call for it; start it with its adapters",
        ),
        ({"key_env": "NOT_SET_ANYWHERE"}, "engine.key_env: the variable NOT_SET_ANYWHERE is not set here"),
        ({"url": None}, "engine.url: missing; give the server's address"),
    ],
)
def test_settings_are_refused_by_field_with_the_fix(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(EngineError) as refused:
        read_settings(engine(**fields))
    assert str(refused.value).startswith(message)


def test_settings_are_read_and_what_is_not_written_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOY_KEY", " sk-one ")
    found = read_settings(
        engine(url="http://x/v1", server="vllm", key_env="TOY_KEY", dtype="float16", options={"retries": 2})
    )
    assert found.connection == Connection("http://x", "sk-one", 16, 600.0, 2)
    assert (found.kind, found.dtype, found.quantization) == ("vllm", "float16", "as served")
    assert "sk-one" not in repr(found)


def test_a_key_that_cannot_be_sent_is_refused_and_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOY_KEY", "sk-one\nX-Evil: 1")
    with pytest.raises(EngineError, match="TOY_KEY") as refused:
        read_settings(engine(key_env="TOY_KEY"))
    assert "sk-one" not in str(refused.value)


def test_a_judges_fields_are_named_as_the_judges() -> None:
    judge = JudgeSettings(model="m", url="http://x", key_env="NOT_SET_ANYWHERE", concurrency=3)
    with pytest.raises(EngineError, match=r"^judge\.key_env: "):
        read_connection(judge)
    found = read_connection(judge.model_copy(update={"key_env": None}))
    assert (found.section, found.concurrency) == ("judge", 3)
