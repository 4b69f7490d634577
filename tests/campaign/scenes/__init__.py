"""What needs whole runs: kills at random instants, faults of the system below, servers that lie, runs side by side.

kills      a process that is killed, and run again
below      disks that are full or broken, memory that ends, a database that another process holds
lies       servers that do not do what they say
company    several processes at one run
"""

from __future__ import annotations

from tests.campaign.kinds import Kind
from tests.campaign.scenes import below, company, kills, lies

__all__ = ["SCENES"]

SCENES: tuple[Kind, ...] = (*kills.KINDS, *below.KINDS, *lies.KINDS, *company.KINDS)
