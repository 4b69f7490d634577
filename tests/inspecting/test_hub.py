"""Adapters and bases on the hub: small files are downloaded, of weights the header alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.inspecting.adapters import matrices, write_adapter, write_base
from tests.inspecting.hub import serve_hub

pytestmark = pytest.mark.slow

pytest.importorskip("huggingface_hub")

SIZE = 400_000
"""Bytes of a row of weights that makes a file larger than any header that is asked for."""


def files(folder: Path, within: str = "") -> dict[str, bytes]:
    return {f"{within}{path.name}": path.read_bytes() for path in folder.iterdir()}


def inspect(url: str, home: Path, *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    """`assay inspect --json` against a hub, in a process of its own: the hub's address is read at import."""
    unset = (
        "HF_HUB_OFFLINE",
        "http_proxy",
        "https_proxy",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "all_proxy",
    )
    environment = {key: value for key, value in os.environ.items() if key not in unset}
    environment |= {"HF_ENDPOINT": url, "HF_HOME": str(home), "NO_PROXY": "127.0.0.1"}
    done = subprocess.run(
        [sys.executable, "-m", "assay", "inspect", *arguments, "--json"],
        capture_output=True, text=True, env=environment, check=False, timeout=100, cwd=home,
    )  # fmt: skip
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


@pytest.fixture
def repositories(tmp_path: Path) -> Mapping[str, Mapping[str, bytes]]:
    large = matrices() | {"base_model.model.model.embed_tokens.weight": (SIZE // 64, 16)}
    plain = files(write_adapter(tmp_path / "plain"))
    return {
        "org/base": files(write_base(tmp_path / "base")),
        "org/plain": plain,
        "org/large": files(write_adapter(tmp_path / "large", large)),
        "org/library": {"README.md": b"two adapters", **files(tmp_path / "plain", "relevance/lora/")},
        "org/empty": {"adapter_config.json": plain["adapter_config.json"]},
        "org/pickle": {"adapter_config.json": plain["adapter_config.json"], "adapter_model.bin": b"x"},
    }


def test_an_adapter_on_the_hub_is_inspected_like_its_folder(
    repositories: Mapping[str, Mapping[str, bytes]], tmp_path: Path
) -> None:
    with serve_hub(repositories) as hub:
        code, [found, within] = inspect(
            hub.url, tmp_path, "org/plain", "org/library/relevance/lora", "--base", "org/base", "--digest"
        )
    _, [local] = inspect(
        hub.url, tmp_path, str(tmp_path / "plain"), "--base", str(tmp_path / "base"), "--digest"
    )
    assert code == 0
    assert (found["path"], within["path"]) == ("org/plain", "org/library/relevance/lora")
    assert {**found, "path": local["path"]} == {**within, "path": local["path"]} == local


def test_weights_are_not_downloaded(repositories: Mapping[str, Mapping[str, bytes]], tmp_path: Path) -> None:
    with serve_hub(repositories) as hub:
        inspect(hub.url, tmp_path, "org/large", "--digest")
    weights = "org/large/adapter_model.safetensors"
    assert 0 < hub.sent[weights] <= 100_001 < len(repositories["org/large"]["adapter_model.safetensors"])


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("org/empty", "no adapter_model.safetensors in org/empty"),
        ("org/pickle", "its weights are a pickle"),
        ("org/nothing", "no such model on the hub"),
        (
            "org/library/other",
            "in a folder other that is read; name one of its folders that hold adapters: relevance/lora",
        ),
        (
            "org/library",
            "at its top that is read; name one of its folders that hold adapters: relevance/lora",
        ),
    ],
)
def test_what_is_not_on_the_hub_is_unusable_with_the_reason(
    path: str, reason: str, repositories: Mapping[str, Mapping[str, bytes]], tmp_path: Path
) -> None:
    with serve_hub(repositories) as hub:
        code, [found] = inspect(hub.url, tmp_path, path)
    assert (code, found["status"]) == (1, "unusable")
    assert reason in found["reasons"][0]
