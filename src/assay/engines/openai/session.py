"""A server that answers for a base and its adapters, as a study uses it.

No adapter is believed to be applied because it has a name there: every session compares it with the base before
it is asked, also where an earlier session did: the server may have been started anew since.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from assay.engines.api import NO_PROMPTS, PROBED, Completion, Liveness, Prompt
from assay.engines.encoding import cut_before
from assay.engines.openai.dialect import Answer, Dialect, Target
from assay.engines.openai.http import RefusedError, Reply, Server
from assay.engines.openai.patience import LostError
from assay.engines.openai.pool import spread
from assay.engines.openai.scoring import logprob_of
from assay.engines.probes import PROBES, ROUNDS, TOKENS, AnswerLiveness, ProbeAnswer, answer_liveness
from assay.errors import EngineError

__all__ = ["AbsentError", "Session"]

COUNTING = ("vllm", "sglang")
"""Kinds of server that count the tokens of a prompt when asked."""
UNREADABLE = 4
"""Times that an answer of no use is asked for anew."""


class AbsentError(EngineError):
    """The server does not answer for one adapter. The message names no adapter."""


class Session:
    """Satisfies `Session`."""

    def __init__(
        self,
        server: Server,
        dialect: Dialect,
        base: str,
        targets: Mapping[str, Target],
        failed: Mapping[str, str],
        context: int | None,
        turns: Collection[str] | None = None,
    ) -> None:
        """`turns`: in chats, the prompts that were meant as user turns; others are refused."""
        self._server = server
        self._dialect = dialect
        self._base = base
        self._targets = targets
        self._failed = dict(failed)
        self.provenance: Mapping[str, str] = {}
        self._context = context
        self._turns = turns
        self._applied: set[str] = set()
        self._logprobs = True

    @property
    def failed(self) -> Mapping[str, str]:
        """Adapters that the server does not answer for, or does not apply, and why."""
        return dict(self._failed)

    def complete(self, requests: Iterable[Prompt]) -> Iterator[Completion]:
        """Yield a completion for each request but those of adapters that failed. Raises EngineError."""
        wanted = [request for request in requests if request.subject not in self._failed]
        unseen = {request.subject for request in wanted} - self._applied - {self._base}
        names = [name for name in self._targets if name in unseen]
        for one in self.liveness(names, {name: _probes(name, wanted) for name in names}):
            if not one.alive:
                self._failed[one.adapter] = one.reason
        # Apart: on a processor, vLLM 0.32 puts an adapter on rows of the base that share a batch with one.
        alone = [request for request in wanted if request.subject == self._base]
        others = (one for one in wanted if one.subject != self._base and one.subject not in self._failed)
        for asked in (alone, others):
            for completion in spread(self._completed, asked, self._server.valve.width, self._server.close):
                if completion is not None:
                    yield completion

    def liveness(
        self, adapters: Sequence[str], sent: Mapping[str, Sequence[str]] = NO_PROMPTS
    ) -> list[Liveness]:
        """What each of these changes, as its answers tell; those that the server does not answer for are left out."""
        names = [name for name in adapters if name not in self._failed]
        found = self._measured(names, sent) if names else []
        self._applied |= {one.adapter for one in found if one.alive}
        return list(found)

    def _measured(self, names: Sequence[str], sent: Mapping[str, Sequence[str]]) -> list[AnswerLiveness]:
        """The base before and after the adapters, so that what drifts meanwhile counts as its own."""
        asked = {name: [*PROBES, *sent.get(name, ())] for name in names}
        every = list(dict.fromkeys(prompt for listed in asked.values() for prompt in listed))
        base = [self._said(self._base, every) for _ in range(ROUNDS - 1)]
        changed: dict[str, Mapping[str, ProbeAnswer]] = {}
        for name in names:
            try:
                changed[name] = self._said(name, asked[name])
            except AbsentError as bad:
                self._failed[name] = str(bad)
        # Where every adapter failed, this tells whether it was the server.
        base.append(self._said(self._base, every))
        return [answer_liveness(name, base, said) for name, said in changed.items()]

    def _said(self, subject: str, prompts: Sequence[str]) -> dict[str, ProbeAnswer]:
        """Greedy answers to probe prompts."""
        width = min(len(prompts), self._server.valve.width)
        asked = [
            Prompt(subject, "liveness", str(i), prompt, max_tokens=TOKENS) for i, prompt in enumerate(prompts)
        ]
        heard = dict(spread(self._heard, asked, width, self._server.close))
        return {prompt: heard[str(i)] for i, prompt in enumerate(prompts)}

    def _heard(self, request: Prompt) -> tuple[str, ProbeAnswer]:
        """One answer. The base finds out whether log-probabilities are told: some servers refuse to."""
        logprobs = self._logprobs
        try:
            answer = self._answer(request, logprobs=logprobs)
        except AbsentError:
            raise
        except RefusedError as bad:
            if request.subject != self._base:
                raise _absent(bad.reply) from None
            if not logprobs or bad.reply.status in (401, 403, 404):
                raise
            answer = self._answer(request)
            self._logprobs = False
        except EngineError as bad:
            if request.subject == self._base:
                raise
            raise AbsentError(f"the server does not answer for it ({bad})") from None
        return request.example, ProbeAnswer(answer.text or "", answer.said, answer.logprobs)

    def _completed(self, request: Prompt) -> Completion | None:
        """One completion; None where the adapter turned out to be absent."""
        if request.subject in self._failed:
            return None
        began = time.monotonic()
        try:
            found = self._scored(request) if request.kind == "loglikelihood" else self._generated(request)
        except AbsentError as bad:
            self._failed[request.subject] = str(bad)
            return None
        except RefusedError as bad:
            if bad.reply.status != 404 or request.subject == self._base:
                raise
            self._failed[request.subject] = str(_absent(bad.reply))
            return None
        return replace(found, seconds=time.monotonic() - began)

    def _generated(self, request: Prompt) -> Completion:
        answer = self._answer(request)
        text, cut = cut_before(answer.text or "", request.stop)  # some servers leave it in
        return Completion(
            request,
            text,
            null=answer.text is None,
            tokens=answer.tokens,
            finish="stop" if cut else answer.finish,
        )

    def _scored(self, request: Prompt) -> Completion:
        logprob, greedy, tokens = logprob_of(self._server, self._dialect, self._target(request), request)
        return Completion(request, request.continuation, tokens=tokens, logprob=logprob, greedy=greedy)

    def _target(self, request: Prompt) -> Target:
        if request.subject not in self._targets:
            known = ", ".join(self._targets)
            raise EngineError(f"subject {request.subject!r} is not served (served: {known})")
        return self._targets[request.subject]

    def _answer(self, request: Prompt, *, logprobs: bool = False) -> Answer:
        """Ask until an answer can be read. Raises AbsentError, RefusedError, EngineError."""
        if self._turns is not None and request.task != "liveness" and request.text not in self._turns:
            raise EngineError(
                "the server only takes chats, which it puts under its own template; write `decoding.template: chat`"
            )
        target = self._target(request)
        body = self._dialect.body(request, target, logprobs=logprobs)
        lost = ""
        for _ in range(UNREADABLE):
            reply = self._server.post(self._dialect.path, body)
            if not reply.ok:
                if (room := self._room(request, target, reply)) is None:
                    raise self._refused(request, reply)
                body["max_tokens"] = room
                continue
            try:
                answer = self._dialect.read(reply.data)
            except LostError as bad:
                lost = bad.reason
                continue
            self._check_speaker(request, target, answer)
            return answer
        raise EngineError(
            f"{self._server.url}{self._dialect.path}: {lost}, {UNREADABLE} times; is `engine.server` "
            f"({self._dialect.kind}) what it is?"
        )

    def _check_speaker(self, request: Prompt, target: Target, answer: Answer) -> None:
        """Raise AbsentError if the server says that another than the adapter answered."""
        told = self._dialect.kind == "vllm" and answer.model not in ("", target.model)
        if told and request.subject != self._base:
            raise AbsentError(
                f"asked for {target.model!r}, the server says that {answer.model!r} answered; start it with the "
                f"adapter, or see `engine.options.models`"
            )

    def _room(self, request: Prompt, target: Target, reply: Reply) -> int | None:
        """Tokens that a long prompt leaves in the context, where that is why a server refused; else None."""
        if (
            reply.status != 400
            or self._context is None
            or self._dialect.kind not in COUNTING
            or self._dialect.chat
        ):
            return None
        counted = self._server.post(
            "/tokenize", {"model": target.model, **self._dialect.prompt(request.text)}
        )
        count = counted.data.get("count") if counted.ok and isinstance(counted.data, dict) else None
        if not isinstance(count, int):
            return None
        room = self._context - count
        return room if 0 < room < request.max_tokens else None

    def _refused(self, request: Prompt, reply: Reply) -> RefusedError:
        return RefusedError(
            f"{self._server.url}: task {request.task!r}, example {request.example!r} of {request.subject!r}: refused "
            f"({reply.status}: {reply.said})",
            reply,
        )

    def close(self) -> None:
        """Drop the connections."""
        self._server.close()


def _absent(reply: Reply) -> AbsentError:
    return AbsentError(f"the server does not answer for it ({reply.status}: {reply.said})")


def _probes(subject: str, wanted: Sequence[Prompt]) -> list[str]:
    """The shortest prompt of each task that a subject will be asked: what it changes may show under its template only."""
    shortest: dict[str, str] = {}
    for request in wanted:
        if request.subject == subject and request.text:
            shortest[request.task] = min(shortest.get(request.task, request.text), request.text, key=len)
    return list(shortest.values())[:PROBED]
