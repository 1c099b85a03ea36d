"""How a compressed body is decoded in pieces, and how much work that takes."""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING, Any

import pytest

from omnimsg.transport.answer_error import AnswerError
from omnimsg.transport.content_coding import Decoder, decode_whole

if TYPE_CHECKING:
    from collections.abc import Callable

MEMBER = gzip.compress(b"")

_decompressobj = zlib.decompressobj


def _raw(data: bytes) -> bytes:
    """Compress without a head and a checksum, as some servers do."""
    return zlib.compress(data, wbits=-zlib.MAX_WBITS)


class Counted:
    """A zlib decompressor that counts the bytes that it was given."""

    handled = 0

    def __init__(self, window_bits: int) -> None:
        self._inner = _decompressobj(window_bits)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Decompress, as zlib does."""
        Counted.handled += len(data)
        return self._inner.decompress(data, max_length)


def _handled(members: int) -> int:
    """Return how many bytes zlib handles for a body of so many empty members."""
    Counted.handled = 0
    body = decode_whole(Decoder("gzip"), MEMBER * members, 1_000_000)
    assert body == b""
    return Counted.handled


def test_a_body_of_many_members_takes_time_in_proportion(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four times the members of a gzip body take no more than four times the work.

    With the square of it, an answer of a few megabytes would stop the event loop for minutes.
    """
    monkeypatch.setattr("omnimsg.transport.content_coding.zlib.decompressobj", Counted)

    few, many = _handled(2_000), _handled(8_000)

    assert many <= 5 * few


def test_a_body_is_decoded_across_the_pieces_that_zlib_gets() -> None:
    """Members that are larger and smaller than one piece for zlib are joined without a gap."""
    texts = [bytes([each]) * size for each, size in enumerate([1, 200_000, 0, 70_000, 3])]
    body = b"".join(gzip.compress(each, 0) for each in texts)

    decoded = decode_whole(Decoder("gzip"), body, 1_000_000)

    assert b"".join(texts) == decoded


@pytest.mark.parametrize("size", [64 * 1024 - 1, 64 * 1024, 64 * 1024 + 1, 128 * 1024])
@pytest.mark.parametrize(
    ("coding", "compress"),
    [("gzip", gzip.compress), ("deflate", zlib.compress), ("deflate", _raw)],
    ids=["gzip", "deflate", "raw deflate"],
)
def test_a_body_that_fills_its_last_piece_is_whole(
    coding: str, compress: Callable[[bytes], bytes], size: int
) -> None:
    """A body of exactly the size of a decoded piece is decoded, and not taken for a part of one."""
    assert bytes(size) == decode_whole(Decoder(coding), compress(bytes(size)), size)


def test_a_body_of_the_largest_size_is_kept() -> None:
    """The limit is the size of the largest body, and not of the smallest that is refused."""
    body = gzip.compress(bytes(1000))

    assert [bytes(1000), None] == [
        decode_whole(Decoder("gzip"), body, each) for each in (1000, 999)
    ]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"words", "is not compressed as its Content-Encoding says"),
        (gzip.compress(b"{}")[:-1], "has a compressed body that is cut off"),
    ],
    ids=["another coding", "cut off"],
)
def test_why_a_body_cannot_be_decoded(body: bytes, why: str) -> None:
    """The error tells a body in another coding from one that is cut off."""
    with pytest.raises(AnswerError, match=why):
        decode_whole(Decoder("gzip"), body, 1000)
