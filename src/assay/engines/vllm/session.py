"""vLLM with a base and its adapters loaded, as a study uses it: an adapter that fails is noted, the others go on."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from assay.engines.api import NO_PROMPTS, Completion, Liveness, Prompt
from assay.engines.encoding import cut_before, decode, encode, encode_pair, seed_of
from assay.engines.probes import PROBES, TOKENS, ProbeAnswer, answer_liveness
from assay.errors import EngineError

__all__ = ["CONTROL", "Core", "VllmSession"]

CONTROL = "assay-control"
"""Name of the adapter that changes nothing, among the others."""
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

    def complete(self, requests: Iterable[Prompt]) -> Iterator[Completion]:
        """Yield a completion for each request but those of adapters that failed. Raises EngineError."""
        wanted = [request for request in requests if request.subject not in self._failed]
        # Apart: on a processor, vLLM 0.32 puts an adapter on rows of the base that share a batch with one.
        alone = [request for request in wanted if request.subject == self._base]
        others = [request for request in wanted if request.subject != self._base]
        for asked in (alone, others):
            for request, began, output in self._run((request, self._limits(request)) for request in asked):
                yield self._completion(request, began, output)

    def liveness(
        self, adapters: Sequence[str], sent: Mapping[str, Sequence[str]] = NO_PROMPTS
    ) -> list[Liveness]:
        """What each of these changes: log-probabilities of the prompts' own tokens and of greedy answers.

        Beside the base itself, an adapter that changes nothing shows what rounding does.
        """
        names = [name for name in adapters if name not in self._failed]
        if not names:
            return []
        asked = {name: [*PROBES, *sent.get(name, ())] for name in names}
        every = list(dict.fromkeys(prompt for listed in asked.values() for prompt in listed))
        rounds = [self._said({self._base: every})[self._base] for _ in range(2)]
        still = [CONTROL] if CONTROL in self._loras else []
        together = self._said(dict.fromkeys(still, every) | asked)
        rounds += [together[name] for name in still]
        found = [answer_liveness(name, rounds, together[name]) for name in names]
        return [replace(one, modules=self._modules.get(one.adapter), again=False) for one in found]

    def close(self) -> None:
        """Let go of all weights."""
        self._core = None

    def _said(self, asked: Mapping[str, Sequence[str]]) -> dict[str, dict[str, ProbeAnswer]]:
        """Greedy answers, and the log-probabilities of prompts and answers, by subject and prompt."""
        limits: dict[str, Any] = {"temperature": 0.0, "max_tokens": TOKENS, "logprobs": 0}
        limits["stop_token_ids"] = list(self._open.ends)
        if self._open.prompts:
            limits["prompt_logprobs"] = 0
        rows = [
            (Prompt(name, "liveness", str(i), prompt, max_tokens=TOKENS), limits)
            for name, prompts in asked.items()
            for i, prompt in enumerate(prompts)
        ]
        found: dict[str, dict[str, ProbeAnswer]] = {name: {} for name in asked}
        for request, _, output in self._run(rows):
            found[request.subject][request.text] = _heard(output)
        return found

    def _run(self, rows: Iterable[tuple[Prompt, dict[str, Any]]]) -> Iterator[tuple[Prompt, float, Any]]:
        """Rows with what vLLM said, as they finish; not more are handed over than fill two batches."""
        core, waiting = self._open, iter(rows)
        under: dict[str, tuple[Prompt, float]] = {}
        number, exhausted = 0, False
        try:
            while under or not exhausted:
                while not exhausted and len(under) < 2 * core.rows:
                    if (row := next(waiting, None)) is None:
                        exhausted = True
                        break
                    name, number = f"assay-{number}", number + 1
                    self._enter(core, name, *row)
                    under[name] = (row[0], time.monotonic())
                for output in core.engine.step() if under else ():
                    if output.finished:
                        yield (*under.pop(output.request_id), output)
        finally:
            if under:
                core.engine.abort_request(list(under))

    def _enter(self, core: Core, name: str, request: Prompt, limits: dict[str, Any]) -> None:
        if request.subject != self._base and request.subject not in self._loras:
            known = ", ".join((self._base, *self._loras))
            raise EngineError(f"subject {request.subject!r} is not loaded (loaded: {known})")
        tokens, more = self._tokens(core, request)
        core.engine.add_request(
            name,
            {"prompt_token_ids": tokens},
            core.limits(**limits, **more),
            lora_request=self._loras.get(request.subject),
        )

    def _tokens(self, core: Core, request: Prompt) -> tuple[list[int], dict[str, Any]]:
        """A row's tokens, and how many may follow."""
        if request.kind == "loglikelihood":
            if not core.prompts:
                raise EngineError(
                    f"task {request.task!r} scores continuations, which vLLM cannot do beside adapters of the output "
                    f"layer (lm_head); leave those out, or use the engine `torch`"
                )
            tokens, count = encode_pair(core.tokenizer, request.text, request.continuation)
            if not 0 < count < len(tokens) < core.context:
                raise EngineError(
                    f"task {request.task!r}, example {request.example!r}: {count} tokens to score of {len(tokens)}, "
                    f"in a context of {core.context}; give a continuation, or shorten the prompt"
                )
            return tokens, {}
        tokens = encode(core.tokenizer, request.text)
        room = core.context - len(tokens)
        if room < 1 or not tokens or request.max_tokens < 1:
            raise EngineError(
                f"task {request.task!r}, example {request.example!r}: a prompt of {len(tokens)} tokens and "
                f"max_tokens {request.max_tokens} do not fit a context of {core.context}; shorten one"
            )
        return tokens, {} if request.task == "liveness" else {"max_tokens": min(request.max_tokens, room)}

    def _limits(self, request: Prompt) -> dict[str, Any]:
        """Everything that shapes an answer: vLLM is told to leave the model's own settings out."""
        if request.kind == "loglikelihood":
            return {"temperature": 0.0, "max_tokens": 1, "prompt_logprobs": 0}
        limits: dict[str, Any] = {
            "temperature": request.temperature,
            "stop": [text for text in request.stop if text],
            "stop_token_ids": list(self._open.ends),
        }
        if request.temperature > 0:
            limits["seed"] = seed_of(request)
        return limits

    def _completion(self, request: Prompt, began: float, output: Any) -> Completion:
        seconds = time.monotonic() - began
        if request.kind == "loglikelihood":
            _, count = encode_pair(self._open.tokenizer, request.text, request.continuation)
            told = [
                one[token]
                for one, token in zip(
                    output.prompt_logprobs[-count:], output.prompt_token_ids[-count:], strict=True
                )
            ]
            logprob, greedy = sum(one.logprob for one in told), all(one.rank == 1 for one in told)
            return Completion(
                request, request.continuation, tokens=count, logprob=logprob, greedy=greedy, seconds=seconds
            )
        said = output.outputs[0]
        if said.finish_reason not in FINISHES:
            raise EngineError(
                f"task {request.task!r}, example {request.example!r}: vLLM gave up its answer ({said.finish_reason}); "
                f"run again"
            )
        # vLLM leaves out the beginning of a letter at the end of a text: what a text is must not depend on the engine.
        text, cut = cut_before(decode(self._open.tokenizer, said.token_ids), request.stop)
        finish = "stop" if cut else FINISHES[said.finish_reason]
        return Completion(request, text, tokens=len(said.token_ids), finish=finish, seconds=seconds)


def _heard(output: Any) -> ProbeAnswer:
    """An answer with its prompt's tokens before it, as what it says of both."""
    said = output.outputs[0]
    before = list(output.prompt_token_ids[1:]) if output.prompt_logprobs else []
    tokens = [*before, *said.token_ids]
    told = [*(output.prompt_logprobs or [None])[1:], *said.logprobs]
    logprobs = tuple(float(one[token].logprob) for one, token in zip(told, tokens, strict=True))
    return ProbeAnswer(said.text, tuple(map(str, tokens)), logprobs)
