"""How far a run is, while it goes on and after it stopped."""

from __future__ import annotations

from pathlib import Path

import pytest

import assay
from assay.audit import open_result
from assay.engines import Fake
from assay.view.progress import Following, Progress
from tests.interruptions import interrupted_at
from tests.runs.generating import COUNT, answer, generating
from tests.view.conftest import entry_of
from tests.view.live import live_run


def parts(progress: Progress) -> dict[tuple[str, str], tuple[int, int, str]]:
    return {(part.subject, part.task): (part.done, part.total, part.status) for part in progress.parts}


def test_a_run_under_way_shows_how_far_it_is_and_what_it_settled(tmp_path: Path) -> None:
    with live_run(tmp_path) as live:
        live.go(1)
        following = Following(entry_of(live.folder.parent, "live"))
        first = following.now()
        assert (first.state, first.study) == ("running", "stopping")
        assert first.settled == ()
        assert first.refused["lift"].reason == "its weights are of another base"
        assert parts(first)["up", "math"] == (0, 400, "waiting")
        while not (later := following.now()).settled:
            live.go(32)
        assert later.stage == "generating"
        assert later.done > first.done
        assert later.rate is not None
        named = {claim.adapter: claim.verdict for claim in later.settled}
        assert any(status.startswith("settled at") for _, _, status in parts(later).values())
        live.finish()
        end = {claim.adapter: claim.verdict for claim in open_result(live.folder).claims}
        assert named.items() <= end.items()
        assert following.now().state == "complete"


def test_a_run_that_was_stopped_shows_what_is_kept(tmp_path: Path) -> None:
    fake = Fake(interrupted_at(30, answer))
    with pytest.raises(KeyboardInterrupt):
        assay.run(generating(tmp_path), tmp_path / "runs" / "x", engine=fake.preflight)
    progress = Following(entry_of(tmp_path / "runs", "x")).now()
    assert (progress.state, progress.stage, progress.rate) == ("stopped", "", None)
    assert progress.done == 29
    assert parts(progress)["base", "math"] == (29, COUNT, "under way")
    assert progress.latest[0][1] == "stopped"


def test_a_run_that_failed_says_why(tmp_path: Path) -> None:
    def fails(_: object) -> str:
        raise RuntimeError("<b>out of memory</b>")

    with pytest.raises(RuntimeError):
        assay.run(generating(tmp_path), tmp_path / "runs" / "x", engine=Fake(fails).preflight)
    progress = Following(entry_of(tmp_path / "runs", "x")).now()
    assert (progress.state, progress.reason) == ("failed", "<b>out of memory</b>")
    assert progress.latest[0][1] == "failed: <b>out of memory</b>"
