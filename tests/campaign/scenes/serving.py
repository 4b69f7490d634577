"""A toy server or judge in a process of its own, until its input is closed; it prints its address."""

from __future__ import annotations

import sys

from tests.engines.server.servers import Toy, serving
from tests.scoring.judge.servers import judging
from tests.scoring.judge.test_study import kindly

if __name__ == "__main__":
    if sys.argv[1] == "judge":
        with judging(kindly) as judge:
            print(judge.url, flush=True)
            sys.stdin.read()
    else:
        with serving(Toy(sys.argv[1])) as address:
            print(address, flush=True)
            sys.stdin.read()
