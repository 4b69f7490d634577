"""The instructions of M-IFEval by id, and what their arguments may be. Each enters itself where its check is.

relation("es").cast("como máximo")    # "at most"
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from assay.tasks.ifeval import registry as ifeval
from assay.tasks.ifeval.registry import LANGUAGES, RELATION
from assay.tasks.instructions import Argument, Check, Instructions

__all__ = ["INSTRUCTIONS", "LANGUAGE", "RELATIONS", "borrow", "fixed", "instruction", "relation"]

RELATIONS: Mapping[str, Mapping[str, str]] = {
    "es": {"al menos": "at least", "como máximo": "at most"},
    "fr": {"au moins": "at least", "moins de": "less than"},
    "ja": {"以上": "at least", "未満": "less than"},
}
"""By language: a prompt file's word -> the word that `amount` reads."""

_LANGUAGES = (*LANGUAGES, "zh")  # langdetect tells zh-cn and zh-tw; a French prompt asks for zh
LANGUAGE = Argument(f"one of {', '.join(_LANGUAGES)}", lambda value: value in _LANGUAGES)

INSTRUCTIONS = Instructions()
fixed = INSTRUCTIONS.repair

_Check = TypeVar("_Check", bound=Check)


def relation(language: str) -> Argument:
    """A relation in the words of a language, kept in English."""
    words = RELATIONS[language]
    expected = " or ".join(f'"{word}"' for word in words)
    return Argument(expected, lambda value: isinstance(value, str) and value in words, words.__getitem__)


def instruction(id_: str, **fields: Any) -> Callable[[_Check], _Check]:
    """As `Instructions.add`; an argument RELATION is in the words of the id's language."""
    return INSTRUCTIONS.add(id_, **{name: _translated(id_[:2], field) for name, field in fields.items()})


def borrow(languages: str, *ids: str) -> None:
    """Enter instructions that are judged as IFEval's, in both modes."""
    for language in languages.split():
        for id_ in ids:
            entry = ifeval.INSTRUCTIONS[id_]
            arguments = {name: _translated(language, kind) for name, kind in entry.arguments.items()}
            INSTRUCTIONS[f"{language}:{id_}"] = replace(entry, arguments=arguments)


def _translated(language: str, field: Any) -> Any:
    return relation(language) if field is RELATION else field
