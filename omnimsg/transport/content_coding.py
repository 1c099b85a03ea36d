"""Decode compressed bodies in pieces of limited size."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from omnimsg.transport.answer_error import AnswerError
from omnimsg.transport.interface import SinkFault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omnimsg.transport.interface import Sink

# The codings that every Python can decode. No other one is requested.
ACCEPT_ENCODING = "gzip, deflate"

# The most bytes of one decoded piece, however small its compressed form is.
_MAX_PIECE = 64 * 1024

# The most compressed bytes that are handed to zlib at once. At the end of each member of a gzip
# file zlib copies the rest of them, and a member may have as few as 20 bytes.
_MAX_INPUT = 16 * 1024

_GZIP = 16 + zlib.MAX_WBITS
_ZLIB = zlib.MAX_WBITS
# Some servers send a raw deflate stream, although RFC 9110 requires the zlib format.
_RAW_DEFLATE = -zlib.MAX_WBITS

_NAMES = {b"gzip": "gzip", b"x-gzip": "gzip", b"deflate": "deflate"}


class Decoder:
    """Decodes one body.

    Args:
        coding: `gzip` or `deflate`.
    """

    def __init__(self, coding: str) -> None:
        self._is_gzip = coding == "gzip"
        self._inner: zlib._Decompress | None = None

    @classmethod
    def of(cls, coding: bytes | None) -> Decoder | None:
        """Return the decoder that a body needs by its `Content-Encoding`.

        A coding that was not requested is not decoded: the adapter then finds no JSON.
        """
        name = _NAMES.get((coding or b"").strip().lower())
        return None if name is None else cls(name)

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """Decode a piece of the body, in time proportional to its size, compressed and decoded.

        Raises:
            AnswerError: It is not in the announced coding.
        """
        for start in range(0, len(data), _MAX_INPUT):
            yield from self._decode(data[start : start + _MAX_INPUT])

    def _decode(self, data: bytes) -> Iterator[bytes]:
        piece = b""
        try:
            # After a piece of full size, zlib may hold more although it has consumed all data.
            while data or len(piece) == _MAX_PIECE:
                if self._inner is None or self._inner.eof:
                    if not data or (self._inner is not None and not self._is_gzip):
                        return
                    # Start the body, or the next member of a gzip file.
                    self._inner = zlib.decompressobj(self._window_bits(data))
                piece = self._inner.decompress(data, _MAX_PIECE)
                data = self._inner.unconsumed_tail or self._inner.unused_data
                if piece:
                    yield piece
        except zlib.error:
            raise AnswerError("is not compressed as its Content-Encoding says") from None

    def end(self) -> None:
        """Check that the body was whole.

        Raises:
            AnswerError: It was cut off.
        """
        if self._inner is not None and not self._inner.eof:
            raise AnswerError("has a compressed body that is cut off")

    def _window_bits(self, data: bytes) -> int:
        if self._is_gzip:
            return _GZIP
        return _ZLIB if data[0] & 0x0F == zlib.DEFLATED else _RAW_DEFLATE


async def write_decoded(chunk: bytes, decoder: Decoder | None, sink: Sink) -> None:
    """Decode a chunk of a body, if it is encoded, and write it to a sink.

    Raises:
        AnswerError: It is not in the coding.
        SinkFault: The sink could not be written.
    """
    for piece in (chunk,) if decoder is None else decoder.pieces(chunk):
        try:
            await sink.write(piece)
        except OSError as error:
            raise SinkFault(error) from error


def decode_whole(decoder: Decoder, body: bytes, max_bytes: int) -> bytes | None:
    """Decode a body that is kept in memory; `None` where it has more than `max_bytes` bytes.

    Raises:
        AnswerError: It is not in the announced coding, or cut off.
    """
    pieces, size = [], 0
    for piece in decoder.pieces(body):
        size += len(piece)
        if size > max_bytes:
            return None
        pieces.append(piece)
    decoder.end()
    return b"".join(pieces)
