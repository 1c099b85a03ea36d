"""The thread of a sandbox: start, stop and fork."""

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
    """Start a sandbox in a thread."""
    started = SandboxThread()
    started.start()
    yield started
    started.stop()


def test_a_forked_process_is_told_that_it_has_no_thread(
    thread: SandboxThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a forked process a call fails instead of waiting for the parent's thread."""
    with monkeypatch.context() as forked:
        forked.setattr(os, "getpid", lambda: 0)
        with pytest.raises(RuntimeError, match="this process was forked"):
            thread.call(len, "")

    assert 3 == thread.call(len, "abc")


def test_stopping_twice_does_nothing_more(thread: SandboxThread) -> None:
    """Stopping twice is allowed; a call afterwards is an error."""
    thread.stop()
    thread.stop()

    with pytest.raises(RuntimeError, match="has been stopped"):
        thread.begin(lambda: None)  # type: ignore[arg-type,return-value]


def test_a_sandbox_that_cannot_start_leaves_no_thread() -> None:
    """A sandbox that cannot start raises the server's error and stops its thread."""
    first = SandboxThread()
    first.start()
    second = SandboxThread(Sandbox(port=first.sandbox.port))

    with pytest.raises(OSError, match="in use"):
        second.start()

    first.stop()
