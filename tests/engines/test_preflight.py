"""What every engine's preflight shares: chat templates, duplicates, versions, and finding one by its name."""

from __future__ import annotations

import platform

import pytest

from assay.engines.chat_template import Tokens
from assay.engines.preflight import Preflight, find_preflight, versions
from assay.errors import EngineError

TEMPLATE = "{{ bos_token }}[{{ messages[0].content }}]"
BROKEN = "{{ raise_exception('never') }}"


def look(template: str | None = TEMPLATE, **adapters: tuple[str, str | None]) -> Preflight:
    """A base, and adapters as weights and template."""
    looked = Preflight("base", Tokens({"bos_token": "<s>"}))
    looked.add_base({"weights": "w"}, template)
    for name, (weights, own) in adapters.items():
        looked.add_adapter(name, {"weights": weights}, own)
    return looked


def test_a_prompt_is_put_under_a_template_with_the_bases_special_tokens() -> None:
    assert look().chat("2 + 2", TEMPLATE) == "<s>[2 + 2]"


def test_templates_are_the_bases_and_those_of_adapters_that_bring_another() -> None:
    looked = look(same=("a", TEMPLATE), none=("b", None), own=("c", "{{ messages }}"))
    assert looked.templates == {"base": TEMPLATE, "own": "{{ messages }}"}
    assert list(looked.identities) == ["base", "same", "none", "own"]


@pytest.mark.parametrize(
    ("template", "message"),
    [
        (BROKEN, r"^base 'base': its chat template cannot be .*never\); set `decoding.template: FILE`"),
        ("hello", "^base 'base': its chat template leaves the prompt out; set"),
    ],
)
def test_a_template_of_the_base_that_cannot_be_used_says_what_to_set(template: str, message: str) -> None:
    with pytest.raises(EngineError, match=message):
        look(template).chat("hi", template)


def test_a_template_that_cannot_be_used_is_named_by_whose_it_is() -> None:
    looked = look(own=("a", BROKEN))
    with pytest.raises(EngineError, match=r"^its chat template .*remove it to use the base's$"):
        looked.chat("hi", BROKEN)
    with pytest.raises(
        EngineError, match=r"^the chat template that `decoding.template` names .*name another$"
    ):
        looked.chat("hi", "{{ raise_exception('other') }}")


def test_an_adapter_with_the_weights_of_another_is_warned_of() -> None:
    looked = look(first=("a", None), other=("b", None), twin=("a", None))
    [problem] = looked.problems
    assert (problem.subject, problem.severity) == ("twin", "warning")
    assert "byte for byte those of adapter 'first'" in problem.message


def test_a_base_without_a_template_is_noted() -> None:
    [note] = look(None).problems
    assert (note.subject, note.severity) == ("base", "note")


def test_an_unknown_engine_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(EngineError, match=r"^no engine 'tourch'; choose one of recorded, torch, "):
        find_preflight("tourch")


def test_versions_are_those_of_what_is_installed() -> None:
    found = versions("pydantic", "no-such-package")
    assert found["python"] == platform.python_version()
    assert set(found) == {"assay", "python", "pydantic"}


def test_a_template_that_renders_as_the_bases_is_the_bases() -> None:
    assert look(own=("a", "{# mine #}" + TEMPLATE)).templates == {"base": TEMPLATE}


def test_a_template_without_a_generation_prompt_is_warned_of() -> None:
    turns = "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}"
    [problem] = look(
        turns + "{% if add_generation_prompt %}[assistant]{% endif %}", own=("a", turns)
    ).problems
    assert (problem.subject, problem.severity) == ("own", "warning")
    assert "renders the same with and without add_generation_prompt" in problem.message
    assert "'[assistant]' before a response" in problem.message


def test_another_end_token_ends_the_adapters_responses_with_a_warning() -> None:
    looked = look(own=("a", None), same=("b", None), lost=("c", None))
    vocabulary = {"<end>": 1, "<turn>": 2}
    for name, end in {"own": "<turn>", "same": "<end>", "lost": "<new>", "none": None}.items():
        looked.add_end(name, end, {1}, vocabulary)
    assert looked.end_tokens == {"own": (2,)}
    own, lost = looked.problems
    assert (own.subject, lost.subject) == ("own", "lost")
    assert "eos_token: <turn>" in own.message
    assert "here too it ends the adapter's responses, and the responses of the base" in own.message
    assert "no token of the base" in lost.message
