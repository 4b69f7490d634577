"""What a page prints of a run is text."""

from __future__ import annotations

import pytest

from assay.view.pages import POLICY, address, render


@pytest.mark.parametrize(
    "text", ["<script>x</script>", "\u202eevil", "{{ 7 * 7 }}", "a\x00b", '"><img src=x>']
)
def test_texts_are_escaped(text: str) -> None:
    page = render("problem.html", title=text, text=text, theme="", alone=False)
    assert "49" not in page or "{{" not in text
    assert "<img src=x>" not in page
    assert "<script>x" not in page
    assert not set(page) & set("\u202e\x00")


def test_an_address_leaves_out_what_is_empty_and_quotes_the_rest() -> None:
    assert (
        address("/run/x/flips", adapter="a&b", task="", start=0, against=None)
        == "/run/x/flips?adapter=a%26b&start=0"
    )
    assert address("/run/x/flips", task="") == "/run/x/flips"


def test_the_policy_names_one_script_and_one_style_by_their_hashes() -> None:
    parts = dict(part.strip().partition(" ")[::2] for part in POLICY.split(";"))
    assert parts["script-src"].startswith("'sha256-")
    assert parts["style-src"].startswith("'sha256-")
    assert " " not in parts["script-src"] + parts["style-src"]
    assert (parts["default-src"], parts["connect-src"], parts["form-action"]) == (
        "'none'",
        "'self'",
        "'self'",
    )
