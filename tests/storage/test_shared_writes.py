"""Shared writes: one call of the writing thread serves all waiting callers, with a result each."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import TYPE_CHECKING

import pytest

from omnimsg.storage.shared_writes import SharedWrites, Wanted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@pytest.fixture
def thread() -> Iterator[ThreadPoolExecutor]:
    """The writing thread."""
    with ThreadPoolExecutor(1) as executor:
        yield executor


class Recorder:
    """Records the calls of the thread; line 13 cannot be written.

    Attributes:
        calls: The counts that each call was given.
        began: Set by the first call.
        may_end: Blocks every call while it is not set.
    """

    def __init__(self) -> None:
        self.calls: list[list[int]] = []
        self.began = Event()
        self.may_end = Event()
        self.may_end.set()

    def write(self, wanted: Sequence[Wanted]) -> list[OSError | None]:
        """Record the call, wait for `may_end`, and fail for line 13."""
        self.calls.append([each.count for each in wanted])
        self.began.set()
        assert self.may_end.wait(30)
        return [OSError("unlucky") if each.count == 13 else None for each in wanted]


def _wanted(count: int) -> Wanted:
    return Wanted(count, durable=False)


@pytest.mark.anyio
async def test_one_turn_of_the_loop_is_one_call(thread: ThreadPoolExecutor) -> None:
    """Callers of one event loop iteration share one call of the thread."""
    recorder = Recorder()
    writes = SharedWrites(thread, recorder.write)

    await asyncio.gather(*(writes.wait(_wanted(count)) for count in (1, 2, 3)))

    assert [[1, 2, 3]] == recorder.calls


@pytest.mark.anyio
async def test_who_comes_during_a_call_gets_the_next(thread: ThreadPoolExecutor) -> None:
    """Callers that come during a call share the next one."""
    recorder = Recorder()
    recorder.may_end.clear()
    writes = SharedWrites(thread, recorder.write)
    first = asyncio.ensure_future(writes.wait(_wanted(1)))
    await asyncio.to_thread(recorder.began.wait, 30)
    later = [asyncio.ensure_future(writes.wait(_wanted(count))) for count in (2, 3)]
    await asyncio.sleep(0)

    recorder.may_end.set()
    await asyncio.gather(first, *later)

    assert [[1], [2, 3]] == recorder.calls


@pytest.mark.anyio
async def test_a_request_shares_a_call(thread: ThreadPoolExecutor) -> None:
    """Requests share the call of a waiting caller, and only the last request is passed on."""
    recorder = Recorder()
    writes = SharedWrites(thread, recorder.write)
    for count in (1, 2):
        writes.request(_wanted(count))

    await writes.wait(_wanted(3))

    assert [[3, 2]] == recorder.calls


@pytest.mark.anyio
async def test_a_request_alone_is_a_call(thread: ThreadPoolExecutor) -> None:
    """A request is written although no caller waits for it."""
    recorder = Recorder()
    writes = SharedWrites(thread, recorder.write)

    writes.request(_wanted(1))
    await asyncio.to_thread(recorder.began.wait, 30)

    assert [[1]] == recorder.calls


@pytest.mark.anyio
async def test_what_a_call_took_along_takes_no_other(thread: ThreadPoolExecutor) -> None:
    """A caller whose lines the running call has already written needs no further call."""
    recorder = Recorder()
    recorder.may_end.clear()
    writes = SharedWrites(thread, recorder.write, lambda wanted: wanted.count == 2)
    first = asyncio.ensure_future(writes.wait(_wanted(1)))
    await asyncio.to_thread(recorder.began.wait, 30)
    later = [asyncio.ensure_future(writes.wait(_wanted(count))) for count in (2, 3)]
    writes.request(_wanted(2))
    await asyncio.sleep(0)

    recorder.may_end.set()
    await asyncio.gather(first, *later)

    assert [[1], [3]] == recorder.calls


@pytest.mark.anyio
async def test_an_error_is_that_of_its_caller(thread: ThreadPoolExecutor) -> None:
    """An error for one caller is not raised for another caller of the same call."""
    writes = SharedWrites(thread, Recorder().write)

    answers = await asyncio.gather(
        *(writes.wait(_wanted(count)) for count in (12, 13)), return_exceptions=True
    )

    assert [type(None), OSError] == [type(each) for each in answers]


@pytest.mark.anyio
async def test_a_cancelled_caller_does_not_keep_others(thread: ThreadPoolExecutor) -> None:
    """When one caller is cancelled, the others of its call still get their results."""
    writes = SharedWrites(thread, Recorder().write)
    gone = asyncio.ensure_future(writes.wait(_wanted(1)))
    there = asyncio.ensure_future(writes.wait(_wanted(2)))
    await asyncio.sleep(0)

    gone.cancel()
    await there

    assert gone.cancelled()


@pytest.mark.anyio
async def test_an_ended_thread(thread: ThreadPoolExecutor) -> None:
    """After the thread's shutdown a caller gets a `RuntimeError` instead of waiting for ever."""
    writes = SharedWrites(thread, Recorder().write)
    thread.shutdown()

    with pytest.raises(RuntimeError):
        await writes.wait(_wanted(1))


@pytest.mark.anyio
async def test_an_unexpected_error_is_that_of_all_callers(thread: ThreadPoolExecutor) -> None:
    """A write that raises ends the wait of every caller, whatever it raises."""

    def fail(_: Sequence[Wanted]) -> list[OSError | None]:
        raise MemoryError

    writes = SharedWrites(thread, fail)
    callers = [writes.wait(_wanted(count)) for count in (1, 2)]

    found = await asyncio.wait_for(asyncio.gather(*callers, return_exceptions=True), 30)

    assert [MemoryError, MemoryError] == [type(each) for each in found]


def test_another_loop(thread: ThreadPoolExecutor) -> None:
    """A caller left waiting in a closed event loop does not affect the next loop."""
    recorder = Recorder()
    recorder.may_end.clear()
    writes = SharedWrites(thread, recorder.write)

    async def leave() -> None:
        asyncio.ensure_future(writes.wait(_wanted(1)))  # noqa: RUF006 - the loop ends before the task
        await asyncio.to_thread(recorder.began.wait, 30)

    asyncio.run(leave())
    recorder.may_end.set()
    asyncio.run(writes.wait(_wanted(2)))

    assert [[1], [2]] == recorder.calls
