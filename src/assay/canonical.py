"""JSON in the canonical form of RFC 8785: one text for one value, whichever program writes it.

    canonical({"b": 1.0, "a": "x"})          # '{"a":"x","b":1}'

Keys are sorted by their UTF-16 code units and numbers are written as ECMAScript writes them. Digests of identities
(`assay.records.digest`) are older and of Python's own form.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

__all__ = ["canonical", "canonical_sha256"]

EXACT = 2**53
"""Integers beyond this are numbers of JSON only where they are the text of a double."""


def canonical(value: Any) -> str:
    """The canonical text of a JSON value. Raises ValueError for what has none: NaN, infinity, a huge integer, other types."""
    match value:
        case None | bool() | str():
            return json.dumps(value, ensure_ascii=False)
        case int() if abs(value) <= EXACT or str(value) == _number(float(value)):
            return str(value)
        case float() if math.isfinite(value):
            return _number(value)
        case Mapping() if all(isinstance(key, str) for key in value):
            keys = sorted(value, key=lambda key: str(key).encode("utf-16-be"))
            return f"{{{','.join(f'{canonical(key)}:{canonical(value[key])}' for key in keys)}}}"
        case list() | tuple():
            return f"[{','.join(map(canonical, value))}]"
        case _:
            raise ValueError(f"no canonical JSON of {value!r}")


def canonical_sha256(value: Any) -> str:
    """SHA-256 of the canonical text, in hexadecimal."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def _number(value: float) -> str:
    """As ECMAScript's Number::toString: the shortest digits, with an exponent from 1e21 on and below 1e-6."""
    if value == 0:
        return "0"
    sign, digits_of, exponent = Decimal(repr(value)).normalize().as_tuple()
    digits, point = "".join(map(str, digits_of)), len(digits_of) + int(exponent)
    if len(digits) <= point <= 21:
        text = digits + "0" * (point - len(digits))
    elif 0 < point <= 21:
        text = f"{digits[:point]}.{digits[point:]}"
    elif -6 < point <= 0:
        text = f"0.{'0' * -point}{digits}"
    else:
        fraction = f".{digits[1:]}" if len(digits) > 1 else ""
        text = f"{digits[0]}{fraction}e{point - 1:+d}"
    return "-" * sign + text
