from __future__ import annotations

from datetime import datetime

import pytest
from transformers.utils import chat_template_utils

from assay.engines.torch.chat_template import render_turn, unusable_template
from assay.errors import EngineError
from tests.engines.torch.toys import make_tokenizer

TURN = "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}"
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
def test_no_prompt_knows_the_day(template: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Today(datetime):
        @classmethod
        def now(cls, tz: object = None) -> Today:  # noqa: ARG003
            return cls(2031, 1, 2, 3, 4, 5)

    monkeypatch.setattr(chat_template_utils, "datetime", Today)
    assert render_turn(make_tokenizer(), "hi", template + TURN) == f"{expected}[user]hi"


@pytest.mark.parametrize(
    "start", ["", "\n", "  ", "  {% if true %}x{% endif %}", "\n\n  {%- if true %}y{% endif %}\n"]
)
def test_fixing_the_day_leaves_the_rest_of_a_template_as_it_was(start: str) -> None:
    body = start + "{% if false %}{{ strftime_now('%Y') }}{% endif %}\n" + TURN
    plain = body.replace("strftime_now('%Y')", "''")
    assert render_turn(make_tokenizer(), "hi", body) == render_turn(make_tokenizer(), "hi", plain)


def test_a_turn_ends_where_the_answer_begins() -> None:
    template = TURN + "{% if add_generation_prompt %}[assistant]{% endif %}{{ eos_token }}"
    assert render_turn(make_tokenizer(), "a {b} c", template) == "[user]a {b} c[assistant]</s>"


def test_a_template_that_fails_says_why() -> None:
    with pytest.raises(EngineError, match=r"\(TemplateError: only for robots\); mend it"):
        render_turn(make_tokenizer(), "hi", "{{ raise_exception('only for robots') }}")
    assert unusable_template(make_tokenizer(), TURN) == ""
    assert "leaves the prompt out" in unusable_template(make_tokenizer(), "hello")
