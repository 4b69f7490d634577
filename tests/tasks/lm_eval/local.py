"""Tasks of lm-eval's on local data: two that generate, two that choose, a group, and some to be refused."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

WORDS = ("red", "green", "blue", "stone", "river", "cloud", "seven", "eleven", "apple", "table")
TESTS = 8
"""Documents of each task."""

TASKS = {
    "gen_match": """
output_type: generate_until
num_fewshot: 2
doc_to_text: "Question: {{question}}\\nAnswer:"
doc_to_target: "{{'aeiou'[id % 5]}}"
generation_kwargs: {until: ["\\n", "Q"], max_gen_toks: 20, do_sample: false, top_p: 0.9}
filter_list:
  - {name: first, filter: [{function: regex, regex_pattern: "([aeiou])", group_select: 0}, {function: take_first}]}
  - {name: last, filter: [{function: regex, regex_pattern: "([aeiou])", group_select: -1}, {function: take_first}]}
metric_list: [{metric: exact_match, aggregation: mean, higher_is_better: true, ignore_case: true}]
""",
    "gen_share": """
output_type: generate_until
description: "Answer with a word.\\n\\n"
doc_to_text: "{{question}}"
doc_to_target: answer
process_results: !function share.judge
generation_kwargs: {until: ["e"], max_gen_toks: 12}
metric_list:
  - {metric: letters, aggregation: mean, higher_is_better: true}
  - {metric: length, aggregation: !function share.longest, higher_is_better: true}
""",
    "mc_plain": """
tag: both
output_type: multiple_choice
num_fewshot: 1
doc_to_text: "{{question}}\\nAnswer:"
doc_to_choice: choices
doc_to_target: gold
metric_list:
  - {metric: acc, aggregation: mean, higher_is_better: true}
  - {metric: acc_norm, aggregation: mean, higher_is_better: true}
  - {metric: acc_mutual_info, aggregation: mean, higher_is_better: true}
  - {metric: brier_score, aggregation: brier_score, higher_is_better: false}
""",
    "mc_inputs": """
tag: both
output_type: multiple_choice
doc_to_text: label
doc_to_choice: options
doc_to_target: sentence
test_split: short
metric_list: [{metric: acc, aggregation: mean, higher_is_better: true}]
""",
    "rolling": """
output_type: loglikelihood_rolling
doc_to_text: ""
doc_to_target: sentence
""",
    "corpus": """
output_type: generate_until
doc_to_text: sentence
doc_to_target: answer
metric_list: [{metric: bleu}]
""",
    "picture": """
output_type: generate_until
doc_to_text: sentence
doc_to_target: answer
doc_to_image: sentence
""",
    "code": """
output_type: generate_until
doc_to_text: sentence
doc_to_target: answer
unsafe_code: true
""",
    "beams": """
output_type: generate_until
doc_to_text: sentence
doc_to_target: answer
generation_kwargs: {until: ["."], num_beams: 4}
""",
    "far": """
output_type: generate_until
doc_to_text: sentence
doc_to_target: answer
process_results: !function share.far
metric_list: [{metric: points, aggregation: mean, higher_is_better: true}]
""",
    "votes": """
output_type: generate_until
repeats: 3
doc_to_text: sentence
doc_to_target: answer
generation_kwargs: {until: ["."], do_sample: true, temperature: 0.7}
filter_list: [{name: most, filter: [{function: majority_vote}, {function: take_first}]}]
metric_list: [{metric: exact_match, aggregation: mean, higher_is_better: true}]
""",
}
SHARE = """
def judge(doc, results):
    text = results[0]
    return {"letters": sum(c.isalpha() for c in text) / max(1, len(text)), "length": len(text)}

def longest(items):
    return max(items)

def far(doc, results):
    return {"points": 7}
"""


def documents(count: int, seed: str) -> list[dict[str, Any]]:
    drawn = random.Random(seed)  # noqa: S311
    rows = []
    for i in range(count):
        choices = drawn.sample(WORDS, 4)
        rows.append(
            {
                "id": i,
                "question": f"Which of {', '.join(choices)} stands at place {i % 4}?",
                "choices": choices,
                "gold": i % 4,
                "answer": choices[i % 4],
                "sentence": f"The {choices[0]} is",
                "options": [f"{word} fell" for word in choices[:2]],
                "label": i % 2,
            }
        )
    return rows


def make_tasks(folder: Path) -> Path:
    """A folder for `include_path`, and its data beside it."""
    tasks = folder / "tasks"
    tasks.mkdir()
    files = {"train": documents(6, "train"), "test": documents(TESTS, "test")}
    files["short"] = files["test"][:2]
    for name, rows in files.items():
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    kwargs = {
        "data_files": {name: str(folder / f"{name}.jsonl") for name in files},
        "cache_dir": str(folder / "cache"),
    }
    (tasks / "_head").write_text(
        f"dataset_path: json\ndataset_kwargs: {json.dumps(kwargs)}\ntraining_split: train\ntest_split: test\n"
    )
    for name, text in TASKS.items():
        (tasks / f"{name}.yaml").write_text(f"include: _head\ntask: {name}\n{text}")
    (tasks / "share.py").write_text(SHARE)
    for name, by_size in (("by_size", "true"), ("by_task", "false")):
        (tasks / f"{name}.yaml").write_text(
            f"group: {name}\ntask: [mc_plain, mc_inputs]\n"
            f"aggregate_metric_list: [{{metric: acc, weight_by_size: {by_size}}}]\n"
        )
    return tasks
