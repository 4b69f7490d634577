"""An engine for tests: responses come from a function. It loads no model.

fake = Fake(lambda prompt: "4" if prompt.subject == "math" else "5")
list(fake.complete([Prompt("math", "numeric", "1", "2 + 2 =")]))[0].text  # "4"
assay.run(study, engine=fake.preflight)  # a study with `model` and `path`, whatever they name
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext

from assay.engines.api import NO_PROMPTS, Completion, Liveness, ModelRef, Problem, Prompt
from assay.engines.chat_template import Tokens
from assay.engines.preflight import Preflight
from assay.engines.probes import logits_verdict
from assay.plan import EngineSettings

__all__ = ["Fake"]


class Fake:
    """An engine that answers each prompt with `answer(prompt)`, and keeps the prompt in `asked`.

    Each word counts as a token. A text ends before the first stop text, and after `max_tokens` words. A continuation
    gets the log-probability `score(prompt)`; above -1 it counts as greedy.
    """

    def __init__(
        self,
        answer: Callable[[Prompt], str],
        score: Callable[[Prompt], float] = lambda _: -1.0,
        *,
        inert: Collection[str] = (),
        refused: Mapping[str, str] | None = None,
        templates: Mapping[str, str] | None = None,
        end_tokens: Mapping[str, tuple[int, ...]] | None = None,
        provenance: Mapping[str, str] | None = None,
        contents: Mapping[str, str] | None = None,
    ) -> None:
        """Answer by functions; `inert` adapters change nothing, `refused` ones fail preflight for a reason.

        `templates` are chat templates by subject; `{prompt}` in one stands for the prompt. `end_tokens` are
        those that adapters bring. `provenance` is what it says of its software, `contents` what weights are by content: name and source by default.
        """
        self.answer = answer
        self.score = score
        self.inert = inert
        self.refused = refused or {}
        self.templates = templates or {}
        self.end_tokens = end_tokens or {}
        self.provenance = provenance or {}
        self.contents = contents or {}
        self.asked: list[Prompt] = []
        self.loads = 0
        """How often it was loaded."""
        self.failed: dict[str, str] = {}
        """Adapters that cannot be loaded, and why."""

    def complete(self, prompts: Iterable[Prompt]) -> Iterator[Completion]:
        """Yield one completion for each prompt, in their order; none for failed subjects."""
        waiting = deque(prompts)
        while waiting:
            prompt = waiting.popleft()
            if prompt.subject not in self.failed:
                self.asked.append(prompt)
                completion = self._generate(prompt) if prompt.kind == "generate" else self._score(prompt)
                yield completion
                waiting.extend(completion.following)

    def liveness(
        self,
        adapters: Sequence[str],
        sent: Mapping[str, Sequence[str]] = NO_PROMPTS,  # noqa: ARG002
    ) -> list[Liveness]:
        """Every adapter changes something, except those in `inert`."""
        return [
            Liveness(name, 2, 0.0, 0.0, 0.0, 0.0, *logits_verdict(2, 0.0, 0.0, 0.0))
            if name in self.inert
            else Liveness(name, 2, 1.0, 1.0, 0.1, 1.0)
            for name in adapters
            if name not in self.failed
        ]

    def preflight(
        self, settings: EngineSettings, base: ModelRef, adapters: Sequence[ModelRef]
    ) -> FakePreflight:
        """A preflight without checks: a subject is identified by its name and source."""
        return FakePreflight(self, settings, base, adapters)

    def _generate(self, prompt: Prompt) -> Completion:
        text = self.answer(prompt)
        places = [place for stop in prompt.stop if stop and (place := text.find(stop)) >= 0]
        text = text[: min(places)] if places else text
        words = text.split(" ")
        kept = " ".join(words[: prompt.max_tokens])
        finish = "stop" if len(words) <= prompt.max_tokens else "length"
        return Completion(prompt, kept, tokens=min(len(words), prompt.max_tokens), finish=finish, seconds=0.0)

    def _score(self, prompt: Prompt) -> Completion:
        logprob = self.score(prompt)
        tokens = len(prompt.continuation.split())
        return Completion(
            prompt, prompt.continuation, tokens=tokens, logprob=logprob, greedy=logprob > -1, seconds=0.0
        )


class FakePreflight(Preflight):
    """A base and its adapters as a Fake sees them."""

    def __init__(
        self, fake: Fake, settings: EngineSettings, base: ModelRef, adapters: Sequence[ModelRef]
    ) -> None:
        super().__init__(base.name, Tokens({}))
        self.fake = fake
        self.provenance = fake.provenance
        self.templates = dict(fake.templates)
        self.end_tokens = dict(fake.end_tokens)
        for ref in (base, *adapters):
            if reason := fake.refused.get(ref.name):
                self.note(Problem(ref.name, "error", reason))
            else:
                content = fake.contents.get(ref.name, f"{ref.name} {ref.source}")
                self.identities[ref.name] = {"engine": settings.name, "content": content}

    def chat(self, prompt: str, template: str) -> str:
        """The template with the prompt in it."""
        return template.replace("{prompt}", prompt)

    def converse(self, turns: Sequence[Mapping[str, str]], template: str, begun: bool) -> str:
        """The template with all turns in it, a line each; an answer's beginning comes after it."""
        lines = [f"{turn['role']}: {turn['content']}" for turn in turns]
        last = turns[-1]["content"] if begun else ""
        return self.chat("\n".join(lines[: len(lines) - begun]), template) + last

    def load(self) -> AbstractContextManager[Fake]:
        """The Fake itself."""
        self.fake.loads += 1
        return nullcontext(self.fake)
