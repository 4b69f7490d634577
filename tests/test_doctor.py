"""The diagnosis of machines that tests make up. No network, no GPU."""

from __future__ import annotations

import sys
import urllib.error
import urllib.request
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from assay import doctor, memory
from assay.doctor import Check, Machine, diagnose, rates


class Bare(Machine):
    """A machine with every package in version 1.0, a torch without a GPU, and no network."""

    absent: tuple[str, ...] = ()
    gpus = ""
    processors = ""
    texts = True
    no_kernel = ""
    neighbours = 0.0

    def version(self, package: str) -> str:
        return "" if package in self.absent else "1.0"

    def torch(self) -> Any:
        return SimpleNamespace(__version__="2.0+cpu", cuda=SimpleNamespace(is_available=lambda: False))

    def driver_gpus(self) -> str:
        return self.gpus

    def cpuinfo(self) -> str:
        return self.processors

    def busy_elsewhere(self) -> float:
        return self.neighbours

    def kernel(self) -> str:
        return self.no_kernel

    def has_nltk_data(self, place: str) -> bool:
        assert place
        return self.texts

    def reach(self, address: str) -> None:
        raise AssertionError(f"{address} was asked")


def checks(machine: Machine | None = None, online: bool = False, seconds: float = 0) -> dict[str, Check]:
    return {check.name: check for check in diagnose(online, seconds, machine or Bare())}


def test_this_machine_is_diagnosed_without_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    before = set(sys.modules)
    here = checks(Machine())
    assert {"python", "assay", "engine torch", "engine vllm", "engine ray", "gpu", "processor"} <= set(here)
    assert {"memory", "disk for runs", "disk for models", "punkt_tab", "hub"} <= set(here)
    assert all(check.found for check in here.values())
    assert all(check.fix for check in here.values() if check.state == "missing")
    loaded = {name.partition(".")[0] for name in set(sys.modules) - before}
    assert not loaded & {"transformers", "peft", "datasets", "vllm", "ray"}  # torch alone


def test_an_engine_without_its_packages_is_missing_with_the_line_that_adds_them() -> None:
    class Lacking(Bare):
        absent = "peft", "ray"

        def torch(self) -> Any:
            raise ImportError("gone")

    lacking = checks(Lacking())
    assert lacking["engine torch"] == Check(
        "engine torch", "missing", "not installed: peft", "pip install 'lora-assay[torch]'"
    )
    assert (lacking["engine ray"].state, lacking["engine ray"].found) == ("note", "not installed: ray")
    assert lacking["engine vllm"] == Check("engine vllm", "ok", "vllm 1.0")


def test_languages_are_listed_with_the_extra_that_adds_them() -> None:
    class Without(Bare):
        absent = ("janome", "emoji")

    found = checks(Without())
    assert found["spanish"] == Check("spanish", "ok", "spacy 1.0, for m-ifeval's Spanish words")
    assert found["japanese"] == Check(
        "japanese",
        "note",
        "not installed: janome, which m-ifeval's Japanese words need",
        "pip install 'lora-assay[japanese]'",
    )
    assert found["chinese"].fix == "pip install 'lora-assay[chinese]'"


class Cuda:
    """A torch that sees one GPU."""

    __version__ = "2.0+cu"

    class cuda:  # noqa: N801 - as torch names it
        @staticmethod
        def is_available() -> bool:
            return True

        @staticmethod
        def device_count() -> int:
            return 1

        @staticmethod
        def mem_get_info(_: int) -> tuple[int, int]:
            return 70 * 2**30, 80 * 2**30

        @staticmethod
        def get_device_name(_: int) -> str:
            return "Fast GPU"


def test_gpus_are_named_with_their_memory() -> None:
    class Fast(Bare):
        def torch(self) -> Any:
            return Cuda

    assert checks(Fast())["gpu"] == Check("gpu", "ok", "Fast GPU (70 of 80 GiB free)")


def test_a_gpu_that_torch_does_not_see_is_missing_with_the_fix() -> None:
    class Blind(Bare):
        gpus = "Fast GPU, 80 GB"

    gpu = checks(Blind())["gpu"]
    assert gpu.state == "missing"
    assert "torch 2.0+cpu does not see it" in gpu.found
    assert "CUDA build" in gpu.fix
    assert checks()["gpu"].state == "note"


def test_a_broken_torch_is_missing_with_its_cause() -> None:
    class Broken(Bare):
        def torch(self) -> Any:
            raise OSError("libcudart.so: cannot open shared object file")

    broken = checks(Broken(), seconds=1)
    assert broken["engine torch"].state == "missing"
    assert "cannot be imported: libcudart.so" in broken["engine torch"].found
    assert broken["engine torch"].fix == "reinstall torch"
    assert broken["speed"].state == "note"


@pytest.mark.parametrize(
    ("cpuinfo", "flags"),
    [
        ("processor: 0\nflags\t\t: fpu avx2 avx512_bf16 amx_bf16 amx_tile\n", ", AVX512-BF16, AMX-BF16"),
        ("Features\t: fp asimd bf16 i8mm\n", ", BF16"),
        ("flags : fpu avx2 notbf16\n", ", no bfloat16 units known"),
        ("", ", no bfloat16 units known"),
    ],
)
def test_a_processor_with_bfloat16_units_is_named_so(cpuinfo: str, flags: str) -> None:
    class Processor(Bare):
        processors = cpuinfo

    found = checks(Processor())["processor"].found
    assert found.partition(" core")[2].removeprefix("s") == flags


def test_a_machine_without_a_compiler_is_told_what_decodes_and_what_to_install() -> None:
    class Plain(Bare):
        no_kernel = "no C compiler is here"

    assert checks()["decoding"] == Check(
        "decoding", "ok", "on a CPU, attention during decoding runs in a C kernel"
    )
    check = checks(Plain())["decoding"]
    assert check.state == "note"
    assert "no C compiler is here" in check.found
    assert "ziglang" in check.fix


def test_other_processes_on_the_cores_are_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    class Crowded(Bare):
        neighbours = 1.0

    monkeypatch.setattr("assay.cores.cores", lambda: [0, 1, 2, 3])
    assert checks()["neighbours"].state == "ok"
    crowded = checks(Crowded())["neighbours"]
    assert crowded.state == "note"
    assert "1.0 of 4 cores" in crowded.found
    assert "75%" in crowded.found


def test_memory_is_what_this_process_can_still_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "free_bytes", lambda: 3 * 2**29)
    assert checks()["memory"].found == "1.5 GiB free"


def test_missing_punkt_has_the_line_that_fetches_it() -> None:
    class Wordless(Bare):
        texts = False

    punkt = checks(Wordless())["punkt_tab"]
    assert punkt.state == "missing"
    assert "nltk.downloader punkt_tab" in punkt.fix


def test_the_hub_is_asked_on_request_only(monkeypatch: pytest.MonkeyPatch) -> None:
    class Offline(Bare):
        def reach(self, address: str) -> None:
            assert address == "https://mirror.example"
            raise urllib.error.URLError("no route")

    for name in doctor.OFFLINE:
        monkeypatch.delenv(name, raising=False)
    assert checks()["hub"].fix == "assay doctor --online"
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert "offline, because HF_HUB_OFFLINE is set" in checks()["hub"].found
    monkeypatch.setenv("HF_ENDPOINT", "https://mirror.example")
    hub = checks(Offline(), online=True)["hub"]
    assert (hub.state, "no route" in hub.found) == ("missing", True)


def test_an_http_error_is_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(request: urllib.request.Request, timeout: float) -> Any:
        assert timeout <= 10
        raise urllib.error.HTTPError(request.full_url, 403, "no", {}, None)  # type: ignore[arg-type]

    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    assert checks(Machine(), online=True)["hub"].state == "ok"


class Matrix:
    """Products that take 1 ms of a clock, 4 in float32."""

    def __init__(self, clock: list[float], cost: float) -> None:
        self.clock, self.cost = clock, cost

    def __matmul__(self, _: object) -> None:
        self.clock[0] += self.cost


def test_rates_are_operations_over_time_for_each_dtype() -> None:
    clock = [0.0]
    cost = {"bfloat16": 0.001, "float32": 0.004}
    torch = SimpleNamespace(
        bfloat16="bfloat16", float32="float32", ones=lambda *_, dtype, **__: Matrix(clock, cost[dtype])
    )
    found = rates(torch, "cpu", 1.0, lambda: clock[0])
    assert found["bfloat16"] == pytest.approx(2 * 1024**3 / 0.001)
    assert found["float32"] == pytest.approx(2 * 1024**3 / 0.004)
    assert 1.0 <= clock[0] < 1.1


def test_the_faster_dtype_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "rates", lambda *_: {"bfloat16": 1e10, "float32": 4e10})
    speed = checks(seconds=1)["speed"]
    assert "float32 is 4.0 times as fast" in speed.found
    assert "dtype: float32" in speed.fix
    monkeypatch.setattr(doctor, "rates", lambda *_: {"bfloat16": 4e10, "float32": 4e10})
    assert checks(seconds=1)["speed"].found.endswith("equal")


def test_folders_that_are_not_there_yet_have_a_disk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "not" / "yet"))
    assert checks()["disk for models"].found.endswith("not/yet")
