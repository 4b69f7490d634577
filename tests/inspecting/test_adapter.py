"""One adapter by its files: kind, status, reasons, layers, engines, digests."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest

from assay.engines.peft_fields import DEFAULTS
from assay.files import file_sha256
from assay.inspecting import Inspection, LayerKind, inspect_adapter, read_base
from tests.inspecting.adapters import matrices, write_adapter, write_base, write_tokenizer


def inspect(adapter: Path | str, base: Path | None = None, **options: Any) -> Inspection:
    return inspect_adapter(str(adapter), None if base is None else read_base(str(base)), **options)


def loading(found: Inspection) -> dict[str, bool]:
    return {name: engine.loads for name, engine in found.engines.items()}


def test_a_plain_adapter_is_usable_on_every_engine(tmp_path: Path) -> None:
    found = inspect(write_adapter(tmp_path / "a"), write_base(tmp_path / "base"))
    assert (found.path, found.kind, found.status, found.reasons) == (
        str(tmp_path / "a"),
        "LoRA",
        "usable",
        (),
    )
    assert loading(found) == {"torch": True, "vllm": True, "server": True}
    assert found.layers == (
        LayerKind("self_attn.q_proj", "added", 3, "0-2", (2,), (2.0,)),
        LayerKind("self_attn.v_proj", "added", 3, "0-2", (2,), (2.0,)),
    )


def test_without_a_base_its_own_files_are_judged(tmp_path: Path) -> None:
    found = inspect(write_adapter(tmp_path / "a"))
    assert (found.status, found.reasons) == ("usable", ())
    assert [kind.layer for kind in found.layers] == ["self_attn.q_proj", "self_attn.v_proj"]


def test_a_base_of_another_size_makes_it_unusable_with_the_reason_on_each_engine(tmp_path: Path) -> None:
    found = inspect(write_adapter(tmp_path / "a"), write_base(tmp_path / "base", hidden_size=32))
    assert found.status == "unusable"
    assert set(loading(found).values()) == {False}
    assert len(found.reasons) == 1
    assert "other sizes than the base's" in found.reasons[0]


def test_ranks_and_effective_scales_are_those_of_each_kind_of_layer(tmp_path: Path) -> None:
    shapes = matrices(("self_attn.q_proj",)) | matrices(("mlp.down_proj",), rank=8)
    adapter = write_adapter(
        tmp_path / "a",
        shapes,
        use_rslora=True,
        rank_pattern={"down_proj": 8},
        alpha_pattern={"1.self_attn.q_proj": 8},
    )
    found = inspect(adapter, write_base(tmp_path / "base"))
    kinds = {kind.layer: (kind.ranks, kind.scales) for kind in found.layers}
    both = [kinds["self_attn.q_proj"], kinds["mlp.down_proj"]]
    assert [ranks for ranks, _ in both] == [(2,), (8,)]
    scales = [scale for _, several in both for scale in several]
    assert scales == pytest.approx([4 / 2**0.5, 8 / 2**0.5, 4 / 8**0.5], abs=1e-6)
    assert found.kind == "rsLoRA"
    assert not found.engines["vllm"].loads


def test_what_an_adapter_replaces_is_a_kind_of_layer_and_a_warning(tmp_path: Path) -> None:
    shapes = matrices() | {"base_model.model.lm_head.weight": (32, 16)}
    found = inspect(write_adapter(tmp_path / "a", shapes), write_base(tmp_path / "base"))
    assert LayerKind("lm_head", "replaced", 1, None) in found.layers
    assert found.status == "warnings"
    assert "takes the place of the base's output layer" in " ".join(found.reasons)
    assert loading(found) == {"torch": True, "vllm": False, "server": False}
    assert "lm_head.weight" in str(found.engines["vllm"].reason)


@pytest.mark.parametrize(
    ("config", "kind", "status"),
    [
        ({"peft_type": "LOHA"}, "LOHA", "usable"),
        ({"peft_type": "PROMPT_TUNING"}, "PROMPT_TUNING", "unusable"),
        ({"peft_type": "lora"}, "lora", "unusable"),
        ({"use_rslora": True}, "rsLoRA", "usable"),
        ({"init_lora_weights": "pissa"}, "LoRA", "unusable"),
    ],
)
def test_an_adapter_is_usable_where_one_engine_takes_it(
    config: dict[str, Any], kind: str, status: str, tmp_path: Path
) -> None:
    found = inspect(write_adapter(tmp_path / "a", **config), write_base(tmp_path / "base"))
    assert (found.kind, found.status) == (kind, status)
    assert bool(found.reasons) == (status == "unusable")
    assert any(loading(found).values()) == (status == "usable")


def test_an_adapter_of_mlx_lm_is_read_and_no_server_takes_its_files(tmp_path: Path) -> None:
    import numpy as np
    from safetensors.numpy import save_file

    adapter = tmp_path / "mlx"
    adapter.mkdir()
    config = {"fine_tune_type": "lora", "lora_parameters": {"rank": 2, "scale": 10.0}, "num_layers": 1}
    (adapter / "adapter_config.json").write_text(json.dumps(config))
    name = "model.layers.2.self_attn.q_proj"
    tensors = {f"{name}.lora_a": np.ones((16, 2), np.float32), f"{name}.lora_b": np.ones((2, 16), np.float32)}
    save_file(tensors, adapter / "adapters.safetensors")
    found = inspect(adapter, write_base(tmp_path / "base"))
    assert (found.kind, found.layers) == (
        "LoRA of mlx-lm",
        (LayerKind("self_attn.q_proj", "added", 1, "2", (2,), (10.0,)),),
    )
    assert loading(found) == {"torch": True, "vllm": True, "server": False}


@pytest.mark.parametrize(
    ("make", "kind", "reason"),
    [
        (Path.exists, "unknown", "is empty"),
        (lambda folder: write_base(folder), "base", "it is a base"),
        (lambda folder: write_adapter(folder / "checkpoint-5"), "folder of adapters", "checkpoint-5"),
        (lambda folder: (folder / "adapter_config.json").write_text("{"), "unknown", "is not JSON"),
        (
            lambda folder: (write_adapter(folder) / "adapter_model.safetensors").unlink(),
            "LoRA",
            "no adapter_model.safetensors",
        ),
        (
            lambda folder: (write_adapter(folder) / "adapter_model.safetensors").rename(
                folder / "adapter_model.bin"
            ),
            "LoRA",
            "is a pickle",
        ),
        (
            lambda folder: (write_adapter(folder) / "adapter_model.safetensors").write_bytes(b"\x09"),
            "LoRA",
            "no complete safetensors header",
        ),
    ],
)
def test_what_cannot_be_read_is_unusable_with_the_reason(
    make: Any, kind: str, reason: str, tmp_path: Path
) -> None:
    folder = tmp_path / "a"
    folder.mkdir()
    make(folder)
    found = inspect(folder)
    assert (found.kind, found.status) == (kind, "unusable")
    assert reason in found.reasons[0]


@pytest.mark.parametrize("path", ["/nowhere/at/all", "nowhere", "./nowhere"])
def test_a_path_that_is_nowhere_is_unusable(path: str) -> None:
    found = inspect(path)
    assert (found.path, found.status) == (path, "unusable")
    assert "no folder" in found.reasons[0]


def test_unknown_shapes_are_a_warning(tmp_path: Path) -> None:
    found = inspect(write_adapter(tmp_path / "a"), write_base(tmp_path / "base", model_type="opt"))
    assert found.status == "warnings"
    assert found.reasons[0].startswith("shapes unknown")


def test_digests_follow_content_alone(tmp_path: Path) -> None:
    first = write_tokenizer(write_adapter(tmp_path / "a"), ["a", "b"], "{{ messages }}")
    second = write_tokenizer(write_adapter(tmp_path / "b"), ["a", "b"], "{{ messages }}")
    (second / "README.md").write_text("another card")
    found, other = (inspect(folder, digest=True) for folder in (first, second))
    assert found.digests == other.digests
    assert set(found.digests) == {"header", "config", "tokenizer", "template", "weights"}
    assert found.digests["weights"] == file_sha256(first / "adapter_model.safetensors")
    assert None not in found.digests.values()
    write_adapter(second, lora_alpha=5)
    changed = inspect(second).digests
    assert changed["config"] != found.digests["config"]
    assert changed["header"] == found.digests["header"]
    assert "weights" not in changed
    write_adapter(second, matrices(("self_attn.k_proj",)))
    assert inspect(second).digests["header"] != found.digests["header"]


def test_there_is_no_digest_of_what_is_not_there(tmp_path: Path) -> None:
    digests = inspect(write_adapter(tmp_path / "a")).digests
    assert (digests["tokenizer"], digests["template"]) == (None, None)


def test_an_inspection_is_plain_data(tmp_path: Path) -> None:
    found = inspect(write_adapter(tmp_path / "a")).to_dict()
    assert list(found) == ["path", "kind", "status", "reasons", "layers", "engines", "digests"]
    assert json.loads(json.dumps(found))["engines"]["torch"] == {"loads": True, "reason": None}


ODD: list[Any] = [None, True, 0, -1, 2.5, "x", "(", [], ["("], [1], {}, {"(": 4}, {"q_proj": None}, [[0, 1]]]


@pytest.mark.parametrize("field", [*DEFAULTS, "fine_tune_type", "lora_parameters"])
def test_no_value_of_a_field_ends_the_inspection_of_the_others(field: str, tmp_path: Path) -> None:
    base = read_base(str(write_base(tmp_path / "base")))
    for value in ODD:
        folder = write_adapter(tmp_path / "a", **{field: value})
        for known in (base, None):
            found = inspect_adapter(str(folder), known)
            assert found.status in ("usable", "warnings", "unusable")
            assert bool(found.reasons) == (found.status != "usable")
            json.dumps(found.to_dict(), allow_nan=False)


def test_a_file_that_nests_without_end_is_unusable(tmp_path: Path) -> None:
    folder = write_adapter(tmp_path / "a")
    (folder / "adapter_config.json").write_text("[" * 200_000)
    assert "is not JSON" in inspect(folder).reasons[0]
    write_adapter(folder)
    (folder / "adapter_model.safetensors").write_bytes(struct.pack("<Q", 200_000) + b"[" * 200_000)
    assert "no complete safetensors header" in inspect(folder).reasons[0]
