"""Bullets, highlights, sections, title, JSON, fixed answers. Each check returns None when followed, else why.

number_highlighted_sections("*one* two", num_highlights=2)    # "1 highlighted section, at least 2 asked"

Patterns are such that a text of any length and kind (`*` or `[` a million times) is read in linear time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import partial

from assay.tasks.ifeval.matching import amount, as_pattern, as_text, quoted
from assay.tasks.ifeval.registry import COUNT, PATTERN, TEXT, fixed, instruction

_ANSWERS = ("My answer is yes.", "My answer is no.", "My answer is maybe.")

# A star, then anything but a star: also a line break, and then the next line is part of this bullet.
STAR_BULLET = re.compile(r"^[^\S\n]*+\*[^*].*$", re.MULTILINE)
_DASH_BULLET = re.compile(r"^[^\S\n]*+-", re.MULTILINE)
_HIGHLIGHT = re.compile(r"\*([^\n*]*)\*")
_STRONG = re.compile(r"\*\*([^\n*]*)\*\*")

_FENCES = ("```json", "```Json", "```JSON", "```")
_JSON_DEPTH = 500
_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)


@instruction("detectable_format:number_bullet_lists", num_bullets=COUNT)
def number_bullet_lists(text: str, num_bullets: int, relation: str = "exactly") -> str | None:
    """That many lines start with `*` (not `**`) or `-`."""
    bullets = len(STAR_BULLET.findall(text)) + len(_DASH_BULLET.findall(text))
    return amount(bullets, relation, num_bullets, "bullet point")


@instruction("detectable_format:number_highlighted_sections", num_highlights=COUNT)
def number_highlighted_sections(text: str, num_highlights: int, relation: str = "at least") -> str | None:
    """At least so many `*...*` and `**...**`, each within a line and not blank."""
    highlights = _filled(_HIGHLIGHT, text) + _filled(_STRONG, text)
    return amount(highlights, relation, num_highlights, "highlighted section")


@instruction("detectable_format:multiple_sections", section_spliter=TEXT, num_sections=COUNT)
def multiple_sections(
    text: str,
    section_spliter: str,
    num_sections: int,
    relation: str = "at least",
    pattern: Callable[..., re.Pattern[str]] = as_pattern,
) -> str | None:
    """At least so many marks such as `SECTION 1`."""
    mark = pattern(section_spliter.strip(), r"\s?", r"\s?\d+\s?")
    return amount(len(mark.split(text)) - 1, relation, num_sections, "section")


fixed("detectable_format:multiple_sections", PATTERN)(partial(multiple_sections, pattern=as_text))


@instruction("detectable_format:title")
def title(text: str, opening: str = "<<", closing: str = ">>") -> str | None:
    """Something that is not blank is written between the marks, within a line."""
    for line in text.split("\n") if opening in text else ():
        start, end = line.find(opening), line.rfind(closing)
        if 0 <= start < end - len(opening) and line[start:end].lstrip(opening).rstrip(closing).strip():
            return None
    return f"no title in {opening} {closing}"


@instruction("detectable_format:constrained_response")
def constrained_response(text: str, answers: tuple[str, ...] = _ANSWERS) -> str | None:
    """One of the answers is found somewhere."""
    return None if any(answer in text for answer in answers) else f"none of {quoted(answers)}"


@instruction("detectable_format:json_format")
def json_format(text: str) -> str | None:
    """All of it is JSON, in a Markdown fence or not.

    More than 500 levels are refused: how deep Python reads depends on where it is called from.
    """
    text = text.strip()
    for fence in _FENCES:
        text = text.removeprefix(fence)
    text = text.removesuffix("```").strip()
    if _too_deep(text):
        return f"JSON nested more than {_JSON_DEPTH} deep"
    try:
        json.loads(text)
    except (ValueError, RecursionError) as bad:
        return f"not JSON: {bad}"
    return None


def _filled(pattern: re.Pattern[str], text: str) -> int:
    return sum(1 for content in pattern.findall(text) if content and not content.isspace())


def _too_deep(text: str) -> bool:
    """Whether brackets outside of strings are nested deeper than is read."""
    if text.count("[") + text.count("{") <= _JSON_DEPTH:
        return False
    depth = 0
    for match in _JSON_TOKEN.finditer(text):
        depth += (match[0] in "[{") - (match[0] in "]}")
        if depth > _JSON_DEPTH:
            return True
    return False
