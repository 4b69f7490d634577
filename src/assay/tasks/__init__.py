"""What can be measured: benchmarks, a user's own tasks, plugins, and any task of lm-evaluation-harness.

task           what a task is: examples, metrics, a verifier    registry   the tasks by name
hub            examples from the hub                            plugins    tasks of installed packages
judged         a task that a judge model decides                few_shot   worked examples for `numeric`
instructions   what IFEval, M-IFEval and IFBench share          ifeval, mifeval, ifbench, followbench, numeric
custom         a task in a user's YAML file                     lm_eval    tasks of lm-evaluation-harness
"""

from assay.tasks.custom import CustomTask, read_task
from assay.tasks.hub import read_hub
from assay.tasks.plugins import load_plugin, plugin_names
from assay.tasks.registry import SUITE, TASKS, default_suite, find_task, load_task, task_names
from assay.tasks.task import Example, Form, HubData, Metric, Score, Task

__all__ = [
    "SUITE",
    "TASKS",
    "CustomTask",
    "Example",
    "Form",
    "HubData",
    "Metric",
    "Score",
    "Task",
    "default_suite",
    "find_task",
    "load_plugin",
    "load_task",
    "plugin_names",
    "read_hub",
    "read_task",
    "task_names",
]
