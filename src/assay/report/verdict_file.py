"""`verdicts.json` and its schema, both from the types of a result. It computes nothing."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.verdicts import Result

if TYPE_CHECKING:
    from pydantic import TypeAdapter

__all__ = ["read_result", "read_verdicts", "schema", "to_json"]


def to_json(result: Result) -> str:
    """The text of `verdicts.json`."""
    return json.dumps(asdict(result), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def read_verdicts(folder: Path) -> dict[str, Any] | None:
    """What a run's `verdicts.json` holds; None where it is missing or is not one."""
    try:
        found = json.loads((folder / "verdicts.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def read_result(folder: Path) -> Result | None:
    """The findings in a run's `verdicts.json`; None where it is missing or is not one."""
    adapter = _adapter()
    try:
        return adapter.validate_json((folder / "verdicts.json").read_bytes())
    except (OSError, ValueError):
        return None


@cache
def _adapter() -> TypeAdapter[Result]:
    from pydantic import TypeAdapter

    return TypeAdapter(Result)


def schema() -> dict[str, Any]:
    """JSON Schema of `verdicts.json`, from the types themselves."""
    from assay.schemas import json_schema

    return json_schema(Result, "assay verdicts", "serialization")
