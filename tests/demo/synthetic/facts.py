"""What a prompt is about, read from its text."""

from __future__ import annotations

import re
from collections.abc import Hashable

from assay.demo.synthetic import Pair
from assay.demo.synthetic.requests import WORDINGS
from assay.demo.synthetic.sentences import SETTINGS
from assay.demo.synthetic.words import TOPICS, plural


def facts_of(kind: str, pair: Pair) -> Hashable:
    """What a prompt is about, read from its text: whatever words ask for it."""
    if kind == "lists":
        items = re.split(r"[:?] ", pair.prompt)[-1]
        return frozenset(items.split(", "))
    if kind == "passages":
        return frozenset(pair.prompt.split("\n\n")[0].split(". "))
    if kind == "problems":
        # The number at the start, and the work without whose and what: 12 + 30 of pens and of cups are one.
        kept = r"(?:The|That|difference|bags|boxes|makes|leaves|Together)\b"
        first = re.search(r"\d+", pair.prompt)
        assert first
        return first[0], re.sub(rf"\b(?!{kept})[A-Za-z]+\b", "", pair.response)
    return request_of(pair.prompt)


SINGULAR = {plural(noun): noun for _, noun in TOPICS}


ASKED = [
    (aspect, re.compile(re.escape(wording).replace(r"\{it\}", "(.*)").replace(r"\{them\}", "(.*)")))
    for aspect, wordings in WORDINGS.items()
    for wording in wordings
]


def request_of(prompt: str) -> Hashable:
    """Aspect, setting and topics of a request, whatever its words and the instructions after it."""
    sentence = re.match(r".*?[.?]", prompt)
    assert sentence
    for aspect, wording in ASKED:
        if found := wording.fullmatch(sentence[0]):
            where = next((one for one in SETTINGS if found[1].endswith(f" {one}")), "")
            topics = found[1].removesuffix(where).strip().split(" and ")
            bare = (re.sub(r"^an? ", "", topic) for topic in topics)
            return aspect, where, frozenset(SINGULAR.get(topic, topic) for topic in bare)
    raise AssertionError(prompt)
