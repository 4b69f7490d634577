"""A view is served at an address, with a token where others reach it, until it is interrupted."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from assay.errors import AssayError
from assay.view.serve import Address, serve
from tests.view.live import live_run
from tests.view.serving import served


def test_addresses_are_written_as_a_browser_takes_them() -> None:
    assert Address("127.0.0.1", 80, None).url == "http://127.0.0.1:80/"
    assert Address("::1", 80, None).url == "http://[::1]:80/"
    assert Address("0.0.0.0", 80, "x").url == f"http://{socket.gethostname()}:80/?token=x"  # noqa: S104


def test_a_port_that_is_taken_is_told_with_its_fix(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(AssayError, match="another --port"):
        serve(tmp_path, "127.0.0.1", taken.getsockname()[1], print)


def test_a_host_that_is_not_here_is_told(tmp_path: Path) -> None:
    with pytest.raises(AssayError, match="an address of this machine"):
        serve(tmp_path, "192.0.2.1", 0, print)


def test_events_of_a_run_come_as_it_goes_on_and_end_with_it(tmp_path: Path) -> None:
    with live_run(tmp_path) as live, served(live.folder.parent, period=0.02) as url:
        live.go(1)
        with httpx2.stream("GET", f"{url}/run/live/events", timeout=300) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            lines = answer.iter_lines()
            first = json.loads(next(lines).removeprefix("data: "))
            assert set(first) == {"state", "verdicts", "parts", "rest"}
            live.go(200)
            later = next(line for line in lines if line.startswith("data: ") and "parts" in line)
            assert json.loads(later.removeprefix("data: "))["parts"] != first["parts"]
            live.finish()
            assert "event: end" in lines


@pytest.mark.slow
@pytest.mark.parametrize("options", [(), ("--host", "0.0.0.0")])  # noqa: S104
def test_the_command_prints_its_address_and_ends_with_ctrl_c(runs: Path, options: tuple[str, ...]) -> None:
    command = [
        sys.executable,
        "-m",
        "assay",
        "view",
        str(runs),
        "--port",
        "0",
        "--no-browser",
        "--json",
        *options,
    ]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        printed = json.loads("".join(process.stdout.readline() for _ in range(5)))
        url = f"http://127.0.0.1:{printed['port']}/"
        assert httpx2.get(url).status_code == (401 if options else 200)
        if options:
            assert printed["token"] in printed["url"]
            opened = httpx2.get(url, params={"token": printed["token"]}, follow_redirects=False)
            assert opened.status_code == 303
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        assert printed.get("token") is None or printed["token"] not in process.stderr.read()
