"""A base in 4 bits, by transformers' own quantization. Needs bitsandbytes, which also runs on a CPU."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, BitsAndBytesConfig

from assay.engines import ModelRef
from assay.engines.encoding import encode
from assay.engines.torch import preflight
from assay.plan import EngineSettings
from tests.engines.torch import toys
from tests.engines.torch.toys import ADAPTERS, PROMPTS, ask, generated, make_tokenizer, make_toy, quiet

pytest.importorskip("bitsandbytes", reason="needs bitsandbytes: `pip install 'lora-assay[quantized]'`")

WIDE = {"hidden_size": 128, "intermediate_size": 192, "head_dim": 32}
"""A block of 4-bit weights is 64 wide."""


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_base_in_4_bits_says_what_peft_says_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
    monkeypatch.setattr(toys, "SHAPE", {**toys.SHAPE, **WIDE})
    names = ("r1", "rslora")
    make_toy("qwen3", tmp_path, {name: ADAPTERS[name] for name in names}, size=0.1)
    settings = EngineSettings(name="torch", dtype="float32", quantization="4bit", options={"device": "cpu"})
    looked = preflight(
        settings, ModelRef("base", tmp_path), [ModelRef(name, tmp_path / name) for name in names]
    )
    asked = [
        ask(name, prompt, i, max_tokens=16) for name in ("base", *names) for i, prompt in enumerate(PROMPTS)
    ]
    with looked.load() as session:
        ours = {(one.prompt.subject, one.prompt.example): one.text for one in session.complete(asked)}
    tokenizer = make_tokenizer()
    theirs = {
        (name, str(i)): tokenizer.decode(row, skip_special_tokens=True)
        for name in ("base", *names)
        for i, row in enumerate(_plain(tmp_path, name, tokenizer))
    }
    assert ours == theirs


def _plain(folder: Path, name: str, tokenizer: Any) -> list[list[int]]:
    config = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_compute_dtype=torch.float32)
    with quiet():
        model: Any = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=torch.float32,
            quantization_config=config,
            device_map={"": "cpu"},
            attn_implementation="eager",
        )
        if name != "base":
            model = PeftModel.from_pretrained(model, folder / name)
    model.eval()
    return [row for prompt in PROMPTS for row in generated(model, [encode(tokenizer, prompt)], 16)]
