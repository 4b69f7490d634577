"""The sentences of the synthetic data (`sentences.yaml`, which says what each is for). It chooses none of them."""

from __future__ import annotations

from collections.abc import Mapping

from assay.demo.synthetic.words import lines, load

_DATA = load("sentences.yaml")


def _lines(name: str) -> tuple[str, ...]:
    return lines(_DATA[name])


ABOUT: Mapping[str, tuple[str, ...]] = {kind: lines(text) for kind, text in _DATA["about"].items()}
"""Sentences about a topic, by its kind."""
GENERAL, REASONS, ADVICE, WHERE, SETTINGS = map(_lines, ("general", "reasons", "advice", "where", "settings"))
STORY_START, STORY, STORY_END = map(_lines, ("story_start", "story", "story_end"))
ASIDES, STORY_ASIDES, MEETING, KEYWORD = map(_lines, ("asides", "story_asides", "meeting", "keyword"))
GREETINGS, PARTINGS, ENDINGS = map(_lines, ("greetings", "partings", "endings"))
