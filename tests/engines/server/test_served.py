"""Which of a server's names is which subject, or what the server serves instead."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx2
import pytest

from assay.engines.api import ModelRef
from assay.engines.server.dialect import Target
from assay.engines.server.http import Server
from assay.engines.server.options import Connection, ServerOptions, ServerSettings
from assay.engines.server.served import Card, Served, read_cards
from assay.errors import EngineError

HERE = Connection("http://toy", retries=0)
BASE, MATH = ModelRef("base", Path("models/qwen")), ModelRef("math", Path("adapters/math"))
CARDS = [{"id": "qwen", "root": "models/qwen"}, {"id": "math", "parent": "qwen"}]
HELD = {
    "/lora-adapters": [
        {"id": 0, "path": "math.gguf"},
        {"id": 1, "path": "adapters/chat/lora.gguf"},
        {"id": 2, "path": "x/lora.gguf"},
    ]
}


def server(pages: Mapping[str, Any]) -> Server:
    """A server with these pages; others are not found."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        if (data := pages.get(request.url.path)) is None:
            return httpx2.Response(404, json={"error": "none"})
        return httpx2.Response(200, json=data)

    return Server(HERE, transport=httpx2.MockTransport(answer))


def served(kind: Any = "vllm", cards: Any = None, pages: Any = None, **options: Any) -> Served:
    """What a server of a kind serves, with this list of models."""
    listed = {} if cards is None else {"/v1/models": {"data": cards}}
    settings = ServerSettings(HERE, kind, options=ServerOptions(**options))
    return Served(server({"/health": "ok"} | listed | (pages or {})), settings, BASE)


def target(found: Served, adapter: ModelRef = MATH, digest: str = "1") -> Target:
    return found.target(adapter, Path(adapter.source), {"weights": [digest]})


def test_names_are_listed_with_what_they_were_loaded_from_and_their_context() -> None:
    data = [{"id": "qwen", "root": "models/qwen", "max_model_len": 77}, {"id": "math", "parent": "qwen"}, {}]
    data += [{"id": "gguf", "meta": {"n_ctx": 9}}, {"id": "odd", "max_model_len": True}]
    assert read_cards(server({"/v1/models": {"data": data}})) == (
        Card("qwen", "models/qwen", "", 77),
        Card("math", "", "qwen"),
        Card("gguf", context=9),
        Card("odd"),
    )


def test_a_server_without_a_list_lists_nothing_and_another_page_is_refused() -> None:
    assert read_cards(server({})) == ()
    with pytest.raises(EngineError, match=r"toy/v1/models: no list of models \(200: hello\).*`engine\.url`"):
        read_cards(server({"/v1/models": "hello"}))


@pytest.mark.parametrize(
    ("kind", "cards", "options", "name"),
    [
        ("vllm", CARDS, {}, "qwen"),
        ("vllm", [{"id": "base"}, {"id": "other"}], {}, "base"),
        ("vllm", [{"id": "other"}], {}, "other"),
        ("vllm", None, {}, "base"),
        ("vllm", CARDS, {"models": {"base": "qwen"}}, "qwen"),
        ("transformers", None, {}, "models/qwen"),
        ("transformers", CARDS, {"models": {"base": "anything"}}, "anything"),
    ],
)
def test_the_base_is_found_by_name_or_by_where_it_was_loaded_from(
    kind: str, cards: Any, options: dict[str, Any], name: str
) -> None:
    found = served(kind, cards, **options)
    assert (found.base, found.base_target()) == (name, Target(name))


def test_a_base_among_several_of_other_names_must_be_named() -> None:
    others = [{"id": "a"}, {"id": "b"}]
    with pytest.raises(
        EngineError, match=r"lists 'a', 'b', and none is called 'base'.*models: \{base: NAME\}"
    ):
        served(cards=others)
    with pytest.raises(EngineError, match=r"engine\.options\.models: 'c' is not served; it serves 'a', 'b'"):
        served(cards=others, models={"base": "c"})


@pytest.mark.parametrize(
    ("kind", "options", "expected"),
    [
        ("vllm", {}, Target("math")),
        ("vllm", {"models": {"math": "qwen"}}, Target("qwen")),
        ("sglang", {}, Target("qwen:math")),
        ("tgi", {}, Target("base", {"adapter_id": "math"})),
        ("lorax", {}, Target("base", {"adapter_id": "adapters/math", "adapter_source": "local"})),
        (
            "lorax",
            {"models": {"math": "org/math"}},
            Target("base", {"adapter_id": "org/math", "adapter_source": "hub"}),
        ),
        ("transformers", {}, Target("adapters/math")),
    ],
)
def test_an_adapter_is_asked_for_as_each_kind_of_server_does(
    kind: str, options: dict[str, Any], expected: Target
) -> None:
    assert target(served(kind, CARDS, **options)) == expected


@pytest.mark.parametrize(("kind", "fix"), [("vllm", "set `engine.options.load: true`"), ("other", "")])
def test_an_adapter_that_is_not_served_is_refused_with_what_is(kind: str, fix: str) -> None:
    with pytest.raises(EngineError, match=r"does not serve 'code' \(it serves 'qwen', 'math'\)") as refused:
        target(served(kind, CARDS), ModelRef("code", Path("code")))
    assert fix in refused.value.fix


def test_an_adapter_is_loaded_under_a_name_of_its_content_where_the_server_lacks_it() -> None:
    found = served("sglang", CARDS[:1], load=True)
    assert target(found) != target(found, digest="2")
    assert target(found).model.startswith("qwen:math-")
    assert found.load(server({"/load_lora_adapter": "Success"})) == {}
    refused = found.load(server({}))
    assert "(404: none); start it with VLLM_ALLOW_RUNTIME_LORA_UPDATING=True" in refused["math"]
    found.unload(server({}), {})  # a refusal here is no error
    assert target(served("vllm", CARDS, load=True)) == Target("math")


def test_a_name_is_unlike_a_source_of_another_folder() -> None:
    assert Card("math", root="/old/Math").unlike("adapters/math") == ""
    assert Card("math", root="/old/other").unlike("adapters/math") == "/old/other"


def test_each_adapter_of_llama_cpp_has_the_scale_that_says_who_answers() -> None:
    found = served("llama.cpp", CARDS[:1], HELD)

    def scales(target: Target) -> list[float]:
        return [adapter["scale"] for adapter in target.extra["lora"]]

    assert scales(found.base_target()) == [0, 0, 0]
    assert scales(target(found)) == [1, 0, 0]
    assert scales(target(found, ModelRef("talk", Path("adapters/chat")))) == [0, 1, 0]


def test_an_adapter_that_llama_cpp_does_not_hold_once_is_refused_with_what_it_holds() -> None:
    found = served("llama.cpp", CARDS[:1], HELD, models={"code": "x/lora.gguf", "odd": "lora"})
    assert target(found, ModelRef("code", Path("code"))).extra["lora"][2]["scale"] == 1
    with pytest.raises(EngineError, match=r"several of its adapters fit .*models: \{odd: ID\}"):
        target(found, ModelRef("odd", Path("odd")))
    with pytest.raises(EngineError, match=r"it was not started with it \(it holds '0: math.gguf'.*`--lora`"):
        target(found, ModelRef("law", Path("law")))


def test_a_servers_report_of_itself_is_optional() -> None:
    assert served("vllm", CARDS, {"/version": {"version": "9.9"}}).provenance == {
        "server": "vllm",
        "server version": "9.9",
    }
    assert served("vllm", CARDS).provenance == {"server": "vllm"}
    assert served("tgi", None, {"/info": {"max_total_tokens": 78}}).context == 78
    assert served("tgi", None, {"/info": "hello"}).context is None


@pytest.mark.parametrize("kind", ["lorax", "transformers"])
def test_a_server_that_asks_by_hub_id_takes_no_folder_of_a_repository_unless_its_name_is_given(
    kind: str,
) -> None:
    within = ModelRef("math", "owner/library", folder="relevance/lora")
    with pytest.raises(EngineError, match="which has no folder relevance/lora"):
        target(served(kind), within)
    given = target(served(kind, models={"math": "/adapters/lora"}), within)
    assert "/adapters/lora" in (given.model, given.extra.get("adapter_id"))


def test_a_card_of_another_form_has_no_context() -> None:
    data = [{"id": "a", "meta": [1]}, {"id": "b", "meta": {"n_ctx": "9"}}, {"id": "c", "max_model_len": -5}]
    assert [card.context for card in read_cards(server({"/v1/models": {"data": data}}))] == [None] * 3


@pytest.mark.parametrize("held", [["a"], [{}], [{"id": "x"}], [{"id": None}], {"id": 0}])
def test_a_list_of_adapters_of_another_form_is_refused(held: Any) -> None:
    with pytest.raises(EngineError, match="no list of adapters"):
        served("llama.cpp", CARDS[:1], {"/lora-adapters": held})
