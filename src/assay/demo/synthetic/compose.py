"""Writes a response that follows given instructions; the verifiers themselves have the last word.

compose(request, (Ask("startend:quotation", {}),), generator)
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from typing import Any

from assay.demo.synthetic import sentences as say
from assay.demo.synthetic.asks import LAYOUTS, Ask
from assay.demo.synthetic.chance import between, choose, several
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


def compose(request: Request, asks: Sequence[Ask], generator: random.Random) -> str:
    """A text about the request that follows every instruction."""
    for _ in range(TRIES):
        text = _Composer(request, asks, generator).text()
        if all(ask.followed(text) for ask in asks):
            return text
    raise RuntimeError(f"no text follows {[ask.core for ask in asks]} about {request.core}")


class _Composer:
    """One attempt."""

    def __init__(self, request: Request, asks: Sequence[Ask], generator: random.Random) -> None:
        self.generator = generator
        self.wanted: dict[str, Mapping[str, Any]] = {ask.id: ask.kwargs for ask in asks}
        self.scene = Scene(request, generator)
        self.templates = plan(request, generator)
        words = self._of("keywords:forbidden_words", "forbidden_words", ())
        self.forbidden = re.compile(rf"\b(?:{'|'.join(words)})\b", re.IGNORECASE) if words else None
        self.title = (
            self.scene.plainly("{a_looks} {topic}") if "detectable_format:title" in self.wanted else ""
        )
        self.postscript = self._next() if "detectable_content:postscript" in self.wanted else ""

    def text(self) -> str:
        """The response, of the length that was asked for."""
        said = self._needed()
        length = self._of("length_constraints:number_words", "num_words", 0)
        if self._of("length_constraints:number_words", "relation", "") == "less than":
            return self._up_to(length)
        fewest = max(between(self.generator, 3, 6), self._units())
        while len(said) < fewest:
            said.append(self._next())
        text = self._laid_out(said)
        while len(_WORD.findall(text)) < length:
            said.append(self._next())
            text = self._laid_out(said)
        return text

    def _of(self, id_: str, name: str, default: Any) -> Any:
        return self.wanted[id_][name] if id_ in self.wanted else default

    def _units(self) -> int:
        """Bullets, paragraphs or sections; 0: not divided."""
        counts: list[int] = [self._of(id_, name, 0) for id_, name in LAYOUTS.items()]
        return max(counts)

    def _next(self) -> str:
        """The next sentence without a forbidden word."""
        while True:
            text = self.scene.say(next(self.templates))
            if self.forbidden is None or not self.forbidden.search(text):
                return text

    def _needed(self) -> list[str]:
        """A first sentence, and those that carry keywords and placeholders."""
        keywords = list(self._of("keywords:existence", "keywords", ()))
        keywords += [self._of("keywords:frequency", "keyword", "")] * self._of(
            "keywords:frequency", "frequency", 0
        )
        said = [self._next()]
        said += [self.scene.say(choose(self.generator, say.KEYWORD), word=word) for word in keywords]
        blanks = self._of("detectable_content:number_placeholders", "num_placeholders", 0)
        return said + several(self.generator, PLACEHOLDERS, blanks)

    def _up_to(self, length: int) -> str:
        """As many sentences as a short text has room for, up to four."""
        said = [self._next()]
        text = self._laid_out(said)
        for _ in range(between(self.generator, 0, 3)):
            said.append(self._next())
            longer = self._laid_out(said)
            if len(_WORD.findall(longer)) >= length:
                break
            text = longer
        return text

    def _laid_out(self, said: Sequence[str]) -> str:
        """Divided, framed and marked as asked."""
        text = self._divided(self._highlighted(said))
        broken = "\n" in text
        if self.title:
            text, broken = f"<<{self.title}>>\n\n{text}", True
        if self.postscript:
            marker = self._of("detectable_content:postscript", "postscript_marker", "")
            text, broken = f"{text}\n\n{marker} {self.postscript}", True
        if ending := self._of("startend:end_checker", "end_phrase", ""):
            text += ("\n\n" if broken else " ") + ending
        if "punctuation:no_comma" in self.wanted:
            text = text.replace(",", "")
        if "change_case:english_lowercase" in self.wanted:
            text = text.lower()
        return f'"{text}"' if "startend:quotation" in self.wanted else text

    def _divided(self, said: Sequence[str]) -> str:
        units = self._units()
        if not units:
            return " ".join(said)
        each = [" ".join(said[unit::units]) for unit in range(units)]
        if "detectable_format:number_bullet_lists" in self.wanted:
            quoted = "startend:quotation" in self.wanted  # a bullet must begin its line
            return ("Here is my list:\n" if quoted else "") + "\n".join(f"- {text}" for text in each)
        if "length_constraints:number_paragraphs" in self.wanted:
            return "\n\n***\n\n".join(each)
        mark = self._of("detectable_format:multiple_sections", "section_spliter", "")
        return "\n\n".join(f"{mark} {number}\n{text}" for number, text in enumerate(each, 1))

    def _highlighted(self, said: Sequence[str]) -> list[str]:
        """Stars around the last word of so many sentences, or of others where there are too few."""
        left = self._of("detectable_format:number_highlighted_sections", "num_highlights", 0)
        marked = []
        for place, text in enumerate(said):
            count = -(-left // (len(said) - place))
            words = text.rstrip(".").split(" ")
            for word in range(len(words) - count, len(words)):
                words[word] = f"*{words[word]}*"
            left -= count
            marked.append(" ".join(words) + "." if count else text)
        return marked
