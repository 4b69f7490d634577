"""What bases are called: names of one base in other places, and what a name says of precision.

A name never decides whether an adapter fits; it only adds a warning.
"""

from __future__ import annotations

import re

__all__ = ["last_part", "precision_of", "same_base"]

PRECISIONS = (
    (re.compile(r"(bnb-?)?4-?bit|\bnf4\b|int4|w4a16|q4", re.I), "4 bits"),
    (re.compile(r"(bnb-?)?8-?bit|int8|w8a8|w8a16|q8", re.I), "8 bits"),
    (re.compile(r"[3-6]-?bit|q[2-6]_", re.I), "a few bits"),
    (re.compile(r"fp8|f8", re.I), "8 bits (fp8)"),
    (re.compile(r"gptq|awq|gguf|hqq|eetq|exl[23]|aqlm", re.I), "quantized weights"),
)
MARKS = re.compile(
    r"[-_.](unsloth|bnb|dynamic|mlx|hf|converted|gptq|awq|gguf|hqq|eetq|exl[23]|aqlm|fp8|bf16|fp16|f16|f32|int[48]|"
    r"w[48]a(8|16)|nf4|q[2-8](_\w+)?|[2-8]-?bit|dwq|g\d+|mirror)(?=[-_.]|$)",
    re.I,
)
"""Words in a name that tell where or how the same weights are kept."""


def last_part(source: str) -> str:
    """The last part of a path or hub id, also of Windows; of a folder in the hub's cache, that of the hub id."""
    parts = [part for part in re.split(r"[/\\]", source) if part]
    if len(parts) > 2 and parts[-2] == "snapshots":
        return parts[-3].rpartition("--")[2].casefold()
    return parts[-1].casefold() if parts else ""


def same_base(first: str, second: str) -> bool:
    """Whether two names may be of one base: their last parts are equal, but for words such as `-bnb-4bit`."""
    return _plain(first) == _plain(second)


def _plain(source: str) -> str:
    name, before = last_part(source), None
    while name != before:
        before, name = name, MARKS.sub("", name)
    return name


def precision_of(source: str) -> str:
    """What a name says of the precision of its weights, as in `4 bits`; empty: nothing."""
    name = last_part(source)
    return next((text for form, text in PRECISIONS if form.search(name)), "")
