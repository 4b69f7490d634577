"""Prompts come out as transformers renders them, letter for letter, without transformers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.engines.chat_template import (
    Tokens,
    default_template,
    missing_header,
    own_template,
    read_tokens,
    render_chat,
    render_turn,
    same_template,
    template_error,
)
from assay.engines.sandbox_process import DAY
from assay.errors import EngineError

TOKENS = {"bos_token": "<s>", "eos_token": "</s>"}
TURN = "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}"
TEMPLATES = {
    "plain": "{{ bos_token }}{% for m in messages %}[{{ m['role'] }}] {{ m['content'] | trim }}{% endfor %}",
    "chatml": (
        "{%- if messages[0].role == 'system' %}\n{{- messages[0].content }}\n{%- endif %}\n"
        "{%- for message in messages %}\n    {{- '<|im_start|>' + message.role + '\\n' + message.content }}\n"
        "{{- '<|im_end|>\\n' }}\n{%- endfor %}\n{%- if add_generation_prompt %}\n"
        "    {{- '<|im_start|>assistant\\n' }}\n{%- endif %}"
    ),
    "blocks": "  {% if true %}\n  a{{ messages[0].content }}\n  {% endif %}\nb",
    "generation": "{% for m in messages %}{% generation %}{{ m.content }}{% endgeneration %}{% endfor %}",
    "loops": "{% for i in range(9) %}{% if i == 2 %}{% break %}{% endif %}{{ i }}{% endfor %}{{ messages[0].content }}",
    "json": "{{ messages | tojson }}{{ messages | tojson(indent=2) }}",
    "namespace": "{% set n = namespace(x='') %}{% for m in messages %}{% set n.x = m.content %}{% endfor %}{{ n.x }}",
    "tools": "{% if tools is not none and tools %}no{% endif %}{% if documents %}no{% endif %}{{ messages[0].content }}",
    "dates": "{{ date_string }}{{ strftime_now('%d %B %Y') }}{{ messages[0].content }}",
    "thinking": "{{ messages[0].content }}{% if enable_thinking is defined and not enable_thinking %}no{% endif %}",
    "undefined": "{{ pad_token }}{{ messages[0].content }}{{ messages[0].thought }}",
    "html": "{{ '<b>' }}{{ messages[0].content | upper }}",
}


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    """Of transformers, with our special tokens."""
    transformers = pytest.importorskip("transformers")
    from tokenizers import Tokenizer, models

    made = Tokenizer(models.BPE(vocab={"a": 0, "<s>": 1, "</s>": 2}, merges=[]))
    return transformers.PreTrainedTokenizerFast(tokenizer_object=made, **TOKENS)


@pytest.fixture(scope="module")
def theirs(tokenizer: Any) -> Iterator[Callable[[str, str], str]]:
    """A prompt under a template, by transformers on the fixed day."""
    utils = pytest.importorskip("transformers.utils.chat_template_utils")

    class Then(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]  # noqa: ARG003
            return DAY

    def render(prompt: str, template: str) -> str:
        turns = [{"role": "user", "content": prompt}]
        return str(
            tokenizer.apply_chat_template(
                turns,
                chat_template=template,
                tokenize=False,
                add_generation_prompt=True,
                date_string=DAY.strftime("%d %b %Y"),
            )
        )

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(utils, "datetime", Then)
        yield render


@pytest.mark.parametrize("name", TEMPLATES)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(prompt=st.text(max_size=30))
def test_text_is_what_transformers_makes_of_the_template(
    theirs: Callable[[str, str], str], name: str, prompt: str
) -> None:
    assert render_turn(Tokens(TOKENS), prompt, TEMPLATES[name]) == theirs(prompt, TEMPLATES[name])


@pytest.mark.parametrize("name", ["plain", "chatml", "generation", "namespace"])
@pytest.mark.parametrize("begun", [True, False])
@pytest.mark.parametrize("last", ["The answer is", "The answer is ", "\n"])
def test_several_turns_and_an_answer_begun_are_what_transformers_makes_of_them(
    tokenizer: Any, name: str, begun: bool, last: str
) -> None:
    turns = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": " Why? "},
        {"role": "assistant", "content": last},
    ]
    ours = render_chat(Tokens(TOKENS), turns, TEMPLATES[name], begun=begun)
    theirs = tokenizer.apply_chat_template(
        turns,
        chat_template=TEMPLATES[name],
        tokenize=False,
        add_generation_prompt=not begun,
        continue_final_message=begun,
    )
    assert ours == theirs


def test_a_template_that_leaves_the_beginning_of_an_answer_out_is_refused() -> None:
    turns = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "So"}]
    with pytest.raises(EngineError, match="leaves out the beginning of an answer"):
        render_chat(Tokens({}), turns, "{{ messages[0].content }}", begun=True)


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{{ raise_exception('system first') }}", "system first"),
        ("{{ messages[3].content.x }}", "cannot be applied"),
        ("{% if %}", "cannot be applied"),
        ("hello", "leaves the prompt out"),
        ("{{ messages.__class__.__mro__ }}", "cannot be applied"),
    ],
)
def test_a_template_that_cannot_be_used_says_why(template: str, said: str) -> None:
    assert said in template_error(Tokens({}), template)


def test_a_sound_template_has_no_fault() -> None:
    assert template_error(Tokens({}), "{{ messages[0].content }}") == ""


def write(folder: Path, config: dict[str, Any], tokenizer: dict[str, Any] | None = None) -> Path:
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer or {}))
    return folder


def test_special_tokens_are_read_as_text_or_as_objects(tmp_path: Path) -> None:
    found = read_tokens(write(tmp_path, {"bos_token": "<s>", "eos_token": {"content": "</s>"}}))
    assert found.named == TOKENS
    assert found.first == "<s>"
    assert "pad_token" in found.unknown


def test_a_template_that_asks_for_a_token_that_no_file_names_is_refused(tmp_path: Path) -> None:
    template = "{{ bos_token }}{{ messages[0].content }}"
    unsaid = read_tokens(write(tmp_path, {"tokenizer_class": "LlamaTokenizer"}))
    with pytest.raises(EngineError, match=r"bos_token, which tokenizer_config.json does not define"):
        render_turn(unsaid, "hi", template)
    none = read_tokens(write(tmp_path, {"tokenizer_class": "LlamaTokenizer", "bos_token": None}))
    assert render_turn(none, "hi", template) == "hi"
    plain = read_tokens(write(tmp_path, {"tokenizer_class": "PreTrainedTokenizerFast"}))
    assert render_turn(plain, "hi", template) == "hi"


@pytest.mark.parametrize(
    ("processor", "said", "begins"),
    [
        ({"single": [{"SpecialToken": {"id": "<s>"}}, {"Sequence": {}}]}, None, True),
        ({"single": [{"Sequence": {}}, {"SpecialToken": {"id": "<s>"}}]}, None, False),
        ({"processors": [{"type": "ByteLevel"}, {"single": [{"SpecialToken": {"id": "<s>"}}]}]}, None, True),
        ({"type": "ByteLevel"}, True, True),
        (None, None, False),
    ],
)
def test_whether_a_tokenizer_marks_the_beginning_is_read_from_its_files(
    tmp_path: Path, processor: Any, said: bool | None, begins: bool
) -> None:
    config = {"bos_token": "<s>", **({} if said is None else {"add_bos_token": said})}
    assert read_tokens(write(tmp_path, config, {"post_processor": processor})).begins is begins


def test_of_several_templates_the_default_is_taken() -> None:
    assert default_template("x") == "x"
    assert default_template({"tool_use": "t", "default": "d"}) == "d"
    assert default_template([{"name": "rag", "template": "r"}, {"name": "default", "template": "d"}]) == "d"
    assert default_template({"tool_use": "t"}) is None
    assert default_template(None) is None


def test_a_template_file_goes_before_the_configuration(tmp_path: Path) -> None:
    assert own_template(tmp_path) is None
    write(tmp_path, {"chat_template": [{"name": "default", "template": "one"}]})
    assert own_template(tmp_path) == "one"
    (tmp_path / "chat_template.jinja").write_text("two")
    assert own_template(tmp_path) == "two"
    (tmp_path / "chat_template.jinja").write_bytes(b"\xff\xfe")
    with pytest.raises(EngineError, match="cannot be read"):
        own_template(tmp_path)


DATED = [
    ("{{ strftime_now('%d %b %Y') }}|", "26 Jul 2024|"),
    ("{{ strftime_now('%B %-d, %Y') }}|", "July 26, 2024|"),
    ("{{ strftime_now('%Y-%m-%d %H:%M:%S') }}|", "2024-07-26 00:00:00|"),
    ("{{ strftime_now('%A 100%%') }}|", "Friday 100%|"),
    ("{% set d = strftime_now('%Y') if strftime_now is defined else 'x' %}{{ d }}|", "2024|"),
    (
        "{% if not date_string is defined %}{% set date_string = strftime_now('%j') %}{% endif %}{{ date_string }}|",
        "26 Jul 2024|",
    ),
    ("{% macro day() %}{{ strftime_now('%F') }}{% endmacro %}\n{{ day() }}|", "2024-07-26|"),
]


@pytest.mark.parametrize(("template", "expected"), DATED)
def test_no_prompt_knows_the_day(template: str, expected: str) -> None:
    assert render_turn(Tokens({}), "hi", template + TURN) == f"{expected}[user]hi"


def test_a_turn_ends_where_the_answer_begins() -> None:
    template = TURN + "{% if add_generation_prompt %}[assistant]{% endif %}{{ eos_token }}"
    assert render_turn(Tokens(TOKENS), "a {b} c", template) == "[user]a {b} c[assistant]</s>"


def test_the_special_tokens_of_a_tokenizer_are_those_that_it_knows(tokenizer: Any) -> None:
    assert Tokens.of(tokenizer).named == TOKENS


CHATML = (
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\\n' + m['content'] + '<|im_end|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)


@pytest.mark.parametrize(
    ("template", "header"),
    [
        (CHATML, ""),
        (CHATML.partition("{% if")[0], "<|im_start|>assistant"),
        ("{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}[assistant]", ""),
        (
            "{% for m in messages %}{% if m.role == 'user' %}[INST] {{ m.content }} [/INST]{% else %} {{ m.content }}</s>"
            "{% endif %}{% endfor %}",
            "",
        ),
        ("{% for m in messages %}### {{ m.role }}:\n{{ m.content }}\n\n{% endfor %}", "### assistant:"),
        ("{{ messages[0].content }}", ""),
        ("{{ raise_exception('never') }}", ""),
    ],
)
def test_a_template_that_never_begins_an_answer_is_told_by_what_it_leaves_out(
    template: str, header: str
) -> None:
    assert missing_header(Tokens({}), template) == header


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (CHATML, True),
        (CHATML.replace("'<|im_start|>' + m['role']", '"<|im_start|>" + m.role'), True),
        ("{# a comment #}" + CHATML, True),
        (CHATML.replace("m['content']", "m['content'].strip()"), False),
        (CHATML.partition("{% if")[0], False),
        (
            "{% if messages[0].role != 'system' %}{{ '<|im_start|>system\\n<|im_end|>\\n' }}{% endif %}"
            + CHATML,
            False,
        ),
        (CHATML.replace("{% for m in", "{% if messages|length > 2 %}x{% endif %}{% for m in"), False),
        ("{{ raise_exception('never') }}", False),
    ],
)
def test_templates_that_render_the_same_are_the_same(other: str, same: bool) -> None:
    assert same_template(Tokens({}), CHATML, other) is same
