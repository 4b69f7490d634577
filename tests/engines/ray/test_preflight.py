from __future__ import annotations

import sys
from typing import Any

import pytest

from assay.engines import ModelRef
from assay.engines.ray.preflight import preflight
from assay.errors import EngineError
from tests.engines.ray.fakes import Here, engine, looking
from tests.engines.ray.sessions import make


def test_identities_are_those_of_the_inner_engine() -> None:
    look = looking(make(), lambda order: Here(order, lambda _: make()))
    base, adapters = ModelRef("base", "b"), [ModelRef("math", "m")]
    inner = make().preflight(inner_settings(), base, adapters)
    assert look(engine(), base, adapters).identities == inner.identities


def inner_settings() -> Any:
    return engine().model_copy(update={"name": "torch"})


def test_without_ray_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["assay.engines.ray.preflight"], "find_spec", lambda _: None)
    with pytest.raises(EngineError, match=r"engine 'ray:torch' needs ray: .*lora-assay\[ray\]"):
        preflight(engine(), ModelRef("base", "b"), [])
