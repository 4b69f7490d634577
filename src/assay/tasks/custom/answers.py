"""Checks that compare a response with what its row, or the task's file, says is right.

Space around a response never matters. `ignore: [case]` compares as Unicode folds case; `ignore:
[space]` takes any run of white space for one space.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import isfinite
from typing import Any

from assay.errors import TaskError
from assay.tasks.custom.check import Check, Row, judged, shown
from assay.tasks.custom.form import ContainsOptions, ExactOptions, NumericOptions, RegexOptions
from assay.tasks.numeric import Numeric, last_number, number, stated_number
from assay.tasks.task import Metric, Score

__all__ = ["Contains", "Exact", "NumericAnswer", "Pattern"]

LONGEST = 20.0
"""Seconds for one pattern on one response. Then the pattern is refused, not the response failed."""
PARTS = ("all", "any", "none")


@dataclass(frozen=True, slots=True)
class Exact(Check):
    """The response is the right answer, or one of several."""

    options: ExactOptions

    @property
    def identity(self) -> Any:
        """The options."""
        return ["exact", self.options.model_dump(mode="json")]

    def refusal(self, row: Row) -> str:
        """The row has to have a text, or a list of texts."""
        return _no_texts(row, self.options.field)

    def judge(self, row: Row, response: str) -> Score:
        """Compare the response, space around it apart, with each right answer."""
        right = _texts(row[self.options.field])
        given = _plain(response, self.options.ignore)
        if any(_plain(text, self.options.ignore) == given for text in right):
            return judged(None)
        wanted = shown(right[0]) if len(right) == 1 else f"one of {shown(right)}"
        return judged(f"{shown(response.strip())} is not {wanted}")


@dataclass(frozen=True, slots=True)
class Contains(Check):
    """The response holds all of some texts, any of others, and none of a third kind."""

    options: ContainsOptions

    @property
    def identity(self) -> Any:
        """The options."""
        return ["contains", self.options.model_dump(mode="json")]

    def refusal(self, row: Row) -> str:
        """There has to be something to look for, in the task's file or in the row."""
        for part in PARTS:
            if part in row and (told := _no_texts(row, part)):
                return told
        if not any(self._wanted(row, part) for part in PARTS):
            return (
                "nothing to look for: give the row `all`, `any` or `none`, a list of texts, or the check one"
            )
        return ""

    def judge(self, row: Row, response: str) -> Score:
        """Look for each text; a list in the row joins the one in the task's file."""
        given = _plain(response, self.options.ignore)
        held = {part: [text for text in self._wanted(row, part) if self._in(text, given)] for part in PARTS}
        for text in self._wanted(row, "all"):
            if text not in held["all"]:
                return judged(f"{shown(text)} is missing")
        if self._wanted(row, "any") and not held["any"]:
            return judged(f"none of {shown(self._wanted(row, 'any'))} is there")
        if held["none"]:
            return judged(f"{shown(held['none'][0])} is there")
        return judged(None)

    def _wanted(self, row: Row, part: str) -> list[str]:
        ours: Sequence[str] = {
            "all": self.options.all,
            "any": self.options.any,
            "none": self.options.none,
        }[part]
        return [*ours, *_texts(row.get(part, []))]

    def _in(self, text: str, given: str) -> bool:
        wanted = _plain(text, self.options.ignore)
        if not self.options.words:
            return wanted in given
        return re.search(rf"(?<!\w){re.escape(wanted)}(?!\w)", given) is not None


@dataclass(frozen=True, slots=True)
class Pattern(Check):
    """A regular expression is found in the response, or matches all of it."""

    options: RegexOptions

    @property
    def identity(self) -> Any:
        """The options."""
        return ["regex", self.options.model_dump(mode="json")]

    def refusal(self, row: Row) -> str:
        """Without a pattern in the task's file each row needs its own."""
        if self.options.pattern is not None:
            return ""
        if not isinstance(row.get("pattern"), str) or not row["pattern"]:
            return f"`pattern` is {_told(row, 'pattern')}; write a regular expression, or give the check one"
        import regex  # late, for it is slow

        try:
            regex.compile(row["pattern"])
        except regex.error as bad:
            return f"`pattern` is no regular expression ({bad}); mend it"
        return ""

    def judge(self, row: Row, response: str) -> Score:
        """Search the response, space around it apart. Raises TaskError for a pattern that never ends."""
        import regex  # late, for it is slow

        pattern = row["pattern"] if self.options.pattern is None else self.options.pattern
        flags = regex.IGNORECASE if "case" in self.options.ignore else 0
        compiled = regex.compile(pattern, flags)
        look = compiled.fullmatch if self.options.whole else compiled.search
        try:
            found = look(response.strip(), timeout=LONGEST)
        except TimeoutError:
            raise TaskError(
                f"the pattern {shown(pattern)} took more than {LONGEST:g} s on a response of {len(response):,} "
                f"characters; write it without one repeat inside another, as in `(a+)+`"
            ) from None
        where = "all of it" if self.options.whole else "any of it"
        return judged(None if found else f"{shown(pattern)} does not match {where}")


@dataclass(frozen=True, slots=True)
class NumericAnswer(Check):
    """The last number in the response, or the one that it states as its answer, is the right one."""

    options: NumericOptions

    @property
    def identity(self) -> Any:
        """The options, and the version of the extraction."""
        return ["numeric", Numeric.version, self.options.model_dump(mode="json")]

    def metrics(self, name: str) -> tuple[Metric, ...]:
        """Whether it is right, and whether there was a number at all."""
        title = f"{name}, numeric match of one's own"
        return (
            Metric(name, "binary", title, extracted_by="found"),
            Metric("found", "binary", "responses with a number"),
        )

    def refusal(self, row: Row) -> str:
        """The row has to have a number."""
        name = self.options.field
        if _number(row.get(name)) is not None:
            return ""
        return f"`{name}` is {_told(row, name)}, which is no number; write digits, as in `18` or `2.5`"

    def judge(self, row: Row, response: str) -> Score:
        """Compare the number that is read with the row's, exactly or within the tolerance."""
        right = _number(row[self.options.field])
        text = (last_number if self.options.read == "last" else stated_number)(response)
        if text is None or right is None:
            return judged("no number was found", found=False, extracted=None)
        given = number(text)
        told = text if len(text) <= 80 else f"{text[:80]}..."
        if given is not None and abs(given - right) <= Decimal(repr(self.options.tolerance)):
            return judged(None, found=True, extracted=told)
        return judged(f"found {told}, the right answer is {right}", found=True, extracted=told)


def _plain(text: str, ignore: Sequence[str]) -> str:
    if "space" in ignore:
        text = " ".join(text.split())
    return (text.casefold() if "case" in ignore else text).strip()


def _texts(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _no_texts(row: Row, name: str) -> str:
    value = row.get(name)
    texts = _texts(value) if isinstance(value, str | list) else []
    if texts and all(isinstance(text, str) and text.strip() for text in texts):
        return ""
    return f"`{name}` is {_told(row, name)}; write a text, or a list of texts"


def _number(value: Any) -> Decimal | None:
    if isinstance(value, str):
        return number(value.rpartition("####")[2])
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        return None
    return Decimal(repr(value))


def _told(row: Mapping[str, Any], name: str) -> str:
    return shown(row[name]) if name in row else f"missing (found: {', '.join(row) or 'nothing'})"
