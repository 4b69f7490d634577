"""An engine for tests that reports what its generations hold, and continues them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from assay.engines import Completion, Fake, Partial, Prompt

__all__ = ["Stepping"]


class Stepping(Fake):
    """Generates a word a step, in all rows at once, and reports after each step; a row's tokens are 0, 1, 2, ..."""

    begun: Mapping[Prompt, Sequence[int]]
    """Tokens that the last generations began with."""
    steps = 0
    """How often it went through all rows."""

    def resume(
        self,
        prompts: Iterable[Prompt],
        begun: Mapping[Prompt, Sequence[int]],
        every: float,  # noqa: ARG002
    ) -> Iterator[Completion | Partial]:
        """Satisfies `Resumable`; raises what `answer` raises, which is asked at every step."""
        self.begun = dict(begun)
        rows = {
            prompt: list(begun.get(prompt, ())) for prompt in prompts if prompt.subject not in self.failed
        }
        while rows:
            self.steps += 1
            for prompt, tokens in list(rows.items()):
                tokens.append(len(tokens))
                completion = self._generate(prompt)
                if len(tokens) == completion.tokens:
                    self.asked.append(prompt)
                    del rows[prompt]
                    yield completion
                    rows |= {following: [] for following in completion.following}
            if rows:
                yield Partial({prompt: tuple(tokens) for prompt, tokens in rows.items()})
