"""The table of peft's fields is the installed peft's."""

from __future__ import annotations

from dataclasses import MISSING, asdict, fields, is_dataclass
from importlib.metadata import version
from typing import Any

import pytest

from assay.engines.peft_fields import (
    DEFAULTS,
    PEFT_TYPES,
    PEFT_VERSION,
    PROMPT_TYPES,
    beyond_layers,
    set_fields,
    unknown_fields,
)
from tests.test_flow import loaded_by


def installed() -> dict[str, Any]:
    """Fields of the installed peft's LoRA, with defaults as its files have them."""
    from peft import LoraConfig

    defaults: dict[str, Any] = {}
    for field in fields(LoraConfig):
        value = field.default if field.default_factory is MISSING else field.default_factory()
        defaults[field.name] = asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
    kind: Any = LoraConfig().peft_type
    return defaults | {"peft_type": kind.value}


def test_the_table_holds_the_fields_and_defaults_of_the_installed_peft() -> None:
    assert dict(DEFAULTS) == installed()


def test_the_table_names_the_installed_peft() -> None:
    assert version("peft") == PEFT_VERSION


def test_the_types_are_those_of_the_installed_peft() -> None:
    from peft import PeftType
    from peft.mapping import PEFT_TYPE_TO_CONFIG_MAPPING

    assert {kind.value for kind in PeftType} == PEFT_TYPES
    prompts = {
        kind.value
        for kind, form in PEFT_TYPE_TO_CONFIG_MAPPING.items()
        if any(parent.__name__ == "PromptLearningConfig" for parent in form.__mro__)
    }
    assert prompts == PROMPT_TYPES


def test_the_table_needs_no_peft() -> None:
    assert not loaded_by("import assay.engines.peft_fields") & {"peft", "torch", "transformers"}


def test_a_configuration_of_defaults_sets_nothing() -> None:
    assert set_fields(DEFAULTS) == {} == unknown_fields(DEFAULTS)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("r", 16),
        ("use_dora", True),
        ("alpha_pattern", {"q_proj": 4}),
        ("init_lora_weights", "pissa"),
        ("bias", "all"),
    ],
)
def test_a_value_other_than_the_default_is_set(field: str, value: Any) -> None:
    assert set_fields({**DEFAULTS, field: value}) == {field: value}


@pytest.mark.parametrize(
    ("field", "value"),
    [("layers_to_transform", []), ("eva_config", {}), ("rank_pattern", None), ("lora_dropout", 0)],
)
def test_what_is_empty_or_equal_is_the_default(field: str, value: Any) -> None:
    assert set_fields({field: value}) == {}


def test_no_is_another_value_than_a_default_of_yes() -> None:
    assert set_fields({"init_lora_weights": False}) == {"init_lora_weights": False}


def test_a_field_that_peft_ignores_is_unknown_where_it_holds_something() -> None:
    config: dict[str, object] = {
        "r": 8,
        "use_turbo": True,
        "merge_weights": False,
        "enable_lora": None,
        "extra": [],
        "rate": 0,
    }
    assert unknown_fields(config) == {"use_turbo": True}


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"peft_type": "LORA", "layer_replication": None}, ""),
        ({"peft_type": "LOHA"}, ""),
        ({"peft_type": "PROMPT_TUNING"}, "its type, PROMPT_TUNING, is more than a change of layers"),
        ({"peft_type": "XLORA"}, "its type, XLORA, is more than a change of layers"),
        (
            {"peft_type": "LORA", "alora_invocation_tokens": [1, 2]},
            "it has alora_invocation_tokens, which changes more than layers",
        ),
    ],
)
def test_an_adapter_that_is_more_than_a_change_of_layers_says_why(
    config: dict[str, Any], reason: str
) -> None:
    assert beyond_layers(config) == reason
