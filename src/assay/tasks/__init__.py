"""What can be measured. A new task is one file and one line here."""

from assay.tasks.hub import read_hub
from assay.tasks.ifeval import IFEval
from assay.tasks.numeric import Numeric
from assay.tasks.task import Example, Form, HubData, Metric, Score, Task
from assay.tasks.world import WorldInstructions, WorldLists, WorldPassages, WorldProblems

__all__ = ["TASKS", "Example", "Form", "HubData", "Metric", "Score", "Task", "read_hub"]

TASKS: dict[str, type[Task]] = {
    "ifeval": IFEval,
    "numeric": Numeric,
    "world-instructions": WorldInstructions,
    "world-lists": WorldLists,
    "world-passages": WorldPassages,
    "world-problems": WorldProblems,
}
"""What a study file calls it, and what it is."""
