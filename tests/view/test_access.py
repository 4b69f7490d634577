"""Only known hosts and the token get answers, and every answer has the headers."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from assay.view.access import is_local, new_token
from assay.view.app import application

TOKEN = "a-token-of-the-test"  # noqa: S105


@pytest.mark.parametrize("host", ["localhost:99", "127.0.0.1", "[::1]:8765", "10.0.0.9:1", "LOCALHOST"])
def test_addresses_in_numbers_and_this_machine_are_answered(client: TestClient, host: str) -> None:
    assert client.get("/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8765", "localhost.evil.example", "127.0.0.1.nip.io", ""]
)
def test_a_name_that_somebody_lets_point_here_is_refused(client: TestClient, host: str) -> None:
    answer = client.get("/", headers={"host": host})
    assert answer.status_code == 421
    assert "two" not in answer.text


@pytest.mark.parametrize("path", ["/", "/run/two", "/run/none", "/run/two/flips", "/compare", "/%2e%2e/x"])
def test_every_answer_has_a_strict_policy(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert {"script-src", "style-src", "base-uri 'none'", "frame-ancestors 'none'"} <= {
        part.strip() if "'none'" in part else part.split()[0] for part in policy.split(";")
    }
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_it_only_reads(client: TestClient, method: str) -> None:
    assert client.request(method, "/").status_code == 405


def guarded(runs: Path) -> TestClient:
    return TestClient(application(runs, "0.0.0.0", TOKEN), base_url="http://10.0.0.9:8765")  # noqa: S104


@pytest.mark.parametrize(
    "query", ["", "?token=", "?token=wrong", f"?token={TOKEN}x", f"?token={TOKEN[:-1]}", "?token=%ff"]
)
def test_without_the_token_nothing_is_shown(runs: Path, query: str) -> None:
    for path in ("/", "/run/two", "/run/two/events", "/nowhere"):
        answer = guarded(runs).get(path + query)
        assert answer.status_code == 401
        assert "two" not in answer.text
        assert "set-cookie" not in answer.headers


def test_the_token_is_needed_once_and_leaves_the_address(runs: Path) -> None:
    client = guarded(runs)
    answer = client.get(f"/run/two?a=1&token={TOKEN}", follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/run/two?a=1"
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert client.get("/run/two").status_code == 200
    assert client.get("/run/two?token=wrong").status_code == 401


def test_the_token_leads_to_no_other_site(runs: Path) -> None:
    answer = guarded(runs).get(f"//evil.example/%2f?token={TOKEN}", follow_redirects=False)
    assert answer.headers["location"].startswith("/")
    assert not answer.headers["location"].startswith(("//", "/\\"))


def test_a_wrong_cookie_is_no_token(runs: Path) -> None:
    client = guarded(runs)
    for cookie in ("assay-view-8765=wrong", "assay-view-8765=", "=;;=", 'a="\\'):
        assert client.get("/", headers={"cookie": cookie}).status_code == 401


def test_tokens_differ_and_only_this_machines_own_addresses_are_local() -> None:
    assert len({new_token() for _ in range(20)}) == 20
    assert len(new_token()) >= 40
    assert all(map(is_local, ("127.0.0.1", "127.9.9.9", "::1", "localhost")))
    assert not any(map(is_local, ("0.0.0.0", "::", "192.168.1.2", "example.org", "")))  # noqa: S104
