"""A session of vLLM with a base and its adapters: an adapter that fails is recorded, and the others continue.

It knows no task."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from assay.engines.api import NO_PROMPTS, Completion, Liveness, Prompt
from assay.engines.encoding import cut_before, decode, encode, encode_pair, outgrown, seed_of
from assay.engines.probes import PROBES, TOKENS, ProbeAnswer, answer_liveness
from assay.engines.turns import admitted
from assay.errors import EngineError

__all__ = ["CONTROL", "Core", "VllmSession"]

CONTROL = "assay-control"
"""Name of the adapter that changes nothing, among the others."""
_Row = tuple[Prompt, dict[str, Any]]
"""What vLLM is asked, and how."""
FINISHES = {"stop": "stop", "length": "length"}


@dataclass(frozen=True, slots=True)
class Core:
    """What is needed of vLLM: its engine, and how it is asked."""

    engine: Any
    """`vllm.v1.engine.llm_engine.LLMEngine`."""
    tokenizer: Any
    limits: Any
    """`vllm.SamplingParams`."""
    context: int
    """Positions of a prompt and its response."""
    ends: tuple[int, ...]
    """Tokens that end a text, by the base's generation configuration."""
    rows: int
    """Rows in a batch, at most."""
    prompts: bool = True
    """Whether log-probabilities of prompts can be had: with room for an adapter in the output layer, vLLM takes
    the wrong rows for them, or ends (seen in 0.32)."""


class VllmSession:
    """Satisfies `Session`. The base first, then all adapters in the same batches; results stream out as rows finish."""

    def __init__(
        self,
        core: Core,
        base: str,
        loras: Mapping[str, Any],
        modules: Mapping[str, int],
        failed: Mapping[str, str],
    ) -> None:
        """`loras`: a `LoRARequest` for each adapter, and for the control; `modules`: layers that each changes."""
        self._core: Core | None = core
        self._base = base
        self._loras = loras
        self._modules = modules
        self._failed = dict(failed)

    @property
    def failed(self) -> Mapping[str, str]:
        """Adapters that vLLM did not take, and why. No completion follows."""
        return dict(self._failed)

    @property
    def provenance(self) -> Mapping[str, str]:
        """Nothing more than the preflight's."""
        return {}

    @property
    def _open(self) -> Core:
        if self._core is None:
            raise EngineError("the weights are no longer in memory; load them again")
        return self._core

    def complete(self, prompts: Iterable[Prompt]) -> Iterator[Completion]:
        """Yield a completion for each prompt but those of adapters that failed. Raises EngineError."""
        open_prompts = [prompt for prompt in prompts if prompt.subject not in self._failed]
        # Apart: on a processor, vLLM 0.32 puts an adapter on rows of the base that share a batch with one.
        plain = [prompt for prompt in open_prompts if prompt.subject == self._base]
        others = [prompt for prompt in open_prompts if prompt.subject != self._base]
        for batch in (plain, others):
            rows: deque[_Row] = deque()
            yield from self._wait(batch, rows)
            for prompt, began, output in self._run(rows):
                completion = self._completion(prompt, began, output)
                yield completion
                yield from self._wait(completion.following, rows)

    def liveness(
        self, adapters: Sequence[str], sent: Mapping[str, Sequence[str]] = NO_PROMPTS
    ) -> list[Liveness]:
        """What each of these changes: log-probabilities of the prompts' own tokens and of greedy answers.

        Beside the base itself, an adapter that changes nothing shows what rounding does.
        """
        names = [name for name in adapters if name not in self._failed]
        if not names:
            return []
        probes = {name: [*PROBES, *sent.get(name, ())] for name in names}
        every = list(dict.fromkeys(prompt for listed in probes.values() for prompt in listed))
        rounds = [self._probe_answers({self._base: every})[self._base] for _ in range(2)]
        still = [CONTROL] if CONTROL in self._loras else []
        together = self._probe_answers(dict.fromkeys(still, every) | probes)
        rounds += [together[name] for name in still]
        measured = [answer_liveness(name, rounds, together[name]) for name in names]
        return [replace(entry, modules=self._modules.get(entry.adapter), again=False) for entry in measured]

    def close(self) -> None:
        """Let go of all weights."""
        self._core = None

    def _probe_answers(self, probes: Mapping[str, Sequence[str]]) -> dict[str, dict[str, ProbeAnswer]]:
        """Greedy answers, and the log-probabilities of prompts and answers, by subject and prompt."""
        limits: dict[str, Any] = {"temperature": 0.0, "max_tokens": TOKENS, "logprobs": 0}
        limits["stop_token_ids"] = list(self._open.ends)
        if self._open.prompts:
            limits["prompt_logprobs"] = 0
        rows = deque(
            (Prompt(name, "liveness", str(i), text, max_tokens=TOKENS), limits)
            for name, texts in probes.items()
            for i, text in enumerate(texts)
        )
        answers: dict[str, dict[str, ProbeAnswer]] = {name: {} for name in probes}
        for prompt, _, output in self._run(rows):
            answers[prompt.subject][prompt.text] = _probe_answer(output)
        return answers

    def _wait(self, prompts: Iterable[Prompt], rows: deque[_Row]) -> Iterator[Completion]:
        """Prompts become rows."""
        core = self._open
        return admitted(
            prompts,
            lambda prompt: outgrown(core.tokenizer, prompt, core.context),
            lambda prompt: rows.append((prompt, self._limits(prompt))),
        )

    def _run(self, rows: deque[_Row]) -> Iterator[tuple[Prompt, float, Any]]:
        """Rows with what vLLM said, as they finish; not more are handed over than fill two batches.

        More may be added to `rows` meanwhile.
        """
        core = self._open
        under: dict[str, tuple[Prompt, float]] = {}
        number = 0
        try:
            while under or rows:
                while rows and len(under) < 2 * core.rows:
                    row = rows.popleft()
                    name, number = f"assay-{number}", number + 1
                    self._enter(core, name, *row)
                    under[name] = (row[0], time.monotonic())
                for output in core.engine.step() if under else ():
                    if output.finished:
                        yield (*under.pop(output.request_id), output)
        finally:
            if under:
                core.engine.abort_request(list(under))

    def _enter(self, core: Core, name: str, prompt: Prompt, limits: dict[str, Any]) -> None:
        if prompt.subject != self._base and prompt.subject not in self._loras:
            known = ", ".join((self._base, *self._loras))
            raise EngineError(f"subject {prompt.subject!r} is not loaded (loaded: {known})")
        tokens, more = self._tokens(core, prompt)
        core.engine.add_request(
            name,
            {"prompt_token_ids": tokens},
            core.limits(**limits, **more),
            lora_request=self._loras.get(prompt.subject),
        )

    def _tokens(self, core: Core, prompt: Prompt) -> tuple[list[int], dict[str, Any]]:
        """A row's tokens, and how many may follow."""
        if prompt.kind == "loglikelihood":
            if not core.prompts:
                raise EngineError(
                    f"task {prompt.task!r} scores continuations, which vLLM cannot do beside adapters of the output "
                    f"layer (lm_head); leave those out, or use the engine `torch`"
                )
            tokens, count = encode_pair(core.tokenizer, prompt.text, prompt.continuation)
            if not 0 < count < len(tokens) < core.context:
                raise EngineError(
                    f"task {prompt.task!r}, example {prompt.example!r}: {count} tokens to score of {len(tokens)}, "
                    f"in a context of {core.context}; give a continuation, or shorten the prompt"
                )
            return tokens, {}
        tokens = encode(core.tokenizer, prompt.text)
        room = core.context - len(tokens)
        if room < 1 or not tokens or prompt.max_tokens < 1:
            raise EngineError(
                f"task {prompt.task!r}, example {prompt.example!r}: a prompt of {len(tokens)} tokens and "
                f"max_tokens {prompt.max_tokens} do not fit a context of {core.context}; shorten one"
            )
        return tokens, {} if prompt.task == "liveness" else {"max_tokens": min(prompt.max_tokens, room)}

    def _limits(self, prompt: Prompt) -> dict[str, Any]:
        """Everything that shapes an answer: vLLM leaves the model's own settings out."""
        if prompt.kind == "loglikelihood":
            return {"temperature": 0.0, "max_tokens": 1, "prompt_logprobs": 0}
        limits: dict[str, Any] = {
            "temperature": prompt.temperature,
            "stop": [text for text in prompt.stop if text],
            "stop_token_ids": [*self._open.ends, *prompt.ends],
        }
        if prompt.temperature > 0:
            limits["seed"] = seed_of(prompt)
        return limits

    def _completion(self, prompt: Prompt, began: float, output: Any) -> Completion:
        seconds = time.monotonic() - began
        if prompt.kind == "loglikelihood":
            _, count = encode_pair(self._open.tokenizer, prompt.text, prompt.continuation)
            logprobs = [
                entry[token]
                for entry, token in zip(
                    output.prompt_logprobs[-count:], output.prompt_token_ids[-count:], strict=True
                )
            ]
            logprob, greedy = (
                sum(entry.logprob for entry in logprobs),
                all(entry.rank == 1 for entry in logprobs),
            )
            return Completion(
                prompt, prompt.continuation, tokens=count, logprob=logprob, greedy=greedy, seconds=seconds
            )
        output_text = output.outputs[0]
        if output_text.finish_reason not in FINISHES:
            raise EngineError(
                f"task {prompt.task!r}, example {prompt.example!r}: vLLM stopped before the response was complete ({output_text.finish_reason}); "
                f"run again"
            )
        # vLLM leaves out the beginning of a letter at the end of a text: what a text is must not depend on the engine.
        text, cut = cut_before(decode(self._open.tokenizer, output_text.token_ids), prompt.stop)
        finish = "stop" if cut else FINISHES[output_text.finish_reason]
        return Completion(prompt, text, tokens=len(output_text.token_ids), finish=finish, seconds=seconds)


def _probe_answer(output: Any) -> ProbeAnswer:
    """An answer with its prompt's tokens before it, and the log-probabilities of both."""
    generated = output.outputs[0]
    before = list(output.prompt_token_ids[1:]) if output.prompt_logprobs else []
    tokens = [*before, *generated.token_ids]
    entries = [*(output.prompt_logprobs or [None])[1:], *generated.logprobs]
    logprobs = tuple(float(entry[token].logprob) for entry, token in zip(entries, tokens, strict=True))
    return ProbeAnswer(generated.text, tuple(map(str, tokens)), logprobs)
