"""Who answers, by content; what a server does not serve, before a token is spent."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assay.engines import Problem, find_preflight
from assay.engines.api import ModelRef
from assay.engines.server.preflight import ServerPreflight, preflight
from assay.errors import EngineError
from assay.plan import EngineSettings
from tests.engines.server.conftest import make_adapter, make_base
from tests.engines.server.servers import Toy
from tests.engines.vllm.conftest import lora
from tests.engines.vllm.conftest import make_adapter as make_whole_adapter
from tests.engines.vllm.conftest import make_base as make_whole_base

Serve = Callable[[Toy], str]
KINDS = ("vllm", "sglang", "lorax", "tgi", "transformers", "llama.cpp", "other")


def engine(url: str, kind: str = "vllm", **more: Any) -> EngineSettings:
    return EngineSettings(name="openai", url=url, server=kind, **{"options": {"retries": 1}, **more})


def look(home: Path, url: str, kind: str = "vllm", *names: str, **more: Any) -> ServerPreflight:
    adapters = [ModelRef(name, home / name) for name in names or ("math", "chat")]
    return preflight(engine(url, kind, **more), ModelRef("base", home / "base"), adapters)


def errors(problems: tuple[Problem, ...]) -> dict[str, str]:
    return {one.subject: one.message for one in problems if one.severity == "error"}


def test_the_engine_is_found_by_its_name() -> None:
    assert find_preflight("openai") is preflight


@pytest.mark.parametrize("kind", KINDS)
def test_looking_costs_no_token(home: Path, serve: Serve, kind: str) -> None:
    toy = Toy(kind)
    looked = look(home, serve(toy), kind)
    assert looked.problems == ()
    assert list(looked.identities) == ["base", "math", "chat"]
    assert not any(body for _, body in toy.bodies)


def test_identities_name_no_path_no_address_and_no_name(home: Path, serve: Serve) -> None:
    url = serve(Toy())
    text = json.dumps(list(look(home, url).identities.values()))
    for word in (str(home), url, "math"):
        assert word not in text


def test_another_byte_of_an_adapter_is_another_identity(home: Path, serve: Serve) -> None:
    url = serve(Toy())
    before = look(home, url).identities
    make_adapter(home / "new", 4.0)
    (home / "new" / "adapter_model.safetensors").replace(home / "math" / "adapter_model.safetensors")
    after = look(home, url).identities
    assert after["math"] != before["math"]
    assert (after["base"], after["chat"]) == (before["base"], before["chat"])


def test_kinds_of_servers_are_different_subjects(home: Path, serve: Serve) -> None:
    url = serve(Toy())
    one, other = look(home, url, "vllm").identities, look(home, url, "other").identities
    assert one["base"] != other["base"]
    assert one["math"] != other["math"]


@pytest.mark.parametrize("kind", ["vllm", "sglang", "other", "llama.cpp"])
def test_an_adapter_that_is_not_served_is_an_error_that_lists_what_is(
    home: Path, serve: Serve, kind: str
) -> None:
    make_adapter(home / "code", 5.0)
    looked = look(home, serve(Toy(kind)), kind, "math", "code")
    (message,) = errors(looked.problems).values()
    assert "math" in message
    assert "engine.options.models" in message
    assert list(looked.identities) == ["base", "math"]


def test_a_name_at_the_server_can_be_given(home: Path, serve: Serve) -> None:
    toy = Toy(base="org/model", adapters={"prod-math": ""})
    models = {"base": "org/model", "math": "prod-math"}
    looked = look(home, serve(toy), "vllm", "math", options={"models": models})
    assert errors(looked.problems) == {}
    with pytest.raises(EngineError, match="'nobody' is not served"):
        look(home, serve(toy), "vllm", "math", options={"models": {"base": "nobody"}})


def test_a_server_of_several_bases_must_be_told_which(home: Path, serve: Serve) -> None:
    toy = Toy("other", base="alpha", adapters={"math": ""})
    looked = look(home, serve(toy), "other", "math")
    warnings = [one.message for one in looked.problems if one.severity == "warning"]
    assert any("calls its base alpha" in text for text in warnings)


def test_weights_from_elsewhere_under_the_same_name_are_warned_of(home: Path, serve: Serve) -> None:
    toy = Toy(adapters={"math": "/models/old-math", "chat": str(home / "chat")})
    looked = look(home, serve(toy))
    warned = {one.subject: one.message for one in looked.problems if one.severity == "warning"}
    assert set(warned) == {"math"}
    assert "/models/old-math" in warned["math"]


def test_two_adapters_with_the_same_bytes_are_warned_of(home: Path, serve: Serve) -> None:
    make_adapter(home / "copy", 2.0)
    looked = look(home, serve(Toy(adapters={"math": "", "copy": ""})), "vllm", "math", "copy")
    assert any("byte for byte" in one.message for one in looked.problems)


@pytest.mark.parametrize(
    ("name", "fault"),
    [("adapter_config.json", "adapter_config"), ("adapter_model.safetensors", "incomplete")],
)
def test_an_adapter_without_a_file_is_an_error(home: Path, serve: Serve, name: str, fault: str) -> None:
    (home / "math" / name).unlink()
    looked = look(home, serve(Toy()))
    assert fault in errors(looked.problems)["math"]


def test_an_adapter_cut_short_is_an_error(home: Path, serve: Serve) -> None:
    path = home / "math" / "adapter_model.safetensors"
    path.write_bytes(path.read_bytes()[:-2])
    assert "cut short" in errors(look(home, serve(Toy())).problems)["math"]


@pytest.mark.parametrize(
    ("shapes", "config", "warning"),
    [
        (lora(), {}, ""),
        (
            {key.replace("layers.1.", "layers.7."): shape for key, shape in lora().items()},
            {},
            "2 of its layers are not in the base",
        ),
        (
            {key: (shape[0], 16) if "lora_A" in key else shape for key, shape in lora().items()},
            {},
            "is [8, 16] in its file and [8, 8] in the base): it was trained on a base of another size",
        ),
        (
            {f"_orig_mod.{key}": shape for key, shape in lora().items()},
            {},
            "the server loads the folder as it is, and may leave that out",
        ),
        (lora(), {"init_lora_weights": "pissa"}, "init_lora_weights: pissa changes the base's own weights"),
    ],
)
def test_an_adapter_that_does_not_fit_the_base_is_warned_of(
    tmp_path: Path, serve: Serve, shapes: Any, config: dict[str, Any], warning: str
) -> None:
    make_whole_base(tmp_path / "base")
    make_whole_adapter(tmp_path / "math", shapes, **config)
    looked = look(tmp_path, serve(Toy()), "vllm", "math").problems
    assert [problem.severity for problem in looked] == ["warning"] * bool(warning)
    assert all(warning in problem.message for problem in looked)


@pytest.mark.parametrize("kind", KINDS)
def test_no_server_is_an_error_that_names_the_base_and_the_address(home: Path, kind: str) -> None:
    with pytest.raises(EngineError, match=r"base 'base': http://127\.0\.0\.1:1/.*: no answer, tried once"):
        look(home, "http://127.0.0.1:1", kind, options={"retries": 0})


def test_prompts_are_put_under_the_bases_own_template(home: Path, serve: Serve) -> None:
    looked = look(home, serve(Toy()))
    assert looked.chat("hi", looked.templates["base"]) == "[user]hi[assistant]"


def test_an_adapters_own_template_is_told_apart(home: Path, serve: Serve) -> None:
    (home / "math" / "chat_template.jinja").write_text("<{{ messages[0].content }}>")
    looked = look(home, serve(Toy()))
    assert looked.chat("hi", looked.templates["math"]) == "<hi>"
    assert "chat" not in looked.templates


def test_a_template_that_leaves_prompts_out_is_refused(home: Path, serve: Serve) -> None:
    make_base(home / "mute", "hello")
    looked = preflight(engine(serve(Toy(base="mute"))), ModelRef("mute", home / "mute"), [])
    with pytest.raises(EngineError, match="leaves the prompt out"):
        looked.chat("hi", looked.templates["mute"])


def test_a_server_without_completions_is_asked_by_chats(home: Path, serve: Serve) -> None:
    toy = Toy("other", completions=False)
    looked = look(home, serve(toy), "other")
    assert looked.chat("hi", looked.templates["base"]) == "hi"
    with pytest.raises(EngineError, match=r"decoding\.template"):
        looked.chat("hi", "{{ messages[0].content }}")


def test_in_chats_an_adapters_own_template_is_warned_of(home: Path, serve: Serve) -> None:
    (home / "math" / "chat_template.jinja").write_text("<{{ messages[0].content }}>")
    looked = look(home, serve(Toy("other", completions=False)), "other")
    warned = [one.subject for one in looked.problems if one.severity == "warning"]
    assert (warned, "math" in looked.templates) == (["math"], False)


def test_several_turns_are_put_under_the_template_and_are_messages_in_chats(home: Path, serve: Serve) -> None:
    turns = [{"role": "user", "content": "2 + 2 ="}, {"role": "assistant", "content": "The answer is"}]
    looked = look(home, serve(Toy()))
    assert looked.converse(turns, looked.templates["base"], True) == "[user]2 + 2 =[assistant]The answer is"
    chats = look(home, serve(Toy("other", completions=False)), "other")
    with pytest.raises(EngineError, match="in which an answer cannot be begun"):
        chats.converse(turns, chats.templates["base"], True)


def test_the_context_is_what_the_server_says(home: Path, serve: Serve) -> None:
    assert look(home, serve(Toy(context=77))).context == 77
    assert look(home, serve(Toy("tgi", context=78)), "tgi").context == 78


def test_provenance_tells_the_servers_version_and_no_key(
    home: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOY_KEY", "sk-secret")
    looked = look(home, serve(Toy(key="sk-secret")), key_env="TOY_KEY")
    assert looked.provenance["server version"] == "9.9"
    assert "sk-secret" not in json.dumps([dict(looked.provenance), list(looked.identities.values())])
    assert "sk-secret" not in repr(looked.settings)
