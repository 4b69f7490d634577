"""`verdicts.json` and its schema, both from the types of a result. It computes nothing."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from assay.verdicts import Result

__all__ = ["schema", "to_json"]


def to_json(result: Result) -> str:
    """The text of `verdicts.json`."""
    return json.dumps(asdict(result), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def schema() -> dict[str, Any]:
    """JSON Schema of `verdicts.json`, from the types themselves."""
    from pydantic import TypeAdapter

    document = TypeAdapter(Result).json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **document, "title": "assay verdicts"}


if __name__ == "__main__":
    print(json.dumps(schema(), indent=2))
