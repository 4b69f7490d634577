"""Any lm-evaluation-harness task, or group of tasks, as one task of a study: `task: "harness:arc_easy"`.

    tasks:
      - {task: "harness:gsm8k", name: gsm8k, limit: 500}
      - {task: "harness:arc_easy", name: arc, shots: 5}
      - {task: "harness:mine", include_path: my_tasks}      # YAML files of one's own, as for `lm_eval --include_path`

lm-eval writes the prompts, draws the few-shot examples (with its seeds), filters the responses and scores them;
assay's engine generates for a base and all its adapters at once. Needs `pip install 'lora-assay[harness]'`.
A metric is called as lm-eval calls it, `arc.acc`, behind `@` the filter where a task has several:
`gsm8k.exact_match@strict-match`. A task's first metric is its primary one.

Compared are metrics that are means over the examples of a number between 0 and 1 that should be high. What
is computed from the whole corpus at once (perplexity, BLEU, F1, MCC), or goes beyond 1, has no paired
interval: each example's part is kept in the score's detail, without a verdict. The examples of a group are
one list, a task's after the other's in turn, so that a `limit` takes as many of each; its figure is the mean
over examples, or over tasks where the group says `weight_by_size: false`.

Refused: tasks with nothing to compare, with images or sound, that run code which a model wrote, and the few
that are Python classes. A folder of one's own may hold Python, which runs here, like any of lm-eval's.

    index    lm-eval's index: a name to its tasks              metrics    which are compared, values to counts
    leaf     one task: configuration, identity, values         documents  its documents and their requests
    task     all of it as a task of assay                      shell      a task of lm-eval's without its data
"""

from assay.tasks.lm_eval.task import PREFIX, LmEvalTask, lm_eval_task

__all__ = ["PREFIX", "LmEvalTask", "lm_eval_task"]
