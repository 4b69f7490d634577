"""What a stranger wrote is applied under limits, and a limit that it breaks harms nothing else."""

from __future__ import annotations

import os
from typing import Any

import pytest

from assay.engines.sandbox import SandboxError, render, try_expressions

PROMPT: dict[str, Any] = {"messages": [{"role": "user", "content": "hi\u2028 \ud83d there"}]}
ENDLESS = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"


def test_a_template_is_applied_to_any_text() -> None:
    assert render("<{{ messages[0].content }}>", PROMPT) == "<hi\u2028 \ud83d there>"


@pytest.mark.parametrize(
    "template",
    [
        ENDLESS,
        "{{ 'a' * 10 ** 10 }}",
        "{{ '%999999999d' % 1 }}",
        "{{ 'x' | center(3000000000) }}",
        "{{ (1, 2) | batch(100000000, 'x') | list }}",
        "{% set n = namespace(x='ab') %}{% for _ in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}{{ n.x }}",
        "{% macro f(x) %}{{ f(x) }}{{ f(x) }}{% endmacro %}{{ f(1) }}",
    ],
)
def test_a_template_that_takes_too_much_is_an_error_and_the_next_one_is_applied(template: str) -> None:
    with pytest.raises(SandboxError):
        render(template, PROMPT)
    assert render("{{ 1 + 1 }}", PROMPT) == "2"


def test_a_variable_that_is_not_known_is_named() -> None:
    with pytest.raises(SandboxError, match="it uses bos_token, which tokenizer_config"):
        render("{{ bos_token }}", PROMPT, {"bos_token", "sep_token"})


def test_expressions_that_end_are_taken_and_others_are_not() -> None:
    names = [f"model.layers.{block}.self_attn.q_proj" for block in range(20)]
    try_expressions([r".*\.(q|v)_proj$"], names)
    with pytest.raises(SandboxError, match="more than 1 s"):
        try_expressions(["([a-z._0-9]+)*!"], names)
    with pytest.raises(SandboxError, match="error: missing"):
        try_expressions(["(a"], names)


def test_a_process_that_was_forked_has_a_sandbox_of_its_own() -> None:
    assert render("{{ 1 }}", PROMPT) == "1"
    child = os.fork()
    if child == 0:
        os._exit(0 if render("{{ 2 }}", PROMPT) == "2" else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert render("{{ 3 }}", PROMPT) == "3"
