"""What the addresses show."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest
from starlette.testclient import TestClient

import assay
from assay.view.app import application
from assay.view.folder import Folder
from tests.runs.test_decided import contents
from tests.studies import edit, study_with


def words(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<(script|style)>.*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL))


def test_the_first_page_lists_runs_with_state_verdicts_and_gate(client: TestClient) -> None:
    page = words(client.get("/").text)
    assert "3 runs in" in page
    row = page[page.index("two") :]
    assert re.search(r"two small ✓ complete 1 ▲ confirmed 1 ▼ harmed fail up , down", row)


def test_runs_are_found_by_a_part_of_their_name(client: TestClient) -> None:
    page = client.get("/?name=TW").text
    assert "/run/two" in page
    assert "/run/small" not in page
    assert "No run&#39;s name matches" in client.get("/?name=zzz").text.replace("'", "&#39;")


def test_a_long_list_has_pages(tmp_path: Path) -> None:
    for number in range(120):
        (tmp_path / f"r{number}").mkdir()
        (tmp_path / f"r{number}" / "records.sqlite").write_bytes(b"")
    client = TestClient(application(tmp_path), base_url="http://127.0.0.1")
    first, second = client.get("/").text, client.get("/?start=100").text
    assert "/run/r99" in first
    assert "/run/r100" not in first
    assert "/run/r119" in second
    assert "120 runs" in words(second)


def test_a_complete_run_shows_the_sections_of_its_report(client: TestClient, runs: Path) -> None:
    page, report = client.get("/run/two").text, (runs / "two" / "report.html").read_text()
    own = set(re.findall(r'<section id="([a-z]+)"', page))
    assert own == set(re.findall(r'<section id="([a-z]+)"', report))
    assert re.findall(r"<tbody.*?</tbody>", page, re.DOTALL)[0] in report
    assert "Read all 145 flips" in words(page)


def test_flips_are_shown_a_page_at_a_time_with_filters(client: TestClient) -> None:
    page = words(client.get("/run/two/flips").text)
    assert "Flips 1 to 20 of 145" in page
    assert "Flips 121 to 140 of 145" in words(client.get("/run/two/flips?start=120").text)
    assert "Flips 1 to 20 of 55" in words(client.get("/run/two/flips?adapter=down&direction=broken").text)
    searched = words(client.get("/run/two/flips?adapter=down&text=question+7+").text)
    assert "0 here" in searched or "1 here" in searched


def test_a_form_with_two_adapters_means_the_first(client: TestClient) -> None:
    assert "Flips 1 to 20 of 70" in words(client.get("/run/two/flips?run=two&adapter=up&adapter=down").text)
    assert "<h1>up</h1>" in client.get("/adapter?run=two&run=two&adapter=up&adapter=down").text


def test_one_flip_has_its_texts_whole(client: TestClient) -> None:
    address = re.findall(r'href="(/run/two/flip\?[^"]+)"', client.get("/run/two/flips?adapter=up").text)[0]
    page = words(client.get(address.replace("&amp;", "&")).text)
    assert "▲ fixed" in page
    assert "#### 1" in page
    assert "#### 2" in page
    assert client.get("/run/two/flip?adapter=up&task=math&position=999").status_code == 404


def test_a_run_alone_is_shown_at_once(runs: Path) -> None:
    client = TestClient(application(runs / "two"), base_url="http://127.0.0.1")
    answer = client.get("/")
    assert answer.url.path == f"/run/{next(iter(Folder(runs / 'two').runs()))}"
    assert "all runs" not in answer.text


@pytest.mark.parametrize(
    "key", ["none", "%2e%2e", "..%2f..%2fetc%2fpasswd", "two%2f..%2fsmall", "%00", "~", "two/"]
)
@pytest.mark.parametrize("below", ["", "/flips", "/flip", "/types", "/events"])
def test_what_is_not_listed_is_not_there(client: TestClient, key: str, below: str) -> None:
    answer = client.get(f"/run/{key}{below}", follow_redirects=False)
    assert answer.status_code in (404, 307)
    assert "root:" not in answer.text


@pytest.mark.parametrize(
    "query", ["start=-1", "start=x", "start=99999999999999999999", "direction=up", "task=%00", "type=%ff"]
)
def test_queries_that_mean_nothing_do_no_harm(client: TestClient, query: str) -> None:
    assert client.get(f"/run/two/flips?{query}").status_code == 200


def test_a_run_that_cannot_be_read_is_told_and_the_others_are_listed(client: TestClient, runs: Path) -> None:
    (runs / "two" / "records.sqlite").write_bytes(b"no database at all, for sure" * 99)
    page = words(client.get("/").text)
    assert "cannot be read" in page
    assert "✓ complete" in page
    answer = client.get("/run/two")
    assert answer.status_code == 500
    assert "not a usable records file" in words(answer.text)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e308", "true", "[]", '"<b>"'])
def test_findings_that_no_assay_wrote_do_no_harm(runs: Path, number: str) -> None:
    path = runs / "two" / "verdicts.json"
    path.write_text(re.sub(r'("gain": |"interval": \[\s*)[-0-9.e]+', rf"\g<1>{number}", path.read_text()))
    client = TestClient(application(runs), base_url="http://127.0.0.1", raise_server_exceptions=False)
    assert client.get("/").status_code == 200
    for address in ("/run/two", "/run/two/flips", "/adapter?name=up", "/compare?run=two&run=small"):
        answer = client.get(address)
        assert answer.status_code in (200, 404, 500)
        assert "content-security-policy" in answer.headers


@pytest.mark.parametrize("data", ["{}", "[]", "1", "no json", '{"adapter": [], "task": {}, "n": "x"}'])
@pytest.mark.parametrize("kind", ["plan", "started", "settled", "progress", "failed", "refused", "analyzed"])
def test_events_that_no_assay_wrote_do_no_harm(runs: Path, kind: str, data: str) -> None:
    for running in (False, True):
        with sqlite3.connect(runs / "two" / "records.sqlite") as db:
            db.execute("INSERT INTO events (at, kind, data) VALUES ('', ?, ?)", (kind, data))
            if running:
                db.execute("INSERT INTO events (at, kind, data) VALUES ('', 'analyzing', '{}')")
        db.close()
        client = TestClient(application(runs), base_url="http://127.0.0.1", raise_server_exceptions=False)
        page = client.get("/")
        assert page.status_code == 200
        assert "/run/small" in page.text
        assert client.get("/run/two").status_code in (200, 500)
        assert client.get("/adapter?name=a").status_code == 200


def test_an_empty_folder_says_how_to_make_a_run(tmp_path: Path) -> None:
    page = TestClient(application(tmp_path), base_url="http://127.0.0.1").get("/").text
    assert "assay run STUDY.yaml" in page


def test_two_runs_and_two_adapters_are_shown_beside_each_other(client: TestClient) -> None:
    page = words(client.get("/compare?run=small&run=later").text)
    assert "left: small right: later" in page
    page = words(client.get("/compare?run=two&adapter=up&adapter=down").text)
    assert "1 of 1 findings have another word" in page
    for only_one in ("adapter=&adapter=a", "adapter=a&adapter=", "adapter=a"):
        page = words(client.get(f"/compare?run=small&run=later&{only_one}").text)
        assert "left: a in small right: a in later" in page
    assert client.get("/compare?run=two&adapter=up&adapter=nobody").status_code == 404
    assert client.get("/compare?run=two&run=small&run=later").status_code == 404
    assert client.get("/compare").status_code == 404


def test_a_run_that_was_edited_since_is_told_beside_another(client: TestClient, runs: Path) -> None:
    edit(runs / "small" / "study.yaml", lambda study: study.update(margin=0.02))
    page = words(client.get("/compare?run=small&run=later").text)
    assert "Before you believe what is said of small" in page
    assert "what is said of later" not in page


def test_an_adapters_history_has_every_run_of_it(client: TestClient) -> None:
    page = words(client.get("/adapter?name=a").text)
    assert "in 2 complete runs" in page
    assert "confirmed" in page
    assert client.get("/adapter?name=nobody").status_code == 404


def test_null_responses_are_counted_on_a_run_s_page(client: TestClient, runs: Path, tmp_path: Path) -> None:
    source = tmp_path / "nulls"
    study = study_with(source, 60, 10)
    rows = (source / "a.jsonl").read_text().splitlines()
    rows[:2] = [f'{{"key": "{i}", "response": null}}' for i in range(2)]
    (source / "a.jsonl").write_text("\n".join(rows))
    assay.run(study, runs / "nulls")
    assert "Null responses, scored as empty: 2 of a on math." in words(client.get("/run/nulls").text)
    assert "No response was null." in words(client.get("/run/small").text)


def test_reading_every_page_changes_no_file(client: TestClient, runs: Path) -> None:
    before = contents(runs)
    for path in (
        "/",
        "/run/two",
        "/run/two/flips",
        "/run/two/types",
        "/compare?run=two&run=small",
        "/adapter?name=up",
    ):
        assert client.get(path).status_code == 200
    assert contents(runs) == before
