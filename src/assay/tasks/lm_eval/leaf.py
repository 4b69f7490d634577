"""One lm-eval task: its identity by content, whether it can be used, and its values for a document's answers."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.errors import TaskError
from assay.tasks.lm_eval.index import as_lm_eval, short_error
from assay.tasks.lm_eval.metrics import Column, columns, plain
from assay.tasks.task import Answer

if TYPE_CHECKING:
    from assay.tasks.lm_eval.shell import Shell

__all__ = ["Leaf", "make_leaf"]

IRRELEVANT = ("metadata", "dataset_path", "dataset_name", "dataset_kwargs", "custom_dataset", "task_alias")
"""Fields that say where documents come from, or are for reading: no score depends on them."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A task of lm-eval's, without its data."""

    name: str
    config: Mapping[str, Any]
    shell: Shell
    columns: tuple[Column, ...]
    """What can be compared."""

    @property
    def identity(self) -> Any:
        """All of its configuration that a score depends on, functions by the content of their files; JSON."""
        return _content({key: value for key, value in self.config.items() if key not in IRRELEVANT})

    @property
    def shots(self) -> int | None:
        """Worked examples that its configuration asks for; None where it says nothing."""
        shots = self.config.get("num_fewshot")
        return None if shots is None else int(shots)

    @property
    def repeats(self) -> int:
        """How often lm-eval sends each request."""
        return int(self.shell.config.repeats)

    @property
    def generates(self) -> bool:
        """Whether its requests are for texts; else for log-probabilities of given ones."""
        return bool(self.shell.OUTPUT_TYPE == "generate_until")

    def request_count(self, doc: Mapping[str, Any]) -> int:
        """Requests about a document, without repeats."""
        if self.shell.OUTPUT_TYPE != "multiple_choice":
            return 1
        self.shell.features = list(doc)
        choices = len(self.shell.doc_to_choice(dict(doc)))
        return 2 * choices if "acc_mutual_info" in self.shell.aggregation() else choices

    def chosen(self, data: Mapping[str, Any], answers: Sequence[Answer]) -> str | None:
        """For a reader: the likeliest of a document's choices; None where it has none."""
        if self.shell.OUTPUT_TYPE != "multiple_choice":
            return None
        with as_lm_eval():
            self.shell.features = list(data["doc"])
            choices = self.shell.doc_to_choice(dict(data["doc"]))
        likely = max(range(len(choices)), key=lambda place: answers[place].logprob or 0.0)
        return str(choices[likely])

    def values(
        self, data: Mapping[str, Any], answers: Sequence[Answer], where: str
    ) -> dict[str, tuple[Any, dict[str, Any]]]:
        """By filter: the filtered answers, and lm-eval's values. Raises TaskError about `where`."""
        doc: dict[str, Any] = data["doc"]
        try:
            count = self.request_count(doc)
            responses = [[self._response(answer, where)] for answer in answers]
            if len(responses) == count * self.repeats:  # each request's repeats follow one another
                starts = range(0, len(responses), self.repeats)
                responses = [
                    [text for (text,) in responses[start : start + self.repeats]] for start in starts
                ]
            elif len(responses) == count:
                responses = [response * self.repeats for response in responses]
            else:
                message = f"{len(answers)} answers, and it takes {count}"
                raise TaskError(message, place=where, fix="run the study again")
            with as_lm_eval():
                return self.shell.values(doc, responses, data["inputs"], data["targets"])
        except TaskError:
            raise
        except (Exception, SystemExit) as bad:  # filters and metrics are programs
            raise TaskError(
                f"lm-eval fails to judge the answer ({short_error(bad)})",
                place=where,
                fix="install what it asks for, or correct the task",
            ) from bad

    def _response(self, answer: Answer, where: str) -> Any:
        if self.generates:
            return answer.text
        if answer.logprob is None:
            raise TaskError(
                "a text was recorded where lm-eval takes log-probabilities",
                place=where,
                fix="leave `responses` out and generate",
            )
        return answer.logprob, bool(answer.greedy)


def make_leaf(name: str, config: Mapping[str, Any]) -> Leaf:
    """The task of a configuration. Raises TaskError if assay cannot take it."""
    from assay.tasks.lm_eval.shell import Shell

    if why := _refusal(config):
        raise TaskError(f"lm-eval's task {name!r} {why}", fix="name another task")
    try:
        with as_lm_eval():
            shell = Shell(deepcopy(dict(config)))
            compared = columns(shell)
    except (Exception, SystemExit) as bad:
        raise TaskError(
            f"lm-eval cannot make its task {name!r} ({short_error(bad)})",
            fix="install what it needs, or correct its file",
        ) from bad
    unknown = [metric for metric, function in shell._metric_fn_list.items() if function is None]
    if unknown and not callable(shell.config.process_results):
        raise TaskError(
            f"lm-eval's task {name!r} has the metric {unknown[0]!r}, which lm-eval does not know here",
            fix="correct `metric_list`, or install what has it",
        )
    if not compared:
        names = ", ".join(shell.aggregation()) or "none"
        raise TaskError(
            f"lm-eval's task {name!r} has no metric to compare (its metrics: {names}): none is a mean over examples of "
            f"a number between 0 and 1 that should be high",
            fix="name another task",
        )
    return Leaf(name, config, shell, compared)


def _refusal(config: Mapping[str, Any]) -> str:
    if config.get("output_type") == "loglikelihood_rolling":
        return (
            "asks for the probability of whole texts, and its metrics (perplexities) are of the whole corpus at once: "
            "no example has a part that can be compared"
        )
    if config.get("doc_to_image") or config.get("doc_to_audio"):
        return "shows images or plays sound, and only text is sent"
    if config.get("unsafe_code"):
        return "runs code that the model wrote, which assay does not do"
    return ""


def _content(value: Any) -> Any:
    """As JSON; a function is its name and the digest of its file."""
    if isinstance(value, partial):
        return ["partial", _content(value.func), _content(value.args), _content(value.keywords)]
    if callable(value):
        target = value if inspect.isclass(value) or inspect.isroutine(value) else type(value)
        return [getattr(target, "__qualname__", str(target)), hashlib.sha256(_source(target)).hexdigest()]
    if isinstance(value, Mapping):
        return {str(key): _content(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_content(item) for item in value]
    if hasattr(value, "__dataclass_fields__"):
        return _content({name: getattr(value, name) for name in value.__dataclass_fields__})
    content = plain(value)
    json.dumps(content)
    return content


def _source(target: Any) -> bytes:
    """The file that a function or class is written in; nothing for one that comes with Python."""
    try:
        path = inspect.getsourcefile(target)
    except TypeError:
        return b""
    return Path(path).read_bytes() if path else b""
