"""A copy in peft's form holds the same numbers: renamed, joined, or turned."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from assay.engines.adapter_copy import loadable, write_copy
from assay.engines.adapter_files import CONFIG, PICKLE, WEIGHTS, AdapterFiles, read_adapter_files
from assay.engines.adapter_fit import Fit, Move, fit_adapter
from assay.errors import EngineError
from tests.engines.adapter_fit.shapes import BASE, mlx, plain, renamed
from tests.engines.adapter_fit.shapes import CONFIG as FIELDS

DICE = np.random.default_rng(0)


def numbers(shapes: dict[str, tuple[int, ...]], dtype: str = "float32") -> dict[str, np.ndarray]:
    return {key: DICE.normal(size=shape).astype(dtype) for key, shape in shapes.items()}


def save(folder: Path, config: object, **files: dict[str, np.ndarray]) -> AdapterFiles:
    folder.mkdir(exist_ok=True)
    (folder / CONFIG).write_text(json.dumps(config))
    for name, tensors in files.items():
        save_file(tensors, folder / name.replace("__", "-").replace("_safetensors", ".safetensors"))
    return read_adapter_files(folder)


def copied(files: AdapterFiles) -> dict[str, np.ndarray]:
    fit = fit_adapter(files, BASE)
    assert fit.error is None
    with loadable(files, fit) as folder:
        assert folder != files.folder
        again = fit_adapter(read_adapter_files(folder), BASE)
        assert (again.error, again.moves, again.layers[0].scale) == (None, None, fit.layers[0].scale)
        result: dict[str, np.ndarray] = load_file(folder / WEIGHTS)
    assert not folder.exists()
    return result


def same(first: dict[str, np.ndarray], second: dict[str, np.ndarray]) -> bool:
    return first.keys() == second.keys() and all(
        first[key].dtype == second[key].dtype and (first[key] == second[key]).all() for key in first
    )


def test_a_folder_that_peft_reads_is_used_as_it_is(tmp_path: Path) -> None:
    files = save(tmp_path, FIELDS, adapter_model_safetensors=numbers(plain()))
    with loadable(files, fit_adapter(files, BASE)) as folder:
        assert folder == tmp_path


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_names_change_and_numbers_do_not(tmp_path: Path, dtype: str) -> None:
    tensors = numbers(plain(), dtype)
    wrapped = {f"_orig_mod.{key}": value for key, value in tensors.items()}
    assert same(copied(save(tmp_path, FIELDS, adapter_model_safetensors=wrapped)), tensors)


def test_shards_are_joined(tmp_path: Path) -> None:
    tensors = numbers(plain())
    keys = sorted(tensors)
    parts = [{key: tensors[key] for key in half} for half in (keys[:9], keys[9:])]
    files = save(
        tmp_path,
        FIELDS,
        adapter_model__00001__of__00002_safetensors=parts[0],
        adapter_model__00002__of__00002_safetensors=parts[1],
    )
    assert same(copied(files), tensors)
    (tmp_path / "adapter_model-00002-of-00002.safetensors").unlink()
    with pytest.raises(EngineError, match=r"in 2 shards, of which 1 are not in .*00002-of-00002"):
        read_adapter_files(tmp_path)


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_mlx_lms_matrices_are_turned(tmp_path: Path, dtype: str) -> None:
    config, shapes = mlx()
    tensors = numbers(shapes, dtype)
    result = copied(save(tmp_path, config, adapters_safetensors=tensors))
    name = "model.layers.1.mlp.down_proj"
    assert (result[f"base_model.model.{name}.lora_A.weight"] == tensors[f"{name}.lora_a"].T).all()
    assert (result[f"base_model.model.{name}.lora_B.weight"] == tensors[f"{name}.lora_b"].T).all()


def test_a_pickle_of_another_form_is_not_copied(tmp_path: Path) -> None:
    files = AdapterFiles(tmp_path, FIELDS, (tmp_path / PICKLE,), renamed(plain(), str.upper))
    with pytest.raises(EngineError, match="is a pickle"):
        write_copy(files, Fit("peft", FIELDS, moves={"x": Move("y")}), tmp_path / "copy")
