"""A merged checkpoint beside the adapter that it was merged from, on real weights, one model in memory at a time."""

from __future__ import annotations

import gc
import json
import shutil
import weakref
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import torch

import assay
from assay.engines.torch import loading
from assay.records import Store
from tests.engines.torch.test_study import study_of
from tests.engines.torch.toys import Toy, generated, make_tokenizer

pytestmark = pytest.mark.slow
MODULE = import_module("assay.engines.torch.preflight")
"""Its package has a function of the same name."""


@pytest.fixture
def home(llama: Toy, tmp_path: Path) -> Path:
    """The adapter `r2`, and `merged`, the base with that adapter in its weights."""
    shutil.copytree(llama.folder / "r2", tmp_path / "r2")
    merged = llama.plain("r2").merge_and_unload()
    merged.save_pretrained(tmp_path / "merged")
    make_tokenizer().save_pretrained(tmp_path / "merged")
    return tmp_path


def test_it_answers_as_transformers_says_and_is_loaded_once_its_base_is_gone(
    llama: Toy, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[tuple[str, Any]] = []

    def watch(source: Any, name: str = "base", called: str = "") -> Any:
        gc.collect()
        assert [other for other, model in loaded if model() is not None] == []
        base = loading.load_base(source, name, called)
        loaded.append((name, weakref.ref(base.model)))
        return base

    monkeypatch.setattr(MODULE, "load_base", watch)
    study = study_of(
        home, llama.folder, [{"name": "r2", "path": "./r2"}, {"name": "merged", "model": "./merged"}]
    )
    result = assay.run(study, home / "run")
    assert [name for name, _ in loaded] == ["base", "merged"]
    with Store.read(home / "run") as store:
        rows = {name: list(store.responses(name, "math")) for name in ("base", "r2", "merged")}
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(home / "merged", dtype=torch.float32).eval()
    tokenizer = llama.base.tokenizer
    for row in rows["merged"]:
        tokens = tokenizer.encode(row["prompt"], add_special_tokens=not row["prompt"].startswith("<s>"))
        (own,) = generated(model, [tokens], 6)
        assert row["response"] == tokenizer.decode(
            [token for token in own if token != 257], skip_special_tokens=True
        )
    words = {claim.adapter: claim for claim in result.claims}
    assert words["merged"].n == words["r2"].n == len(rows["base"])
    assert result.models == ("merged",)
    assert [entry.adapter for entry in result.applied] == ["r2"]
    assert not any("its tokenizer is not" in problem for problem in result.problems)


def test_the_base_itself_under_another_name_is_warned_of_and_not_applied(llama: Toy, tmp_path: Path) -> None:
    names = [adapter.name for adapter in llama.adapters]
    shutil.copytree(llama.folder, tmp_path / "copy", ignore=shutil.ignore_patterns(*names))
    study = study_of(tmp_path, llama.folder, [{"name": "copy", "model": "./copy"}])
    result = assay.run(study, tmp_path / "run")
    assert result.claims[0].verdict == "not applied", result.claims[0].reason
    assert any("copy: its weights are those of its base, byte for byte" in text for text in result.problems)


def test_where_it_ends_its_responses_the_base_s_end_too(llama: Toy, home: Path) -> None:
    path = home / "merged" / "generation_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"eos_token_id": [257, 70]}))
    study = study_of(home, llama.folder, [{"name": "merged", "model": "./merged"}])
    result = assay.run(study, home / "run")
    with Store.read(home / "run") as store:
        bound = [name for name, _ in store.bound()]
        ends = {name: store.protocol(name, "math").get("ends") for name in bound}
    assert ends["merged"] == ends["base/end:70"] == [70]
    assert ends["base"] is None
    assert any("merged: it ends its responses with" in problem for problem in result.problems)
    assert result.claims[0].n == 12
