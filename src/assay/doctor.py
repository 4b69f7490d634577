"""Checks what this machine can run: packages, devices, memory, data, speed. It changes nothing and knows no study.

It builds the library that decoding uses, if that was not done. The network is used only on request. To try it: `assay doctor`.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module, metadata
from pathlib import Path
from typing import Any, Literal

from assay import cores, memory, native

__all__ = ["Check", "Machine", "State", "diagnose", "rates"]

State = Literal["ok", "missing", "note"]

GIB = 2**30
LISTEN = 0.3
"""Seconds in which other processes are measured."""
CROWDED = 0.25
"""Cores that others keep busy before the diagnosis says so."""
ENGINES: Mapping[str, tuple[str, ...]] = {
    "torch": ("torch", "transformers", "peft", "safetensors"),
    "vllm": ("vllm",),
    "ray": ("ray",),
}
"""The packages of each engine; the extra that installs them has the engine's name."""
LANGUAGES: Mapping[str, tuple[str, str]] = {
    "spanish": ("spacy", "m-ifeval's Spanish words"),
    "japanese": ("janome", "m-ifeval's Japanese words"),
    "chinese": ("emoji", "multi-if's counts of words"),
}
"""The package that verifiers of a language read it with, and its use; the extra that installs it has the language's name."""
FLAGS = {"avx512_bf16": "AVX512-BF16", "amx_bf16": "AMX-BF16", "bf16": "BF16"}
"""Processor flags, as Linux names them, for multiplying matrices of bfloat16 in hardware."""
OFFLINE = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
NLTK = (
    ("punkt_tab", "tokenizers/punkt_tab/english/", "IFEval's and IFBench's sentence counts"),
    ("stopwords", "corpora/stopwords", "IFBench's counts of stop words"),
    (
        "averaged_perceptron_tagger_eng",
        "taggers/averaged_perceptron_tagger_eng/",
        "IFBench's parts of speech",
    ),
)
"""Data that verifiers read: name, place, use."""


@dataclass(frozen=True, slots=True)
class Check:
    """One part of the diagnosis."""

    name: str
    state: State
    """`missing`: something cannot be done. `note`: good to know."""
    found: str
    fix: str = ""
    """What solves or improves it; empty where nothing needs to be done."""


class Machine:
    """The facts that the diagnosis reads; tests replace them."""

    def version(self, package: str) -> str:
        """Of an installed package; empty where it is not installed."""
        with suppress(metadata.PackageNotFoundError):
            return metadata.version(package)
        return ""

    def torch(self) -> Any:
        """The package. Raises whatever its import raises: with a broken build, not only ImportError."""
        return import_module("torch")

    def driver_gpus(self) -> str:
        """GPUs as NVIDIA's driver names them; empty where there is none."""
        tool = shutil.which("nvidia-smi")
        if tool is None:
            return ""
        query = [tool, "--query-gpu=name,memory.total", "--format=csv,noheader"]
        try:
            done = subprocess.run(query, capture_output=True, text=True, timeout=10, check=True)  # noqa: S603 - a fixed command
        except (OSError, subprocess.SubprocessError):
            return ""
        return "; ".join(line.strip() for line in done.stdout.splitlines() if line.strip())

    def cpuinfo(self) -> str:
        """Linux's description of the processors; empty elsewhere."""
        with suppress(OSError):
            return Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
        return ""

    def kernel(self) -> str:
        """Why attention and adapters cannot run in C here; empty where they can."""
        built = native.build(native.KERNELS, native.cache_folder())
        return built if isinstance(built, str) else ""

    def busy_elsewhere(self) -> float:
        """How many cores other processes keep busy."""
        return cores.busy_elsewhere(LISTEN)

    def has_nltk_data(self, place: str) -> bool:
        """Whether nltk finds this data."""
        import nltk

        try:
            nltk.data.find(place)
        except LookupError:
            return False
        return True

    def reach(self, address: str) -> None:
        """Send a request to a server. Raises OSError or ValueError if it does not answer."""
        request = urllib.request.Request(address, method="HEAD")  # noqa: S310 - the user's own address
        with suppress(urllib.error.HTTPError), urllib.request.urlopen(request, timeout=5):  # noqa: S310 - the user's own address
            pass


def diagnose(online: bool = False, seconds: float = 1.0, machine: Machine | None = None) -> Iterator[Check]:
    """Every check in turn; the measured speed comes last.

    online: try to reach the hub. seconds: how long to multiply matrices; 0: not at all.
    """
    machine = machine or Machine()
    yield Check("python", "ok", f"{platform.python_version()} on {platform.system()} {platform.machine()}")
    yield Check("assay", "ok", machine.version("lora-assay") or "not installed as a package")
    torch, broken = _torch(machine)
    for engine in ENGINES:
        yield _engine(machine, engine, broken)
    yield _gpu(machine, torch)
    yield _processor(machine.cpuinfo())
    yield _kernel(machine)
    yield _neighbours(machine)
    yield Check("memory", "ok", f"{memory.free_bytes() / GIB:.1f} GiB free")
    yield from _disks()
    yield from _texts(machine)
    yield from _languages(machine)
    yield _hub(machine, online)
    if seconds > 0:
        yield _speed(torch, seconds)


def _torch(machine: Machine) -> tuple[Any, str]:
    """The package, or None and why it cannot be imported."""
    try:
        return machine.torch(), ""
    except Exception as bad:  # a broken build raises anything, OSError for a library at the least
        return None, str(bad)


def _engine(machine: Machine, engine: str, broken: str) -> Check:
    versions = {package: machine.version(package) for package in ENGINES[engine]}
    absent = [package for package, version in versions.items() if not version]
    installed = ", ".join(f"{package} {version}" for package, version in versions.items() if version)
    name = f"engine {engine}"
    if absent:
        # Nothing generates here without torch; the other engines are optional.
        state: State = "missing" if engine == "torch" else "note"
        return Check(
            name, state, f"not installed: {', '.join(absent)}", f"pip install 'lora-assay[{engine}]'"
        )
    if engine == "torch" and broken:
        return Check(name, "missing", f"{installed}: torch cannot be imported: {broken}", "reinstall torch")
    return Check(name, "ok", installed)


def _gpu(machine: Machine, torch: Any) -> Check:
    if torch is not None and torch.cuda.is_available():
        devices = []
        for index in range(torch.cuda.device_count()):
            free, total = torch.cuda.mem_get_info(index)
            name = torch.cuda.get_device_name(index)
            devices.append(f"{name} ({free / GIB:.0f} of {total / GIB:.0f} GiB free)")
        return Check("gpu", "ok", ", ".join(devices))
    if gpus := machine.driver_gpus():
        why = "torch cannot be imported" if torch is None else f"torch {torch.__version__} does not see it"
        fix = "install a CUDA build of torch: pytorch.org/get-started"
        return Check("gpu", "missing", f"{gpus}; {why}", fix)
    return Check("gpu", "note", "no CUDA GPU: models run on the CPU")


def _processor(cpuinfo: str) -> Check:
    """Cores that this process may use, and what the first processor can do with bfloat16."""
    count = len(cores.cores())
    lines = (line for line in cpuinfo.splitlines() if line.lower().startswith(("flags", "features")))
    listed = next(lines, "").split()
    known = ", ".join(name for flag, name in FLAGS.items() if flag in listed)
    return Check(
        "processor", "ok", f"{count} core{'s' if count > 1 else ''}, {known or 'no bfloat16 units known'}"
    )


def _kernel(machine: Machine) -> Check:
    if not (reason := machine.kernel()):
        return Check("decoding", "ok", "on a CPU, attention during decoding runs in a C kernel")
    fix = "install a C compiler, or run `pip install ziglang`"
    return Check(
        "decoding", "note", f"attention runs in torch, which is about half as fast on a CPU: {reason}", fix
    )


def _neighbours(machine: Machine) -> Check:
    busy, count = machine.busy_elsewhere(), len(cores.cores())
    if busy < CROWDED:
        return Check("neighbours", "ok", "no other process keeps a core busy")
    left = max(0.0, count - busy)
    text = f"other processes keep {busy:.1f} of {count} cores busy: about {left / count:.0%} of the speed is left"
    return Check("neighbours", "note", text, "wait for them, or use a machine of its own")


def _disks() -> Iterator[Check]:
    """Where runs are written, and where the hub's files are kept."""
    home = Path(os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface")
    for name, folder in (("disk for runs", Path.cwd()), ("disk for models", home)):
        existing = next((place for place in (folder, *folder.parents) if place.exists()), Path("/"))
        with suppress(OSError):
            yield Check(name, "ok", f"{shutil.disk_usage(existing).free / GIB:.0f} GiB free at {folder}")


def _texts(machine: Machine) -> Iterator[Check]:
    """What verifiers read English with."""
    for name, place, use in NLTK:
        if machine.has_nltk_data(place):
            yield Check(name, "ok", f"nltk's data {name} is installed")
        else:
            fix = f"python -m nltk.downloader {name}, or NLTK_DATA=FOLDER that holds {place.rstrip('/')}"
            yield Check(name, "missing", f"nltk's data {name}, which {use} need", fix)


def _languages(machine: Machine) -> Iterator[Check]:
    """What verifiers read other languages with."""
    for extra, (package, use) in LANGUAGES.items():
        if version := machine.version(package):
            yield Check(extra, "ok", f"{package} {version}, for {use}")
        else:
            fix = f"pip install 'lora-assay[{extra}]'"
            yield Check(extra, "note", f"not installed: {package}, which {use} need", fix)


def _hub(machine: Machine, online: bool) -> Check:
    if not online:
        if name := next((name for name in OFFLINE if _is_set(name)), ""):
            text = f"offline, because {name} is set: models and data come from folders and the cache"
            return Check("hub", "note", text)
        return Check("hub", "note", "not checked", "assay doctor --online")
    address = os.environ.get("HF_ENDPOINT", "https://huggingface.co")
    try:
        machine.reach(address)
    except (OSError, ValueError) as bad:
        fix = "name folders and files in the study, or fix the connection (HTTPS_PROXY, HF_ENDPOINT)"
        return Check("hub", "missing", f"{address} does not answer: {bad}", fix)
    return Check("hub", "ok", f"{address} answers")


def _is_set(variable: str) -> bool:
    return os.environ.get(variable, "").strip().lower() in ("1", "true", "yes", "on")


def _speed(torch: Any, seconds: float) -> Check:
    if torch is None:
        return Check("speed", "note", "not measured: torch cannot be imported")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        measured = rates(torch, device, seconds)
    except RuntimeError as bad:
        return Check("speed", "note", f"not measured on {device}: {bad}")
    listed = ", ".join(f"{dtype} {rate / 1e9:,.0f} GFLOP/s" for dtype, rate in measured.items())
    slower, faster = sorted(measured, key=lambda dtype: measured[dtype])
    ratio = measured[faster] / measured[slower]
    if ratio < 1.1:
        return Check("speed", "ok", f"{listed} on {device}: equal")
    fix = f"engine: {{dtype: {faster}}}" if faster == "float32" else ""
    return Check("speed", "ok", f"{listed} on {device}: {faster} is {ratio:.1f} times as fast", fix)


def rates(
    torch: Any, device: str, seconds: float, clock: Callable[[], float] = time.perf_counter
) -> dict[str, float]:
    """Floating-point operations a second in products of matrices of each dtype, half of `seconds` each."""
    side = 8192 if device == "cuda" else 1024
    wait = torch.cuda.synchronize if device == "cuda" else lambda: None
    measured = {}
    for name in ("bfloat16", "float32"):
        matrix = torch.ones(side, side, dtype=getattr(torch, name), device=device)
        matrix @ matrix  # chooses its kernel
        wait()
        count, began = 0, clock()
        while clock() - began < seconds / 2 or not count:
            matrix @ matrix
            wait()
            count += 1
        measured[name] = 2 * side**3 * count / (clock() - began)
    return measured
