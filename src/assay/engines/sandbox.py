"""Applies what strangers wrote, chat templates and regular expressions, in a process with limits on time and memory.

    render("{{ messages[0].content }}", {"messages": [...]})         # raises SandboxError where it fails
    try_expressions(["(a+)+$"], ["a" * 40])                          # raises SandboxError: more than a second

A sandbox in this process cannot stop a template in the middle of one long operation. The process starts with the first
request and ends with this one; after an operation that broke a limit the next request starts another.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import IO, Any, cast

from assay.engines import sandbox_process
from assay.engines.sandbox_process import MEMORY, SECONDS

__all__ = ["SandboxError", "render", "try_expressions"]


class SandboxError(Exception):
    """Why a template or an expression cannot be applied."""


def render(template: str, variables: Mapping[str, Any], unknown: Collection[str] = ()) -> str:
    """A chat template applied to its variables. Raises SandboxError, also where it uses a variable of `unknown`."""
    return str(_SANDBOX.ask("render", template=template, variables=variables, unknown=sorted(unknown)))


def try_expressions(patterns: Iterable[str], names: Iterable[str]) -> None:
    """Match regular expressions against names. Raises SandboxError where one of them takes too long."""
    _SANDBOX.ask("match", patterns=list(patterns), names=list(names))


class _Sandbox:
    """The process, and one request to it at a time."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0

    def ask(self, operation: str, **request: Any) -> Any:
        """The result of an operation."""
        line = json.dumps({"do": operation, **request}).encode() + b"\n"
        with self._lock:
            try:
                answer = self._exchange(line)
            except BaseException:  # an answer that nobody read would be the next request's
                self.close()
                raise
            if not answer:
                self.close()
        if not answer:
            limits = f"{SECONDS:g} s of processor time or {MEMORY // 2**20} MiB"
            raise SandboxError(f"it needs more than {limits}")
        content = json.loads(answer)
        if "error" in content:
            raise SandboxError(content["error"])
        return content["value"]

    def close(self) -> None:
        """End the process; one that another process started is left alone."""
        process, self._process = self._process, None
        if process is None:
            return
        if self._owner == os.getpid():
            process.kill()
            process.wait()
        else:
            process.returncode = 0  # it is no child of this process, which cannot wait for it
        for pipe in _pipes(process):
            with suppress(OSError):  # what was written last may never have arrived
                pipe.close()

    def _exchange(self, line: bytes) -> bytes:
        """The line that comes back; empty where the process ended."""
        requests, answers = _pipes(self._running())
        try:
            requests.write(line)
            requests.flush()
        except BrokenPipeError:
            return b""
        return answers.readline()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._owner != os.getpid() or self._process.poll() is not None:
            self.close()
            self._owner = os.getpid()
            self._process = subprocess.Popen(  # noqa: S603 - this interpreter, and a file of ours
                [sys.executable, "-I", "-S", str(Path(sandbox_process.__file__))],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={},
            )
            _pipes(self._process)[0].write(json.dumps(sys.path).encode() + b"\n")
        return self._process


def _pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    """Where requests go, and where answers come from."""
    return cast("tuple[IO[bytes], IO[bytes]]", (process.stdin, process.stdout))


_SANDBOX = _Sandbox()
atexit.register(_SANDBOX.close)
os.register_at_fork(after_in_child=_SANDBOX.close)
