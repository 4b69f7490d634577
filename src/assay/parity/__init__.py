"""Parity: whether what a server serves is what a run audited, by the log-probabilities of recorded responses.

    parity = check_parity(Path("runs/mine"), ParitySettings("http://localhost:8000"))
    parity.word, parity.sentence

A greedy response is, token for token, what its model holds most likely. Where a served model holds another token more likely,
it would have written something else: the difference in nats is its *shortfall* there, 0 everywhere for the audited model.

shortfall -> of one response at a server      compare -> over a run's responses: the same, or what else
"""

from assay.parity.compare import Parity, ParitySettings, check_parity

__all__ = ["Parity", "ParitySettings", "check_parity"]
