"""What mlx-lm saves and cannot be read is named by its field."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engines.adapter_fit.shapes import fit, mlx


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"fine_tune_type": "full"}, "fine_tune_type: full: mlx-lm trained whole weights"),
        ({"fine_tune_type": "lokr"}, "fine_tune_type: lokr"),
        ({"lora_parameters": {"rank": 2}}, "lora_parameters.scale is None"),
        ({"lora_parameters": {"scale": 2.0}}, "lora_parameters.rank is None"),
        ({"lora_parameters": {"rank": 10**400, "scale": 2.0}}, "lora_parameters.rank is 1"),
        ({"lora_parameters": {"rank": 2, "scale": 10**400}}, "lora_parameters.scale is 1"),
        ({"lora_parameters": {"rank": 3, "scale": 2.0}}, "2 in the file, 3 by lora_parameters.rank"),
    ],
)
def test_what_mlx_lm_saved_and_cannot_be_read_is_named(changes: dict[str, Any], cause: str) -> None:
    config, tensors = mlx()
    assert cause in str(fit(tensors, form="mlx-lm", **config | changes).error)


def test_an_alpha_is_refused_where_some_versions_multiplied_by_it() -> None:
    config, tensors = mlx()
    config["lora_parameters"] |= {"alpha": 16.0}
    assert {layer.scale for layer in fit(tensors, form="mlx-lm", **config).layers} == {20.0}
    del config["fine_tune_type"]
    assert "scale * alpha / rank (20.0 * 16.0 / 2)" in str(fit(tensors, form="mlx-lm", **config).error)
    config["lora_parameters"] |= {"alpha": 2}
    assert fit(tensors, form="mlx-lm", **config).error is None
