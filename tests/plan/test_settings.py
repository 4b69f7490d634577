"""Settings of a study: what they are by default, and what contradicts itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from assay.plan.settings import SERVER_FIELDS, Decoding, EngineSettings, JudgeSettings, Policy, StopRule
from assay.stats import Verdict

A_SERVERS = {
    "url": "http://localhost:8000", "server": "vllm", "key_env": "KEY", "concurrency": 2, "timeout": 1.5
}  # fmt: skip


@pytest.mark.parametrize("field", SERVER_FIELDS)
def test_fields_of_a_server_are_refused_for_another_engine(field: str) -> None:
    given: dict[str, Any] = {field: A_SERVERS[field]}
    assert getattr(EngineSettings(name="openai", **given), field) == A_SERVERS[field]
    with pytest.raises(ValidationError, match=f"`{field}` is for servers; write `name: openai`"):
        EngineSettings(name="torch", **given)


def test_the_default_policy_passes_good_verdicts_and_fails_bad_ones() -> None:
    policy = Policy()
    assert {word.tone for word in policy.passing} == {"good"}
    assert {word.tone for word in policy.failing} == {"bad"}
    assert policy.tolerated_harm is None


def test_a_verdict_passes_or_fails_and_not_both() -> None:
    with pytest.raises(ValidationError, match="`harmed` is both in `passing` and in `failing`"):
        Policy(passing=(Verdict.CONFIRMED, Verdict.HARMED))


@pytest.mark.parametrize(
    "make",
    [
        lambda: Decoding(max_tokens=0),
        lambda: Decoding(temperature=-0.1),
        lambda: Decoding(samples=0),
        lambda: StopRule(first=0),
        lambda: StopRule(every=0),
        lambda: Policy(tolerated_harm=0.0),
        lambda: JudgeSettings(model="m", url="http://localhost", concurrency=4097),
        lambda: JudgeSettings(model="m", url="http://user:secret@localhost"),
    ],
)
def test_a_number_or_an_address_out_of_its_range_is_refused(make: Callable[[], object]) -> None:
    with pytest.raises(ValidationError) as refused:
        make()
    assert "secret" not in str(refused.value.errors(include_input=False))
