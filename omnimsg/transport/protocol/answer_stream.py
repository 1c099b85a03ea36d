"""The body of one answer on its way from a connection to a sink."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

import attrs

from omnimsg.transport.content_coding import Decoder, write_decoded

if TYPE_CHECKING:
    from omnimsg.transport.interface import Sink

# The most bytes that are buffered for the sink before reading is paused.
_MAX_BUFFERED = 256 * 1024


@attrs.define(eq=False)
class AnswerStream:
    """Buffers the pieces of a body, and pauses reading while the sink is slower.

    Args:
        transport: The connection's transport.
        loop: The connection's event loop.
        status: The HTTP status.
        lines: The header lines.
        coding: The value of `Content-Encoding`.
    """

    _transport: asyncio.Transport
    _loop: asyncio.AbstractEventLoop
    status: int
    lines: Sequence[tuple[bytes, bytes]]
    coding: bytes | None
    _chunks: list[bytes] = attrs.field(factory=list, init=False)
    _buffered: int = attrs.field(default=0, init=False)
    _is_paused: bool = attrs.field(default=False, init=False)
    _is_whole: bool = attrs.field(default=False, init=False)
    _error: Exception | None = attrs.field(default=None, init=False)
    _waiter: asyncio.Future[None] | None = attrs.field(default=None, init=False)

    def put(self, chunks: list[bytes], *, is_whole: bool) -> None:
        """Add pieces."""
        self._chunks += chunks
        self._buffered += sum(map(len, chunks))
        self._is_whole = is_whole
        if self._buffered > _MAX_BUFFERED and not (is_whole or self._is_paused):
            self._is_paused = True
            self._transport.pause_reading()
        self._wake()

    def fail(self, error: Exception) -> None:
        """End the stream with an error, raised after the pieces that were received before."""
        self._error = error
        self._wake()

    async def take(self) -> list[bytes]:
        """Wait for pieces and return all that are buffered; an empty list at the end.

        Raises:
            AnswerError: The rest of the body is not HTTP, or exceeds a limit.
            ConnectionBrokenError: The connection ended before the body did.
        """
        while not self._chunks:
            if self._is_whole:
                return []
            if self._error is not None:
                raise self._error
            self._resume()
            self._waiter = self._loop.create_future()
            await self._waiter
        chunks, self._chunks, self._buffered = self._chunks, [], 0
        return chunks

    def _resume(self) -> None:
        if self._is_paused:
            self._is_paused = False
            self._transport.resume_reading()

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)


async def write_to_sink(stream: AnswerStream, sink: Sink) -> None:
    """Decode a body and write it to a sink.

    Raises:
        AnswerError: It is not HTTP, not in the announced coding, or cut off.
        ConnectionBrokenError: The connection ended before the body did.
        SinkFault: The sink could not be written.
    """
    decoder = Decoder.of(stream.coding)
    while chunks := await stream.take():
        for chunk in chunks:
            await write_decoded(chunk, decoder, sink)
    if decoder is not None:
        decoder.end()
