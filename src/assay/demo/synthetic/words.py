"""The words of the synthetic data (`words.yaml`): nouns by kind, verbs, adjectives, people, towns. It writes nothing.

    len(ALL_WORDS)            # a few thousand, every form counted
    plural("fox")             # "foxes"
    past("carry")             # "carried"

The lists are our own. A change to one changes what is drawn: the golden digests of the tests then fail,
and `draw.VERSION` must be raised.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

__all__ = [
    "ADJECTIVES",
    "ALL_WORDS",
    "COLOURS",
    "COUNTED",
    "JOBS",
    "MEN",
    "NOUNS",
    "SEASONS",
    "TOPICS",
    "TOWNS",
    "VERBS",
    "WOMEN",
    "WORDINGS",
    "article",
    "gerund",
    "lines",
    "listed",
    "load",
    "past",
    "plural",
]


def listed(text: str) -> tuple[str, ...]:
    """The words of a text."""
    return tuple(text.split())


def load(name: str) -> Any:
    """The data of a YAML file beside this one."""
    return yaml.safe_load(Path(__file__).with_name(name).read_text(encoding="utf-8"))


def lines(text: str) -> tuple[str, ...]:
    """The lines of a text."""
    return tuple(text.splitlines())


_DATA = load("words.yaml")
WORDINGS = load("wordings.yaml")
"""Wordings of prompts and answers, by kind of example."""


def _pairs(forms: tuple[str, ...]) -> dict[str, str]:
    return dict(form.split("/") for form in forms if "/" in form)


_VERBS = listed(_DATA["verbs"])
_IRREGULAR_VERBS = _pairs(_VERBS)
_IRREGULAR_NOUNS = _pairs(listed(_DATA["irregular_plurals"]))
_MASS = frozenset(listed(_DATA["mass_nouns"]))
_DOUBLED = frozenset(listed(_DATA["doubling_verbs"]))
ADJECTIVES: Mapping[str, tuple[str, ...]] = {kind: listed(text) for kind, text in _DATA["adjectives"].items()}
NOUNS: Mapping[str, tuple[str, ...]] = {
    kind: tuple(noun for noun in listed(text) if noun not in _MASS) for kind, text in _DATA["nouns"].items()
}
"""Nouns that take `a` and a plural, by kind."""
COLOURS, SEASONS, JOBS, COUNTED = (listed(_DATA[name]) for name in ("colours", "seasons", "jobs", "counted"))
WOMEN, MEN, TOWNS = (listed(_DATA[name]) for name in ("women", "men", "towns"))


def plural(noun: str) -> str:
    """More than one: `foxes`, `mice`."""
    if noun in _IRREGULAR_NOUNS:
        return _IRREGULAR_NOUNS[noun]
    if noun.endswith(("s", "x", "z", "ch", "sh")):
        return f"{noun}es"
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return f"{noun[:-1]}ies"
    return f"{noun}s"


def past(verb: str) -> str:
    """What it was: `carried`, `found`."""
    if verb in _IRREGULAR_VERBS:
        return _IRREGULAR_VERBS[verb]
    if verb.endswith("e"):
        return f"{verb}d"
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return f"{verb[:-1]}ied"
    return f"{verb}{verb[-1]}ed" if verb in _DOUBLED else f"{verb}ed"


def gerund(verb: str) -> str:
    """What is being done: `carrying`, `running`, `making`."""
    if verb in _DOUBLED:
        return f"{verb}{verb[-1]}ing"
    if verb.endswith("ie"):
        return f"{verb[:-2]}ying"
    return f"{verb[:-1]}ing" if verb.endswith("e") and not verb.endswith("ee") else f"{verb}ing"


def article(words: str) -> str:
    """`a` or `an`, by the first letter; no word here makes a vowel of `h` or a consonant of `o`."""
    first = words.split(" ", 1)[0].lower()
    vowel = first[0] in "aeiou" and not first.startswith(("uk", "un", "us", "eu", "one"))
    return "an" if vowel or first.startswith(("honest", "umbrella", "unusual", "under")) else "a"


TOPICS = tuple((kind, noun) for kind, nouns in NOUNS.items() for noun in nouns)
"""What texts are about: the kind, and the noun."""
VERBS = tuple(pair.split("/")[0] for pair in _VERBS)
ALL_WORDS = frozenset(
    [form for _, noun in TOPICS for form in (noun, plural(noun))]
    + [form for noun in (*COUNTED, *JOBS) for form in (noun, plural(noun))]
    + [form for verb in VERBS for form in (verb, past(verb), gerund(verb))]
    + [word for words in ADJECTIVES.values() for word in words]
    + [*COLOURS, *SEASONS, *WOMEN, *MEN, *TOWNS, *_MASS]
)
"""Every word of the lists, in every form."""
