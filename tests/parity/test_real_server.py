"""A real vLLM serves an audited adapter, its base, the adapter at twice its scale, and a merged copy.

    ASSAY_VLLM_PYTHON=VENV/bin/python pytest -m slow tests/parity

On a processor vLLM needs about a minute to start.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

import assay
from assay.parity import Parity, ParitySettings, check_parity
from tests.engines.server.test_real_servers import free_port, python_with, running
from tests.studies import examples, write_study

pytestmark = pytest.mark.slow

LAYERS = ["q_proj", "k_proj", "v_proj", "o_proj"]
FORM = {"r": 4, "lora_alpha": 8, "target_modules": LAYERS}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A base in float32, wide enough for vLLM's attention on a processor, and the adapters `sums` and `other`."""
    toys = pytest.importorskip("tests.engines.torch.toys")
    folder: Path = tmp_path_factory.mktemp("served")
    with pytest.MonkeyPatch.context() as patch:
        for key, size in {"hidden_size": 128, "head_dim": 32, "intermediate_size": 128}.items():
            patch.setitem(toys.SHAPE, key, size)
        whole = toys.scramble
        patch.setattr(toys, "scramble", lambda model, _: whole(model, 0.12))
        toys.make_toy("llama", folder / "base", {"sums": FORM, "other": FORM}, size=0.1)
    for name in ("sums", "other"):
        shutil.move(folder / "base" / name, folder / name)
    keep_to_ascii(folder / "base")
    doubled = shutil.copytree(folder / "sums", folder / "doubled") / "adapter_config.json"
    doubled.write_text(json.dumps(json.loads(doubled.read_text()) | {"lora_alpha": 16}))
    return folder


def keep_to_ascii(base: Path) -> None:
    """No other token is likeliest: tokens of half a letter are lost in a text, which parity then asks about."""
    from safetensors.torch import load_file, save_file
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(base)
    tokens = [tokenizer.convert_tokens_to_ids(chr(code)) for code in range(33, 127)]
    weights = load_file(base / "model.safetensors")
    output = weights["lm_head.weight"].clone()
    weights["lm_head.weight"].zero_()
    weights["lm_head.weight"][tokens] = output[tokens]
    save_file(weights, base / "model.safetensors", metadata={"format": "pt"})


@pytest.fixture(scope="module")
def run(home: Path) -> Path:
    """The audit of both adapters by the torch engine."""
    examples(home, 12)
    study = write_study(
        home,
        {
            "name": "served",
            "bases": [{"name": "base", "model": "base"}],
            "adapters": [{"name": name, "label": "numeric", "path": name} for name in ("sums", "other")],
            "tasks": [{"task": "numeric", "name": "math", "examples": "examples.jsonl", "shots": 0}],
            "decoding": {"max_tokens": 16},
            "noise_prompts": 0,
            "engine": {"name": "torch", "dtype": "float32", "options": {"device": "cpu"}},
        },
    )
    assay.run(study, home / "run")
    return home / "run"


@contextmanager
def serving(model: Path, name: str, log: Path, *more: str) -> Iterator[str]:
    """The address of vLLM with a model under a name."""
    port = free_port()
    command = [python_with("ASSAY_VLLM_PYTHON", "vllm"), "-m", "vllm.entrypoints.openai.api_server"]
    command += ["--model", str(model), "--served-model-name", name, "--port", str(port)]
    command += ["--dtype", "float32", "--enforce-eager", "--max-model-len", "512", *more]
    env = {"VLLM_CPU_KVCACHE_SPACE": "1", "HF_HUB_OFFLINE": "1", "PYTHONPATH": ""}
    with running(command, port, log, env, "/health") as url:
        yield url


def compared(run: Path, url: str, models: Sequence[str]) -> dict[str, Parity]:
    return {model: check_parity(run, ParitySettings(url, "sums", model)) for model in models}


def test_adapters_of_a_real_server(home: Path, run: Path, tmp_path: Path) -> None:
    modules = [f"{name}={home / name}" for name in ("sums", "other", "doubled")]
    # Without the output layer: with room for an adapter there, vLLM on a processor ends when asked about a prompt.
    lora = ["--enable-lora", "--max-lora-rank", "8", "--lora-target-modules", *LAYERS]
    with serving(home / "base", "base", tmp_path / "log", *lora, "--lora-modules", *modules) as url:
        parities = compared(run, url, ("sums", "base", "other", "doubled"))
    shown = "\n".join(parity.sentence for parity in parities.values())
    words = {model: (parity.word, parity.resembles) for model, parity in parities.items()}
    assert words["sums"] == ("same", "sums"), shown
    assert parities["sums"].own.mean < 1e-4, shown
    assert parities["sums"].own.changed == 0, shown
    assert words["base"] == ("another subject", "base"), shown
    assert words["other"] == ("another subject", "other"), shown
    assert words["doubled"][0] == "different", shown
    assert parities["doubled"].own.mean > 0.03, shown


@pytest.mark.filterwarnings("ignore")
def test_a_merged_copy_at_a_real_server(home: Path, run: Path, tmp_path: Path) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(home / "base", dtype="float32")
    PeftModel.from_pretrained(model, home / "sums").merge_and_unload().save_pretrained(tmp_path / "merged")
    AutoTokenizer.from_pretrained(home / "base").save_pretrained(tmp_path / "merged")
    with serving(tmp_path / "merged", "sums", tmp_path / "log") as url:
        parity = compared(run, url, ("sums",))["sums"]
    assert (parity.word, parity.resembles) == ("same", "sums"), parity.sentence
    assert parity.own.mean < 1e-4, parity.sentence
