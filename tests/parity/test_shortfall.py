"""Shortfalls are of the response's own tokens, whatever the prompt's are."""

from __future__ import annotations

import pytest

from assay.engines.server.http import Server
from assay.engines.server.options import Connection
from assay.parity.shortfall import Asker
from tests.parity.toys import LENGTH, Model, served


@pytest.mark.parametrize("kind", ["vllm", "other"])
def test_a_greedy_response_has_none_and_another_word_has_one(kind: str) -> None:
    model = Model()
    response = model.write("a prompt:")
    words = response.split()
    changed = " " + " ".join(["never", *words[1:]])
    with served({"m": model}, kind) as url:
        server = Server(Connection(url))
        asker = Asker(server, "vllm" if kind == "vllm" else "other")
        assert asker.shortfalls("m", "a prompt:", response) == pytest.approx([0.0] * LENGTH)
        others = asker.shortfalls("m", "a prompt:", changed)
        server.close()
    assert others is not None
    assert len(others) == LENGTH
    assert others[0] > 1


@pytest.mark.parametrize("kind", ["vllm", "other"])
def test_a_response_that_begins_within_a_token_is_left_out(kind: str) -> None:
    with served({"m": Model()}, kind) as url:
        server = Server(Connection(url))
        assert (
            Asker(server, "vllm" if kind == "vllm" else "other").shortfalls("m", "a prom", "pt red") is None
        )
        server.close()
