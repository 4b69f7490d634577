"""Statistics of paired comparisons: pure functions of numbers, with no models, files or settings.

Unit of analysis: the prompt. Shares and gains are fractions of 1; a gain is adapter minus base on the same
prompts. Each function names its source; `tests/stats` holds the numbers that it must give.

    >>> from assay.stats import PairedGain, judge
    >>> judge(PairedGain(b=6, c=16, n=161), "gains", margin=0.05, alpha=0.05).verdict
    'harmed'
"""

from assay.stats.attainable import (
    AttainableTable,
    Rounding,
    attainable_counts,
    attainable_sizes,
    attainable_tables,
    attainable_words,
)
from assay.stats.configurations import (
    RandomEffects,
    holm_count,
    next_interval,
    partial_conjunction,
    random_effects,
)
from assay.stats.drift import (
    Drift,
    Estimate,
    drifts,
    excess,
    gap,
    gap_max,
    gap_over_seeds,
    mover_difference,
    mover_mean,
)
from assay.stats.exact import exact_paired_p, paired_interval
from assay.stats.gains import Gain, PairedGain, paired_gain
from assay.stats.likelihood import weighted_p
from assay.stats.multiplicity import benjamini_hochberg, holm
from assay.stats.noise import FEWEST_REPEATED, clustering_p, noise_limit, survives_noise
from assay.stats.paired import (
    mcnemar_exact,
    mcnemar_midp,
    mcnemar_midp_down,
    mcnemar_midp_up,
    newcombe_interval,
    tango_interval,
    tango_p_above,
    tango_p_below,
    tango_z,
)
from assay.stats.pivots import FEW
from assay.stats.power import (
    RecipeVariances,
    detectable_gain,
    detectable_recipe_gain,
    detectable_recipe_gain_if_known,
    mcnemar_power,
    paired_power,
    prompts_for_equivalence,
    prompts_to_detect,
    prompts_to_exclude,
)
from assay.stats.proportion import proportion_interval
from assay.stats.ratio import ratio_interval, ratio_standard_error
from assay.stats.seeds import (
    SeedComponents,
    next_seed_interval,
    recipe_interval,
    seed_components,
)
from assay.stats.sequential import (
    POOL_WORDS,
    BettingGain,
    Design,
    HwangShihDeCani,
    OBrienFleming,
    Pocock,
    PoolAnswer,
    RepeatedGain,
    Spending,
    Standing,
    pool_answer,
    settled,
    settled_for_gate,
    stand,
)
from assay.stats.verdict import Verdict
from assay.stats.verdicts import (
    ClaimKind,
    Finding,
    agreeing_interval,
    contradicted,
    judge,
    side,
    word_of_interval,
)
from assay.stats.weighted import ClusteredGain, RecipeGain

__all__ = [
    "FEW",
    "FEWEST_REPEATED",
    "POOL_WORDS",
    "AttainableTable",
    "BettingGain",
    "ClaimKind",
    "ClusteredGain",
    "Design",
    "Drift",
    "Estimate",
    "Finding",
    "Gain",
    "HwangShihDeCani",
    "OBrienFleming",
    "PairedGain",
    "Pocock",
    "PoolAnswer",
    "RandomEffects",
    "RecipeGain",
    "RecipeVariances",
    "RepeatedGain",
    "Rounding",
    "SeedComponents",
    "Spending",
    "Standing",
    "Verdict",
    "agreeing_interval",
    "attainable_counts",
    "attainable_sizes",
    "attainable_tables",
    "attainable_words",
    "benjamini_hochberg",
    "clustering_p",
    "contradicted",
    "detectable_gain",
    "detectable_recipe_gain",
    "detectable_recipe_gain_if_known",
    "drifts",
    "exact_paired_p",
    "excess",
    "gap",
    "gap_max",
    "gap_over_seeds",
    "holm",
    "holm_count",
    "judge",
    "mcnemar_exact",
    "mcnemar_midp",
    "mcnemar_midp_down",
    "mcnemar_midp_up",
    "mcnemar_power",
    "mover_difference",
    "mover_mean",
    "newcombe_interval",
    "next_interval",
    "next_seed_interval",
    "noise_limit",
    "paired_gain",
    "paired_interval",
    "paired_power",
    "partial_conjunction",
    "pool_answer",
    "prompts_for_equivalence",
    "prompts_to_detect",
    "prompts_to_exclude",
    "proportion_interval",
    "random_effects",
    "ratio_interval",
    "ratio_standard_error",
    "recipe_interval",
    "seed_components",
    "settled",
    "settled_for_gate",
    "side",
    "stand",
    "survives_noise",
    "tango_interval",
    "tango_p_above",
    "tango_p_below",
    "tango_z",
    "weighted_p",
    "word_of_interval",
]
