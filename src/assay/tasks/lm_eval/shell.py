"""A subclass of lm-eval's task, without its data, which filters and scores. Imported only where lm-eval is installed."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Any, ClassVar

from lm_eval.api.instance import Instance
from lm_eval.api.registry import get_aggregation
from lm_eval.api.task import ConfigurableTask
from lm_eval.tasks._factory import TaskFactory

from assay.errors import TaskError

__all__ = ["Configuration", "Configurations", "DataError", "Instance", "Shell", "full_task", "is_mean"]


@dataclass(frozen=True, slots=True)
class Configuration:
    """A task that is not made yet."""

    name: str
    config: dict[str, Any]
    """As lm-eval would make it from, functions resolved."""


class Configurations(TaskFactory):  # type: ignore[misc]
    """lm-eval's own reading of tasks, groups and tags, up to where a task would load its data."""

    def build(self, entry: Any, *, overrides: dict[str, Any] | None = None, registry: Any) -> Any:
        """A `Configuration`, a list of them (a tag), or a group of lm-eval's that holds them."""
        return super().build(entry, overrides=overrides, registry=registry)

    def _build_task(self, entry: Any, overrides: dict[str, Any] | None) -> Configuration:
        config = self._load_full_config(entry, overrides)
        for structural in ("tag", "group", "task_list"):
            config.pop(structural, None)
        if "class" in config:
            raise TaskError(
                f"lm-eval's task {config.get('task', entry.name)!r} is a Python class, and only tasks in YAML are taken",
                fix="run it with lm-eval itself, and read its log as recorded responses",
            )
        return Configuration(config["task"], config)


class _NoDocuments:
    """Replaces the documents while lm-eval looks at the first one."""

    features: ClassVar[dict[str, Any]] = {}

    def __getitem__(self, _: int) -> dict[str, Any]:
        return {}


class Shell(ConfigurableTask):  # type: ignore[misc]
    """A task without its data: what it makes of responses depends on a document and its configuration alone."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._made = False
        super().__init__(config=config)
        self._made = True

    def download(self, *_: Any, **__: Any) -> None:
        """Nothing."""

    @property
    def eval_docs(self) -> _NoDocuments:
        """None."""
        return _NoDocuments()

    def fewshot_docs(self) -> None:
        """None."""

    def doc_to_text(self, doc: Any, *args: Any) -> Any:
        """The question; nothing before there is a document."""
        return super().doc_to_text(doc, *args) if self._made else ""

    def doc_to_target(self, doc: Any, *args: Any) -> Any:
        """The right answer; nothing before there is a document."""
        return super().doc_to_target(doc, *args) if self._made else ""

    def doc_to_choice(self, doc: Any, *args: Any) -> Any:
        """The choices; a stand-in before there is a document."""
        return super().doc_to_choice(doc, *args) if self._made else ["-"]

    def values(
        self, doc: dict[str, Any], responses: list[list[Any]], inputs: bool, targets: bool
    ) -> dict[str, tuple[list[Any], dict[str, Any]]]:
        """By filter: what it leaves of each request's responses, and lm-eval's metrics of the document.

        responses: for each request a list of them, one or as many as the task repeats it. inputs, targets:
        whether the task's documents have several of them, as lm-eval tells from the first one.
        """
        self.features = list(doc)
        self.multiple_input, self.multiple_target = int(inputs), int(targets)
        kind = "loglikelihood" if self.OUTPUT_TYPE == "multiple_choice" else self.OUTPUT_TYPE
        instances = [
            Instance(request_type=kind, doc=deepcopy(doc), arguments=(), idx=place, resps=several)
            for place, several in enumerate(responses)
        ]
        for ensemble in self._filters:
            ensemble.apply(instances)
        values = {}
        for name in (ensemble.name for ensemble in self._filters):
            filtered = [instance.filtered_resps[name] for instance in instances]
            values[name] = (filtered, self.process_results(deepcopy(doc), filtered))
        return values


class DataError(Exception):
    """Loading the data set failed, for the reason that is its cause."""


class _Full(ConfigurableTask):  # type: ignore[misc]
    """The task as lm-eval makes it; it says whether its data or the rest of it failed."""

    def download(self, *args: Any, **more: Any) -> None:
        """Load the data set. Raises DataError."""
        try:
            super().download(*args, **more)
        except (Exception, SystemExit) as bad:  # a data set may be a program
            raise DataError from bad


def full_task(config: dict[str, Any]) -> Any:
    """The task as lm-eval makes it, with its data. Raises DataError where that cannot be loaded."""
    return _Full(config=deepcopy(config))


def is_mean(aggregation: object) -> bool:
    """Whether a metric's figure is the mean of its values."""
    return aggregation is get_aggregation("mean")
