"""A base from a GGUF file is the model that was written into it: weights, tokens, template, texts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("gguf")

import gguf
import torch
from transformers import LlamaConfig, LlamaForCausalLM

import assay
from assay.engines.api import ModelRef
from assay.engines.torch import (
    BatchOptions,
    Source,
    TorchEngine,
    load_base,
    load_skeleton,
    preflight,
    read_adapter,
)
from assay.errors import EngineError
from assay.plan import EngineSettings
from assay.training import train
from tests.engines.ggufs import SHAPE, TEMPLATE, tokens, toy_weights, write_gguf
from tests.engines.torch.test_study import study_of
from tests.engines.torch.toys import PROMPTS, ask, generated, make_adapter
from tests.training.recipes import write_recipe

ENGINE = EngineSettings(name="torch", options={"device": "cpu"})


def plain() -> Any:
    """The same model, made by transformers."""
    config = LlamaConfig(
        vocab_size=len(tokens()),
        hidden_size=SHAPE["hidden"],
        intermediate_size=SHAPE["inner"],
        num_hidden_layers=SHAPE["layers"],
        num_attention_heads=SHAPE["heads"],
        num_key_value_heads=SHAPE["kv_heads"],
        max_position_embeddings=SHAPE["context"],
        rms_norm_eps=1e-6,
        bos_token_id=257,
        eos_token_id=258,
        pad_token_id=259,
    )
    model = LlamaForCausalLM(config)
    model.load_state_dict({name: torch.from_numpy(weight) for name, weight in toy_weights().items()})
    return model.eval()


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_gguf(tmp_path_factory.mktemp("gguf") / "toy.gguf")


def test_its_weights_tokens_and_template_are_those_that_were_written(path: Path) -> None:
    base = load_base(Source(str(path), device="cpu"))
    weights = base.model.state_dict()
    assert base.model.dtype == torch.float32
    for name, weight in toy_weights().items():
        assert torch.equal(weights[name], torch.from_numpy(weight)), name
    assert base.tokenizer.encode("this </s>") == [257, 256, *map(tokens().index, "isĠ"), 258]
    assert (base.template, set(base.ends), base.context) == (TEMPLATE, {258}, SHAPE["context"])
    assert base.called == str(path)


def test_its_texts_are_those_of_the_model_with_and_without_an_adapter(path: Path, tmp_path: Path) -> None:
    model = plain()
    model.save_pretrained(tmp_path / "base")
    make_adapter(tmp_path / "base", "r2", {"r": 2, "target_modules": ["q_proj", "down_proj"]})
    base = load_base(Source(str(path), device="cpu"))
    adapter = read_adapter("r2", tmp_path / "base" / "r2", base)
    encoded = [base.tokenizer.encode(prompt) for prompt in PROMPTS]
    engine = TorchEngine(base, [adapter], BatchOptions(rows=4))
    subjects = {"base": model, "r2": None}
    done = {
        (found.prompt.subject, found.prompt.example): found.text
        for found in engine.complete(
            ask(name, prompt, i, max_tokens=12) for name in subjects for i, prompt in enumerate(PROMPTS)
        )
    }
    engine.close()
    from peft import PeftModel

    from tests.engines.torch.toys import quiet

    with quiet():
        subjects["r2"] = PeftModel.from_pretrained(plain(), tmp_path / "base" / "r2").eval()
    for name, subject in subjects.items():
        for i, row in enumerate(encoded):
            (expected,) = generated(subject, [row], 12)
            kept = [token for token in expected if token != 258]
            assert done[name, str(i)] == base.tokenizer.decode(kept, skip_special_tokens=True)


def test_a_quantized_one_is_unpacked_to_what_its_blocks_say_in_bfloat16(tmp_path: Path) -> None:
    base = load_base(Source(str(write_gguf(tmp_path / "q8.gguf", kind="Q8_0")), device="cpu"))
    packed = gguf.GGMLQuantizationType.Q8_0
    weight = gguf.dequantize(
        gguf.quantize(toy_weights()["model.layers.1.mlp.up_proj.weight"], packed), packed
    )
    own = base.model.state_dict()["model.layers.1.mlp.up_proj.weight"]
    assert own.dtype == torch.bfloat16
    assert torch.equal(own, torch.from_numpy(weight).bfloat16())
    assert not getattr(base.model, "is_quantized", False)


def test_a_skeleton_has_its_layers_and_tokenizer_and_no_weights(path: Path) -> None:
    skeleton, base = load_skeleton(Source(str(path))), load_base(Source(str(path), device="cpu"))
    assert {weight.device.type for weight in skeleton.model.parameters()} == {"meta"}
    assert {name: weight.shape for name, weight in skeleton.model.named_parameters()} == {
        name: weight.shape for name, weight in base.model.named_parameters()
    }
    assert (skeleton.ends, skeleton.context, skeleton.template) == (base.ends, base.context, base.template)


def test_loading_writes_nothing_to_the_terminal(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    load_base(Source(str(path)))
    assert capsys.readouterr() == ("", "")


def test_no_file_beside_it_joins_in(path: Path, tmp_path: Path) -> None:
    alone = preflight(ENGINE, ModelRef("base", path), [])
    path = write_gguf(tmp_path / "toy.gguf")
    for name in ("tokenizer.json", "config.json", "generation_config.json", "tokenizer_config.json"):
        (tmp_path / name).write_text(json.dumps({"num_beams": 4, "chat_template": "x", "model_type": "gpt2"}))
    beside = preflight(ENGINE, ModelRef("base", tmp_path, file="toy.gguf"), [])
    assert beside.identities == alone.identities
    assert beside.templates == alone.templates == {"base": TEMPLATE}
    assert beside.problems == alone.problems == ()
    assert "gguf" in beside.provenance


def test_one_that_changes_after_preflight_is_not_loaded(tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "toy.gguf")
    looked = preflight(ENGINE, ModelRef("base", path), [])
    write_gguf(path, toy_weights(1))
    with pytest.raises(EngineError, match="changed after preflight"), looked.load():
        pass


def test_an_architecture_that_transformers_does_not_read_is_refused_by_name(tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "toy.gguf", architecture="rwkv7")
    with pytest.raises(EngineError, match=r"base 'base': transformers .* cannot load .*'rwkv7'.*safetensors"):
        preflight(ENGINE, ModelRef("base", path), [])


def test_a_tensor_that_is_missing_is_refused(tmp_path: Path) -> None:
    weights = toy_weights()
    del weights["model.layers.1.mlp.up_proj.weight"]
    path = write_gguf(tmp_path / "toy.gguf", weights)
    with pytest.raises(EngineError, match=r"no weights for 1 of its tensors \(model\.layers\.1\.mlp"):
        load_base(Source(str(path), device="cpu"))


def test_quantization_by_the_engine_is_refused(path: Path) -> None:
    pytest.importorskip("bitsandbytes")
    settings = EngineSettings(name="torch", quantization="8bit", options={"device": "cpu"})
    with pytest.raises(EngineError, match="unpacked into plain weights; remove the line"):
        preflight(settings, ModelRef("base", path), [])


def test_a_folder_with_a_gguf_file_names_the_field(path: Path) -> None:
    with pytest.raises(EngineError, match=r"to use a GGUF file in it, write `file: toy.gguf`"):
        preflight(ENGINE, ModelRef("base", path.parent), [])


@pytest.mark.slow
def test_adapters_are_trained_on_one_and_audited(tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "toy.gguf", kind="Q8_0")
    recipe = write_recipe(
        tmp_path, "./toy.gguf", decoding={"max_tokens": 6}, engine={"options": {"device": "cpu"}}
    )
    trained = train(recipe, tmp_path / "out")
    result = assay.run(tmp_path / "out" / "study.yaml", tmp_path / "run")
    assert trained
    (claim,) = result.claims
    assert claim.base == "toy"
    assert claim.verdict != "not measured", claim.reason
    assert not [problem for problem in result.problems if "trained on" in problem]
    assert path.is_file()


def test_a_study_names_the_file_in_a_folder(path: Path, tmp_path: Path) -> None:
    model = plain()
    model.save_pretrained(tmp_path / "hf")
    adapter = make_adapter(tmp_path / "hf", "r2", {"r": 2, "target_modules": "all-linear"})
    study = study_of(tmp_path, path.parent, [{"name": "r2", "path": str(adapter)}])
    text = study.read_text().replace(f"model: {path.parent}", f"model: {path.parent}\n  file: toy.gguf")
    study.write_text(text)
    result = assay.run(study, tmp_path / "run")
    assert result.claims[0].verdict != "not measured", result.claims[0].reason
