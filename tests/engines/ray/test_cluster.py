"""Jobs and messages travel between processes."""

from __future__ import annotations

import pickle

import pytest

from assay.engines import Completion, Liveness, ModelRef, Prompt
from assay.engines.ray.cluster import (
    Answered,
    Complete,
    Done,
    Job,
    Lost,
    Message,
    Open,
    Opened,
    Order,
    Probe,
    Refused,
)
from tests.engines.ray.fakes import engine

PROMPT = Prompt("math", "numeric", "0", "1 + 1?")


@pytest.mark.parametrize(
    "sent",
    [
        Order(engine(), ModelRef("base", "b"), (ModelRef("math", "m"),), {"HF_HUB_OFFLINE": "1"}),
        Open(),
        Complete((PROMPT,)),
        Probe(("math",), {"math": ("a prompt",)}),
        Opened("node", {"base": "digest"}, {}, {}, {"torch": "2"}),
        Answered((Completion(PROMPT, "2", tokens=1, finish="stop"),)),
        Done({"chat": "no file"}, (Liveness("math", 2, 1.0, 1.0, 0.1, 1.0),)),
        Refused("too long"),
        Lost("killed"),
    ],
)
def test_what_is_sent_arrives_as_it_was(sent: Order | Job | Message) -> None:
    assert pickle.loads(pickle.dumps(sent)) == sent  # noqa: S301
