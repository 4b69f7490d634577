"""An adapter at a scale is that adapter with its change so much stronger, in the same batch."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

import assay
from assay.engines.api import ModelRef
from assay.engines.torch import preflight, read_adapter
from assay.errors import EngineError
from assay.plan import EngineSettings
from assay.records import Store
from tests.engines.torch.test_study import study_of
from tests.engines.torch.toys import Toy, configure, make_adapter

ENGINE = EngineSettings(name="torch", options={"device": "cpu"})


@pytest.fixture
def home(llama: Toy, tmp_path: Path) -> Path:
    """An adapter `r2`, and `half`, which is the same with half its alpha."""
    for name in ("r2", "half"):
        shutil.copytree(llama.folder / "r2", tmp_path / name)
    configure(tmp_path / "half", lora_alpha=8)
    return tmp_path


def test_its_deltas_are_those_of_an_adapter_with_so_much_of_its_alpha(llama: Toy, home: Path) -> None:
    scaled = read_adapter("r2", home / "r2", llama.base).at(0.5)
    half = read_adapter("half", home / "half", llama.base)
    assert scaled.deltas.keys() == half.deltas.keys()
    for layer, delta in scaled.deltas.items():
        assert torch.equal(delta.down, half.deltas[layer].down)
        assert torch.equal(delta.up, half.deltas[layer].up)


def test_in_a_study_it_answers_as_that_adapter_does(llama: Toy, home: Path) -> None:
    study = study_of(
        home,
        llama.folder,
        [{"name": "r2", "path": "./r2", "scale": [0.5, 1.0]}, {"name": "half", "path": "./half"}],
    )
    result = assay.run(study, home / "run")
    with Store.read(home / "run") as store:
        texts = {
            name: [row["text"] for row in store.responses(name, "math")] for name in ("r2@0.5", "half", "r2")
        }
    assert texts["r2@0.5"] == texts["half"] != texts["r2"]
    norms = {entry.adapter: entry.norm for entry in result.applied}
    assert norms["r2@0.5"] == pytest.approx(norms["half"])
    assert norms["r2"] == pytest.approx(2 * (norms["half"] or 0))
    assert [claim.adapter for claim in result.claims] == ["r2", "half"]


def test_at_scale_1_it_is_identified_as_it_always_was(llama: Toy, home: Path) -> None:
    refs = [ModelRef("r2", home / "r2"), ModelRef("r2@0.5", home / "r2", scale=0.5)]
    looked = preflight(ENGINE, ModelRef("base", llama.folder), refs)
    plain = preflight(ENGINE, ModelRef("base", llama.folder), refs[:1])
    assert looked.identities["r2"] == plain.identities["r2"]
    assert "scale" not in looked.identities["r2"]
    assert looked.identities["r2@0.5"] == {**plain.identities["r2"], "scale": 0.5}
    assert not [problem for problem in looked.problems if "byte for byte" in problem.message]


def test_one_that_peft_applies_has_its_own_scale_only(llama: Toy, tmp_path: Path) -> None:
    base = shutil.copytree(llama.folder, tmp_path / "base")
    make_adapter(base, "dora", {"r": 2, "target_modules": ["q_proj"], "use_dora": True})
    refs = [ModelRef("dora", base / "dora", scale=0.5)]
    problems = preflight(ENGINE, ModelRef("base", base), refs).problems
    (problem,) = [problem for problem in problems if problem.severity == "error"]
    assert "use_dora: True, so that it cannot be applied at scale 0.5; remove its `scale`" in problem.message


def test_another_engine_refuses_a_scale() -> None:
    from assay.engines.preflight import refuse_scaled

    refuse_scaled(ModelRef("a", "org/a"))
    with pytest.raises(
        EngineError, match=r"as they were trained, and not at scale 0\.5; use the engine `torch`"
    ):
        refuse_scaled(ModelRef("a", "org/a", scale=0.5))
