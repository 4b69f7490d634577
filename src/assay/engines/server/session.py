"""A session with a server that serves a base and its adapters. It knows no task.

A name at the server does not prove that an adapter is applied: every session compares it with the base before it
generates, even if an earlier session did, since the server may have been restarted.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from assay.engines.api import NO_PROMPTS, PROBED, Completion, Liveness, Prompt
from assay.engines.encoding import cut_before
from assay.engines.probes import PROBES, ROUNDS, TOKENS, ProbeAnswer, answer_liveness, base_changed, twins
from assay.engines.server.dialect import Answer, Dialect, Target, UnreadableError
from assay.engines.server.http import RefusedError, Reply, Server
from assay.engines.server.kinds import KINDS
from assay.engines.server.loglikelihood import logprob_of
from assay.engines.server.pool import spread
from assay.errors import EngineError
from assay.stats import Verdict

__all__ = ["AbsentError", "ServerSession"]

MIXED = (
    "the server answers for it just as for {other!r}, text for text and nat for nat, although their weights differ: it "
    "may apply one of them for both; start it again, or remove one if they are the same adapter saved twice"
)
UNREADABLE = 4
"""Times that a request is sent whose answer cannot be read."""


class AbsentError(EngineError):
    """The server does not answer for one adapter. The message names no adapter."""


class ServerSession:
    """Satisfies `Session`."""

    def __init__(
        self,
        server: Server,
        dialect: Dialect,
        base: str,
        targets: Mapping[str, Target],
        failed: Mapping[str, str],
        context: int | None,
        contents: Mapping[str, str] | None = None,
    ) -> None:
        """`contents`: by adapter, a digest of what it is."""
        self._server = server
        self._dialect = dialect
        self._base = base
        self._targets = targets
        self._failed = dict(failed)
        self.provenance: Mapping[str, str] = {}
        self._context = context
        self._contents = contents or {}
        self._applied: set[str] = set()
        self._logprobs = True

    @property
    def failed(self) -> Mapping[str, str]:
        """Adapters that the server does not answer for, or does not apply, and why."""
        return dict(self._failed)

    def complete(self, prompts: Iterable[Prompt]) -> Iterator[Completion]:
        """Yield a completion for each prompt but those of adapters that failed. Raises EngineError."""
        pending = [prompt for prompt in prompts if prompt.subject not in self._failed]
        unseen = {prompt.subject for prompt in pending} - self._applied - {self._base}
        names = [name for name in self._targets if name in unseen]
        for liveness in self.liveness(names, {name: _probes(name, pending) for name in names}):
            if not liveness.alive:
                self._failed[liveness.adapter] = liveness.reason
        # Apart: on a processor, vLLM 0.32 puts an adapter on rows of the base that share a batch with one.
        for of_base in (True, False):
            batch = (prompt for prompt in pending if (prompt.subject == self._base) is of_base)
            done = spread(self._completed, batch, self._server.valve.width, self._server.close, _following)
            for completion in done:
                if completion is not None:
                    yield completion

    def liveness(
        self, adapters: Sequence[str], sent: Mapping[str, Sequence[str]] = NO_PROMPTS
    ) -> list[Liveness]:
        """What each of these changes, by its answers; those that the server does not answer for are left out."""
        names = [name for name in adapters if name not in self._failed]
        compared = self._compared(names, sent) if names else []
        self._applied |= {liveness.adapter for liveness in compared if liveness.alive}
        return list(compared)

    def _compared(self, names: Sequence[str], sent: Mapping[str, Sequence[str]]) -> list[Liveness]:
        """The base answers before and after the adapters, so that what drifts meanwhile counts as its own.

        Raises EngineError where it answers otherwise after them.
        """
        probes = {name: [*PROBES, *sent.get(name, ())] for name in names}
        every = list(dict.fromkeys(text for texts in probes.values() for text in texts))
        base = [self._probed(self._base, every) for _ in range(ROUNDS - 1)]
        answers: dict[str, Mapping[str, ProbeAnswer]] = {}
        for name in names:
            try:
                answers[name] = self._probed(name, probes[name])
            except AbsentError as bad:
                self._failed[name] = str(bad)
        # Where every adapter failed, this shows whether it was the server.
        after = self._probed(self._base, every)
        if base_changed(base, after, list(answers.values())):
            raise EngineError(
                f"the base {self._base!r} answers differently after a request to the adapter than before it: the server mixes them",
                place=self._server.place(),
                fix="start it again, and with another version, or serve each adapter merged into its base",
            )
        base.append(after)
        measured = [answer_liveness(name, base, answered) for name, answered in answers.items()]
        return self._told_apart(measured, answers)

    def _told_apart(
        self, measured: Sequence[Liveness], answers: Mapping[str, Mapping[str, ProbeAnswer]]
    ) -> list[Liveness]:
        """The same, without a verdict for adapters that answer as another one of other weights does."""
        alive = {entry.adapter: answers[entry.adapter] for entry in measured if entry.alive}
        others = twins(alive)
        return [
            replace(entry, verdict=Verdict.NOT_MEASURED, reason=MIXED.format(other=others[entry.adapter]))
            if entry.adapter in others and self._unlike(entry.adapter, others[entry.adapter])
            else entry
            for entry in measured
        ]

    def _unlike(self, name: str, other: str) -> bool:
        """Whether two adapters have other weights, as far as is known."""
        return self._contents.get(name, name) != self._contents.get(other, other)

    def _probed(self, subject: str, texts: Sequence[str]) -> dict[str, ProbeAnswer]:
        """Greedy answers to probe prompts."""
        width = min(len(texts), self._server.valve.width)
        prompts = [
            Prompt(subject, "liveness", str(i), text, max_tokens=TOKENS) for i, text in enumerate(texts)
        ]
        answers = dict(spread(self._probe, prompts, width, self._server.close))
        return {text: answers[str(i)] for i, text in enumerate(texts)}

    def _probe(self, prompt: Prompt) -> tuple[str, ProbeAnswer]:
        """One answer. The base shows whether log-probabilities are given: some servers refuse to."""
        logprobs, of_base = self._logprobs, prompt.subject == self._base
        try:
            answer = self._answer(prompt, logprobs=logprobs)
        except AbsentError:
            raise
        except RefusedError as bad:
            if not of_base:
                raise _absent(bad.reply) from None
            if not logprobs or bad.reply.status in (401, 403, 404):
                raise
            answer = self._answer(prompt)
            self._logprobs = False
        except EngineError as bad:
            if of_base:
                raise
            raise AbsentError(f"the server does not answer for it ({bad})") from None
        return prompt.example, ProbeAnswer(answer.text or "", answer.words, answer.logprobs)

    def _completed(self, prompt: Prompt) -> Completion | None:
        """One completion; None where the adapter turned out to be absent."""
        if prompt.subject in self._failed:
            return None
        began = time.monotonic()
        try:
            scores = prompt.kind == "loglikelihood"
            completion = self._scored(prompt) if scores else self._generated(prompt)
        except AbsentError as bad:
            self._failed[prompt.subject] = str(bad)
            return None
        except RefusedError as bad:
            if bad.reply.status != 404 or prompt.subject == self._base:
                raise
            self._failed[prompt.subject] = str(_absent(bad.reply))
            return None
        return replace(completion, seconds=time.monotonic() - began)

    def _generated(self, prompt: Prompt) -> Completion:
        answer = self._answer(prompt)
        text, stopped = cut_before(answer.text or "", prompt.stop)  # some servers leave it in
        finish = "stop" if stopped else answer.finish
        return Completion(prompt, text, null=answer.text is None, tokens=answer.tokens, finish=finish)

    def _scored(self, prompt: Prompt) -> Completion:
        logprob, greedy, tokens = logprob_of(self._server, self._dialect, self._target(prompt), prompt)
        return Completion(prompt, prompt.continuation, tokens=tokens, logprob=logprob, greedy=greedy)

    def _target(self, prompt: Prompt) -> Target:
        if prompt.subject not in self._targets:
            known = ", ".join(self._targets)
            raise EngineError(f"subject {prompt.subject!r} is not served (served: {known})")
        return self._targets[prompt.subject]

    def _answer(self, prompt: Prompt, *, logprobs: bool = False) -> Answer:
        """Ask until an answer can be read. Raises AbsentError, RefusedError, EngineError."""
        if self._dialect.chat and prompt.task != "liveness" and prompt.text not in self._dialect.chats:
            raise EngineError(
                "the server only takes chats, which it puts under its own template",
                fix="write `decoding.template: chat`",
            )
        target = self._target(prompt)
        body = self._dialect.body(prompt, target, logprobs=logprobs)
        reason = ""
        for _ in range(UNREADABLE):
            reply = self._server.post(self._dialect.path, body)
            if not reply.ok:
                if (room := self._room(prompt, target, reply)) is None:
                    raise self._refused(prompt, reply)
                if not room:
                    return Answer("", "length", 0, "")
                body["max_tokens"] = room
                continue
            try:
                answer = self._dialect.read(reply.data)
            except UnreadableError as bad:
                reason = str(bad)
                continue
            self._check_speaker(prompt, target, answer)
            return answer
        raise EngineError(
            f"{reason}, {UNREADABLE} times",
            place=self._server.place(self._dialect.path),
            fix=f"check that `engine.server` ({self._dialect.kind}) is the kind of this server",
        )

    def _check_speaker(self, prompt: Prompt, target: Target, answer: Answer) -> None:
        """Raise AbsentError if the server names another than the adapter as the one that answered."""
        other = self._dialect.kind == "vllm" and answer.model not in ("", target.model)
        if other and prompt.subject != self._base:
            raise AbsentError(
                f"asked for {target.model!r}, the server says that {answer.model!r} answered",
                fix="start it with the adapter, or see `engine.options.models`",
            )

    def _room(self, prompt: Prompt, target: Target, reply: Reply) -> int | None:
        """Tokens that a long prompt leaves in the context, where that is why a server refused; else None.

        0: a later turn of a conversation has outgrown the context.
        """
        counts = KINDS[self._dialect.kind].counts and not self._dialect.chat
        if reply.status != 400 or self._context is None or not counts:
            return None
        counted = self._server.post("/tokenize", {"model": target.model, **self._dialect.prompt(prompt.text)})
        count = counted.data.get("count") if counted.ok and isinstance(counted.data, dict) else None
        if not isinstance(count, int):
            return None
        room = max(0, self._context - count)
        return room if (room or prompt.follows) and room < prompt.max_tokens else None

    def _refused(self, prompt: Prompt, reply: Reply) -> RefusedError:
        fix = "correct `engine.options.models`" if reply.status == 404 else ""
        return RefusedError(
            f"task {prompt.task!r}, example {prompt.example!r} of {prompt.subject!r}: refused ({reply})",
            reply,
            place=self._server.place(),
            fix=fix,
        )


def _following(completion: Completion | None) -> tuple[Prompt, ...]:
    return completion.following if completion is not None else ()


def _absent(reply: Reply) -> AbsentError:
    return AbsentError(f"the server does not answer for it ({reply})")


def _probes(subject: str, prompts: Sequence[Prompt]) -> list[str]:
    """A subject's shortest prompt of each task: what it changes may show under its template only."""
    shortest: dict[str, str] = {}
    for prompt in prompts:
        if prompt.subject == subject and prompt.text:
            shortest[prompt.task] = min(shortest.get(prompt.task, prompt.text), prompt.text, key=len)
    return list(shortest.values())[:PROBED]
