"""What vLLM cannot take, or would take and silently not apply, is said before anything is loaded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assay.engines.adapter_files import read_adapter_files
from assay.engines.adapter_fit import BaseShapes, header_shapes
from assay.engines.files import shards
from assay.engines.vllm.adapter_check import Needs, check_adapter, largest_rank
from assay.engines.vllm.options import RANKS
from assay.errors import EngineError
from tests.engines.vllm.conftest import lora, make_adapter, make_base


def fit(folder: Path, base: Path | None = None) -> Needs:
    shapes = header_shapes(base, shards(base)) if base else BaseShapes()
    return check_adapter(read_adapter_files(folder), shapes)


def test_a_plain_adapter_fits(home: Path) -> None:
    found = fit(home / "chat", home / "base")
    assert (found.rank, found.modules, found.targets) == (8, 2, frozenset({"q_proj"}))


@pytest.mark.parametrize(
    "config",
    [
        {"use_dora": True},
        {"lora_bias": True},
        {"bias": "all"},
        {"modules_to_save": ["lm_head"]},
        {"trainable_token_indices": [1]},
        {"target_parameters": ["mlp.experts.down_proj"]},
        {"alora_invocation_tokens": [5]},
        {"layer_replication": [[0, 1]]},
        {"use_qalora": True},
    ],
)
def test_what_vllm_has_no_part_for_is_refused_by_its_field(tmp_path: Path, config: dict[str, Any]) -> None:
    with pytest.raises(EngineError, match=f"it has {next(iter(config))}.*use the engine `torch`"):
        fit(make_adapter(tmp_path / "odd", **config))


@pytest.mark.parametrize("start", ["pissa", "olora", "loftq", "corda"])
def test_starts_that_change_the_base_are_refused(tmp_path: Path, start: str) -> None:
    with pytest.raises(EngineError, match=f"init_lora_weights: {start}"):
        fit(make_adapter(tmp_path / "odd", init_lora_weights=start))


@pytest.mark.parametrize("start", [True, False, "gaussian", "eva", "orthogonal"])
def test_starts_that_leave_it_alone_are_not(tmp_path: Path, start: Any) -> None:
    fit(make_adapter(tmp_path / "plain", init_lora_weights=start))


@pytest.mark.parametrize("kind", ["IA3", "LOHA", "PREFIX_TUNING", None])
def test_other_types_are_refused(tmp_path: Path, kind: Any) -> None:
    with pytest.raises(EngineError, match="vLLM takes LORA only"):
        fit(make_adapter(tmp_path / "odd", peft_type=kind))


@pytest.mark.parametrize("config", [{"r": 513}, {"rank_pattern": {"q_proj": 1024}}])
def test_ranks_beyond_vllms_are_refused(tmp_path: Path, config: dict[str, Any]) -> None:
    with pytest.raises(EngineError, match="vLLM takes up to 512"):
        fit(make_adapter(tmp_path / "odd", **config))


@pytest.mark.parametrize("rank", [0, -1, "8", True, 2.5, None])
def test_ranks_that_are_none_are_refused(tmp_path: Path, rank: Any) -> None:
    with pytest.raises(EngineError, match=r"r is .*; a whole number above 0 is expected"):
        fit(make_adapter(tmp_path / "odd", r=rank))


@pytest.mark.parametrize("rank", [4.5, -3, 0, True])
def test_patterns_of_ranks_that_are_none_are_refused(tmp_path: Path, rank: Any) -> None:
    with pytest.raises(EngineError, match=r"rank_pattern is .*; an object of whole numbers above 0"):
        fit(make_adapter(tmp_path / "odd", rank_pattern={"q_proj": rank}))


def test_an_adapter_without_a_rank_is_refused(tmp_path: Path) -> None:
    folder = make_adapter(tmp_path / "odd")
    config = json.loads((folder / "adapter_config.json").read_text())
    del config["r"]
    (folder / "adapter_config.json").write_text(json.dumps(config))
    with pytest.raises(EngineError, match="it has no r "):
        fit(folder)


def test_the_largest_rank_of_a_pattern_counts(tmp_path: Path) -> None:
    shapes = lora(24, ("q_proj",)) | lora(4, ("v_proj",))
    patterns: dict[str, Any] = {"rank_pattern": {"q_proj": 24}, "alpha_pattern": {"q_proj": 48}}
    assert fit(make_adapter(tmp_path / "plain", shapes, **patterns)).rank == 24


def test_a_pattern_that_changes_the_scale_is_refused_since_vllm_has_one_scale(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"alpha_pattern: .*the scale 8, and vLLM applies 2 to all layers"):
        fit(make_adapter(tmp_path / "alpha", alpha_pattern={"q_proj": 32}))
    shapes = lora(8, ("q_proj",)) | lora(4, ("v_proj",))
    with pytest.raises(EngineError, match=r"rank_pattern: .*the scale 1, and vLLM applies 2 to all layers"):
        fit(make_adapter(tmp_path / "rank", shapes, rank_pattern={"q_proj": 8}))


@pytest.mark.parametrize(("rank", "bound"), [(1, 1), (2, 8), (8, 8), (9, 16), (300, 320), (512, 512)])
def test_the_bound_is_the_smallest_that_vllm_takes(rank: int, bound: int) -> None:
    assert bound in RANKS
    assert largest_rank([1, rank]) == bound


def test_layers_that_the_base_lacks_are_refused_since_vllm_would_leave_them_out(home: Path) -> None:
    strange = {key.replace("layers.1.", "layers.7."): shape for key, shape in lora().items()}
    folder = make_adapter(home / "odd", strange)
    with pytest.raises(EngineError, match=r"2 of its layers are not in the base .*layers\.7"):
        fit(folder, home / "base")


def test_layers_of_another_size_are_refused(home: Path) -> None:
    wider = {key: (shape[0], 16) if "lora_A" in key else shape for key, shape in lora().items()}
    with pytest.raises(EngineError, match=r"is \[8, 16\] in its file and \[8, 8\] in the base"):
        fit(make_adapter(home / "odd", wider), home / "base")


def test_what_stands_before_the_layers_may_differ(home: Path) -> None:
    moved = {
        key.replace("model.model.layers", "model.language_model.model.layers"): shape
        for key, shape in lora().items()
    }
    assert fit(make_adapter(home / "moved", moved), home / "base").modules == 4


def test_embeddings_and_the_output_layer_may_be_under_any_name(home: Path) -> None:
    more = {
        "base_model.model.lm_head.lora_A.weight": (4, 8),
        "base_model.model.lm_head.lora_B.weight": (99, 4),
        "base_model.model.model.embed_tokens.lora_embedding_A": (4, 99),
        "base_model.model.model.embed_tokens.lora_embedding_B": (8, 4),
    }
    targets = ["q_proj", "v_proj", "lm_head", "embed_tokens"]
    found = fit(make_adapter(home / "more", lora() | more, target_modules=targets), home / "base")
    assert (found.modules, found.targets) == (6, frozenset({"q_proj", "v_proj", "lm_head", "embed_tokens"}))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"base_model.model.lm_head.weight": (9, 8)}, "does not belong to a LoRA"),
        (
            {"base_model.model.model.layers.0.self_attn.o_proj.lora_A.weight": (4, 8)},
            "one of the two matrices of 1 layers only",
        ),
        ({"base_model.model.model.layers.0.q_proj.lora_magnitude_vector": (8,)}, "one of the two matrices"),
    ],
)
def test_a_file_with_anything_else_in_it_is_refused(home: Path, more: dict[str, Any], said: str) -> None:
    with pytest.raises(EngineError, match=said):
        fit(make_adapter(home / "odd", lora() | more))


@pytest.mark.parametrize(
    ("name", "said"),
    [("adapter_config.json", "no adapter_config"), ("adapter_model.safetensors", "incomplete")],
)
def test_missing_files_are_named(home: Path, name: str, said: str) -> None:
    (home / "math" / name).unlink()
    with pytest.raises(EngineError, match=said):
        fit(home / "math")


def test_a_base_in_the_place_of_an_adapter_is_told_apart(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="it is a base"):
        fit(make_base(tmp_path / "base"))
