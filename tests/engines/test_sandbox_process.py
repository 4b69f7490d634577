"""Inside the sandbox there is no chance, no file, no key, and no way out of Jinja's own rules."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from assay.engines import sandbox_process
from assay.engines.sandbox import SandboxError, render


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{{ raise_exception.__globals__['__builtins__']['open']('/etc/passwd').read() }}",
        "{% include '/etc/passwd' %}",
        "{{ messages.append(1) }}",
        "{{ messages | random }}",
        "{{ lipsum(n=2) }}",
    ],
)
def test_a_template_reaches_nothing_outside_itself_and_draws_nothing(template: str) -> None:
    with pytest.raises(SandboxError):
        render(template, {"messages": [1, 2, 3]})


def test_the_day_is_a_fixed_one() -> None:
    assert render("{{ strftime_now('%Y-%m-%d') }} {{ date_string }}", {}) == "2024-07-26 26 Jul 2024"


def test_the_process_has_no_environment_and_opens_no_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The operations are replaced by ones that a template which broke out of its sandbox would try."""
    monkeypatch.setenv("API_KEY", "planted")
    attack = f"""
import sys, os
sys.argv = ["x"]
source = open({sandbox_process.__file__!r}).read().replace('if __name__ == "__main__":', "if False:")
space = {{"__name__": "attack"}}
exec(compile(source, "process", "exec"), space)
def environment(request): return dict(os.environ)
def reads(request): return open("/etc/passwd").read()
def writes(request): open({str(tmp_path / "out")!r}, "w")
def starts(request): os.system("true")
space["OPERATIONS"] = {{name: globals()[name] for name in ("environment", "reads", "writes", "starts")}}
space["render"] = lambda request: ""
space["_serve"]()
"""
    lines = [sys.path, *({"do": name} for name in ("environment", "reads", "writes", "starts"))]
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", attack],
        input="".join(json.dumps(line) + "\n" for line in lines),
        env={},
        capture_output=True,
        text=True,
        check=True,
    )
    environment, *others = map(json.loads, done.stdout.splitlines())
    assert set(environment["value"]) <= {"LC_CTYPE"}
    assert all("is not allowed" in answer["error"] for answer in others), others
    assert os.environ["API_KEY"] == "planted"
    assert not list(tmp_path.iterdir())


def test_a_request_that_is_none_is_answered_with_an_error() -> None:
    requests: list[Any] = [{"do": "nothing"}, [], {"do": "render"}]
    done = subprocess.run(
        [sys.executable, "-I", "-S", sandbox_process.__file__],
        input="".join(json.dumps(line) + "\n" for line in [sys.path, *requests]),
        env={},
        capture_output=True,
        text=True,
        check=True,
    )
    assert [set(json.loads(line)) for line in done.stdout.splitlines()] == [{"error"}] * 3
