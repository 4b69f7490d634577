"""What does not comply yet with `test_structure.py` and `test_words.py`. These lists only shrink."""

from __future__ import annotations

RINGS: set[tuple[str, ...]] = set()
"""Modules that import each other, in alphabetical order."""
ROOM_RINGS: set[tuple[str, ...]] = set()
"""Rooms that import each other."""
STUDY_WITH_TASKS: set[str] = set()
"""Functions, as `module.function`."""
STUDY_READERS: set[str] = set()
"""Modules that import something of `assay.study`."""
LONG_FUNCTIONS: set[str] = set()
"""Functions of more than 60 lines."""
PARAMETERS: set[str] = set()
"""Functions of more than 8 parameters."""
MIRRORS: set[str] = {
    "stats/__init__.py",
    "stats/pivots.py",
    "stats/sequential/confidence.py",
    "stats/sequential/evidence.py",
    "stats/sequential/spending.py",
    "stats/verdict.py",
    "stats/weighted.py",
    "verdicts/analyze.py",
    "verdicts/descriptive.py",
    "verdicts/evidence.py",
    "verdicts/looks.py",
    "verdicts/modes.py",
    "verdicts/pair.py",
    "verdicts/warnings.py",
}
"""Files of `src/assay` without a test of their name."""
WORDS: dict[str, set[str]] = {
    "passed over": {"engines", "tasks"},
    "stands": {"engines", "stats", "tasks"},
    "unjudged": {"records", "runs"},
}
"""Forbidden words, and the rooms that use them."""
VARIABLES: dict[str, set[str]] = {
    "asked": {"records", "runs", "verdicts"},
    "found": {"records", "report", "runs", "stats", "training", "verdicts"},
    "one": {"stats", "verdicts"},
    "wanted": {"engines", "report", "stats"},
}
"""Forbidden names of variables, and the rooms that use them."""
