"""Chat templates without transformers: finds the one of a folder, and renders turns under one.

The text is what transformers renders, from the special tokens that the tokenizer's files name. A template is a program
that came with weights: it is applied in a process with limits (`sandbox`). No prompt depends on the day or on chance:
templates that ask for the date are given a fixed one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from assay.engines.files import read_object
from assay.engines.sandbox import SandboxError, render
from assay.errors import EngineError

__all__ = [
    "PROBE",
    "Tokens",
    "default_template",
    "missing_header",
    "own_template",
    "read_tokens",
    "render_chat",
    "render_turn",
    "same_template",
    "template_error",
]

PROBE = "assay-probe"
"""A prompt that a template is tried with."""
MARK = "ASSAY-GOES-ON-HERE "
"""Marks where an answer's beginning ends; the space tells whether a template trims."""
CHATS = (
    (("user", PROBE),),
    (("user", f"  {PROBE}\n\n{{}} <|x|> \u00e9 \n"),),
    (("user", ""),),
    (("system", f" {PROBE} "), ("user", PROBE)),
    (("user", PROBE), ("assistant", " answer\n"), ("user", PROBE)),
    (("user", PROBE), ("assistant", "<think>\nthought\n</think>\n\nanswer")),
    (("system", PROBE), ("user", PROBE), ("assistant", ""), ("user", PROBE), ("assistant", "answer")),
)
"""Chats by role and content: two templates that render all of these alike are one."""
SPECIAL = ("bos_token", "eos_token", "pad_token", "unk_token", "sep_token", "cls_token", "mask_token")
PLAIN_CLASSES = ("PreTrainedTokenizerFast", "TokenizersBackend")
"""Tokenizers that have no special tokens but those that their files name."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """The special tokens in a tokenizer's files."""

    named: Mapping[str, str]
    """Text of each, by what it is for: `bos_token`, ..."""
    unknown: frozenset[str] = frozenset()
    """Special tokens that only the tokenizer's class defines, not the files."""
    begins: bool = False
    """Whether the tokenizer puts `bos_token` before a text by itself."""

    @classmethod
    def of(cls, tokenizer: Any) -> Self:
        """What a tokenizer of transformers knows."""
        return cls(dict(tokenizer.special_tokens_map))

    @property
    def first(self) -> str:
        """The text that a prompt may begin with to say that special tokens are in it already; may be empty."""
        return self.named.get("bos_token") or self.named.get("eos_token") or ""


def read_tokens(folder: Path) -> Tokens:
    """The special tokens of a folder's tokenizer. Raises EngineError if a file is unreadable."""
    config = read_object(folder / "tokenizer_config.json")
    more = read_object(folder / "special_tokens_map.json")
    named, unknown = {}, set()
    plain = config.get("tokenizer_class") in PLAIN_CLASSES
    for name in SPECIAL:
        entry = config.get(name, more.get(name))
        text = entry.get("content") if isinstance(entry, dict) else entry
        if isinstance(text, str):
            named[name] = text
        elif name not in config and not plain:
            unknown.add(name)
    begins = _begins(folder, named.get("bos_token"), config.get("add_bos_token"))
    return Tokens(named, frozenset(unknown), begins)


def _begins(folder: Path, bos: str | None, add_bos: Any) -> bool:
    """Whether a tokenizer puts its first special token before a text, as its post-processor tells."""
    if bos is None:
        return False
    processor = read_object(folder / "tokenizer.json").get("post_processor") or {}
    steps = processor.get("processors") or [processor]
    for step in steps:
        single = step.get("single") or [{}]
        if "SpecialToken" in single[0]:
            return bool(single[0]["SpecialToken"].get("id") == bos)
    return add_bos is True


def default_template(template: Any) -> str | None:
    """The template itself, or the one called `default` of several."""
    if isinstance(template, list):
        template = {entry.get("name"): entry.get("template") for entry in template if isinstance(entry, dict)}
    if isinstance(template, Mapping):
        template = template.get("default")
    return template if isinstance(template, str) else None


def own_template(folder: Path) -> str | None:
    """The chat template in a folder's tokenizer files, read as data. Raises EngineError if unreadable."""
    path = folder / "chat_template.jinja"
    if path.is_file():
        try:
            return path.read_text(encoding="utf-8")
        except (OSError, ValueError) as bad:
            raise EngineError(f"{path} cannot be read: {bad}; save it as UTF-8, or remove it") from None
    return default_template(read_object(folder / "tokenizer_config.json").get("chat_template"))


def render_turn(tokens: Tokens, prompt: str, template: str) -> str:
    """The prompt as one user turn under the template, ready for an answer. Raises EngineError."""
    return render_chat(tokens, [{"role": "user", "content": prompt}], template, begun=False)


def render_chat(tokens: Tokens, turns: Sequence[Mapping[str, str]], template: str, *, begun: bool) -> str:
    """Turns (`role`, `content`) under the template, ready for an answer; begun: the last turn is its beginning.

    Raises EngineError, with the fault as it follows "its chat template ...".
    """
    messages = [dict(turn) for turn in turns]
    if begun:
        messages[-1]["content"] += MARK
    try:
        text = _applied(tokens, messages, template, asks=not begun)
    except SandboxError as bad:
        raise EngineError(f"cannot be applied to a prompt ({bad})") from None
    if not begun:
        return text
    before, mark, after = text.rpartition(MARK.strip())
    if not mark:
        raise EngineError("leaves out the beginning of an answer")
    # A template that trims what a turn says would have trimmed the answer's beginning, too.
    return before if after.startswith(" ") else before.rstrip()


def _applied(tokens: Tokens, messages: Sequence[Mapping[str, str]], template: str, *, asks: bool) -> str:
    """The text. Raises SandboxError."""
    variables = {"messages": messages, "tools": None, "documents": None, "add_generation_prompt": asks}
    return render(template, variables | dict(tokens.named), tokens.unknown)


def template_error(tokens: Tokens, template: str) -> str:
    """The fault of a template, as it follows "its chat template ..."; empty where there is none."""
    try:
        text = render_turn(tokens, PROBE, template)
    except EngineError as bad:
        return str(bad)
    return "" if PROBE in text else "leaves the prompt out"


def missing_header(tokens: Tokens, template: str) -> str:
    """What a template puts before a past answer and never before a new one; empty where it leaves nothing out.

    Some templates rightly render the same with and without a generation prompt: they end a user's turn with what begins
    an answer.
    """
    turn = [{"role": "user", "content": PROBE}]
    answered = [*turn, {"role": "assistant", "content": MARK.strip()}]
    try:
        ready, plain = (_applied(tokens, turn, template, asks=asks) for asks in (True, False))
        past = _applied(tokens, answered, template, asks=False)
    except SandboxError:  # others tell of that
        return ""
    before, mark, _ = past.partition(MARK.strip())
    return before.removeprefix(ready).strip() if ready == plain and mark and before.startswith(ready) else ""


def same_template(tokens: Tokens, first: str, second: str) -> bool:
    """Whether two templates render the same text of every kind of chat that is tried."""
    return first == second or _renderings(tokens, first) == _renderings(tokens, second)


def _renderings(tokens: Tokens, template: str) -> tuple[str | None, ...]:
    """Chats under a template; None for those that it refuses."""
    texts: list[str | None] = []
    for turns in CHATS:
        messages = [{"role": role, "content": content} for role, content in turns]
        for asks in (True, False):
            try:
                texts.append(_applied(tokens, messages, template, asks=asks))
            except SandboxError:
                texts.append(None)
    return tuple(texts)
