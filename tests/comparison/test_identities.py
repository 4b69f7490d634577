"""Reasons for other responses, by identities and protocols of hand-made runs."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

from assay.comparison.evidence import ADAPTER, REFERENCE, ClaimEvidence
from assay.comparison.identities import reasons_of
from assay.plan import Part, Subject

BASE = {
    "engine": "torch",
    "dtype": "float32",
    "quantization": "none",
    "weights": ["1"],
    "tokenizer": {"a": "1"},
}
LORA = {"base": "b1", "weights": "2", "config": "3", "dtype": "float32"}
PROTOCOL = {
    "engine": "torch",
    "form": {"shots": 0},
    "template": None,
    "sent": "x",
    "max_tokens": 64,
    "temperature": 0.0,
}


class Known:
    """What a run states of `base` and `lora` on a task."""

    def __init__(
        self,
        base: Mapping[str, Any] = BASE,
        lora: Mapping[str, Any] = LORA,
        protocol: Mapping[str, Any] = PROTOCOL,
    ) -> None:
        self.entry = SimpleNamespace(against=None)
        self.task, self.names = "math", ("base", "lora")
        self._known = {"base": base, "lora": lora}
        self._protocol = protocol

    def identity(self, name: str) -> Mapping[str, Any]:
        return self._known[name]

    def protocol(self, side: int) -> Mapping[str, Any]:
        assert side in (REFERENCE, ADAPTER)
        return self._protocol

    def subject(self, side: int) -> Subject:
        return Subject("lora", "base", (Part("lora"),)) if side == ADAPTER else Subject("base", "base")

    def base_of(self, side: int) -> str:
        assert side == ADAPTER
        return "base"

    def recorded(self, side: int) -> bool:
        return self._known[self.names[side]].get("engine") == "recorded"


def reasons(left: Known, right: Known, side: int = ADAPTER) -> dict[str, tuple[str, str]]:
    return reasons_of(cast("ClaimEvidence", left), cast("ClaimEvidence", right), side)


def test_equal_identities_give_no_reason() -> None:
    assert reasons(Known(), Known()) == reasons(Known(), Known(), REFERENCE) == {}


def test_weights_of_the_adapter_are_a_reason_of_its_side_alone() -> None:
    other = Known(lora={**LORA, "weights": "9"})
    assert list(reasons(Known(), other)) == ["adapter"]
    assert reasons(Known(), other, REFERENCE) == {}


def test_weights_of_the_base_are_a_reason_on_both_sides() -> None:
    other = Known({**BASE, "weights": ["9"]}, {**LORA, "base": "b2"})
    assert list(reasons(Known(), other)) == list(reasons(Known(), other, REFERENCE)) == ["base"]


def test_the_engine_is_told_from_the_weights() -> None:
    other = Known({**BASE, "dtype": "bfloat16"}, {**LORA, "base": "b2", "dtype": "bfloat16"})
    assert list(reasons(Known(), other, REFERENCE)) == list(reasons(Known(), other)) == ["engine"]
    left, right = reasons(Known(), other, REFERENCE)["engine"]
    assert "dtype float32" in left
    assert "dtype bfloat16" in right


def test_settings_are_listed_where_they_differ() -> None:
    other = Known(protocol={**PROTOCOL, "form": {"shots": 5}, "max_tokens": 128, "sent": "y"})
    assert reasons(Known(), other) == {"settings": ("max_tokens 64, shots 0", "max_tokens 128, shots 5")}


def test_another_scale_of_an_adapter_is_another_adapter() -> None:
    left, right = reasons(Known(), Known(lora={**LORA, "scale": 0.5}))["adapter"]
    assert right.endswith("at scale 0.5")
    assert left != right


def test_of_recorded_responses_the_file_of_this_task_counts() -> None:
    def recorded(own: str, other: str) -> Known:
        files = {"math": {"sha256": own, "after": None}, "else": {"sha256": other, "after": None}}
        identity = {"engine": "recorded", "name": "x", "base": own + other, "responses": files}
        return Known(identity, identity)

    assert reasons(recorded("1", "2"), recorded("1", "3")) == {}
    assert list(reasons(recorded("1", "2"), recorded("4", "2"))) == ["adapter"]


def test_nothing_is_known_of_a_side_without_responses() -> None:
    assert reasons(Known(lora={}, protocol={}), Known()) == {}
