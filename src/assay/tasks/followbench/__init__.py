"""FollowBench: are five levels of added constraints followed? (Jiang et al. 2024, arXiv 2310.20410)

Its 820 prompts are two tasks here, so that what a rule decides never waits for a judge, nor mixes with it:

    - {task: followbench-rules, prompts: followbench}       # 350 prompts; the folder of the six data files
    - {task: followbench-judged, prompts: followbench}      # 470 prompts; the study needs a `judge`

`hard` is the hard satisfaction rate (HSR) and `soft` the soft one (SSR) of a part. The five prompts of a group
are no independent evidence, so gains count groups (`cluster`). The benchmark's own tables, by level and with
the consistent satisfaction levels (CSL), are made by `rates` from both parts:

    rates(Outcome(example.data["group"], example.data["level"], hard, soft) for ...).consistent

    rules   the reference's rules, as they are       judging the question to a judge, how its answer is read
    data    the files -> examples                    task, rates
"""

from assay.tasks.followbench.rates import Outcome, Rates, rates
from assay.tasks.followbench.task import FollowBenchJudged, FollowBenchRules

__all__ = ["FollowBenchJudged", "FollowBenchRules", "Outcome", "Rates", "rates"]
