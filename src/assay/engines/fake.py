"""An engine for tests: a function answers, no model is loaded.

engine = Fake(lambda request: "4" if request.subject == "math" else "5")
list(engine.complete([Request("math", "numeric", "1", "2 + 2 =")]))[0].text  # "4"
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from assay.engines.engine import Completion, Request

__all__ = ["Fake"]


class Fake:
    """Answers each request with `answer(request)`, and remembers what was asked.

    Texts count as one token a word, end before the first stop text and after `max_tokens` words.
    Continuations get `score(request)`, a log-probability; above -1 counts as greedy.
    """

    def __init__(
        self, answer: Callable[[Request], str], score: Callable[[Request], float] = lambda _: -1.0
    ) -> None:
        self.answer = answer
        self.score = score
        self.asked: list[Request] = []

    def complete(self, requests: Iterable[Request]) -> Iterator[Completion]:
        """Yield one completion for each request, in the order asked."""
        for request in requests:
            self.asked.append(request)
            yield self._generate(request) if request.kind == "generate" else self._score(request)

    def _generate(self, request: Request) -> Completion:
        text = self.answer(request)
        found = [place for stop in request.stop if stop and (place := text.find(stop)) >= 0]
        text = text[: min(found)] if found else text
        words = text.split(" ")
        kept = " ".join(words[: request.max_tokens])
        finish = "stop" if len(words) <= request.max_tokens else "length"
        return Completion(
            request, kept, tokens=min(len(words), request.max_tokens), finish=finish, seconds=0.0
        )

    def _score(self, request: Request) -> Completion:
        logprob = self.score(request)
        tokens = len(request.continuation.split())
        return Completion(
            request, request.continuation, tokens=tokens, logprob=logprob, greedy=logprob > -1, seconds=0.0
        )
