"""A custom task, in a YAML file beside the study: prompts, and how to check a response.

    # tone.yaml; the study says `tasks: [{task: tone.yaml}]` and claims `tone.passed`
    capability: support
    prompts: tone.jsonl                        # {"prompt": "...", "answer": "..."} a line
    check: exact                               # or with options: {exact: {ignore: [case, space]}}

| check | a response passes if | a row has |
|---|---|---|
| `exact` | it equals the answer, apart from surrounding space | `answer`: a text, or a list of right ones |
| `contains` | it contains all, any or none of some texts | `all`, `any`, `none`, or the check has them |
| `regex` | a pattern is found in it (`whole`: matches it) | `pattern`, or the check has it |
| `numeric` | its last number is the right one (`read: stated`, `tolerance`) | `answer`: a number |
| `json_schema` | it is JSON as a schema says | `schema`, or the check names a file |
| `python` | a function says so | what the function reads |

Optional: `metric` (its name, `passed`), `max_tokens`, `stop`, `plain` (the text around `{prompt}` without
a chat template), `shots` (few-shot examples, `{prompt, response}` each).

    check     what a check is             answers, schema, python   the six kinds
    form      the fields of the file      reading, task             file -> class of a task
"""

from assay.tasks.custom.reading import read_task
from assay.tasks.custom.task import CustomTask

__all__ = ["CustomTask", "read_task"]
