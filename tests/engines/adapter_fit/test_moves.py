"""How an adapter of another form is read, where every layer fits one layer of the base."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.engines.adapter_fit.shapes import LAYERS, PREFIX, fit, mlx, plain, renamed

WRAPPED: dict[str, tuple[Callable[[str], str], str]] = {
    "compiled inside": (lambda key: key.replace("model.model", "model._orig_mod.model"), "torch.compile"),
    "compiled outside": (lambda key: "_orig_mod." + key, "torch.compile"),
    "fsdp": (lambda key: key.replace("model.model", "model._fsdp_wrapped_module.model"), "FSDP"),
    "fsdp of each block": (
        lambda key: key.replace(".self_attn", "._fsdp_wrapped_module.self_attn").replace(
            ".mlp", "._fsdp_wrapped_module.mlp"
        ),
        "FSDP",
    ),
    "parallel": (lambda key: "module." + key, "DataParallel"),
    "twice": (lambda key: PREFIX + key, "more than once"),
    "no prefix": (lambda key: key.removeprefix(PREFIX), "lack peft's prefix"),
    "a wrapper's text model": (
        lambda key: key.replace("model.layers", "model.language_model.layers"),
        "`model.language_model.` and the base's `model.`",
    ),
    "an older wrapper's": (
        lambda key: key.replace("model.layers", "language_model.model.layers"),
        "`language_model.model.`",
    ),
    "the model without its head": (
        lambda key: key.replace("model.layers", "layers"),
        "and the base's `model.`",
    ),
    "another adapter's name": (lambda key: key.replace(".weight", ".math.weight"), "own name in them (math)"),
    "default twice": (lambda key: key.replace(".weight", ".default.default.weight"), "`default.`"),
    "default before": (lambda key: key.replace("model.layers", "default.model.layers"), "`default.`"),
    "all at once": (
        lambda key: "module._orig_mod." + PREFIX + key.replace("model.layers", "model.language_model.layers"),
        "torch.compile",
    ),
}


@pytest.mark.parametrize("kind", WRAPPED)
def test_words_of_wrappers_are_taken_out_with_a_note(kind: str) -> None:
    change, note = WRAPPED[kind]
    tensors = renamed(plain(), change)
    found = fit(tensors)
    assert found.error is None
    assert found.moves is not None
    assert {key: found.moves[change(key)].name for key in plain()} == {key: key for key in plain()}
    assert any(note in text for text in found.notes), found.notes
    assert found.config["target_modules"] == sorted(
        {key.removeprefix(PREFIX).split(".lora_")[0] for key in plain()}
    )


def test_peft_reads_the_name_default_by_itself() -> None:
    found = fit(renamed(plain(), lambda key: key.replace(".weight", ".default.weight")))
    assert (found.error, found.moves) == (None, None)


def test_a_pattern_of_a_wrapper_keeps_its_rank_and_scale() -> None:
    tensors = renamed(plain(), lambda key: key.replace("model.layers", "model.language_model.layers"))
    found = fit(tensors, alpha_pattern={r"model.language_model.layers.1.self_attn.q_proj": 32})
    assert found.warnings == ()
    assert found.config["alpha_pattern"] == {r"model\.layers\.1\.self_attn\.q_proj": 32}
    assert {layer.scale for layer in found.layers if "1.self_attn.q" in layer.place} == {16.0}


def test_what_narrows_the_layers_is_replaced_by_their_list() -> None:
    tensors = renamed(plain("self_attn.q_proj", blocks=2), lambda key: "_orig_mod." + key)
    found = fit(tensors, layers_to_transform=[0, 1], exclude_modules=["v_proj"], target_modules=["q_proj"])
    assert found.error is None
    assert not {"layers_to_transform", "exclude_modules"} & set(found.config)


def test_mlx_lms_own_form_is_read_turned() -> None:
    config, tensors = mlx()
    found = fit(tensors, form="mlx-lm", **config)
    assert found.error is None
    assert found.moves is not None
    assert {(key, move.turned) for key, move in found.moves.items()} == {(key, True) for key in tensors}
    assert sorted(move.name for move in found.moves.values()) == sorted(plain())
    assert (found.config["r"], found.config["lora_alpha"]) == (2, 40.0)
    assert {layer.scale for layer in found.layers} == {20.0}
    assert "mlx-lm" in found.notes[0]


def test_doras_vector_of_mlx_lm_gets_pefts_name() -> None:
    config, tensors = mlx()
    layers = {key.rpartition(".")[0] for key in tensors}
    tensors |= {f"{layer}.m": (LAYERS[layer][0],) for layer in layers}
    found = fit(tensors, form="mlx-lm", **config | {"fine_tune_type": "dora"})
    assert found.error is None
    assert found.moves is not None
    assert found.moves["model.layers.0.self_attn.q_proj.m"].name.endswith("q_proj.lora_magnitude_vector")
    assert found.config["use_dora"] is True


def test_shards_are_joined_with_a_note() -> None:
    found = fit(plain(), weights=2)
    assert found.error is None
    assert found.moves is not None
    assert all(key == move.name for key, move in found.moves.items())
    assert "in 2 shards, which peft does not read" in found.notes[0]
