"""A task's documents, and lm-eval's requests about them, in lm-eval's own form. It scores nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from assay.errors import AssayError, TaskError
from assay.tasks.hub import no_progress_bars
from assay.tasks.lm_eval.index import SEEDS, as_lm_eval, short_error
from assay.tasks.task import Chat, Example, Request

__all__ = ["Documents"]

LIMITS = ("max_gen_toks", "max_new_tokens", "max_tokens", "max_completion_tokens")
"""Names of the longest response in generation arguments, the first one that is given counts."""
MAX_TOKENS = 256
"""lm-eval's, where a task says nothing."""
SAMPLING = frozenset({"top_p", "top_k", "min_p", "typical_p"})
"""Without effect on greedy decoding."""
NEUTRAL: Mapping[str, Any] = {
    "num_beams": 1,
    "num_return_sequences": 1,
    "repetition_penalty": 1.0,
    "length_penalty": 1.0,
    "use_cache": True,
    "top_p": 1.0,
    "top_k": 0,
}
"""Generation arguments at these values change nothing."""


LOCAL = frozenset({"json", "csv", "parquet", "text", "arrow", "pandas", "xml"})
"""What `dataset_path` is where the data is in files that the task names."""


class Documents:
    """A task of lm-eval's with its documents."""

    def __init__(self, name: str, config: Mapping[str, Any]) -> None:
        """Load the data set as lm-eval does. Raises TaskError if it cannot."""
        from assay.tasks.lm_eval.shell import DataError, full_task

        self.name = name
        try:
            with as_lm_eval(), no_progress_bars():
                self.task = full_task(dict(config))
                self.docs = self.task.eval_docs
        except DataError as bad:
            raise _no_data(name, config, bad.__cause__ or bad) from bad
        except (Exception, SystemExit) as bad:
            raise TaskError(
                f"lm-eval has the data of its task {name!r} and cannot make the task of it ({short_error(bad)})",
                fix="correct the task's file: its splits, and the fields of a document that it names",
            ) from bad

    def __len__(self) -> int:
        return len(self.docs)

    def example(self, place: int, key: str, weight: int) -> Example:
        """A document, by its place from 0."""
        doc = self.docs[place]
        try:
            kept = json.loads(json.dumps(doc, allow_nan=False))
        except (TypeError, ValueError) as bad:
            raise TaskError(
                f"lm-eval's task {self.name!r}: document {place} holds what JSON cannot ({bad}), so no run could keep it",
                fix="name another task",
            ) from None
        data = {
            "task": self.name,
            "doc": kept,
            "inputs": bool(self.task.multiple_input),
            "targets": bool(self.task.multiple_target),
            "weight": weight,
        }
        return Example(key, self._question(doc), data)

    def _question(self, doc: dict[str, Any]) -> str:
        """For a reader: without worked examples and template. Raises TaskError."""
        try:
            with as_lm_eval():
                question = self.task.doc_to_text(doc)
                if isinstance(question, str):
                    return question
                return "\n".join(map(str, self.task.doc_to_choice(doc)))
        except Exception as bad:
            raise TaskError(
                f"lm-eval cannot write the question of a document of its task {self.name!r} ({short_error(bad)})",
                fix="correct the task",
            ) from bad

    def requests(self, count: int, chat: Chat | None, shots: int | None) -> list[tuple[Request, ...]]:
        """The requests about each of the first `count` documents; shots: None leaves them to the task.

        Raises TaskError where lm-eval cannot write them, or needs what no engine here does.
        """
        configured = self.task.config.num_fewshot
        self.task.set_config(key="num_fewshot", value=(configured or 0) if shots is None else shots)

        def template(turns: list[dict[str, str]], add_generation_prompt: bool = True) -> str:
            return chat(turns, not add_generation_prompt) if chat else ""

        try:
            with as_lm_eval():
                # One generator draws the worked examples of all documents, in their order.
                self.task.set_fewshot_seed(seed=SEEDS["shots"])
                documents = self.task.doc_iterator(limit=count)
                return [self._requests(place, doc, template if chat else None) for place, doc in documents]
        except AssayError:
            raise
        except (Exception, SystemExit) as bad:
            raise TaskError(
                f"lm-eval cannot write the requests of its task {self.name!r} ({short_error(bad)})",
                fix="ask for fewer `shots`, or correct the task",
            ) from bad
        finally:
            self.task.set_config(key="num_fewshot", value=configured)

    def _requests(self, place: int, doc: dict[str, Any], template: Any) -> tuple[Request, ...]:
        task, chat = self.task, template is not None
        context = task.fewshot_context(
            doc,
            num_fewshot=task.config.num_fewshot,
            system_instruction=None,
            apply_chat_template=chat,
            fewshot_as_multiturn=chat,
            chat_template=template,
            gen_prefix=task.doc_to_prefix(doc),
        )
        instances = task.construct_requests(
            doc=doc,
            ctx=context,
            metadata=(self.name, place, task.config.repeats),
            apply_chat_template=chat,
            chat_template=template,
        )
        requests: list[Request] = []
        for instance in instances if isinstance(instances, list) else [instances]:
            prompt, more = instance.args[:2]
            if instance.request_type == "generate_until":
                request = _generation(str(prompt), dict(more), self.name)
                requests += [request] * (task.config.repeats if request.temperature else 1)
            else:
                requests.append(Request(str(prompt), "loglikelihood", str(more)))
        return tuple(requests)


def _no_data(name: str, config: Mapping[str, Any], bad: BaseException) -> TaskError:
    """What failed, with its cause; and the fix, by where the data should come from."""
    where = str(config.get("dataset_path") or "its data set")
    cause = short_error(bad) + (f", from {short_error(bad.__cause__)}" if bad.__cause__ else "")
    fix = (
        "check the file: it has to exist and not be empty (lm-eval takes a relative path from the folder where the "
        "command is run)"
        if where in LOCAL or callable(config.get("custom_dataset"))
        else "check the name, the network, and that `HF_HUB_OFFLINE` is not set where the data is not here yet"
    )
    return TaskError(f"lm-eval cannot load the data of its task {name!r} from {where} ({cause})", fix=fix)


def _generation(prompt: str, arguments: dict[str, Any], name: str) -> Request:
    """Raises TaskError for generation arguments that would be ignored."""
    until = arguments.pop("until", None) or []
    stop = (until,) if isinstance(until, str) else tuple(map(str, until))
    limits = [arguments.pop(name, None) for name in LIMITS]
    limit = next((int(value) for value in limits if value is not None), MAX_TOKENS)
    sampled, temperature = arguments.pop("do_sample", None), float(arguments.pop("temperature", 0.0) or 0.0)
    if sampled is False:
        temperature = 0.0
    unknown = [
        f"{key}: {value!r}"
        for key, value in arguments.items()
        if not (temperature == 0 and key in SAMPLING) and (key not in NEUTRAL or NEUTRAL[key] != value)
    ]
    if unknown:
        raise TaskError(
            f"lm-eval's task {name!r} generates with {', '.join(unknown)}, which would be ignored",
            fix="write a YAML of your own with `include:` that one and other `generation_kwargs`",
        )
    return Request(prompt, max_tokens=limit, stop=stop, temperature=temperature)
