"""Read one answer after the other from the bytes of a connection, within bounds."""

from __future__ import annotations

import httptools

from omnimsg.adapter import Response
from omnimsg.domain.formatting import format_bytes
from omnimsg.transport.protocol.answer_headers import AnswerHeaders
from omnimsg.transport.protocol.content_coding import Decoder, decode_whole
from omnimsg.transport.protocol.errors import AnswerError

# The longest header line that is read, bytes, and the most header lines. Some gateways add lines of
# 9 KB, and hundreds of them.
MAX_HEADER_LINE = 32 * 1024
MAX_HEADER_LINES = 500

# The most interim responses before an answer.
_MAX_INTERIM = 100

_NOTHING: frozenset[int] = frozenset()


class _SurplusError(Exception):
    """Another answer begins, and nobody has asked for it."""


class AnswerParser:
    """Parses the answers of one connection. `expect` comes before each of them.

    httptools calls the methods `on_...`. It bounds nothing by itself: it joins the pieces of a
    header line, however many come.

    Args:
        max_body: The largest body that is kept in memory, bytes, decoded or not.

    Attributes:
        status: The HTTP status.
        lines: The header lines.
        chunks: The pieces of the body; whoever takes some removes them.
        has_begun: Whether a byte of the answer has come.
        is_streamed: Whether the body goes to a sink. Its size is not bounded here.
        is_whole: Whether the answer has ended.
        is_reusable: Whether the connection may carry another request. Only of a whole answer.
    """

    def __init__(self, max_body: int) -> None:
        self._max_body = max_body
        self._parser = httptools.HttpResponseParser(self)
        # As aiohttp has it: servers that end lines with a bare LF, or put a space behind the size
        # of a chunk, are read.
        self._parser.set_dangerous_leniencies(
            lenient_headers=True,
            lenient_optional_cr_before_lf=True,
            lenient_spaces_after_chunk_size=True,
        )
        self._get_status = self._parser.get_status_code
        self.expect()

    def expect(self, *, streamed: frozenset[int] = _NOTHING, is_head: bool = False) -> None:
        """Begin with the next answer.

        Args:
            streamed: The statuses with which the body goes to a sink.
            is_head: Whether it answers HEAD, so that it has no body whatever it announces.
        """
        self._streamed = streamed
        self._is_head = is_head
        self._problem: AnswerError | None = None
        self._has_head = False
        self._interim = 0
        self._size = 0
        self._silent = 0
        self.status = 0
        self.lines: list[tuple[bytes, bytes]] = []
        self.chunks: list[bytes] = []
        self.has_begun = False
        self.is_streamed = False
        self.is_whole = False
        self.is_reusable = False

    def feed(self, data: bytes) -> None:
        """Parse bytes that were received.

        Raises:
            AnswerError: They are no HTTP, or too many.
        """
        self.has_begun = True
        self._silent += len(data)  # until a method below says that they were of use
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.is_reusable = False
        except httptools.HttpParserError:
            self.is_reusable = False
            if not self.is_whole:
                raise self._problem or AnswerError("is not HTTP") from None
        # A whole answer is whole, whatever else came with it.
        if not self.is_whole and self._silent > MAX_HEADER_LINE:
            raise AnswerError("has a line that is too long")

    def end(self) -> bool:
        """Note the end of the stream; return whether the answer is whole, which it may be by it."""
        if self._has_head and not self.is_whole and not self._has_length():
            self.is_whole = True
        return self.is_whole

    def response(self) -> Response:
        """Return the whole answer with its body.

        Raises:
            AnswerError: The body is not in the announced coding, or decoded it is too large.
        """
        chunks = self.chunks
        body: bytes | None = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        decoder = Decoder.of(self.lines) if body else None
        if decoder is not None:
            body = decode_whole(decoder, chunks, self._max_body)
            if body is None:
                raise self._too_large()
        assert body is not None  # noqa: S101 - for the type checker
        return Response(self.status, body, AnswerHeaders(self.lines))

    def on_message_begin(self) -> None:
        """Refuse another answer behind a whole one."""
        if self.is_whole:
            raise _SurplusError

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header line, or a line behind the last chunk, which nobody needs."""
        self._silent = 0
        if len(name) + len(value) > MAX_HEADER_LINE:
            raise self._failed("has a line that is too long")
        if len(self.lines) >= MAX_HEADER_LINES:
            raise self._failed("has too many header lines")
        self.lines.append((name, value))

    def on_headers_complete(self) -> None:
        """Read the status."""
        self.status = status = self._get_status()
        if status < 200 and status != 101:
            return
        self._has_head = True
        if self._streamed and status in self._streamed:
            self.is_streamed = True
        if self._is_head:
            # The parser cannot be told that no body follows, so it ends here, for good.
            self.is_whole = True
            raise _SurplusError

    def on_body(self, body: bytes) -> None:
        """Keep a piece of the body."""
        self._silent = 0
        self.chunks.append(body)
        self._size += len(body)
        if self._size > self._max_body and not self.is_streamed:
            self._problem = self._too_large()
            raise self._problem

    def on_message_complete(self) -> None:
        """Note that the answer is whole, unless it was an interim response."""
        if self._has_head:
            self.is_whole = True
            self.is_reusable = self._parser.should_keep_alive() and self.status != 101
            return
        self._interim += 1
        self.lines = []
        if self._interim > _MAX_INTERIM:
            raise self._failed("has too many interim responses")

    def _has_length(self) -> bool:
        """Whether the answer says where its body ends."""
        return any(
            name.lower() == b"content-length"
            or (name.lower() == b"transfer-encoding" and value.lower().endswith(b"chunked"))
            for name, value in self.lines
        )

    def _failed(self, what: str) -> AnswerError:
        self._problem = AnswerError(what)
        return self._problem

    def _too_large(self) -> AnswerError:
        return AnswerError(f"has more than {format_bytes(self._max_body)}")
