"""What each kind of server can do agrees with what it is asked for."""

from __future__ import annotations

from typing import get_args

import pytest

from assay.engines.server.kinds import KINDS, Kind, ServerKind


def test_every_kind_has_its_entry() -> None:
    assert tuple(KINDS) == get_args(Kind)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_what_is_sent_to_a_kind_leaves_the_choice_of_tokens_alone(kind: ServerKind) -> None:
    changes = {"presence_penalty": 0, "frequency_penalty": 0, "repetition_penalty": 1, "repeat_penalty": 1}
    changes |= {"top_p": 1, "min_p": 0, "typical_p": 1}
    assert all(kind.neutral[name] == value for name, value in changes.items() if name in kind.neutral)
    assert kind.neutral.get("top_k", 0) in (0, -1)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_adapters_are_loaded_only_where_those_served_are_listed(kind: ServerKind) -> None:
    assert kind.loads is None or kind.lists
    assert not (kind.native and (kind.neutral or kind.scores))
