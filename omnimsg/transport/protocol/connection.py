"""One connection: writes a request, reads its answer, and is used again or closed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, cast

from omnimsg.transport.answer_error import AnswerError
from omnimsg.transport.protocol.answer_parser import AnswerParser
from omnimsg.transport.protocol.answer_stream import AnswerStream
from omnimsg.transport.protocol.errors import ConnectionBrokenError

if TYPE_CHECKING:
    from omnimsg.adapter import Response
    from omnimsg.transport.interface import WriteMark
    from omnimsg.transport.protocol.origin import Origin

    # The future of a `Response`, or of an `AnswerStream` for a streamed status.
    PendingAnswer: TypeAlias = asyncio.Future[Any]


class Owner(Protocol):
    """The owner of a connection, which the connection notifies."""

    def release(self, connection: Connection) -> None:
        """Take back a connection that may carry another request."""

    def forget(self, connection: Connection) -> None:
        """Note that a connection is being closed."""

    def lost(self, connection: Connection) -> None:
        """Note that a connection is closed."""


class Connection(asyncio.Protocol):
    """A connection to one origin, with at most one request in flight.

    Bytes that arrive while none is, or after the end of an answer, belong to no request: the
    connection is then closed, so that they are not read as the answer to the next one.

    Args:
        loop: The event loop.
        owner: Keeps it between requests.
        origin: The origin that it connects to.
        max_body: The largest answer that is kept in memory, bytes.

    Attributes:
        transport: The event loop's transport.
        origin: The origin that it connects to.
        is_open: Whether a request may be written to it.
        is_kept: Whether it has carried a request before.
        idle_since: When its last answer ended, in loop time.
    """

    transport: asyncio.Transport

    def __init__(
        self, loop: asyncio.AbstractEventLoop, owner: Owner, origin: Origin, max_body: int
    ) -> None:
        self._loop = loop
        self._owner = owner
        self._parser = AnswerParser(max_body)
        self._answer: PendingAnswer | None = None
        self._stream: AnswerStream | None = None
        self._is_unusable = False
        self._is_writing = False
        self._is_paused = False
        self._drained: asyncio.Future[None] | None = None
        self.origin: Origin = origin
        self.is_open: bool = False
        self.is_kept: bool = False
        self.idle_since: float = 0.0

    def send(self, data: bytes, mark: WriteMark) -> asyncio.Future[Response]:
        """Write a request, and return the future of its answer.

        A caller that stops waiting for it must call `give_up`.

        Args:
            data: The request.
            mark: Its write mark, set here.
        """
        self._parser.expect()
        answer: asyncio.Future[Response] = self._loop.create_future()
        self._answer = answer
        # Not earlier: if anything above fails, nothing has left.
        mark.written = True
        try:
            self.transport.write(data)
        except BaseException:
            self.give_up(answer)
            raise
        return answer

    def begin(
        self, data: bytes, mark: WriteMark, *, streamed: frozenset[int], is_head: bool
    ) -> PendingAnswer:
        """Write the head of a request; `write` and `end_request` follow.

        Args:
            data: The head.
            mark: The write mark of the request, set here.
            streamed: The statuses with which the body of the answer goes to a sink. The future then
                returns an `AnswerStream`.
            is_head: Whether the method is HEAD.
        """
        answer: PendingAnswer = self.send(data, mark)
        self._parser.expect_other(streamed=streamed, is_head=is_head)
        self._is_writing = True
        return answer

    async def write(self, piece: bytes) -> None:
        """Write a piece of a request's body, and wait while the write buffer is full.

        It returns early once the answer is whole, or when the connection fails.
        """
        self.transport.write(piece)
        if self._is_paused and self._answer is not None:
            self._drained = self._loop.create_future()
            await self._drained

    def end_request(self) -> None:
        """Note that the request is written."""
        self._is_writing = False

    def give_up(self, answer: PendingAnswer) -> None:
        """Stop waiting for an answer: close the connection, unless the answer is whole."""
        if answer.done() and not answer.cancelled():
            answer.exception()  # retrieved, so that asyncio does not log it
        if self._answer is answer:
            self._answer = self._stream = None
            self.abort()

    def abort(self) -> None:
        """Close it at once; what is not written yet is dropped."""
        if self.is_open:
            self.is_open = False
            self.transport.abort()
            self._owner.forget(self)

    def fail(self, error: Exception) -> None:
        """Close it, and end the request in flight, if any, with an error."""
        answer, self._answer = self._answer, None
        stream, self._stream = self._stream, None
        self.abort()
        self._wake_writer()
        if stream is not None:
            stream.fail(error)
        elif answer is not None and not answer.done():
            answer.set_exception(error)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note the event loop's transport."""
        # A cast without a check: the transports of uvloop are not a subclass.
        self.transport = cast("asyncio.Transport", transport)
        # In a tunnel, the host may have sent bytes, or closed it, before this is called.
        self.is_open = not self._is_unusable
        if self._is_unusable:
            self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Parse a part of the answer."""
        parser = self._parser
        if self._answer is None:
            self._is_unusable = True
            self.abort()
            return
        try:
            parser.feed(data)
        except AnswerError as error:
            self.fail(error)
            return
        if parser.is_streamed:
            self._forward_body()
        if parser.is_whole:
            self._finish()

    def eof_received(self) -> None:
        """Complete an answer that ends with the stream, and close the connection."""
        self._handle_end()

    def connection_lost(self, error: Exception | None) -> None:
        """Note that the connection is closed, by either side."""
        self._is_unusable = True
        if error is None:
            self._handle_end()
        else:
            self.fail(ConnectionBrokenError(has_begun=self._parser.has_begun))
        self._owner.lost(self)

    def pause_writing(self) -> None:
        """Note that the write buffer is full."""
        self._is_paused = True

    def resume_writing(self) -> None:
        """Note that the write buffer has room, and wake the writer."""
        self._is_paused = False
        self._wake_writer()

    def _handle_end(self) -> None:
        if self._answer is not None and self._parser.end():
            if self._parser.is_streamed:
                self._forward_body()
            self._finish()
        self.fail(ConnectionBrokenError(has_begun=self._parser.has_begun))

    def _forward_body(self) -> None:
        """Pass the received pieces of a body to its stream."""
        parser, answer = self._parser, self._answer
        assert answer is not None  # noqa: S101 - for the type checker
        if self._stream is None:
            self._stream = AnswerStream(
                self.transport, self._loop, parser.status, parser.lines, parser.coding
            )
            if not answer.done():
                answer.set_result(self._stream)
        self._stream.put(parser.take_chunks(), is_whole=parser.is_whole)

    def _finish(self) -> None:
        """Hand over the whole answer, and release the connection, or close it if not reusable."""
        parser, answer = self._parser, self._answer
        self._answer = self._stream = None
        if answer is not None and not answer.done():
            try:
                answer.set_result(parser.response())
            except AnswerError as error:
                answer.set_exception(error)
        if parser.is_reusable and not self._is_writing:
            self.is_kept = True
            self._owner.release(self)
        else:
            self.abort()

    def _wake_writer(self) -> None:
        drained, self._drained = self._drained, None
        if drained is not None and not drained.done():
            drained.set_result(None)
