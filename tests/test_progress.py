"""What long work calls, and what is called beside it."""

from __future__ import annotations

from threading import Event

from assay.progress import called_every


def test_a_function_is_called_while_the_body_runs() -> None:
    called = Event()
    with called_every(0.001, called.set):
        assert called.wait(10)


def test_a_function_whose_time_has_not_come_is_not_called() -> None:
    called = Event()
    with called_every(1000, called.set):
        pass
    assert not called.is_set()
