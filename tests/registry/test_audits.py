"""An audit is claimed by one process at a time; a claim is taken over once its process has ended."""

from __future__ import annotations

import os
import time

import pytest
import sqlalchemy as sa

from assay.registry.audits import Audits, Subject, this_process
from assay.registry.index import Filter, Registry
from assay.registry.tables import AUDITS
from tests.registry.generated import run, verdict

ADAPTER = Subject("a" * 64, "b" * 64, "sums", "/adapters/sums", "/runs/sums")


def ended() -> str:
    """A process of this machine that has ended."""
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    machine, _, _ = this_process().rsplit("/", 2)
    return f"{machine}/{child}/{time.time():.2f}"


def test_of_two_processes_one_claims_an_audit(registry: Registry) -> None:
    machine, pid, started = this_process().rsplit("/", 2)
    mine, other = Audits(registry.database), Audits(registry.database, f"{machine}/{os.getppid()}/0")
    assert mine.claim(ADAPTER) is None
    assert other.claim(ADAPTER) == "claimed"
    assert mine.finish(ADAPTER, run("sums", verdict(adapter="sums")))
    assert other.claim(ADAPTER) == mine.claim(ADAPTER) == "done"
    assert registry.page(Filter()).total == 1
    assert (pid, bool(started)) == (str(os.getpid()), True)


def test_the_claim_of_a_process_that_has_ended_is_taken_over_at_once(registry: Registry) -> None:
    gone, mine = Audits(registry.database, ended()), Audits(registry.database)
    assert gone.claim(ADAPTER) is None
    assert mine.claim(ADAPTER) is None
    assert not gone.finish(ADAPTER, run("sums", verdict(adapter="sums")))
    assert registry.page(Filter()).total == 0
    gone.fail(ADAPTER, "late")
    assert mine.open_ones()[0]["state"] == "claimed"


@pytest.mark.parametrize(("silent", "state"), [(10.0, "claimed"), (1000.0, None)])
def test_the_claim_of_another_machine_is_taken_over_once_it_is_silent(
    registry: Registry, silent: float, state: str | None
) -> None:
    Audits(registry.database, "elsewhere:pid:[1]/12/34.00").claim(ADAPTER)
    with registry.database.writing() as connection:
        connection.execute(sa.update(AUDITS).values(beat=time.time() - silent))
    assert Audits(registry.database).claim(ADAPTER) == state


def test_a_failed_audit_may_be_claimed_again(registry: Registry) -> None:
    audits = Audits(registry.database)
    audits.claim(ADAPTER)
    with audits.beating(ADAPTER):
        pass
    audits.fail(ADAPTER, "the server is gone")
    (row,) = audits.open_ones()
    assert (row["state"], row["reason"]) == ("failed", "the server is gone")
    assert audits.claim(ADAPTER) is None
