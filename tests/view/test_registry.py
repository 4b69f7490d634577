"""The page of a registry: verdicts with filters, the line over all, what was not audited."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

pytest.importorskip("sqlalchemy", reason="the extra `registry` is not installed")

from assay.errors import RunError
from assay.registry.audits import Audits, Subject
from assay.registry.index import Registry, enter
from assay.view.app import application
from tests.registry.generated import DAY, rows, run, verdict
from tests.view.test_app import words


@pytest.fixture
def place(tmp_path: Path) -> str:
    return str(tmp_path / "registry.sqlite")


@pytest.fixture
def team(runs: Path, place: str) -> Iterator[TestClient]:
    """A view of three runs and of a registry with these runs, two made-up verdicts and an adapter that does not load."""
    with Registry.open(place, write=True) as registry:
        for name in ("two", "small"):
            registry.add(runs / name)
        with registry.database.writing() as connection:
            made = verdict(adapter="<b>x</b>", label="code", base="big", measured=time.time() - 200 * DAY)
            enter(
                connection,
                run("elsewhere", made, verdict(adapter="inert", verdict="not applied"), host="there"),
            )
        broken = Subject("0" * 64, "1" * 64, "broken", "/adapters/broken", "/runs/broken")
        Audits(registry.database).refuse(broken, "no adapter_model.safetensors")
    with TestClient(application(runs, registry=place), base_url="http://127.0.0.1:8765") as made_client:
        yield made_client


def test_it_shows_every_current_verdict_with_its_figures_and_its_run(team: TestClient) -> None:
    answer = team.get("/registry")
    page = words(answer.text)
    assert answer.status_code == 200
    assert "5 current claims" in page
    assert "Of 5 current claims, at least" in page
    assert re.search(r"up numeric on base .*?▲ ?confirmed", page)
    assert 'href="/run/two"' in answer.text
    assert "elsewhere there" in page
    assert '<a href="/registry">registry</a>' in team.get("/").text


def test_names_of_adapters_are_text(team: TestClient) -> None:
    text = team.get("/registry").text
    assert "<b>x</b>" not in text
    assert "&lt;b&gt;x" in text
    assert "script-src" in team.get("/registry").headers["Content-Security-Policy"]


def test_what_was_not_audited_is_listed_with_its_reason(team: TestClient) -> None:
    assert "broken : unusable; no adapter_model.safetensors" in words(team.get("/registry").text)


@pytest.mark.parametrize(
    ("query", "adapters"),
    [
        ("label=code", {"<b>x</b>"}),
        ("base=big", {"<b>x</b>"}),
        ("verdict=not+applied", {"inert"}),
        ("freshness=stale", {"<b>x</b>"}),
        ("adapter=DOW", {"down"}),
        ("label=code&freshness=fresh", set()),
        ("label=code&freshness=fresh&days=500", {"<b>x</b>"}),
    ],
)
def test_filters_show_a_part(team: TestClient, query: str, adapters: set[str]) -> None:
    text = team.get(f"/registry?{query}").text
    shown = re.findall(r'data-label="Adapter">(.*?) <small>', text)
    assert {name.replace("&lt;", "<").replace("&gt;", ">") for name in shown} == adapters


def test_odd_queries_show_everything(team: TestClient) -> None:
    text = team.get("/registry?start=abc&days=-4&freshness=old").text
    assert len(re.findall('data-label="Adapter"', text)) == 5


def test_a_long_registry_has_pages(runs: Path, place: str) -> None:
    with Registry.open(place, write=True) as registry, registry.database.writing() as connection:
        for made in rows(8, 30):
            enter(connection, made)
    client = TestClient(application(runs, registry=place), base_url="http://127.0.0.1:8765")
    text = client.get("/registry?label=code").text
    assert "1 to 80 of 80" in words(text)
    text = client.get("/registry?start=100").text
    assert "101 to 200 of 240" in words(text)
    assert 'href="/registry?start=200"' in text


def test_a_view_without_a_registry_has_no_such_page(runs: Path) -> None:
    client = TestClient(application(runs), base_url="http://127.0.0.1:8765")
    assert client.get("/registry").status_code == 404
    assert "/registry" not in client.get("/").text


def test_a_registry_that_is_not_there_is_refused_at_the_start(runs: Path) -> None:
    with pytest.raises(RunError, match="no registry here"):
        application(runs, registry=str(runs / "registry.sqlite"))


def test_a_run_of_the_folder_is_found_by_its_path(runs: Path, tmp_path: Path) -> None:
    from assay.view.folder import Folder

    folder = Folder(runs)
    assert folder.key_of(runs / "two") == "two"
    assert folder.key_of(runs / "nowhere") is None
    shutil.copytree(runs / "two", tmp_path / "outside")
    assert folder.key_of(tmp_path / "outside") is None
    assert Folder(runs / "two").key_of(runs / "two") == next(iter(Folder(runs / "two").runs()))
