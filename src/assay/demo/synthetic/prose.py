"""Fills the sentences of the small world: plain texts, stories, letters, advice. It knows no constraint.

    scene = Scene(request, generator)
    [scene.write(sentence) for sentence in plan(request, generator)]

A text is about one topic, sometimes two; people, town and setting stay the same within it.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from assay.demo.synthetic import sentences, words
from assay.demo.synthetic.portable_random import choose, happens, shuffled

__all__ = ["ASPECTS", "Request", "Scene", "plan", "story_of"]

ASPECTS = ("describe", "facts", "reasons", "advice", "story", "letter")
"""What a request wants to hear of its topic."""

ASIDE = 0.3
"""Share of sentences that begin with an aside."""

_SLOT = re.compile(r"\{(\w+)\}")
_HANDLE = words.listed("""admire brush carry catch check clean colour copy cover draw drop examine fetch find fix
    hide hold inspect lift mark measure mend move open paint pat photograph polish pull push
    repair rescue roll sketch sort spot tie touch trade wash watch weigh wipe wrap""")
_GO = words.listed("come drift go hop hurry jog march run rush travel walk wander")
_KINDS = tuple(words.NOUNS)


@dataclass(frozen=True, slots=True)
class Request:
    """What a text is about, whatever the words of the prompt. Draws depend on its `repr`: keep the names."""

    aspect: str
    """One of ASPECTS."""
    kind: str
    """What the topic is: `animal`."""
    topic: str
    """`fox`"""
    other: str | None
    """A second topic."""
    where: str | None
    """`in winter`"""

    @property
    def core(self) -> str:
        """All of it, as one text; two topics in either order are one."""
        topics = "+".join(sorted([self.topic, self.other or ""]))
        return f"{self.aspect} {topics} {self.where}"


def _any_of(options: tuple[str, ...]) -> Callable[[random.Random], str]:
    """A slot that gets another word each time."""
    return lambda generator: choose(generator, options)


_DRAWN: dict[str, Callable[[random.Random], str]] = {
    **{kind: _any_of(words.NOUNS[kind]) for kind in _KINDS},
    **{kind: _any_of(adjectives) for kind, adjectives in words.ADJECTIVES.items()},
    "colour": _any_of(words.COLOURS),
    "season": _any_of(words.SEASONS),
    "job": _any_of(words.JOBS),
    "handled": _any_of(tuple(map(words.past, _HANDLE))),
    "handling": _any_of(tuple(map(words.gerund, _HANDLE))),
    "went": _any_of(tuple(map(words.past, _GO))),
    "going": _any_of(tuple(map(words.gerund, _GO))),
}


class Scene:
    """The people, the town and the topics of one text."""

    def __init__(self, request: Request, generator: random.Random) -> None:
        self.generator = generator
        self.first = True
        self.asides = sentences.STORY_ASIDES if request.aspect == "story" else sentences.ASIDES
        woman = happens(generator, 0.5)
        town = choose(generator, words.TOWNS)
        hero = choose(generator, words.WOMEN if woman else words.MEN)
        friend = choose(generator, words.MEN if woman else words.WOMEN)
        self.fixed = {
            "topic": request.topic,
            "other": request.other or request.topic,
            "where": request.where or "",
            "hero": hero,
            "friend": friend,
            "town": town,
            "she": "she" if woman else "he",
            "her": "her" if woman else "his",
        }

    def write(self, template: str, **slots: str) -> str:
        """The sentence, its slots filled, now and then with an aside and its comma before it."""
        first, self.first = self.first, False
        if (
            not first
            and happens(self.generator, ASIDE)
            and not template.startswith(("{hero", "{friend", "I ", "And"))
        ):
            aside = choose(self.generator, self.asides)
            text = self._filled(template, slots)
            return f"{aside} {text[0].lower() if template[0] != '{' else text[0]}{text[1:]}"
        text = self._filled(template, slots)
        return text[0].upper() + text[1:]

    def plainly(self, template: str) -> str:
        """The sentence without an aside."""
        text = self._filled(template, {})
        return text[0].upper() + text[1:]

    def _filled(self, template: str, slots: dict[str, str]) -> str:
        parts = list(_parts(template))
        for place in range(1, len(parts), 2):
            parts[place] = self._fill(parts[place], slots)
        return "".join(parts)

    def _fill(self, slot: str, slots: dict[str, str]) -> str:
        name = slot.removeprefix("a_").removeprefix("many_")
        word = slots.get(name) or self.fixed.get(name) or _DRAWN[name](self.generator)
        if slot.startswith("a_"):
            return f"{words.article(word)} {word}"
        return words.plural(word) if slot.startswith("many_") else word


def plan(request: Request, generator: random.Random) -> Iterator[str]:
    """Templates for a text of any length, each one once, in an order that reads well; then repeats."""
    body = _body(request, generator)
    if request.aspect == "story":
        yield choose(generator, sentences.STORY_START)
    if request.other:
        body.insert(1, choose(generator, sentences.MEETING))
    if request.where:
        body.insert(2, choose(generator, sentences.WHERE))
    while True:
        yield from body
        body = shuffled(generator, body)


def story_of(request: Request, count: int, generator: random.Random) -> str:
    """A plain text of so many sentences, in one or more paragraphs."""
    scene = Scene(request, generator)
    chosen = plan(request, generator)
    texts = [scene.write(next(chosen)) for _ in range(count)]
    if request.aspect == "story":
        texts[-1] = scene.plainly(choose(generator, sentences.STORY_END))
    if request.aspect == "letter":
        texts.insert(0, scene.plainly(choose(generator, sentences.GREETINGS)))
        texts.append(scene.plainly(choose(generator, sentences.PARTINGS)))
    size = count if count < 7 else (count + 1) // 2
    return "\n\n".join(" ".join(texts[start : start + size]) for start in range(0, len(texts), size))


def _body(request: Request, generator: random.Random) -> list[str]:
    about = [*sentences.ABOUT[request.kind], *sentences.GENERAL]
    match request.aspect:
        case "reasons":
            return _leading(sentences.REASONS, about, generator)
        case "advice":
            return _leading(sentences.ADVICE, about, generator)
        case "story":
            return shuffled(generator, sentences.STORY)
        case "letter":
            return _leading(
                sentences.ABOUT[request.kind], [*sentences.GENERAL, *sentences.REASONS], generator
            )
        case _:
            return _leading(sentences.ABOUT[request.kind], sentences.GENERAL, generator)


def _leading(
    first: tuple[str, ...], then: list[str] | tuple[str, ...], generator: random.Random
) -> list[str]:
    """Mostly sentences of the first kind, then the others."""
    lead, rest = shuffled(generator, first), shuffled(generator, then)
    return [*lead[:4], *shuffled(generator, [*lead[4:], *rest])]


@lru_cache(maxsize=1024)
def _parts(template: str) -> tuple[str, ...]:
    return tuple(_SLOT.split(template))
