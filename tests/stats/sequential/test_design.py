"""Looks, the verdict at each, and when it is settled. Rules: design note, sections 6 and 9.1 to 9.4."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr

from assay.stats import ClaimKind, ClusteredGain, Finding, Gain, PairedGain, Verdict, judge, paired_interval
from assay.stats.sequential import (
    BettingGain,
    Design,
    HwangShihDeCani,
    OBrienFleming,
    Pocock,
    RepeatedGain,
    critical_values,
    settled,
    settled_for_gate,
    stand,
)
from tests.stats.sequential.oracles import Floats, counts_at, score_z

MARGIN, ALPHA, POOL = 0.05, 0.05, 541


def drawn(up: int, down: int, n: int = POOL, seed: int = 0) -> Floats:
    """One random order of a pool that rises on `up` prompts and falls on `down`."""
    values = np.array([1.0] * up + [-1.0] * down + [0.0] * (n - up - down))
    return np.random.default_rng(seed).permutation(values)


def finding(verdict: str, low: float = -0.2, high: float = 0.2) -> Finding:
    return Finding(Verdict(verdict), False, False, 0.5, low, high, 0.9, None)


@pytest.mark.parametrize(
    ("verdict", "low", "stands", "for_gate"),
    [
        ("confirmed", 0.06, True, True),
        ("trivial", 0.01, True, True),
        ("harmed", -0.2, True, True),
        ("gain", 0.01, False, False),
        ("no gain", -0.02, False, True),
        ("undecided", -0.2, False, False),
        ("kept", -0.02, False, False),
        ("kept", 0.0, True, True),
    ],
)
def test_a_verdict_is_settled_where_no_sharper_word_is_left(
    verdict: str, low: float, stands: bool, for_gate: bool
) -> None:
    assert settled(finding(verdict, low)) is stands
    assert settled_for_gate(finding(verdict, low)) is for_gate


@pytest.mark.parametrize("kind", ["gains", "keeps"])
@pytest.mark.parametrize(("up", "down"), [(15, 110), (110, 15), (60, 60), (70, 48), (6, 5), (40, 8)])
def test_a_settled_verdict_is_never_replaced_by_another(kind: ClaimKind, up: int, down: int) -> None:
    d = drawn(up, down)
    for design in (Design(POOL), Design(POOL, kind="betting", every=120)):
        words = [stand(design.evidence(d[:n]), kind, MARGIN, ALPHA, pool=POOL) for n in design.looks]
        first = next((standing for standing in words if standing.settled), words[-1])
        assert {standing.verdict for standing in words if standing.n >= first.n} == {first.verdict}
        assert words[-1].ended
        assert words[-1].stops


def test_one_look_at_the_pool_is_the_full_runs_verdict() -> None:
    for up, down in ((60, 45), (30, 80), (3, 2), (20, 19)):
        d = drawn(up, down)
        early = judge(Design(POOL).evidence(d, looks=[]), "gains", MARGIN, ALPHA)
        full = judge(PairedGain(up, down, POOL), "gains", MARGIN, ALPHA)
        assert early.verdict == full.verdict
        assert (early.low, early.high) == pytest.approx((full.low, full.high), abs=1e-9)
        assert early.p == pytest.approx(max(full.p, 1e-12), rel=1e-6)
        assert early.examples_needed == full.examples_needed


def test_the_repeated_interval_is_that_of_the_looks_own_level() -> None:
    design, d = Design(POOL, every=100), drawn(80, 30)
    gain = design.evidence(d[:164])
    spent = [design.spending.spent(ALPHA, n / POOL) for n in (64, 164)]
    level = float(ndtr(-critical_values((64, 164), spent)[1]))
    b, c = (int((d[:164] == side).sum()) for side in (1, -1))
    assert gain.interval(1 - 2 * ALPHA) == pytest.approx(paired_interval(b, c, 164, 1 - 2 * level))


def test_a_rejection_at_an_early_look_stands() -> None:
    """All rises come first, and then all falls: the last look alone excludes nothing."""
    d = np.concatenate([np.ones(21), -np.ones(5), np.zeros(38), -np.ones(16), np.zeros(120)])
    gain = Design(200, every=136).evidence(d)
    assert isinstance(gain, RepeatedGain)
    assert gain.now.interval(0.9)[0] < 0 < gain.interval(0.9)[0]


def test_looks_that_contradict_each_other_leave_the_last_one_alone() -> None:
    d = np.concatenate([np.ones(100), -np.ones(300)])
    gain = Design(400, first=100, every=300).evidence(d)
    assert isinstance(gain, RepeatedGain)
    low, high = gain.interval(0.9)
    assert low < gain.estimate < high < 0


def test_a_look_rejects_where_the_exact_test_does_at_its_own_level() -> None:
    """4 of 64 rise and none falls: exact p .024, between a late spending's level and an early one's."""
    d = np.concatenate([np.ones(4), np.zeros(60)])
    late, early = (Design(128, spending=HwangShihDeCani(gamma)).evidence(d) for gamma in (-1, 1.5))
    assert stand(early, "gains", 0.5, ALPHA, pool=128).verdict == "trivial"
    assert stand(late, "gains", 0.5, ALPHA, pool=128).verdict == "no gain"
    # Nor does a later look, at which many differ, inherit what was denied.
    for gain, inherited in ((early, True), (late, False)):
        assert isinstance(gain, RepeatedGain)
        later = replace(gain, gains=(*gain.gains, PairedGain(20, 20, 128)))
        assert later.rejects_above(0.0, ALPHA) is inherited


@pytest.mark.parametrize("design", [Design(POOL), Design(POOL, kind="betting")])
def test_p_and_interval_of_a_design_agree(design: Design) -> None:
    gain = design.evidence(drawn(75, 40)[:420])
    low, high = gain.interval(1 - 2 * ALPHA)
    near = 1e-4
    assert gain.p_above(low - near) < ALPHA < gain.p_above(low + near)
    assert gain.p_below(high + near) < ALPHA < gain.p_below(high - near)
    assert gain.p_two_sided == pytest.approx(min(1, 2 * min(gain.p_above(0), gain.p_below(0))))
    assert gain.p_above(1.5) == 1


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 60), st.integers(0, 60), st.sampled_from(["group", "betting"]))
def test_swapping_adapter_and_base_turns_the_evidence_round(up: int, down: int, kind: str) -> None:
    design = Design(200, kind=kind, every=68)  # type: ignore[arg-type]
    d = drawn(up, down, 200)[:132]
    one, other = design.evidence(d), design.evidence(-d)
    low, high = one.interval(0.9)
    assert other.interval(0.9) == pytest.approx((-high, -low), abs=1e-9)
    assert one.p_above(0) == pytest.approx(other.p_below(0))
    assert one.rejects_above(0.02, ALPHA) == other.rejects_below(-0.02, ALPHA)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 60), st.integers(0, 60))
def test_the_interval_narrows_from_look_to_look(up: int, down: int) -> None:
    design, d = Design(200, every=34), drawn(up, down, 200)
    enough = [n for n in design.looks if (d[:n] != 0).sum() >= 25]
    ends = [design.evidence(d[:n]).interval(0.9) for n in enough]
    for (low, high), (later_low, later_high) in pairwise(ends):
        assert low <= later_low < later_high <= high


def test_weights_and_seeds_bring_the_ratio_estimator_over_prompts() -> None:
    rng = np.random.default_rng(4)
    m = rng.integers(1, 4, 200).astype(float)
    d = np.stack([np.clip(rng.integers(-1, 2, 200), -m, m) for _ in range(3)], axis=1)
    gain = Design(200).evidence(d, m, looks=[])
    plain = ClusteredGain(d.mean(axis=1), m)
    assert gain.estimate == pytest.approx(plain.estimate)
    assert gain.interval(0.9) == pytest.approx(plain.interval(0.9), abs=1e-9)
    assert gain.seed_share(0.9) == 0
    assert gain.standard_error == plain.standard_error
    bets = Design(200, kind="betting").evidence(d, m, heaviest=3)
    assert isinstance(bets, BettingGain)
    low, high = bets.interval(0.9)
    assert low < plain.interval(0.9)[0] < plain.interval(0.9)[1] < high


def test_looks_begin_at_the_first_and_end_at_the_pool() -> None:
    assert Design(200, first=64, every=64).looks == (64, 128, 192, 200)
    assert Design(50).looks == (50,)
    assert Design(200, every=64).next_look(64) == 128
    assert Design(200, every=64).next_look(200) is None


def test_an_unplanned_look_is_counted() -> None:
    gain = Design(POOL).evidence(drawn(30, 30)[:70])
    assert isinstance(gain, RepeatedGain)
    assert gain.looks == (64, 70)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="ends at 100"):
        Design(100).evidence(np.zeros(101))
    with pytest.raises(ValueError, match="'group' or 'betting'"):
        Design(100, kind="both")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="one prompt at least"):
        Design(0)
    with pytest.raises(ValueError, match="rise to at most the pool"):
        RepeatedGain((PairedGain(1, 1, 9), PairedGain(1, 1, 9)), 10, OBrienFleming())


# Simulation: what the declared error and the interval's coverage come to.


def error(
    design: Design, gain: float, discordance: float, t: float, looks: Sequence[int], draws: int
) -> tuple[float, float]:
    """How often {gain <= t} and {gain >= t} are rejected at some look, by the test's own score statistic."""
    spent = [design.spending.spent(ALPHA, n / design.pool) for n in looks]
    bounds = critical_values(looks, spent)
    b, c = counts_at(looks, discordance, gain, draws, np.random.default_rng(21))
    z = score_z(b, c, np.asarray(looks, dtype=float), t)
    return float((z >= bounds).any(axis=1).mean()), float((z <= np.negative(bounds)).any(axis=1).mean())


@pytest.mark.slow
@pytest.mark.parametrize("spending", [HwangShihDeCani(-4), HwangShihDeCani(-2), OBrienFleming(), Pocock()])
@pytest.mark.parametrize("discordance", [0.1, 0.2, 0.3])
@pytest.mark.parametrize("gain", [0.0, MARGIN, -MARGIN])
def test_type_i_error_at_both_boundaries_with_unequal_looks_is_alpha(
    spending: OBrienFleming, discordance: float, gain: float
) -> None:
    looks = (64, 80, 170, 200, 330, 420, 541)
    rates = error(Design(POOL, spending=spending), gain, discordance, gain, looks, 40_000)
    # As the score test alone, which is asymptotic: up to a tenth of alpha above, three standard errors aside.
    assert max(rates) <= ALPHA * 1.1 + 3 * (ALPHA * (1 - ALPHA) / 40_000) ** 0.5
    assert min(rates) >= ALPHA * 0.75


@pytest.mark.slow
@pytest.mark.parametrize("gain", [0.0, MARGIN])
def test_resuming_with_another_schedule_keeps_the_error(gain: float) -> None:
    """Begun with a look every 64, interrupted after 192, and gone on with every 16: `evidence` replays it."""
    looks = [64, 128, 192, *range(200, POOL, 16), POOL]
    design = Design(POOL, every=64)
    rng = np.random.default_rng(22)
    rejected = np.zeros(2)
    for _ in range(500):
        d = rng.choice([1.0, -1.0, 0.0], p=[0.1 + gain / 2, 0.1 - gain / 2, 0.8], size=POOL)
        low, high = design.evidence(d, looks=looks).interval(1 - 2 * ALPHA)
        rejected += low > gain, high < gain
    assert (rejected / 500 <= ALPHA * 1.1 + 3 * (ALPHA * (1 - ALPHA) / 500) ** 0.5).all()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("gain", "wrong"),
    [
        (0.0, {"confirmed", "gain", "trivial"}),
        (0.0, {"harmed"}),
        (MARGIN, {"no gain", "trivial", "harmed"}),
        (MARGIN - 1e-9, {"confirmed"}),
        (-0.001, {"confirmed", "gain", "trivial"}),
    ],
)
def test_a_stopped_run_says_what_is_false_no_more_often_than_alpha(gain: float, wrong: set[str]) -> None:
    rng = np.random.default_rng(23)
    design, errors, runs = Design(POOL, every=96), 0, 600
    for _ in range(runs):
        d = rng.choice([1.0, -1.0, 0.0], p=[0.1 + gain / 2, 0.1 - gain / 2, 0.8], size=POOL)
        for n in design.looks:
            standing = stand(design.evidence(d[:n]), "gains", MARGIN, ALPHA, pool=POOL)
            if standing.stops:
                break
        errors += standing.verdict in wrong
    assert errors / runs <= ALPHA * 1.1 + 3 * (ALPHA * (1 - ALPHA) / runs) ** 0.5


@pytest.mark.slow
def test_the_ratio_and_the_seed_average_keep_their_error_at_looks() -> None:
    """Several checks a prompt, two seeds that share prompts: gain 0, rejected at alpha on either side."""
    rng = np.random.default_rng(24)
    design = Design(POOL, every=64)
    rejected = np.zeros(2)
    for _ in range(1000):
        m = rng.integers(1, 4, POOL).astype(float)
        shared = rng.choice([1.0, -1.0, 0.0], p=[0.1, 0.1, 0.8], size=POOL)
        own = rng.choice([1.0, -1.0, 0.0], p=[0.05, 0.05, 0.9], size=(POOL, 2))
        low, high = design.evidence(
            np.clip(shared[:, None] * m[:, None] + own, -m[:, None], m[:, None]), m
        ).interval(0.9)
        rejected += low > 0, high < 0
    assert (rejected / 1000 <= ALPHA + 3 * (ALPHA * (1 - ALPHA) / 1000) ** 0.5).all()


def test_gains_of_other_designs_are_gains() -> None:
    evidence: list[Gain] = [
        Design(100).evidence(np.zeros(64)),
        Design(100, kind="betting").evidence(np.zeros(64)),
    ]
    assert [judge(gain, "keeps", MARGIN, ALPHA).verdict for gain in evidence] == ["undecided", "undecided"]
