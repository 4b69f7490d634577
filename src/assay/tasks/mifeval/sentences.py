"""Sentences of Spanish and French as punkt splits them. It knows no instruction.

    count_sentences("M. Martin arrive. Il rit.", "french")    # 2

punkt's data is met when first needed; `require` meets it before anything runs.
"""

from __future__ import annotations

from functools import cache
from threading import Lock
from typing import Any

from assay.tasks.ifeval import punkt

__all__ = ["FRENCH", "SPANISH", "count_sentences", "forget", "require"]

SPANISH, FRENCH = "spanish", "french"
"""What an instruction needs, and what punkt calls it."""
# The reference's own abbreviations, less those that punkt can never find: with a space or a point at the end.
_ABBREVIATIONS = (  # noqa: SIM905 - to be read as words
    "m mr mme mlle dr dre drs dres prof pr cap lt etc cf vs rép i.e c.-à-d ex e.g apr av j.c j.-c a.d env janv fév "
    "mar avr juil sept oct nov déc svp p.v tél adj q.v p resp tel v vol nb n.b p.s ps p.p.s p.-s p-s"
).split()
_lock = Lock()  # two threads never load it twice


def count_sentences(text: str, language: str) -> int:
    """How many sentences punkt finds."""
    return sum(1 for _ in _loaded(language).span_tokenize(text))


def require(language: str) -> None:
    """Raise TaskError unless punkt's data for the language is here or can be fetched."""
    punkt.fetch(language)
    _loaded(language)


def forget() -> None:
    """Forget that punkt was loaded."""
    _tokenizer.cache_clear()


def _loaded(language: str) -> Any:
    with _lock:
        return _tokenizer(language)


@cache
def _tokenizer(language: str) -> Any:
    tokenizer = punkt.sentence_tokenizer(language)
    if language == FRENCH:
        tokenizer._params.abbrev_types.update(_ABBREVIATIONS)
    return tokenizer
