"""Digests tell subjects apart by what decides a response, and are those that stored runs hold."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from assay import embedded
from assay.engines.adapter_files import CONFIG, WEIGHTS
from assay.engines.files import json_sha256, sha256s, shards
from assay.engines.identity import adapter_identity, base_identity
from tests.engines.server.conftest import make_adapter, make_base
from tests.engines.vllm.conftest import tensors

HELD = {"engine": "torch", "dtype": "float32", "quantization": "none"}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    base = make_base(tmp_path / "base", name_or_path="elsewhere")
    (base / "tokenizer.json").write_text("{}")
    (base / "README.md").write_text("a card")
    (base / "chat_template.jinja").write_text("{{ messages }}")
    make_adapter(tmp_path / "math", 2.0)
    tensors(base / "model.safetensors", {"weight": (1,)})
    tensors(tmp_path / "math" / WEIGHTS, {"weight": (1,)}, 2.0)
    return tmp_path


def of_base(home: Path, held: Mapping[str, Any] = HELD) -> dict[str, Any]:
    return base_identity(held, home / "base", sha256s(shards(home / "base")))


def of_adapter(home: Path) -> dict[str, Any]:
    return adapter_identity(home / "math", [home / "math" / WEIGHTS], of_base(home), "float32")


def test_they_are_those_that_stored_runs_hold(home: Path) -> None:
    assert json_sha256(of_base(home)) == "ae6462dd2fdce4290344236a09e4ec3259780e0e82ad6cc6e6d4fd6865df6f83"
    assert json_sha256(of_adapter(home)) == "55a2d4344023ee90f00abdbc29be7495cb18726002a2060090ff2baf4421791a"


def test_the_torch_engine_adds_how_it_holds_weights_and_code_that_it_runs(home: Path) -> None:
    torch = pytest.importorskip("assay.engines.torch.identity")
    (home / "base" / "own.py").write_text("a model")
    said = (home / "base", shards(home / "base"), "float32", "none")
    assert torch.base_identity(*said, remote_code=False) == of_base(home)
    code = sha256s([home / "base" / "own.py"])
    assert torch.base_identity(*said, remote_code=True) == {**of_base(home), "code": code}


@pytest.mark.parametrize("name", ["README.md", "chat_template.jinja"])
def test_cards_and_templates_are_no_part(home: Path, name: str) -> None:
    before = of_base(home)
    (home / "base" / name).write_text("another")
    assert of_base(home) == before


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "vocab.txt"])
def test_configuration_and_vocabulary_are(home: Path, name: str) -> None:
    before = of_base(home)
    (home / "base" / name).write_text('{"another": 1}')
    assert of_base(home) != before


def test_how_an_engine_holds_weights_is(home: Path) -> None:
    assert of_base(home) != of_base(home, {**HELD, "engine": "vllm"})


@pytest.mark.parametrize(
    ("changes", "same"),
    [({"base_model_name_or_path": "x"}, True), ({"lora_dropout": 0.5}, True), ({"r": 9}, False)],
)
def test_of_an_adapters_configuration_what_decides_counts(
    home: Path, changes: dict[str, Any], same: bool
) -> None:
    before = of_adapter(home)
    path = home / "math" / CONFIG
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    assert (of_adapter(home) == before) is same


def test_the_embedded_base_is_the_one_that_earlier_runs_measured() -> None:
    base = base_identity({}, embedded.SHIPPED, ["w"])
    log = "47aa79883e5db6bef299e02a2807087f9f7877c3cb9ed6c0636e79483110d447"  # a file of the base before
    assert base["tokenizer"]["training.jsonl"] == log
    assert not (embedded.SHIPPED / "training.jsonl").exists()
