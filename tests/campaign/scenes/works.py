"""Work that assay does in a process of its own, and what must be equal however often that process was ended.

work = WORKS["server"](folder)        # makes the files that it needs, once
work.run(out)                         # does it, or goes on with it
work.state(out)                       # what it left
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import assay
from assay.interop.importers.import_log import Import, import_log
from assay.records import Store
from tests.campaign.watchdog import ROOT
from tests.engines.server.conftest import make_adapter, make_base
from tests.engines.server.test_study import study as served_study
from tests.interop.importers.writing import ADAPTER, BASE, written
from tests.studies import examples, one_task_study, table

__all__ = ["WORKS", "Work", "records", "verdicts"]


@dataclass(frozen=True, slots=True)
class Work:
    """One thing to do."""

    run: Callable[[Path], object]
    state: Callable[[Path], Any]
    server: subprocess.Popen[str] | None = None
    """Ends when its input is closed."""

    def end(self) -> None:
        """End the server."""
        if self.server is not None:
            self.server.communicate("")


def records(run: Path) -> list[str]:
    """The rows of every name, in an order of their own."""
    with Store.read(run) as store:
        return sorted(
            json.dumps([name, task, row], sort_keys=True)
            for name, task in store.bound()
            for row in store.responses(name, task)
        )


def verdicts(run: Path) -> list[list[Any]]:
    """What the run decided, with its numbers."""
    claims = json.loads((run / "verdicts.json").read_text())["claims"]
    return [
        [claim[name] for name in ("adapter", "metric", "verdict", "gain", "interval", "p")]
        for claim in claims
    ]


def _audited(run: Path) -> Any:
    return records(run), verdicts(run)


def _recorded(folder: Path) -> Work:
    base, adapter = table(40, 12, 400, 150)
    study = one_task_study(folder, base, {"a": adapter, "b": base[::-1]})
    return Work(lambda out: assay.run(study, out), _audited)


def _served(folder: Path) -> Work:
    make_base(folder / "base")
    for name, value in (("math", 2.0), ("chat", 3.0)):
        make_adapter(folder / name, value)
    server, address = serve("vllm")
    study = served_study(folder, address)
    return Work(lambda out: assay.run(study, out), _audited, server)


def _judged(folder: Path) -> Work:
    from tests.scoring.judge.test_study import study

    server, address = serve("judge")
    path = study(folder, {"model": "m", "url": address})

    def state(run: Path) -> Any:
        with Store.read(run) as store:
            answers = sorted(json.dumps([answer.question, answer.answers]) for answer in store.judgements)
        return answers, verdicts(run)

    return Work(lambda out: assay.run(path, out), state, server)


def _generated(folder: Path) -> Work:
    import torch

    from tests.engines.torch.test_study import study_of
    from tests.engines.torch.toys import ADAPTERS, make_toy

    torch.set_num_threads(1)
    names = ("r1", "r4")
    make_toy("llama", folder / "toy", {name: ADAPTERS[name] for name in names})
    adapters = [{"name": name, "path": f"./toy/{name}"} for name in names]
    study = study_of(folder, folder / "toy", adapters, count=40, decoding={"max_tokens": 16})
    return Work(lambda out: assay.run(study, out), _audited)


def _trained(folder: Path) -> Work:
    import torch

    from assay.training import train
    from tests.engines.torch.toys import make_toy
    from tests.training.recipes import entry, files, write_recipe

    torch.set_num_threads(1)
    make_toy("llama", folder / "toy", {})
    recipe = write_recipe(folder, folder / "toy", entry(seeds=[1, 2]))
    return Work(lambda out: train(recipe, out), files)


def _imported(folder: Path) -> Work:
    data = examples(folder, len(BASE))
    logs = {name: written("lm-eval", folder, name, texts) for name, texts in (("base", BASE), ("a", ADAPTER))}

    def run(out: Path) -> None:
        for name, path in logs.items():
            label = None if name == "base" else "numeric"
            stated = "pretrained=org/base" + ("" if name == "base" else ",peft=org/a")
            import_log(Import("lm-eval", path, name, "numeric", stated, label=label, data=data), out)

    def state(out: Path) -> Any:
        paths = (path for path in sorted(out.rglob("*")) if path.is_file() and not path.name.startswith("."))
        return {str(path.relative_to(out)): _without_places(path, out) for path in paths}

    return Work(run, state)


def _without_places(path: Path, out: Path) -> list[bytes]:
    """A file's lines, without those that name the folder or say where it is."""
    return [
        line
        for line in path.read_bytes().splitlines()
        if out.name.encode() not in line and b"examples" not in line
    ]


def serve(what: str) -> tuple[subprocess.Popen[str], str]:
    """A server in a process of its own, and its address; `vllm`, ..., or `judge`."""
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.campaign.scenes.serving", what],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    return server, server.stdout.readline().strip()


WORKS: Mapping[str, Callable[[Path], Work]] = {
    "recorded": _recorded,
    "server": _served,
    "judge": _judged,
    "import": _imported,
    "torch": _generated,
    "training": _trained,
}
