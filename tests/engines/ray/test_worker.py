"""What an actor does: an engine that breaks is lost, and an error of the user's is told at once."""

from __future__ import annotations

import pytest

from assay.engines import Fake, Prompt
from assay.errors import EngineError
from tests.engines.ray.sessions import ASKED, EXPECTED, loaded, make, texts


def test_an_engine_that_breaks_counts_as_lost() -> None:
    def fakes(actor: int) -> Fake:
        def answer(request: Prompt) -> str:
            if actor == 1:
                raise RuntimeError("CUDA error: an illegal memory access was encountered")
            return make().answer(request)

        return Fake(answer)

    with loaded(fakes=fakes) as (session, _):
        assert texts(session) == EXPECTED


def test_what_a_user_can_mend_is_said_at_once_and_not_tried_anew() -> None:
    def answer(request: Prompt) -> str:
        raise EngineError(f"example {request.example!r}: too long")

    with (
        loaded(fakes=lambda _: Fake(answer)) as (session, cluster),
        pytest.raises(EngineError, match=r"^example '\d+': too long$"),
    ):
        list(session.complete(ASKED))
    assert cluster.count == 2


def test_an_adapter_that_cannot_be_asked_over_there_says_why() -> None:
    other = Fake(lambda _: "", refused={"chat": "no folder chats"})
    with loaded(fakes=lambda actor: other if actor == 2 else make()) as (session, _):
        assert session.failed["chat"].endswith(": no folder chats")
