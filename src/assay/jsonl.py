"""JSON Lines, read strictly: a bad line is named by file and number, never skipped."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from assay.errors import AssayError
from assay.files import read_text

__all__ = ["read_jsonl"]


def read_jsonl(
    path: Path, error: type[AssayError], *, allow_nan: bool = False
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (line number from 1, object) for each non-blank line of `path`.

    Raises `error`, naming file and line, on text that is not UTF-8, a line that is not one JSON
    object (a truncated last line among them), a key that stands twice in an object, NaN or infinity
    unless `allow_nan`, or a lone surrogate, which no encoding can store.
    """

    def refuse(constant: str) -> NoReturn:
        raise ValueError(f"{constant} is not a JSON number")

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            raise ValueError("one key stands twice")
        return found

    decoder = json.JSONDecoder(parse_constant=None if allow_nan else refuse, object_pairs_hook=once)
    # Not splitlines(): U+2028 and friends may stand inside a JSON string.
    for number, line in enumerate(read_text(path, error).split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = decoder.decode(line)
            line.encode()
            if "\\ud" in line or "\\uD" in line:
                json.dumps(row, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise error(
                f"{path}:{number}: a lone surrogate (\\ud800 to \\udfff) in the text; "
                f"write the character whole or replace it by \\ufffd"
            ) from None
        except (ValueError, RecursionError) as bad:
            told, fix = (
                (
                    f"{bad.msg}, column {bad.colno}",
                    "the file may be cut off: one whole object a line is expected",
                )
                if isinstance(bad, json.JSONDecodeError)
                else (str(bad), "fix this line")
            )
            raise error(f"{path}:{number}: not a JSON object ({told}); {fix}") from None
        if not isinstance(row, dict):
            raise error(
                f"{path}:{number}: a JSON object is expected, found {type(row).__name__}; write one object a line, "
                f"without a list around them"
            )
        yield number, row
