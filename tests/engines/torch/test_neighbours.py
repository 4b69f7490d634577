"""An idle team of threads is held while other processes use the cores, and no longer."""

from __future__ import annotations

import threading

from assay.engines.torch.neighbours import IdleTeam, minding_neighbours


def names() -> list[str]:
    return [thread.name for thread in threading.enumerate()]


def test_a_team_is_held_from_a_crowd_until_the_cores_are_quiet() -> None:
    team = IdleTeam()
    held = []
    for busy in (0.0, 0.4, 1.0, 0.9, 0.3, 0.1, 0.3, 0.6, 0.0):
        team.follow(busy)
        held.append(team.held)
        assert names().count("idle team") == team.held
    assert held == [False, False, True, True, True, False, False, True, False]


def test_a_watch_ends_with_its_block() -> None:
    with minding_neighbours():
        assert "neighbours" in names()
    assert not {"neighbours", "idle team"} & set(names())
