"""Keys that are planted in the environment, in a server's words and in addresses appear in no output."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import call
from tests.engines.server.conftest import home, serve
from tests.engines.server.servers import GENERATES, Handler, Toy
from tests.engines.server.test_study import study
from tests.studies import edit

__all__ = ["call", "home", "serve"]

KEY, OTHER = "sk-planted-0123456789", "hf_planted_abcdefghij"
VARIABLES = ("HF_TOKEN", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "AWS_SECRET_ACCESS_KEY", "WANDB_API_KEY")
FORMATS = ("responses", "lm-eval", "every-eval-ever", "eval-results", "card")
Serve = Callable[[Toy], str]


def outputs(folder: Path, *printed: str) -> str:
    """All that was printed and written, databases as text."""
    texts = list(printed)
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".sqlite":
            with sqlite3.connect(path) as rows:
                texts += rows.iterdump()
            rows.close()
        if path.is_file():
            texts.append(path.read_bytes().decode("latin-1"))
    return "\n".join(texts)


def repeats_the_key(toy: Toy, handler: Handler, path: str, body: dict[str, Any]) -> bool:
    """Every ninth request fails with the key in its words."""
    fails = path in GENERATES and bool(body) and len(toy.bodies) % 9 == 0
    if fails:
        handler.answer(503, {"error": {"message": f"overloaded; you sent Bearer {KEY}"}})
    return fails


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOY_KEY", KEY)
    for variable in VARIABLES:
        monkeypatch.setenv(variable, OTHER)


@pytest.mark.usefixtures("planted")
def test_no_output_of_a_run_holds_a_key(
    home: Path, serve: Serve, call: Any, caplog: pytest.LogCaptureFixture
) -> None:
    path = study(home, serve(Toy(key=KEY, before=repeats_the_key)), key_env="TOY_KEY", options={"retries": 9})
    out = home / "run"
    with caplog.at_level(logging.DEBUG):
        ran = [call("run", path, "--out", out), call("run", path, "--out", out, "--json")]
        ran += [call(*command, out) for command in (("report",), ("gate", "--json"), ("decide", "--json"))]
        ran += [call("export", out, "--format", form, "--out", home / f"exported-{form}") for form in FORMATS]
    assert ran[0].code == 0, ran[0].err
    text = outputs(home, *(outcome.out + outcome.err for outcome in ran), caplog.text)
    assert "question 3" in text
    assert KEY not in text
    assert OTHER not in text


@pytest.mark.usefixtures("planted")
def test_no_message_of_a_run_that_fails_holds_a_key(home: Path, serve: Serve, call: Any) -> None:
    """The server refuses the key, and says which it was."""
    path = study(home, serve(Toy(key="another")), key_env="TOY_KEY")
    refused = [call("run", path, "--out", home / "run"), call("run", path, "--out", home / "run", "--json")]
    assert {outcome.code for outcome in refused} == {64}
    assert KEY not in outputs(home, *(outcome.out + outcome.err for outcome in refused))


@pytest.mark.parametrize("address", [f"http://user:{KEY}@127.0.0.1:9", f"http://127.0.0.1:9/?key={KEY}"])
def test_a_key_in_an_address_is_refused_and_not_repeated(home: Path, call: Any, address: str) -> None:
    path = study(home, "http://127.0.0.1:9")
    edit(path, lambda document: document["engine"].update(url=address))
    refused = call("run", path, "--out", home / "run")
    assert refused.code == 64
    assert KEY not in refused.out + refused.err
