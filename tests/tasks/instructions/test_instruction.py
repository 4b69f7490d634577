"""Instructions enter themselves where their checks are, and repairs keep what was entered."""

from __future__ import annotations

from assay.tasks.instructions import Argument, Instructions

COUNT = Argument("a whole number", lambda value: isinstance(value, int))


def test_a_check_enters_itself_and_its_repair_keeps_the_rest() -> None:
    instructions = Instructions()

    @instructions.add("count:words", punkt=True, needs=("data",), n=COUNT)
    def words(text: str, n: int) -> str | None:
        return None if len(text.split()) == n else "another number"

    @instructions.repair("count:words", "the reference counts marks as words")
    def words_fixed(text: str, n: int) -> str | None:
        return words(text.replace("-", ""), n)

    entered = instructions["count:words"]
    assert (entered.check, entered.fixed, entered.why) == (
        words,
        words_fixed,
        "the reference counts marks as words",
    )
    assert (entered.arguments, entered.punkt, entered.needs) == ({"n": COUNT}, True, ("data",))
    assert entered.clash({"n": 1}) is None
