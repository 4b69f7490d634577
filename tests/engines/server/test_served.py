"""Which of a server's names is which subject, or what the server serves instead."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2
import pytest

from assay.engines.api import ModelRef
from assay.engines.server.dialect import Target
from assay.engines.server.http import Server
from assay.engines.server.options import Connection, ServerOptions, ServerSettings
from assay.engines.server.served import (
    Card,
    base_name,
    held_adapters,
    held_id,
    listed,
    load_adapter,
    loadable,
    loaded_name,
    reported,
    scaled,
    target_of,
    unlike,
    unload_adapter,
)
from assay.errors import EngineError

HERE = Connection("http://toy", retries=0)
BASE, MATH = ModelRef("base", Path("models/qwen")), ModelRef("math", Path("adapters/math"))
CARDS = (Card("qwen", root="models/qwen"), Card("math", parent="qwen"))


def settings(kind: Any = "vllm", **options: Any) -> ServerSettings:
    return ServerSettings(HERE, kind, options=ServerOptions(**options))


def server(data: Any, status: int = 200) -> Server:
    return Server(HERE, transport=httpx2.MockTransport(lambda _: httpx2.Response(status, json=data)))


def test_names_are_listed_with_what_they_were_loaded_from_and_their_context() -> None:
    data = [{"id": "qwen", "root": "models/qwen", "max_model_len": 77}, {"id": "math", "parent": "qwen"}, {}]
    data += [{"id": "gguf", "meta": {"n_ctx": 9}}, {"id": "odd", "max_model_len": True}]
    assert listed(server({"data": data})) == (
        Card("qwen", "models/qwen", "", 77),
        Card("math", "", "qwen"),
        Card("gguf", context=9),
        Card("odd"),
    )


def test_a_server_without_a_list_lists_nothing_and_another_page_is_refused() -> None:
    assert listed(server("Not Found", 404)) == ()
    with pytest.raises(EngineError, match=r"toy/v1/models: no list of models \(200: hello\).*`engine\.url`"):
        listed(server("hello"))


@pytest.mark.parametrize(
    ("kind", "cards", "options", "name"),
    [
        ("vllm", CARDS, {}, "qwen"),
        ("vllm", (Card("base"), Card("other")), {}, "base"),
        ("vllm", (Card("other"),), {}, "other"),
        ("vllm", (), {}, "base"),
        ("vllm", CARDS, {"models": {"base": "qwen"}}, "qwen"),
        ("transformers", (), {}, "models/qwen"),
        ("transformers", CARDS, {"models": {"base": "anything"}}, "anything"),
    ],
)
def test_the_base_is_found_by_name_or_by_where_it_was_loaded_from(
    kind: str, cards: tuple[Card, ...], options: dict[str, Any], name: str
) -> None:
    assert base_name(settings(kind, **options), cards, BASE) == name


def test_a_base_among_several_of_other_names_must_be_named() -> None:
    with pytest.raises(
        EngineError, match=r"lists 'a', 'b', and none is called 'base'.*models: \{base: NAME\}"
    ):
        base_name(settings(), (Card("a"), Card("b")), BASE)
    with pytest.raises(EngineError, match=r"engine\.options\.models: 'c' is not served; it serves 'a', 'b'"):
        base_name(settings(models={"base": "c"}), (Card("a"), Card("b")), BASE)


@pytest.mark.parametrize(
    ("kind", "options", "target"),
    [
        ("vllm", {}, Target("math")),
        ("vllm", {"models": {"math": "qwen"}}, Target("qwen")),
        ("sglang", {}, Target("qwen:math")),
        ("tgi", {}, Target("qwen", {"adapter_id": "math"})),
        ("lorax", {}, Target("qwen", {"adapter_id": "adapters/math", "adapter_source": "local"})),
        (
            "lorax",
            {"models": {"math": "org/math"}},
            Target("qwen", {"adapter_id": "org/math", "adapter_source": "hub"}),
        ),
        ("transformers", {}, Target("adapters/math")),
    ],
)
def test_an_adapter_is_asked_for_as_each_kind_of_server_does(
    kind: str, options: dict[str, Any], target: Target
) -> None:
    assert target_of(settings(kind, **options), CARDS, "qwen", MATH) == target


@pytest.mark.parametrize(("kind", "fix"), [("vllm", "set `engine.options.load: true`"), ("other", "")])
def test_an_adapter_that_is_not_served_is_refused_with_what_is(kind: str, fix: str) -> None:
    with pytest.raises(EngineError, match=r"does not serve 'code' \(it serves 'qwen', 'math'\)") as refused:
        target_of(settings(kind), CARDS, "qwen", ModelRef("code", Path("code")))
    assert fix in refused.value.fix


def test_an_adapter_is_loaded_where_the_study_allows_it_and_the_server_lacks_it() -> None:
    assert not loadable(settings(), (), MATH)
    assert not loadable(settings(load=True), CARDS, MATH)
    assert loadable(settings(load=True), CARDS[:1], MATH)
    assert loaded_name("math", {"weights": ["1"]}) != loaded_name("math", {"weights": ["2"]})


def test_a_name_is_unlike_a_source_of_another_folder() -> None:
    assert unlike(Card("math", root="/old/Math"), "adapters/math") == ""
    assert unlike(Card("math", root="/old/other"), "adapters/math") == "/old/other"


def test_each_adapter_of_llama_cpp_has_the_scale_that_says_who_answers() -> None:
    data = [{"id": 0, "path": "math.gguf"}, {"id": 1, "path": "adapters/chat/lora.gguf"}]
    held = held_adapters(server(data))
    assert held == {0: "math.gguf", 1: "adapters/chat/lora.gguf"}
    off, on = {"scale": 0.0}, {"scale": 1.0}
    assert scaled("base", held, None) == Target("base", {"lora": [{"id": 0} | off, {"id": 1} | off]})
    assert scaled("base", held, 1) == Target("base", {"lora": [{"id": 0} | off, {"id": 1} | on]})


def test_an_adapter_of_llama_cpp_is_found_by_file_folder_or_given_name() -> None:
    held = {0: "math.gguf", 1: "adapters/chat/lora.gguf", 2: "x/lora.gguf"}
    kind = settings("llama.cpp", models={"code": "x/lora.gguf", "odd": "lora"})
    assert held_id(kind, held, "math", Path("anywhere")) == 0
    assert held_id(kind, held, "chat", Path("adapters/chat")) == 1
    assert held_id(kind, held, "code", Path("code")) == 2
    with pytest.raises(EngineError, match=r"several of its adapters fit .*models: \{odd: ID\}"):
        held_id(kind, held, "odd", Path("odd"))
    with pytest.raises(EngineError, match=r"it was not started with it \(it holds '0: math.gguf'.*`--lora`"):
        held_id(kind, held, "law", Path("law"))


def test_a_server_is_asked_to_load_an_adapter_and_says_why_it_does_not() -> None:
    assert load_adapter(server("Success"), "vllm", "math-1", Path("m")) == ""
    assert "(404: none); start it with VLLM_ALLOW_RUNTIME" in load_adapter(
        server({"error": "none"}, 404), "vllm", "math-1", Path("m")
    )
    unload_adapter(server({"error": "none"}, 404), "vllm", "math-1")


def test_a_servers_report_of_itself_is_optional() -> None:
    assert reported(server({"version": "9.9"}), "vllm") == {"version": "9.9"}
    assert reported(server("no"), "vllm") == reported(server({}, 404), "tgi") == {}
    assert reported(server({"version": "9.9"}), "other") == {}
