"""Checks that compare a response with the right answer in its row, or in the task's file.

Space around a response never matters. `ignore: [case]` compares as Unicode folds case; `ignore:
[space]` treats any run of white space as one space. It reads no file.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import isfinite
from typing import Any, ClassVar

from assay.errors import TaskError
from assay.tasks.custom.check import Check, Values, verdict
from assay.tasks.custom.form import ContainsOptions, ExactOptions, NumericOptions, RegexOptions
from assay.tasks.data_file import Row, shown
from assay.tasks.numbers import last_number, number, stated_number
from assay.tasks.numeric import Numeric
from assay.tasks.task import Metric, Score

__all__ = ["Contains", "Exact", "NumericAnswer", "Pattern"]

LONGEST = 20.0
"""Seconds for one pattern on one response. Then the pattern is refused, not the response failed."""
PARTS = ("all", "any", "none")


@dataclass(frozen=True, slots=True)
class _Answer(Check):
    """What these checks share: their options are all that a score depends on."""

    name: ClassVar[str]
    options: Any

    @property
    def identity(self) -> Any:
        """The options."""
        return [self.name, self.options.model_dump(mode="json")]


class Exact(_Answer):
    """The response is the right answer, or one of several."""

    name = "exact"
    options: ExactOptions

    def validate(self, row: Row) -> None:
        """The row needs a text, or a list of texts."""
        _require_texts(row, self.options.field)

    def judge(self, row: Values, response: str) -> Score:
        """Compare the response, without the space around it, with each right answer."""
        right = _texts(row[self.options.field])
        given = _normal(response, self.options.ignore)
        if any(_normal(text, self.options.ignore) == given for text in right):
            return verdict(None)
        expected = shown(right[0]) if len(right) == 1 else f"one of {shown(right)}"
        return verdict(f"{shown(response.strip())} is not {expected}")


class Contains(_Answer):
    """The response holds all of some texts, any of others, and none of a third kind."""

    name = "contains"
    options: ContainsOptions

    def validate(self, row: Row) -> None:
        """The task's file or the row needs something to look for."""
        for part in PARTS:
            if part in row.values:
                _require_texts(row, part)
        if not any(self._listed(row.values, part) for part in PARTS):
            raise row.error(
                "nothing to look for",
                "give the row `all`, `any` or `none`, a list of texts, or the check one",
            )

    def judge(self, row: Values, response: str) -> Score:
        """Look for each text; a list in the row joins the one in the task's file."""
        given = _normal(response, self.options.ignore)
        listed = {part: self._listed(row, part) for part in PARTS}
        held = {part: [text for text in listed[part] if self._holds(given, text)] for part in PARTS}
        if missing := [text for text in listed["all"] if text not in held["all"]]:
            return verdict(f"{shown(missing[0])} is missing")
        if listed["any"] and not held["any"]:
            return verdict(f"none of {shown(listed['any'])} is there")
        return verdict(f"{shown(held['none'][0])} is there" if held["none"] else None)

    def _listed(self, row: Values, part: str) -> list[str]:
        return [*getattr(self.options, part), *_texts(row.get(part, []))]

    def _holds(self, given: str, text: str) -> bool:
        text = _normal(text, self.options.ignore)
        if not self.options.words:
            return text in given
        return re.search(rf"(?<!\w){re.escape(text)}(?!\w)", given) is not None


class Pattern(_Answer):
    """A regular expression is found in the response, or matches all of it."""

    name = "regex"
    options: RegexOptions

    def validate(self, row: Row) -> None:
        """Without a pattern in the task's file each row needs its own."""
        if self.options.pattern is not None:
            return
        pattern = row.values.get("pattern")
        if not isinstance(pattern, str) or not pattern:
            raise row.wrong("pattern", "write a regular expression, or give the check one")
        import regex  # late, for it is slow

        try:
            regex.compile(pattern)
        except regex.error as bad:
            raise row.error(f"`pattern` is not a valid regular expression ({bad})", "correct it") from None

    def judge(self, row: Values, response: str) -> Score:
        """Search the response, without the space around it. Raises TaskError for a pattern that takes too long."""
        import regex  # late, for it is slow

        pattern = row["pattern"] if self.options.pattern is None else self.options.pattern
        compiled = regex.compile(pattern, regex.IGNORECASE if "case" in self.options.ignore else 0)
        look = compiled.fullmatch if self.options.whole else compiled.search
        try:
            match = look(response.strip(), timeout=LONGEST)
        except TimeoutError:
            raise TaskError(
                f"the pattern {shown(pattern)} took more than {LONGEST:g} s on a response of {len(response):,} "
                f"characters",
                fix="write it without one repeat inside another, as in `(a+)+`",
            ) from None
        where = "all of it" if self.options.whole else "any of it"
        return verdict(None if match else f"{shown(pattern)} does not match {where}")


class NumericAnswer(_Answer):
    """The last number in the response, or the one that it states as its answer, is the right one."""

    name = "numeric"
    options: NumericOptions

    @property
    def identity(self) -> Any:
        """The options, and the version of the extraction."""
        return [self.name, Numeric.version, self.options.model_dump(mode="json")]

    def metrics(self, name: str) -> tuple[Metric, ...]:
        """Whether it is right, and whether there was a number at all."""
        return (
            Metric(name, "binary", f"{name}, custom numeric match", extracted_by="found"),
            Metric("found", "binary", "responses with a number"),
        )

    def validate(self, row: Row) -> None:
        """The row needs a number."""
        name = self.options.field
        if _number(row.values.get(name)) is None:
            raise row.error(
                f"`{name}` is {row.shown(name, 60)}, which is not a number",
                "write digits, as in `18` or `2.5`",
            )

    def judge(self, row: Values, response: str) -> Score:
        """Compare the number that is read with the row's, exactly or within the tolerance."""
        right = _number(row[self.options.field])
        given = (last_number if self.options.read == "last" else stated_number)(response)
        if given is None or right is None:
            return verdict("no number was found", answered=False, extracted=None)
        tolerance = Decimal(repr(self.options.tolerance))
        text, near = given.shown(lambda value: abs(value - right) <= tolerance)
        text = text if len(text) <= 80 else f"{text[:80]}..."
        reason = None if near else f"found {text}, the right answer is {right}"
        return verdict(reason, answered=True, extracted=text)


def _normal(text: str, ignore: Sequence[str]) -> str:
    if "space" in ignore:
        text = " ".join(text.split())
    return (text.casefold() if "case" in ignore else text).strip()


def _texts(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _require_texts(row: Row, name: str) -> None:
    value = row.values.get(name)
    texts = _texts(value) if isinstance(value, str | list) else []
    if not texts or not all(isinstance(text, str) and text.strip() for text in texts):
        raise row.wrong(name, "write a text, or a list of texts")


def _number(value: Any) -> Decimal | None:
    if isinstance(value, str):
        return number(value.rpartition("####")[2])
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return Decimal(repr(value)) if isinstance(value, int) or isfinite(value) else None
