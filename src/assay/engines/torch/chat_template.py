"""Chat templates: which one a folder brings, and one user turn under one.

No prompt depends on the day: templates that ask for the date are given a fixed one, so that a run
that is resumed tomorrow asks what it asked today.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from transformers import PreTrainedTokenizerBase

from assay.engines.chat_template import DAY, PROBE, own_template
from assay.errors import EngineError

__all__ = [
    "DAY",
    "TemplateError",
    "dated",
    "own_template",
    "render_chat",
    "render_turn",
    "template_error",
    "unusable_template",
]

DIRECTIVES = {f"%-{d}": str(int(DAY.strftime(f"%{d}"))) for d in "dmyjHIMS"} | {
    f"%{d}": DAY.strftime(f"%{d}") for d in "aAwdbBmyYHIpMSfjUWcxXDFTZzuVG%"
}


class TemplateError(EngineError):
    """A chat template cannot be used. `fault` says why, as it follows "its chat template ..."."""

    def __init__(self, fault: str) -> None:
        super().__init__(f"the chat template {fault}; mend it, or use another")
        self.fault = fault


def render_turn(tokenizer: PreTrainedTokenizerBase, prompt: str, template: str) -> str:
    """The prompt as one user turn under the template, ready for an answer. Raises TemplateError."""
    return render_chat(tokenizer, [{"role": "user", "content": prompt}], template)


def render_chat(
    tokenizer: PreTrainedTokenizerBase,
    turns: Sequence[Mapping[str, str]],
    template: str,
    begun: bool = False,
) -> str:
    """Turns under the template, ready for an answer; begun: the last one is its beginning. Raises TemplateError."""
    try:
        return str(
            tokenizer.apply_chat_template(
                [dict(turn) for turn in turns],
                chat_template=dated(template),
                tokenize=False,
                add_generation_prompt=not begun,
                continue_final_message=begun,
                date_string=DAY.strftime("%d %b %Y"),
            )
        )
    except Exception as bad:  # a template is a program: it can raise anything
        cause = " ".join(f"{type(bad).__name__}: {bad}".split())[:300]
        raise TemplateError(f"cannot be applied to a prompt ({cause})") from bad


def template_error(tokenizer: PreTrainedTokenizerBase, template: str) -> str:
    """What is wrong with a template, as it follows "its chat template ..."; empty where nothing is."""
    try:
        text = render_turn(tokenizer, PROBE, template)
    except TemplateError as bad:
        return bad.fault
    return "" if PROBE in text else "leaves the prompt out"


def unusable_template(tokenizer: PreTrainedTokenizerBase, template: str) -> str:
    """Why a template cannot be used, and the fix; empty where it can."""
    found = template_error(tokenizer, template)
    return str(TemplateError(found)) if found else ""


def dated(template: str) -> str:
    """The template, with a macro in the place of transformers' `strftime_now`, which says today.

    A macro, because a function passed as an argument does not reach templates. The line's end is eaten
    by transformers' `trim_blocks`, so the template itself begins as it did.
    """
    if "strftime_now" not in template:
        return template
    swaps = "".join(f"|replace('{directive}','{said}')" for directive, said in DIRECTIVES.items())
    return f"{{% macro strftime_now(format) %}}{{{{ format{swaps} }}}}{{% endmacro %}}\n{template}"
