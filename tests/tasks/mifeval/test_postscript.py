"""A marker counts where it is no part of a word."""

from __future__ import annotations

import pytest

from assay.tasks.mifeval.postscript import whole_postscript


@pytest.mark.parametrize(
    ("text", "marker", "found"),
    [
        ("Adieu. PS : bref", "PS", True),
        ("De temps en temps", "PS", False),
        ("PSG", "PS", False),
        ("P. P. S. bref", "P.P.S", True),
        ("P.-S.bref", " P.-S. ", True),
        ("P+-S+", "P.-S.", False),
    ],
)
def test_markers(text: str, marker: str, found: bool) -> None:
    assert whole_postscript(text, marker) == (None if found else f'no postscript "{marker.strip()}"')
