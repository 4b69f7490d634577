"""Real servers, each in a process of its own, against the torch engine: the same texts from the same weights.

    ASSAY_VLLM_PYTHON=VENV/bin/python ASSAY_TRANSFORMERS_PYTHON=VENV/bin/python pytest -m slow tests/engines/server

A server that is not installed is skipped. On a processor vLLM needs about a minute to start.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from assay.engines import Prompt
from assay.engines.api import ModelRef
from assay.engines.server.http import Server
from assay.engines.server.options import Connection
from assay.engines.server.preflight import ServerPreflight, preflight
from assay.errors import EngineError
from assay.plan import EngineSettings

pytestmark = pytest.mark.slow

ADAPTERS: dict[str, dict[str, Any]] = {
    "plain": {"r": 4, "lora_alpha": 8, "target_modules": ["q_proj", "k_proj", "v_proj", "o_proj"]},
    "rslora": {
        "r": 8,
        "lora_alpha": 4,
        "use_rslora": True,
        "target_modules": ["gate_proj", "up_proj", "down_proj"],
    },
    "late": {"r": 2, "target_modules": ["q_proj", "v_proj"]},
    "inert": {"r": 4, "target_modules": ["q_proj", "v_proj"]},
}
PROMPTS = ("The cat sat", "123 + 456 =", "Write two words.", "a", "<s>[user]hi[assistant]")
PATIENCE = float(os.environ.get("ASSAY_SERVER_SECONDS", "900"))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small base in float32 and its adapters, wide enough for vLLM's attention on a processor."""
    toys = pytest.importorskip("tests.engines.torch.toys")
    from safetensors.torch import load_file, save_file

    folder: Path = tmp_path_factory.mktemp("served") / "base"
    with pytest.MonkeyPatch.context() as patch:
        for key, size in {"hidden_size": 128, "head_dim": 32, "intermediate_size": 128}.items():
            patch.setitem(toys.SHAPE, key, size)
        whole = toys.scramble
        patch.setattr(toys, "scramble", lambda model, _: whole(model, 0.12))
        toys.make_toy("llama", folder, ADAPTERS, size=0.1)
    for name in ADAPTERS:
        shutil.move(folder / name, folder.parent / name)
    path = folder.parent / "inert" / "adapter_model.safetensors"
    save_file({key: weight * ("lora_A" in key) for key, weight in load_file(path).items()}, path)
    return folder.parent


@pytest.fixture(scope="module")
def texts(home: Path) -> dict[tuple[str, str], str]:
    """What the torch engine says."""
    torch = pytest.importorskip("assay.engines.torch")
    names = ("plain", "rslora", "late")
    engine = EngineSettings(name="torch", dtype="float32", options={"device": "cpu"})
    looked = torch.preflight(
        engine, ModelRef("base", home / "base"), [ModelRef(name, home / name) for name in names]
    )
    with looked.load() as session:
        return completions(session, ("base", *names))


def completions(session: Any, subjects: Sequence[str]) -> dict[tuple[str, str], str]:
    asked = [
        Prompt(name, "t", str(i), prompt, max_tokens=12)
        for name in subjects
        for i, prompt in enumerate(PROMPTS)
    ]
    # vLLM's server leaves out the beginning of a letter at the end of a text, which random weights often say.
    return {
        (one.prompt.subject, one.prompt.example): one.text.rstrip("\N{REPLACEMENT CHARACTER}")
        for one in session.complete(asked)
    }


def python_with(variable: str, *packages: str) -> str:
    """A Python that can serve with these packages: the one that a variable names, or this one."""
    if python := os.environ.get(variable):
        return python
    if missing := [package for package in packages if find_spec(package) is None]:
        pytest.skip(f"{', '.join(missing)} not installed here; {variable} may name a Python that has them")
    return sys.executable


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def running(
    command: Sequence[str], port: int, log: Path, env: Mapping[str, str], health: str
) -> Iterator[str]:
    """A server's address, once it answers; its process and all its children end with the test."""
    url = f"http://127.0.0.1:{port}"
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=out, env={**os.environ, **env}, start_new_session=True
        )
        try:
            wait_for(url, health, process, log)
            yield url
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def wait_for(url: str, health: str, process: subprocess.Popen[bytes], log: Path) -> None:
    server, tick = Server(Connection(url, timeout=10)), Event()
    for _ in range(int(PATIENCE)):
        if process.poll() is not None:
            pytest.fail(f"the server ended: {log.read_text(errors='replace')[-3000:]}")
        try:
            if server.get(health, tries=1).ok:
                server.close()
                return
        except EngineError:
            pass
        tick.wait(1)
    pytest.fail(f"the server does not answer after {PATIENCE:.0f} seconds")


@pytest.fixture(scope="module")
def vllm(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """vLLM with two adapters and an inert one; it may load more."""
    port = free_port()
    modules = [f"{name}={home / name}" for name in ("plain", "rslora", "inert")]
    command = [python_with("ASSAY_VLLM_PYTHON", "vllm"), "-m", "vllm.entrypoints.openai.api_server"]
    command += ["--model", str(home / "base"), "--served-model-name", "base"]
    command += ["--port", str(port), "--dtype", "float32", "--enforce-eager", "--max-model-len", "512"]
    command += ["--enable-lora", "--max-loras", "4", "--max-lora-rank", "8", "--lora-modules", *modules]
    env = {"VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_ALLOW_RUNTIME_LORA_UPDATING": "True", "HF_HUB_OFFLINE": "1"}
    log = tmp_path_factory.mktemp("log") / "vllm.log"
    with running(command, port, log, env, "/health") as url:
        yield url


def look(home: Path, url: str, kind: str, *names: str, **options: Any) -> ServerPreflight:
    engine = EngineSettings(name="openai", url=url, server=kind, timeout=120, options=options)
    return preflight(engine, ModelRef("base", home / "base"), [ModelRef(name, home / name) for name in names])


def test_vllm_says_what_torch_says(home: Path, vllm: str, texts: dict[tuple[str, str], str]) -> None:
    looked = look(home, vllm, "vllm", "plain", "rslora")
    assert not [one for one in looked.problems if one.severity != "note"]
    with looked.load() as session:
        got = completions(session, ("base", "plain", "rslora"))
    assert got == {key: text for key, text in texts.items() if key[0] != "late"}


def test_vllm_loads_an_adapter_and_lets_it_go(
    home: Path, vllm: str, texts: dict[tuple[str, str], str]
) -> None:
    looked = look(home, vllm, "vllm", "late", load=True)
    with looked.load() as session:
        got = completions(session, ("late",))
    assert got == {key: text for key, text in texts.items() if key[0] == "late"}
    server = Server(Connection(vllm))
    names = [one["id"] for one in server.get("/v1/models").data["data"]]
    server.close()
    assert not any(name.startswith("late") for name in names)


def test_vllm_finds_an_inert_adapter_and_an_unknown_name(home: Path, vllm: str) -> None:
    looked = look(home, vllm, "vllm", "plain", "inert", "late")
    assert [one.subject for one in looked.problems if one.severity == "error"] == ["late"]
    with looked.load() as session:
        heard = {one.adapter: one.verdict for one in session.liveness(["plain", "inert"])}
    assert heard == {"plain": "", "inert": "not applied"}


def merged(home: Path, name: str) -> Path:
    """A base of its own, with an adapter in its weights: transformers serves no adapters."""
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = home / "merged"
    model = AutoModelForCausalLM.from_pretrained(home / "base", dtype="float32")
    PeftModel.from_pretrained(model, home / name).merge_and_unload().save_pretrained(folder)
    AutoTokenizer.from_pretrained(home / "base").save_pretrained(folder)
    return folder


@pytest.mark.filterwarnings("ignore")
def test_transformers_says_what_torch_says_of_merged_weights_and_fails_over_an_adapter(
    home: Path, texts: dict[tuple[str, str], str], tmp_path: Path
) -> None:
    python = python_with("ASSAY_TRANSFORMERS_PYTHON", "fastapi", "openai", "uvicorn")
    port, models = free_port(), {"plain": str(merged(home, "plain"))}
    code = "import sys; from transformers.cli.transformers import main; sys.argv[0] = 'transformers'; main()"
    command = [python, "-c", code, "serve", "--port", str(port), "--device", "cpu", "--dtype", "float32"]
    with running(command, port, tmp_path / "log", {"HF_HUB_OFFLINE": "1"}, "/health") as url:
        looked = look(home, url, "transformers", "plain", "rslora", models=models, retries=2)
        with looked.load() as session:
            got = completions(session, ("base", "plain", "rslora"))
            assert "500" in session.failed["rslora"]
    assert got == {key: text for key, text in texts.items() if key[0] in ("base", "plain")}
