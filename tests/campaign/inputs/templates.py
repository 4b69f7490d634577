"""Chat templates: programs that come with an adapter or a base."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from assay.engines.chat_template import Tokens, missing_header, render_chat, same_template, template_error
from tests.campaign.kinds import Files, Kind

__all__ = ["KINDS"]

TOKENS = Tokens({"bos_token": "<s>", "eos_token": "</s>"})
PLAIN = (
    "{{ bos_token }}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('roles must alternate') }}{% endif %}<|{{ message['role'] }}|>\n"
    "{{ message['content'] | trim }}{{ eos_token }}\n{% endfor %}{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)
MACROS = (
    "{%- macro turn(role, text) -%}<|im_start|>{{ role }}\n{{ text }}<|im_end|>\n{%- endmacro -%}"
    "{%- set ns = namespace(found=false, text='') -%}{%- for m in messages -%}{%- set ns.text = ns.text ~ turn(m.role, m.content) -%}"
    "{%- endfor -%}{{ ns.text }}{%- if tools %}{{ tools | tojson(indent=2) }}{% endif -%}{{ strftime_now('%d %b') }}"
    "{%- if add_generation_prompt -%}<|im_start|>assistant\n{%- endif -%}"
)
PROGRAMS = (
    "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "{% set ns = namespace(x='ab') %}{% for _ in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}{{ ns.x }}",
    "{{ 'a' * 10 ** 10 }}",
    "{{ 9 ** 9 ** 9 }}",
    "{{ '%999999999d' % 1 }}",
    "{{ '{:>999999999}'.format('x') }}",
    "{{ 'a'.ljust(2000000000) }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ messages.__class__.__init__.__globals__ }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ raise_exception.__globals__['__builtins__']['open']('/etc/passwd').read() }}",
    "{{ strftime_now.__self__.__class__.now() }}",
    "{% include '/etc/passwd' %}{% import 'os' as os %}",
    "{% macro f(x) %}{{ f(x) }}{{ f(x) }}{% endmacro %}{{ f(1) }}",
    "{{ lipsum(n=100000) }}{{ messages | random }}",
    "{{ messages[0].update({'content': 'x'}) }}{{ messages.append(1) }}",
    "{{ ('a' * 99999) | wordwrap(1) | replace('a', 'a' * 99999) }}",
    "{{ (1, 2, 3) | batch(100000000, 'x') | list }}",
    "{{ 'x' | center(3000000000) }}{{ [1] | tojson(indent=2000000000) }}",
    "{{ messages | map(attribute='content') | join(',' * 99999) }}",
)


def _render(files: Files, _: Path) -> None:
    template = files["template"].decode("utf-8", "replace")
    template_error(TOKENS, template)
    missing_header(TOKENS, template)
    same_template(TOKENS, template, PLAIN)
    render_chat(TOKENS, [{"role": "user", "content": "a prompt"}], template, begun=False)
    turns = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "It is"}]
    render_chat(TOKENS, turns, template, begun=True)


def _whole() -> Sequence[Files]:
    return [{"template": text.encode()} for text in (PLAIN, MACROS) * 8] + [
        {"template": text.encode()} for text in PROGRAMS
    ]


KINDS = (Kind("chat templates", _whole, _render, weight=2, warm=2),)
