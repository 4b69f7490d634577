"""`make package`: builds the wheel and the sdist, checks them, and tries the wheel in an empty environment.

    python -m scripts.package            # bare, then with the extra that `assay demo` needs
    python -m scripts.package --bare     # without the extra, which is gigabytes where torch comes with CUDA

It leaves `dist/`. The environment is made in a temporary folder and removed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import assay

ROOT = Path(__file__).parents[1]
LARGEST = 12_000_000
"""Bytes of the wheel."""
NEEDED = (
    "assay/py.typed",
    "assay/embedded/base/model.safetensors",
    "assay/demo/example/study.yaml",
    "assay/demo/recipe.yaml",
    "assay/report/templates/",
    ".dist-info/licenses/LICENSE",
)
"""Parts of names that the wheel must have."""
TINY = """
name: tiny
base: {name: base, model: embedded, dtype: float32}
adapters:
  - {recipe: numeric, label: numeric, seeds: [1], data: {world: problems, count: 16}, settings: {rank: 2, steps: 2, batch: 4}}
tasks:
  - {task: world-problems, name: problems, limit: 10}
decoding: {max_tokens: 8}
"""
"""A recipe for `assay demo` that takes seconds."""


def main() -> None:
    """Build, check and try; exits with what is wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bare", action="store_true", help="try the wheel without its extra `torch` only")
    parser.add_argument("--out", type=Path, default=ROOT / "dist")
    given = parser.parse_args()
    wheel = build(given.out)
    if problems := wheel_problems(wheel):
        sys.exit("\n".join(problems))
    with tempfile.TemporaryDirectory(prefix="assay-package-") as folder:
        environment = Environment(Path(folder))
        try_bare(environment, wheel)
        if not given.bare:
            try_demo(environment, wheel)


def build(out: Path) -> Path:
    """Build both into an empty folder and let twine check them; the wheel."""
    shutil.rmtree(out, ignore_errors=True)
    python = [sys.executable, "-m"]
    subprocess.run(
        [*python, "build", "--no-isolation", "--outdir", out, ROOT], check=True, stdout=subprocess.DEVNULL
    )
    built = sorted(out.iterdir())
    subprocess.run([*python, "twine", "check", "--strict", *built], check=True)
    (wheel,) = (path for path in built if path.suffix == ".whl")
    return wheel


def wheel_problems(wheel: Path) -> list[str]:
    """What is wrong with a wheel: its size, what it lacks, what does not belong in it."""
    size, problems = wheel.stat().st_size, []
    if size > LARGEST:
        problems.append(f"{wheel.name}: {size:,} bytes; at most {LARGEST:,} are allowed")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    problems += [f"{wheel.name}: no {part}" for part in NEEDED if not any(part in name for name in names)]
    problems += [
        f"{wheel.name}: {name} does not belong in it"
        for name in names
        if not name.startswith(("assay/", "lora_assay-")) or name.endswith(("training.jsonl", ".pyc"))
    ]
    return problems


class Environment:
    """A virtual environment with nothing in it, and a working folder outside the repository."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._bin = folder / "env" / "bin"
        subprocess.run([sys.executable, "-m", "venv", folder / "env"], check=True)

    def install(self, what: str) -> None:
        """Install with pip, at the pinned versions."""
        options = ("-q", "--disable-pip-version-check", "--no-compile", "-c", ROOT / "requirements.lock")
        self.run("python", "-m", "pip", "install", *options, what)

    def run(self, program: str, *arguments: str | Path) -> str:
        """What a program of the environment prints; exits where it fails."""
        hidden = ("PYTHONPATH", "NLTK_DATA", "VIRTUAL_ENV")
        variables = {
            key: value for key, value in os.environ.items() if key not in hidden and "ASSAY" not in key
        }
        began = time.monotonic()
        done = subprocess.run(
            [self._bin / program, *arguments],
            cwd=self.folder,
            env=variables | {"HF_HUB_OFFLINE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        command = " ".join(map(str, (program, *arguments)))
        sys.stderr.write(f"{time.monotonic() - began:6.1f} s  {command}\n")
        if done.returncode:
            sys.exit(f"{command}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout


def try_bare(environment: Environment, wheel: Path) -> None:
    """The wheel alone: it imports, and audits the recorded example."""
    environment.install(str(wheel))
    expect(environment.run("assay", "--version"), f"assay {assay.__version__}")
    environment.run(
        "python", "-c", "import assay, importlib.util as u, sys; sys.exit(u.find_spec('torch') is not None)"
    )
    expect(environment.run("assay", "tasks"), "ifeval")
    shown = environment.run("assay", "demo", "--recorded", "--out", "recorded")
    expect(shown, "Verdicts", "confirmed", "no gain", "not applied")
    expect((environment.folder / "recorded" / "report.html").read_text(encoding="utf-8"), "confirmed")


def try_demo(environment: Environment, wheel: Path) -> None:
    """With torch: `assay demo` trains, generates and judges."""
    environment.install(f"{wheel}[torch]")
    (environment.folder / "tiny.yaml").write_text(TINY, encoding="utf-8")
    shown = environment.run("assay", "demo", "--recipe", "tiny.yaml", "--out", "demo")
    expect(shown, "Verdicts: gains on problems.numeric_match", "numeric-s1", "inert", "not applied")


def expect(text: str, *parts: str) -> None:
    """Exit where a text lacks a part."""
    if absent := [part for part in parts if part not in text]:
        sys.exit(f"expected {', '.join(map(repr, absent))} in\n{text}")


if __name__ == "__main__":
    main()
