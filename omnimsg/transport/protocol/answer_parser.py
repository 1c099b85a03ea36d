"""Parse the answers on a connection, one after the other, within size limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httptools

from omnimsg.adapter import Response
from omnimsg.domain.byte_sizes import format_bytes
from omnimsg.transport.answer_error import AnswerError
from omnimsg.transport.content_coding import Decoder, decode_whole
from omnimsg.transport.http_defaults import MAX_HEADER_LINE, MAX_HEADER_LINES
from omnimsg.transport.protocol.answer_headers import AnswerHeaders

if TYPE_CHECKING:
    from collections.abc import Callable

# The most interim responses before an answer.
_MAX_INTERIM = 100

_NO_STATUSES: frozenset[int] = frozenset()


class _EndError(Exception):
    """Stops the parser: the answer ends here, although the parser expects a body."""


class AnswerParser:
    """Parses the answers of one connection. `expect` must be called before each of them.

    httptools calls the methods `on_...`. It has no size limits of its own: it joins the pieces of a
    header line of any length.

    Args:
        max_body: The largest body that is kept in memory, bytes, decoded or not.

    Attributes:
        status: The HTTP status.
        lines: The header lines.
        coding: The value of `Content-Encoding`.
        chunks: The pieces of the body.
        has_begun: Whether a byte of the answer was received.
        is_streamed: Whether the body goes to a sink. Its size is not bounded here.
        is_whole: Whether the answer has ended.
        is_reusable: Whether the connection may carry another request; valid once `is_whole`.
    """

    def __init__(self, max_body: int) -> None:
        self._max_body = max_body
        # One permit for the expected answer. An answer that begins without one raises `IndexError`,
        # which ends the parsing. This callback and `on_body` are C functions: cheaper than Python.
        self._permits: list[None] = []
        self.on_message_begin: Callable[[], object] = self._permits.pop
        self.chunks: list[bytes] = []
        self.on_body: Callable[[bytes], object] = self.chunks.append
        self._parser = httptools.HttpResponseParser(self)
        # As lenient as aiohttp: servers may end lines with a bare LF, or put a space after the size
        # of a chunk.
        self._parser.set_dangerous_leniencies(
            lenient_headers=True,
            lenient_optional_cr_before_lf=True,
            lenient_spaces_after_chunk_size=True,
        )
        self._get_status = self._parser.get_status_code
        self._should_keep_alive = self._parser.should_keep_alive
        self._streamed = _NO_STATUSES
        self._is_head = False
        self._problem: AnswerError | None = None
        self._interim = 0
        self.status: int = 0
        self.is_streamed: bool = False
        self.is_reusable: bool = False
        self.expect()
        self._permits.clear()

    def expect(self) -> None:
        """Prepare for the next answer, kept in memory unless `expect_other` follows."""
        self._permits.append(None)
        self._has_head = False
        self.coding: bytes | None = None
        self._since_progress = self._size = self._counted = 0
        self.lines: list[tuple[bytes, bytes]] = []
        # Not empty if the last answer's future was cancelled: nothing took the body.
        self.chunks.clear()
        self.has_begun: bool = False
        self.is_whole: bool = False
        if self._streamed:
            self.is_streamed = False
            self._streamed = _NO_STATUSES

    def expect_other(self, *, streamed: frozenset[int], is_head: bool) -> None:
        """Set what is unusual about the answer that `expect` has prepared for.

        Args:
            streamed: The statuses with which the body goes to a sink.
            is_head: Whether it answers HEAD, so that it has no body whatever it announces.
        """
        self._streamed = streamed
        self._is_head = is_head

    def feed(self, data: bytes) -> None:
        """Parse bytes that were received.

        Raises:
            AnswerError: The bytes are not HTTP, or exceed a limit.
        """
        self.has_begun = True
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.is_reusable = False
        except httptools.HttpParserError:
            self.is_reusable = False
            if not self.is_whole:
                raise self._problem or AnswerError("is not HTTP") from None
        # Bytes after a whole answer do not make it invalid.
        if not self.is_whole:
            self._check_bounds(len(data))

    def take_chunks(self) -> list[bytes]:
        """Remove and return the pieces of the body that were received so far."""
        chunks = self.chunks.copy()
        self.chunks.clear()
        self._size = self._counted = 0
        return chunks

    def end(self) -> bool:
        """Note the end of the stream, which ends an answer without a length; return `is_whole`."""
        if self._has_head and not self._has_length():
            self.is_whole = True
            self.is_reusable = False
        return self.is_whole

    def response(self) -> Response:
        """Return the whole answer with its body.

        Raises:
            AnswerError: The body is not in the announced coding, or is too large, decoded or not.
        """
        chunks = self.chunks
        body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        chunks.clear()
        if len(body) > self._max_body:
            raise self._too_large()
        if self.coding is not None:
            body = self._decoded(body)
        return Response(self.status, body, AnswerHeaders(self.lines))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header line; check and drop a trailer, which follows the last chunk."""
        self._since_progress = 0
        size = len(name)
        if size + len(value) > MAX_HEADER_LINE:
            raise self._failed("has a line that is too long")
        if self._has_head:
            return
        if len(self.lines) >= MAX_HEADER_LINES:
            raise self._failed("has too many header lines")
        if size == 16 and name.lower() == b"content-encoding":
            self.coding = value
        self.lines.append((name, value))

    def on_headers_complete(self) -> None:
        """Read the status."""
        self.status = status = self._get_status()
        if status < 100:
            raise self._failed("is not HTTP")
        if status < 200 and status != 101:
            return
        self._has_head = True
        if self._streamed and status in self._streamed:
            self.is_streamed = True
        if self._is_head:
            # The parser cannot be told that no body follows, so it is stopped, and not used again.
            self.is_whole = True
            self.is_reusable = False
            raise _EndError

    def on_message_complete(self) -> None:
        """Note that the answer is whole, unless it was an interim response."""
        if self._has_head:
            self.is_whole = True
            self.is_reusable = self._should_keep_alive()
            self._interim = 0
            return
        self._interim += 1
        self._permits.append(None)
        self.lines = []
        self.coding = None
        if self._interim > _MAX_INTERIM:
            raise self._failed("has too many interim responses")

    def _check_bounds(self, received: int) -> None:
        """Check the size of an answer that is not whole yet."""
        new = self.chunks[self._counted :]
        self._counted += len(new)
        self._size += sum(map(len, new))
        if self._size > self._max_body and not self.is_streamed:
            raise self._too_large()
        self._since_progress = 0 if new else self._since_progress + received
        if self._since_progress > MAX_HEADER_LINE:
            raise AnswerError("has a line that is too long")

    def _decoded(self, body: bytes) -> bytes:
        decoder = Decoder.of(self.coding)
        if decoder is None:
            return body
        decoded = decode_whole(decoder, body, self._max_body)
        if decoded is None:
            raise self._too_large()
        return decoded

    def _has_length(self) -> bool:
        """Whether the answer says where its body ends.

        The parser obeys a name or a value with spaces after it, and hands them over.
        """
        lines = [(name.strip().lower(), value.strip().lower()) for name, value in self.lines]
        return any(
            name == b"content-length"
            or (name == b"transfer-encoding" and value.endswith(b"chunked"))
            for name, value in lines
        )

    def _failed(self, what: str) -> AnswerError:
        self._problem = AnswerError(what)
        return self._problem

    def _too_large(self) -> AnswerError:
        return AnswerError(f"has more than {format_bytes(self._max_body)}")
