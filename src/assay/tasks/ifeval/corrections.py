"""Errors of the published prompt file, repaired in mode `fixed` (google-research/google-research#3103)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["CORRECTIONS", "Correction"]


@dataclass(frozen=True, slots=True)
class Correction:
    """One instruction of one prompt, recognised by all of its first five fields."""

    key: str
    asks: str
    """A part of the prompt."""
    index: int
    """Place of the instruction in its list."""
    id: str
    arguments: Mapping[str, Any]
    right_id: str
    right_arguments: Mapping[str, Any]
    why: str
    """The fault, in words."""

    def repairs(self, prompt: str, id_: str, arguments: Mapping[str, Any]) -> bool:
        """Whether this is that instruction and not another file's."""
        return self.asks in prompt and self.id == id_ and dict(self.arguments) == dict(arguments)


_WORDS, _BULLETS = "length_constraints:number_words", "detectable_format:number_bullet_lists"

CORRECTIONS: dict[tuple[str, int], Correction] = {
    (correction.key, correction.index): correction
    for correction in (
        Correction(
            *("30", "Please answer in lower case letters.", 2, "startend:quotation", {}),
            *("change_case:english_lowercase", {}),
            why="prompt 30 asks for lower case; the file asks for quotation marks twice",
        ),
        Correction(
            *("337", "at least 400 words", 0, _WORDS, {"relation": "at least", "num_words": 336}),
            *(_WORDS, {"relation": "at least", "num_words": 400}),
            why="prompt 337 asks for 400 words, the file for 336",
        ),
        Correction(
            *(
                "2078",
                "exactly one bullet point. Make sure to include a few",
                0,
                _BULLETS,
                {"num_bullets": 1},
            ),
            *(_BULLETS, {"num_bullets": 1, "relation": "at least"}),
            why="prompt 2078 asks for exactly one bullet point and for a few: one or more will do",
        ),
    )
}
