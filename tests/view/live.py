"""A run under way, as far as a test lets it go."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Condition, Thread
from unittest.mock import patch

import assay
from assay.engines import Fake, Prompt
from tests.runs.test_stages import answer, stopping


class Live:
    """Answers so many prompts, and then waits to be let on."""

    def __init__(self, folder: Path, **fields: object) -> None:
        self.folder = folder / "runs" / "live"
        self._study = stopping(folder, **fields)  # type: ignore[arg-type]
        self._condition = Condition()
        self._answered, self._until = 0, 0
        self._began = False
        self.error: BaseException | None = None
        self._thread = Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        try:
            fake = Fake(self._answer, refused={"lift": "its weights are of another base"})
            assay.run(self._study, self.folder, engine=fake.preflight)
        except BaseException as error:
            self.error = error
            with self._condition:
                self._condition.notify_all()

    def _answer(self, prompt: Prompt) -> str:
        with self._condition:
            self._began = True
            self._condition.notify_all()
            if not self._condition.wait_for(lambda: self._answered < self._until, timeout=300):
                raise TimeoutError("nobody lets the run go on")
            self._answered += 1
        return answer(prompt)

    def start(self) -> None:
        """Begin, and return when the first prompt waits."""
        self._thread.start()
        with self._condition:
            waiting = self._condition.wait_for(lambda: self.error or self._began, timeout=300)
        assert self.error is None, self.error
        assert waiting

    def go(self, prompts: int) -> None:
        """Answer so many more, and return when the run waits again."""
        with self._condition:
            self._until += prompts
            self._condition.notify_all()
            waiting = self._condition.wait_for(
                lambda: self.error or self._answered >= self._until, timeout=300
            )
        assert self.error is None, self.error
        assert waiting

    def finish(self) -> None:
        """Let it go to its end."""
        self.end()
        assert self.error is None, self.error
        assert not self._thread.is_alive()

    def end(self) -> None:
        """Likewise, however it ends."""
        with self._condition:
            self._until += 10**9
            self._condition.notify_all()
        self._thread.join(300)


@contextmanager
def live_run(folder: Path, **fields: object) -> Iterator[Live]:
    """A run that began and waits."""
    live = Live(folder, **fields)
    with patch("assay.records.store.PAUSE", 0.0):  # each response is kept before the next prompt waits
        live.start()
        try:
            yield live
        finally:
            live.end()
