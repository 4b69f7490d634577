"""Weights that a file holds whole are told apart from those that peft saved just as they were."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from assay.engines.adapter_files import CONFIG, WEIGHTS, read_adapter_files
from assay.engines.adapter_fit import fit_adapter
from assay.engines.adapter_values import changed_weights
from tests.engines.adapter_fit.shapes import CONFIG as FIELDS
from tests.engines.adapter_fit.shapes import PREFIX, ROWS, TIED, WIDTH, plain

HEAD = np.arange(ROWS * WIDTH, dtype=np.float32).reshape(ROWS, WIDTH)


def changed(
    folder: Path, own: Any, theirs: Any, key: str = "lm_head.weight", place: str = "model.embed_tokens"
) -> Any:
    (folder / CONFIG).write_text(json.dumps(FIELDS))
    weights = {name: np.zeros(shape, np.float32) for name, shape in plain().items()}
    save_file(weights | {PREFIX + key: own}, folder / WEIGHTS)
    save_file({f"{place}.weight": theirs}, folder / "model.safetensors")
    files = read_adapter_files(folder)
    return changed_weights(files, fit_adapter(files, TIED), [folder / "model.safetensors"])


@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize("key", ["lm_head.weight", "lm_head.base_layer.weight"])
def test_what_was_saved_as_it_was_changes_nothing(tmp_path: Path, dtype: str, key: str) -> None:
    assert changed(tmp_path, HEAD.astype(dtype), HEAD, key) == ()


@pytest.mark.parametrize("other", [HEAD + 1, HEAD.astype(np.int32)])
def test_other_numbers_or_numbers_of_another_kind_are_a_change(tmp_path: Path, other: Any) -> None:
    assert changed(tmp_path, other, HEAD) == ("lm_head.weight",)


def test_a_weight_that_the_base_has_not_is_a_change(tmp_path: Path) -> None:
    assert changed(tmp_path, HEAD, HEAD, place="model.norm") == ("lm_head.weight",)
