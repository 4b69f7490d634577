from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from assay.engines.torch import Source, TorchEngine, load_base, lora, packed, read_adapter
from assay.engines.torch.packed import Packed, pack, unpack
from tests.engines.torch.test_engine import everything, outputs
from tests.engines.torch.toys import ADAPTERS, make_adapter, make_toy


class Tied(nn.Module):
    """A layer with a bias, one without, and a head that reads the embedding's weight."""

    def __init__(self, dtype: torch.dtype = torch.bfloat16) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.embedding = nn.Embedding(70, 33, dtype=dtype)
        self.biased = nn.Linear(33, 129, dtype=dtype)
        self.plain = nn.Linear(64, 48, bias=False, dtype=dtype)
        self.head = nn.Linear(33, 70, bias=False, dtype=dtype)
        self.head.weight = self.embedding.weight
        self.requires_grad_(False)

    @property
    def layers(self) -> list[nn.Module]:
        """Those that can be packed."""
        return [self.biased, self.plain, self.head]


@pytest.fixture
def model() -> Iterator[Tied]:
    model = Tied()
    if reason := pack(model):
        pytest.skip(f"this machine does not pack: {reason}")
    yield model
    unpack(model)


@pytest.mark.parametrize("rows", [1, 7, 64, 300])
def test_packed_products_are_plain_ones(model: Tied, rows: int) -> None:
    for layer, plain in zip(model.layers, Tied().layers, strict=True):
        assert isinstance(layer, Packed)
        assert isinstance(plain, nn.Linear)
        x = torch.randn(1, rows, plain.in_features, dtype=torch.bfloat16)
        exact = nn.functional.linear(
            x.double(), plain.weight.double(), plain.bias if plain.bias is None else plain.bias.double()
        )
        ours, theirs = ((layer(x).double() - exact).abs().max(), (plain(x).double() - exact).abs().max())
        assert ours <= theirs + 2**-8 * exact.abs().max()


def test_unpacking_gives_every_weight_back_bit_by_bit(model: Tied) -> None:
    assert torch.equal(model.plain.weight, Tied().plain.weight)
    unpack(model)
    for name, weight in Tied().state_dict().items():
        assert torch.equal(model.state_dict()[name], weight), name
    assert model.head.weight is model.embedding.weight


def test_the_plain_weight_goes_unless_an_embedding_reads_it(model: Tied) -> None:
    held = {name: weight.numel() for name, weight in model.named_parameters()}
    assert held["biased.layer.weight"] == held["plain.layer.weight"] == 0
    assert held["embedding.weight"] == 70 * 33


def test_a_layer_that_was_unpacked_packs_itself_when_it_is_used_again(model: Tied) -> None:
    layer = model.plain
    assert isinstance(layer, Packed)
    x = torch.randn(3, 64, dtype=torch.bfloat16)
    before = layer(x)
    plain = layer.unpack()
    assert plain.weight.numel() == 48 * 64
    assert torch.equal(layer(x), before)
    assert plain.weight.numel() == 0


def test_float32_and_hooked_layers_stay_as_they_are() -> None:
    model = Tied(torch.float32)
    assert pack(model) == ""
    hooked = Tied()
    hooked.plain.register_forward_hook(lambda *_: None)
    pack(hooked)
    assert not any(isinstance(layer, Packed) for layer in (*model.layers, hooked.plain))


def test_where_packed_products_are_wrong_layers_stay_plain_and_the_reason_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def doubled(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        return 2 * nn.functional.linear(x, weight.to_dense(), bias)

    def absent(_: Tensor) -> Tensor:
        raise AttributeError("no such operation")

    if pack(Tied()):
        pytest.skip("this machine does not pack")
    monkeypatch.setattr(packed, "_product", doubled)
    model = Tied()
    assert pack(model) == "biased: a packed product is not the plain one"
    monkeypatch.setattr(packed, "_rearranged", absent)
    assert pack(model) == "biased: no such operation"
    assert not any(isinstance(layer, Packed) for layer in model.layers)


@pytest.mark.slow
def test_a_packed_base_says_what_a_plain_one_says_also_after_an_adapter_was_run_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_toy("llama", tmp_path, size=0.05)
    make_adapter(tmp_path, "dora", {"r": 2, "use_dora": True, "target_modules": ["q_proj"]}, size=0.05)
    base = load_base(Source(str(tmp_path), dtype="bfloat16", device="cpu"))
    adapters = [read_adapter(name, tmp_path / name, base) for name in (*ADAPTERS, "dora")]
    before = {name: weight.clone() for name, weight in base.model.state_dict().items()}
    engine = TorchEngine(base, adapters)
    tokens = [[3, 1, 4, 1, 5, 9, 2, 6]]
    [first] = engine.logits("r4", tokens)
    [apart] = engine.logits("dora", tokens)
    [again] = engine.logits("r4", tokens)
    said = outputs(engine, everything())
    engine.close()
    assert torch.equal(first, again)
    assert all(torch.equal(weight, before[name]) for name, weight in base.model.state_dict().items())
    monkeypatch.setattr(lora, "pack", lambda _: "")
    plain = TorchEngine(base, adapters)
    [other] = plain.logits("dora", tokens)
    assert torch.allclose(apart, other, atol=0.05 * float(other.abs().max()))
    assert outputs(plain, everything()) == said
    plain.close()
