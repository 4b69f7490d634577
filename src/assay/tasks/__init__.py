"""What can be measured. A new task is one file and one line here."""

from assay.tasks.hub import read_hub
from assay.tasks.ifeval import IFEval
from assay.tasks.numeric import Numeric
from assay.tasks.task import Example, Form, HubData, Metric, Score, Task

__all__ = ["TASKS", "Example", "Form", "HubData", "Metric", "Score", "Task", "read_hub"]

TASKS: dict[str, type[Task]] = {
    "ifeval": IFEval,
    "numeric": Numeric,
}
"""What a study file calls it, and what it is."""
