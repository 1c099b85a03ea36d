"""The input of a stream: its errors, its clean-up, and input in runs."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, closing
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from support.adapters import (
    FakeTransport,
    account_engine,
    close,
    texts,
    tiny,
)
from support.virtual import VirtualLoop

from omnimsg.engine.sending.stream_input import MessageRuns

if TYPE_CHECKING:
    from collections.abc import (
        AsyncGenerator,
        AsyncIterator,
        Iterator,
    )

    from omnimsg import (
        Message,
    )
from support.sending import stream

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_an_error_of_the_input_comes_after_all_outcomes(asynchronous: bool) -> None:
    """An exception of the input is raised after the outcomes of all messages read before it."""

    def failing() -> Iterator[Message]:
        yield from texts(150)
        raise LookupError("line 151")

    async def failing_slowly() -> AsyncIterator[Message]:
        for each in failing():
            yield each

    outcomes = stream(FakeTransport(), failing_slowly() if asynchronous else failing())

    assert 150 == len({(await anext(outcomes)).reference for _ in range(150)})
    with pytest.raises(LookupError, match="line 151"):
        await anext(outcomes)


async def test_an_input_that_is_cancelled_within_does_not_hang() -> None:
    """An input that raises `CancelledError` ends the stream like any other error."""

    async def cancelled() -> AsyncIterator[Message]:
        yield texts(1)[0]
        raise asyncio.CancelledError

    outcomes = stream(FakeTransport(), cancelled())

    assert "r0" == (await anext(outcomes)).reference
    with pytest.raises(asyncio.CancelledError):
        await anext(outcomes)


@pytest.mark.parametrize("count", [1, 250])
async def test_something_that_is_no_message_is_an_error_of_the_input(count: int) -> None:
    """Anything but a message in the input raises `TypeError` with its index, after all outcomes."""
    given = [*texts(count), "+37255500001"]
    outcomes = stream(FakeTransport(), given)  # type: ignore[arg-type]

    assert count == len([await anext(outcomes) for _ in range(count)])
    why = rf"^messages\[{count}\]: only a Message can be sent, not str$"
    with pytest.raises(TypeError, match=why):
        await anext(outcomes)


@pytest.mark.parametrize("pause", [0.1, 0.0], ids=["between two rows", "at its yield"])
@pytest.mark.parametrize("seconds_of_cleanup", [1.0, 3600.0])
def test_the_clean_up_of_the_input_is_waited_for_but_not_for_ever(
    seconds_of_cleanup: float, pause: float, caplog: pytest.LogCaptureFixture
) -> None:
    """Leaving a stream waits up to 5 s for the input's clean-up, and logs one that takes longer."""
    loop = VirtualLoop()

    async def rows() -> AsyncGenerator[Message, None]:
        try:
            for each in texts(10_000):
                yield each
                if pause:
                    await asyncio.sleep(pause)
        finally:
            await asyncio.sleep(seconds_of_cleanup)

    given = rows()

    async def story() -> float:
        account = account_engine(tiny(), FakeTransport(), clock=loop)
        async with aclosing(account.stream(given, 10.0)) as outcomes:
            async for _ in outcomes:
                break
            began = loop.now
        waited = loop.now - began
        await close(account)
        return waited

    with closing(loop):
        waited = loop.drive(story())

    assert min(seconds_of_cleanup, 5.0) == pytest.approx(waited, abs=0.1)
    assert (seconds_of_cleanup > 5) == ("still cleans up 5 s after" in caplog.text)


async def test_an_input_is_closed_by_the_task_that_reads_it() -> None:
    """The input is closed by the task that reads it, as a cancel scope of anyio requires."""
    tasks: list[asyncio.Task[Any] | None] = []

    async def rows() -> AsyncGenerator[Message, None]:
        with anyio.CancelScope():
            tasks.append(asyncio.current_task())
            try:
                for each in texts(10_000):
                    yield each
            finally:
                tasks.append(asyncio.current_task())

    given = rows()
    account = account_engine(tiny(), FakeTransport())
    async with aclosing(account.stream(given, 10.0)) as outcomes:
        async for _ in outcomes:
            break
    await close(account)

    assert 2 == len(tasks)
    assert tasks[0] is tasks[1]


async def test_an_input_is_closed_after_a_row_that_is_no_message() -> None:
    """The input is closed after it has yielded something that is not a message."""
    closed: list[bool] = []

    async def rows() -> AsyncGenerator[Any, None]:
        try:
            yield texts(1)[0]
            yield "not a message"
        finally:
            closed.append(True)

    account = account_engine(tiny(), FakeTransport())
    given = rows()
    with pytest.raises(TypeError):
        _ = [each async for each in account.stream(given, 10.0)]
    await close(account)

    assert [True] == closed


class Lines:
    """Three runs of messages, the second of them empty; then an error.

    Attributes:
        events: The start of each run, and the close.
    """

    def __init__(self) -> None:
        self.events: list[str] = []

    async def runs(self) -> AsyncGenerator[Iterator[Message], None]:
        """Yield the runs."""
        messages = texts(600)
        try:
            for number, count in enumerate((500, 0, 100)):
                self.events.append(f"run {number}")
                yield iter([messages.pop() for _ in range(count)])
                await asyncio.sleep(0)
            raise LookupError("line 601")
        finally:
            self.events.append("closed")


async def test_an_input_of_runs_is_read_run_by_run() -> None:
    """All messages of all runs are sent, and an error of the input comes after all outcomes."""
    lines = Lines()
    outcomes = stream(FakeTransport(), MessageRuns(lines.runs))

    got = [(await anext(outcomes)).reference for _ in range(600)]

    assert 600 == len(set(got))
    with pytest.raises(LookupError, match="line 601"):
        await anext(outcomes)
    assert ["run 0", "run 1", "run 2", "closed"] == lines.events


async def test_an_input_of_runs_is_closed_when_the_stream_is_left() -> None:
    """Leaving a stream early closes its input of runs before another run is read."""
    lines = Lines()

    async with aclosing(stream(FakeTransport(), MessageRuns(lines.runs))) as outcomes:
        await anext(outcomes)

    assert ["run 0", "closed"] == lines.events


async def test_an_input_of_runs_is_an_iterable_of_messages_too() -> None:
    """`MessageRuns` can also be iterated message by message."""
    lines = aiter(MessageRuns(Lines().runs))

    got = [(await anext(lines)).reference for _ in range(600)]

    assert 600 == len(set(got))
