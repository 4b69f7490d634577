"""An interrupted training goes on at its last checkpoint and ends with the bytes of an uninterrupted one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from assay.training import train
from assay.training.base import weights_sha256
from assay.training.batches import order
from assay.training.loop import train_adapter
from tests.often import first_often
from tests.training.jobs import job
from tests.training.recipes import entry, files, write_recipe
from tests.training.refused import refusal

pytestmark = pytest.mark.slow

SCRIPT = """
import os, signal, sys, warnings
warnings.simplefilter("ignore")
import torch
torch.set_num_threads(1)
from assay.training import train

def die(what, done, total, note="", part="", left=""):
    if what == "training" and part == "numeric-s2" and done == 5:
        os.kill(os.getpid(), signal.SIGKILL)

train(sys.argv[1], sys.argv[2], die)
"""


OFTEN = """
import json, os, random, signal, sys, time, warnings
from pathlib import Path
warnings.simplefilter("ignore")
import torch
torch.set_num_threads(1)
from assay.training import train

recipe, folder, trials = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])

def started(out):
    child = os.fork()
    if child == 0:
        try:
            train(recipe, out)
        except BaseException:
            import traceback
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return child

assert os.waitpid(started(folder / "first"), 0)[1] == 0  # what is slow but once is not timed
began = time.monotonic()
assert os.waitpid(started(folder / "second"), 0)[1] == 0
seconds = time.monotonic() - began
draw = random.Random(0)
killed = 0
for trial in range(trials):
    for again in range(3):
        child = started(folder / f"run{trial}")
        time.sleep((0.1 + 0.6 * draw.random()) * seconds)
        os.kill(child, signal.SIGKILL)
        killed += os.WIFSIGNALED(os.waitpid(child, 0)[1])
    assert os.waitpid(started(folder / f"run{trial}"), 0)[1] == 0
print(killed)
"""


class Stop(BaseException):
    """Raised where a user would press Ctrl-C."""


def stopped(path: Path, out: Path, name: str, step: int) -> None:
    def tell(what: str, done: int, total: int, note: str = "", part: str = "", left: str = "") -> None:  # noqa: ARG001
        if (part, done) == (name, step):
            raise Stop

    with pytest.raises(Stop):
        train(path, out, tell)


def steps_of(path: Path, out: Path, name: str) -> list[int]:
    """The steps that a training takes of one adapter."""
    seen: list[int] = []

    def tell(what: str, done: int, total: int, note: str = "", part: str = "", left: str = "") -> None:  # noqa: ARG001
        if part == name:
            seen.append(done)

    train(path, out, tell)
    return seen


@pytest.fixture(scope="module")
def uninterrupted(toy: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes]]:
    folder = tmp_path_factory.mktemp("resumed")
    path = write_recipe(folder, toy, entry(seeds=[1, 2]))
    train(path, folder / "whole")
    return path, files(folder / "whole")


@pytest.mark.parametrize("step", first_often([3, 1, 6]))
def test_stopped_at_any_step_it_ends_the_same(
    uninterrupted: tuple[Path, dict[str, bytes]], step: int
) -> None:
    path, whole = uninterrupted
    out = path.parent / f"stopped{step}"
    stopped(path, out, "numeric-s1", step)
    assert not (out / "numeric-s1").exists()
    assert not (out / "study.yaml").exists()
    begins = max(0, (step - 1) // 2 * 2)  # a checkpoint every two steps, told of after the step
    assert steps_of(path, out, "numeric-s1")[0] == begins + 1
    assert files(out) == whole


@pytest.mark.slow
def test_killed_it_ends_the_same(uninterrupted: tuple[Path, dict[str, bytes]]) -> None:
    path, whole = uninterrupted
    out = path.parent / "killed"
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(path), str(out)],
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert (out / "numeric-s1").is_dir()
    assert not (out / "numeric-s2").exists()
    assert steps_of(path, out, "numeric-s2") == [5, 6]
    assert files(out) == whole


@pytest.mark.slow
def test_a_checkpoint_that_was_cut_short_is_passed_over(
    uninterrupted: tuple[Path, dict[str, bytes]],
) -> None:
    path, whole = uninterrupted
    out = path.parent / "torn"
    stopped(path, out, "numeric-s1", 5)
    (optimizer,) = (out / ".training").glob("*/checkpoint-4/optimizer.pt")
    optimizer.write_bytes(optimizer.read_bytes()[:-100])
    assert steps_of(path, out, "numeric-s1")[0] == 1
    assert files(out) == whole


@pytest.mark.slow
@pytest.mark.parametrize("lost", ["sealed.json", "optimizer.pt"])
def test_a_checkpoint_that_was_not_finished_or_lacks_a_file_is_passed_over(
    uninterrupted: tuple[Path, dict[str, bytes]], lost: str
) -> None:
    path, whole = uninterrupted
    out = path.parent / f"without-{lost}"
    stopped(path, out, "numeric-s1", 5)
    (file,) = (out / ".training").glob(f"*/checkpoint-4/{lost}")
    file.unlink()
    assert steps_of(path, out, "numeric-s1")[0] == 1
    assert files(out) == whole


@pytest.mark.slow
def test_a_checkpoint_of_other_settings_is_not_gone_on_from(toy: Path, tmp_path: Path) -> None:
    path = write_recipe(tmp_path, toy)
    stopped(path, tmp_path / "out", "numeric-s1", 5)
    changed = write_recipe(tmp_path, toy, entry(settings={"learning_rate": 0.02}))
    assert steps_of(changed, tmp_path / "out", "numeric-s1") == [1, 2, 3, 4, 5, 6]
    assert not list((tmp_path / "out" / ".training").glob("*/"))


@pytest.mark.slow
def test_losses_of_a_resumed_training_are_those_of_the_whole(
    uninterrupted: tuple[Path, dict[str, bytes]],
) -> None:
    path, whole = uninterrupted
    out = path.parent / "losses"
    stopped(path, out, "numeric-s2", 5)
    told: dict[str, Any] = {one.manifest.name: one.manifest.loss for one in train(path, out).adapters}
    assert str(told["numeric-s2"]["final"]) in whole["numeric-s2/training.json"].decode()


@pytest.mark.slow
def test_killed_at_many_instants_it_ends_the_same(toy: Path, tmp_path: Path) -> None:
    path = write_recipe(tmp_path / "recipe", toy, entry(seeds=[1, 2], settings={"steps": 20}))
    done = subprocess.run(
        [sys.executable, "-c", OFTEN, str(path), str(tmp_path), "5"],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 5
    whole = files(tmp_path / "first")
    assert all(files(tmp_path / f"run{trial}") == whole for trial in range(5))


def test_the_base_is_the_same_bit_for_bit_after_a_training(toy: Path, tmp_path: Path) -> None:
    model, one = job(tmp_path, toy)
    before = weights_sha256(model)
    train_adapter(model, one, tmp_path / "made", lambda *_: None)
    assert weights_sha256(model) == before
    assert not any("lora" in name for name, _ in model.named_modules())


def test_the_first_loss_is_that_of_the_response_tokens_under_the_base(toy: Path, tmp_path: Path) -> None:
    model, one = job(tmp_path, toy)
    rows = order([len(row) for row in one.tokens.rows], one.steps, one.settings.batch, one.seed)
    losses = []
    for row in rows[: one.settings.batch]:
        tokens, start = torch.tensor(one.tokens.rows[row]), one.tokens.starts[row]
        with torch.inference_mode():
            logits = model(tokens[None]).logits[0, :-1].float()
        losses += (-logits.log_softmax(-1).gather(1, tokens[1:, None])[start - 1 :, 0]).tolist()
    expected = sum(losses) / len(losses)
    first, _ = train_adapter(model, one, tmp_path / "made", lambda *_: None)
    assert first == pytest.approx(expected, rel=1e-5)


@pytest.mark.slow
def test_parts_of_a_batch_give_the_weights_of_the_whole(toy: Path, tmp_path: Path) -> None:
    made = []
    for parts in (1, 4):
        model, one = job(tmp_path / str(parts), toy, accumulate=parts)
        train_adapter(model, one, tmp_path / str(parts) / "made", lambda *_: None)
        made.append(load_file(tmp_path / str(parts) / "made" / "adapter_model.safetensors"))
    for name, weight in made[0].items():
        torch.testing.assert_close(weight, made[1][name], rtol=1e-3, atol=1e-4)


def test_a_loss_that_is_no_number_stops_and_keeps_nothing(toy: Path, tmp_path: Path) -> None:
    hot = {"learning_rate": 1e30, "clip": 0, "warmup": 0, "steps": 8}
    message = refusal(write_recipe(tmp_path, toy, entry(settings=hot)))
    assert "adapter 'numeric-s1': the loss is nan at step" in message
    assert "lower `learning_rate`" in message
