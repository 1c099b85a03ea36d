"""`call_in_own_thread`: the result, the error, and a process that starts no more threads."""

from __future__ import annotations

import asyncio
import threading

import pytest

from omnimsg.own_thread import call_in_own_thread


def test_a_function_is_called_in_a_thread_that_holds_up_no_process() -> None:
    """The function runs in a daemon thread of the given name, and the future has its result."""
    thread = call_in_own_thread(threading.current_thread, "own").result(timeout=10)

    assert ("own", True) == (thread.name, thread.daemon)


def test_any_error_is_that_of_the_caller() -> None:
    """Even an exception that ends threads, such as `SystemExit`, is raised by the future."""

    def leave() -> None:
        raise SystemExit

    with pytest.raises(SystemExit):
        call_in_own_thread(leave, "own").result(timeout=10)


def test_where_no_thread_starts_the_function_is_called_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """If no thread can be started, the caller's thread calls the function."""

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError

    monkeypatch.setattr(threading.Thread, "start", refuse)

    assert threading.current_thread() is call_in_own_thread(threading.current_thread, "x").result()


def test_a_cancelled_waiter_leaves_the_call_its_result() -> None:
    """A call whose waiting task was cancelled ends with its result."""
    go_on = threading.Event()

    async def give_up() -> bool:
        called = call_in_own_thread(go_on.wait, "own")
        waiting = asyncio.wrap_future(called)
        waiting.cancel()
        await asyncio.sleep(0)
        go_on.set()
        return called.result(timeout=10)

    assert asyncio.run(give_up())
