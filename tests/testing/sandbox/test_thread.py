"""The sandbox has a thread of its own, in one process."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from omnimsg.sandbox import Sandbox
from omnimsg.testing.sandbox.thread import SandboxThread

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def thread() -> Iterator[SandboxThread]:
    """Start a sandbox."""
    started = SandboxThread()
    started.start()
    yield started
    started.stop()


def test_a_forked_process_is_told_that_it_has_no_thread(
    thread: SandboxThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would wait for ever for the thread of its parent, which it must not stop either."""
    with monkeypatch.context() as forked:
        forked.setattr(os, "getpid", lambda: 0)
        with pytest.raises(RuntimeError, match="this process was forked"):
            thread.call(len, "")

    assert 3 == thread.call(len, "abc")


def test_stopping_twice_does_nothing_more(thread: SandboxThread) -> None:
    """A fixture and an exit handler may both do it."""
    thread.stop()
    thread.stop()

    with pytest.raises(RuntimeError, match="has been stopped"):
        thread.begin(lambda: None)  # type: ignore[arg-type,return-value]


def test_a_sandbox_that_cannot_start_leaves_no_thread() -> None:
    """The error is that of the server."""
    first = SandboxThread()
    first.start()
    second = SandboxThread(Sandbox(port=first.sandbox.port))

    with pytest.raises(OSError, match="in use"):
        second.start()

    first.stop()
