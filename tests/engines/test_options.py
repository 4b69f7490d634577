"""An engine's options are taken as they are written, or refused by field with what it takes."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from pydantic import Field

from assay.engines.options import Options, read_options
from assay.errors import EngineError


class Toy(Options):
    rows: int = Field(256, gt=0, title="a whole number above 0")
    """Rows of a batch."""
    share: float | None = Field(None, gt=0, title="a number above 0")
    mode: Literal["fast", "exact"] = Field("exact", title="one of fast, exact")
    graphs: bool = Field(True, title="true or false")


def test_what_is_not_written_is_the_default() -> None:
    assert read_options(Toy, {"share": 1}) == Toy(share=1.0)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"rows": 0}, "engine.options.rows: 0; write a whole number above 0"),
        ({"rows": True}, "engine.options.rows: True; write a whole number above 0"),
        ({"rows": "8"}, "engine.options.rows: '8'; write a whole number above 0"),
        ({"mode": ["fast"]}, "engine.options.mode: ['fast']; write one of fast, exact"),
        ({"graphs": 1}, "engine.options.graphs: 1; write true or false"),
        (
            {"row": 8},
            "engine.options.row: no such option; did you mean 'rows'? there are rows, share, mode, graphs",
        ),
        ({"x": 8}, "engine.options.x: no such option; there are rows, share, mode, graphs"),
    ],
)
def test_an_option_is_refused_by_field_with_what_it_takes(values: dict[str, Any], message: str) -> None:
    with pytest.raises(EngineError) as refused:
        read_options(Toy, values)
    assert str(refused.value) == message


def test_options_do_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Toy().rows = 3  # type: ignore[misc]
