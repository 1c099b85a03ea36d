"""How much work it takes to decode a compressed body."""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING, Any

from omnimsg.transport.content_coding import Decoder, decode_whole

if TYPE_CHECKING:
    import pytest

MEMBER = gzip.compress(b"")

_decompressobj = zlib.decompressobj


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
