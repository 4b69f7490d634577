"""The type of an instruction: its checks, the data that it needs, and the errors of the reference. It names none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

__all__ = ["Argument", "Check", "Instruction", "Instructions"]

Check = Callable[..., str | None]
"""Takes a text and the instruction's arguments; returns None when followed, else the reason."""


@dataclass(frozen=True, slots=True)
class Argument:
    """What an argument may be."""

    expected: str
    """For a message."""
    accepts: Callable[[Any], bool]
    cast: Callable[[Any], Any] = lambda value: value
    """What an accepted value is kept as: 5 for 5.0."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """One kind of instruction."""

    check: Check
    """As the reference judges."""
    arguments: Mapping[str, Argument] = field(default_factory=dict)
    """All of them are needed."""
    fixed: Check | None = None
    """Where the reference has a defect: the check of mode `fixed`."""
    why: str = ""
    """That defect, in words."""
    punkt: bool = False
    """Needs punkt's data."""
    needs: tuple[str, ...] = ()
    """What else it needs that may be missing: a task's own names."""
    clash: Callable[[Mapping[str, Any]], tuple[str, str] | None] = lambda _: None
    """What is wrong with arguments that are right one by one, and the fix; None if nothing."""


_Check = TypeVar("_Check", bound=Check)


class Instructions(dict[str, Instruction]):
    """A benchmark's instructions by id; decorators enter each of them where its check is defined.

    @instruction("count:conjunctions", small_n=COUNT)       # `instructions.add`
    def conjunctions(text: str, small_n: int) -> str | None: ...

    @fixed("count:conjunctions", "the reference ...")       # `instructions.repair`
    def conjunctions_fixed(text: str, small_n: int) -> str | None: ...
    """

    def add(
        self,
        id_: str,
        *,
        punkt: bool = False,
        needs: tuple[str, ...] = (),
        clash: Callable[[Mapping[str, Any]], tuple[str, str] | None] = lambda _: None,
        **arguments: Argument,
    ) -> Callable[[_Check], _Check]:
        """Enter the check that judges as the reference does; fields as in `Instruction`."""

        def enter(check: _Check) -> _Check:
            self[id_] = Instruction(check, arguments, punkt=punkt, needs=needs, clash=clash)
            return check

        return enter

    def repair(self, id_: str, why: str) -> Callable[[_Check], _Check]:
        """Enter the check of mode `fixed`, and the reference's defect, in words."""

        def enter(check: _Check) -> _Check:
            self[id_] = replace(self[id_], fixed=check, why=why)
            return check

        return enter
