"""Writes a response that follows given instructions, which the verifiers themselves check.

compose(request, (DrawnInstruction("startend:quotation", {}),), generator)
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from typing import Any

from assay.demo.synthetic import sentences
from assay.demo.synthetic.instructions import LAYOUTS, DrawnInstruction
from assay.demo.synthetic.portable_random import between, choose, several
from assay.demo.synthetic.prose import Request, Scene, plan

__all__ = ["compose"]

TRIES = 60
PLACEHOLDERS = (
    "Ask [name] about it.",
    "It costs [price].",
    "We met on [date].",
    "Please write to [address].",
    "You can call [number].",
    "It was found in [place].",
)
_WORD = re.compile(r"\w+")


def compose(request: Request, instructions: Sequence[DrawnInstruction], generator: random.Random) -> str:
    """A text about the request that follows every instruction."""
    for _ in range(TRIES):
        text = _Composer(request, instructions, generator).text()
        if all(instruction.followed(text) for instruction in instructions):
            return text
    raise RuntimeError(
        f"no text follows {[instruction.core for instruction in instructions]} about {request.core}"
    )


class _Composer:
    """One attempt."""

    def __init__(
        self, request: Request, instructions: Sequence[DrawnInstruction], generator: random.Random
    ) -> None:
        self.generator = generator
        self.required: dict[str, Mapping[str, Any]] = {
            instruction.id: instruction.kwargs for instruction in instructions
        }
        self.scene = Scene(request, generator)
        self.templates = plan(request, generator)
        words = self._of("keywords:forbidden_words", "forbidden_words", ())
        self.forbidden = re.compile(rf"\b(?:{'|'.join(words)})\b", re.IGNORECASE) if words else None
        self.title = (
            self.scene.plainly("{a_looks} {topic}") if "detectable_format:title" in self.required else ""
        )
        self.postscript = self._next() if "detectable_content:postscript" in self.required else ""

    def text(self) -> str:
        """The response, of the length that was asked for."""
        texts = self._needed()
        length = self._of("length_constraints:number_words", "num_words", 0)
        if self._of("length_constraints:number_words", "relation", "") == "less than":
            return self._up_to(length)
        fewest = max(between(self.generator, 3, 6), self._units())
        while len(texts) < fewest:
            texts.append(self._next())
        text = self._laid_out(texts)
        while len(_WORD.findall(text)) < length:
            texts.append(self._next())
            text = self._laid_out(texts)
        return text

    def _of(self, id_: str, name: str, default: Any) -> Any:
        return self.required[id_][name] if id_ in self.required else default

    def _units(self) -> int:
        """Bullets, paragraphs or sections; 0: not divided."""
        counts: list[int] = [self._of(id_, name, 0) for id_, name in LAYOUTS.items()]
        return max(counts)

    def _next(self) -> str:
        """The next sentence without a forbidden word."""
        while True:
            text = self.scene.write(next(self.templates))
            if self.forbidden is None or not self.forbidden.search(text):
                return text

    def _needed(self) -> list[str]:
        """A first sentence, and those that carry keywords and placeholders."""
        keywords = list(self._of("keywords:existence", "keywords", ()))
        keywords += [self._of("keywords:frequency", "keyword", "")] * self._of(
            "keywords:frequency", "frequency", 0
        )
        texts = [self._next()]
        texts += [self.scene.write(choose(self.generator, sentences.KEYWORD), word=word) for word in keywords]
        blanks = self._of("detectable_content:number_placeholders", "num_placeholders", 0)
        return texts + several(self.generator, PLACEHOLDERS, blanks)

    def _up_to(self, length: int) -> str:
        """As many sentences as a short text has room for, up to four."""
        texts = [self._next()]
        text = self._laid_out(texts)
        for _ in range(between(self.generator, 0, 3)):
            texts.append(self._next())
            longer = self._laid_out(texts)
            if len(_WORD.findall(longer)) >= length:
                break
            text = longer
        return text

    def _laid_out(self, texts: Sequence[str]) -> str:
        """Divided, framed and marked as asked."""
        text = self._divided(self._highlighted(texts))
        broken = "\n" in text
        if self.title:
            text, broken = f"<<{self.title}>>\n\n{text}", True
        if self.postscript:
            marker = self._of("detectable_content:postscript", "postscript_marker", "")
            text, broken = f"{text}\n\n{marker} {self.postscript}", True
        if ending := self._of("startend:end_checker", "end_phrase", ""):
            text += ("\n\n" if broken else " ") + ending
        if "punctuation:no_comma" in self.required:
            text = text.replace(",", "")
        if "change_case:english_lowercase" in self.required:
            text = text.lower()
        return f'"{text}"' if "startend:quotation" in self.required else text

    def _divided(self, texts: Sequence[str]) -> str:
        units = self._units()
        if not units:
            return " ".join(texts)
        each = [" ".join(texts[unit::units]) for unit in range(units)]
        if "detectable_format:number_bullet_lists" in self.required:
            quoted = "startend:quotation" in self.required  # a bullet must begin its line
            return ("Here is my list:\n" if quoted else "") + "\n".join(f"- {text}" for text in each)
        if "length_constraints:number_paragraphs" in self.required:
            return "\n\n***\n\n".join(each)
        mark = self._of("detectable_format:multiple_sections", "section_spliter", "")
        return "\n\n".join(f"{mark} {number}\n{text}" for number, text in enumerate(each, 1))

    def _highlighted(self, texts: Sequence[str]) -> list[str]:
        """Stars around the last word of so many sentences, or of others where there are too few."""
        left = self._of("detectable_format:number_highlighted_sections", "num_highlights", 0)
        marked = []
        for place, text in enumerate(texts):
            count = -(-left // (len(texts) - place))
            words = text.rstrip(".").split(" ")
            for word in range(len(words) - count, len(words)):
                words[word] = f"*{words[word]}*"
            left -= count
            marked.append(" ".join(words) + "." if count else text)
        return marked
