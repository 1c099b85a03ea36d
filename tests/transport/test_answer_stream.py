"""The body of an answer on its way to a sink: when reading from the connection is paused."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from omnimsg.transport.protocol.answer_stream import AnswerStream
from omnimsg.transport.protocol.errors import ConnectionBrokenError

LARGE = bytes(300_000)

pytestmark = pytest.mark.anyio


class Reading:
    """The transport of a connection, which notes when reading from it is paused and resumed."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def pause_reading(self) -> None:
        """Note it."""
        self.calls.append("pause")

    def resume_reading(self) -> None:
        """Note it."""
        self.calls.append("resume")


def stream_of(reading: Any) -> AnswerStream:
    """Build the stream of an answer."""
    return AnswerStream(reading, asyncio.get_running_loop(), 200, (), None)


async def test_reading_is_paused_once_until_the_sink_waits_for_more() -> None:
    """More than fits pauses reading, and it goes on when everything was taken."""
    reading = Reading()
    stream = stream_of(reading)
    for _ in range(2):
        stream.put([LARGE], is_whole=False)

    assert [LARGE] * 2 == await stream.take()
    assert ["pause"] == reading.calls
    waiting = asyncio.create_task(stream.take())
    await asyncio.sleep(0)
    assert ["pause", "resume"] == reading.calls
    stream.put([LARGE], is_whole=False)
    assert [LARGE] == await waiting
    assert ["pause", "resume", "pause"] == reading.calls


@pytest.mark.parametrize(("piece", "is_whole"), [(LARGE, True), (b"x", False)])
async def test_reading_goes_on_without_a_need_to_wait(piece: bytes, is_whole: bool) -> None:
    """A small piece pauses nothing, nor does the last one: the connection is for others then."""
    reading = Reading()
    stream = stream_of(reading)

    stream.put([piece], is_whole=is_whole)

    assert [] == reading.calls


async def test_what_was_received_before_an_error_is_taken_first() -> None:
    """A broken connection takes nothing from the sink that has arrived before."""
    stream = stream_of(Reading())
    stream.put([b"x"], is_whole=False)
    stream.fail(ConnectionBrokenError())

    assert [b"x"] == await stream.take()
    with pytest.raises(ConnectionBrokenError):
        await stream.take()
