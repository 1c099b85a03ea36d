"""The parser of answers: the size of a body is bounded while it still arrives."""

from __future__ import annotations

import pytest

from omnimsg.transport.answer_error import AnswerError
from omnimsg.transport.protocol.answer_parser import AnswerParser

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
PIECE = b"a\r\n0123456789\r\n"
END = b"0\r\n\r\n"


def test_a_body_that_never_ends_is_refused_once_it_is_too_large() -> None:
    """A server that goes on sending fills no memory: the end of the body is not waited for."""
    parser = AnswerParser(100)
    parser.expect()
    parser.feed(HEAD)
    for _ in range(10):
        parser.feed(PIECE)

    with pytest.raises(AnswerError, match="has more than 100 bytes"):
        parser.feed(PIECE)


def test_a_body_of_the_largest_size_may_come_in_many_pieces() -> None:
    """Each piece counts once, however many follow it."""
    parser = AnswerParser(100)
    parser.expect()
    parser.feed(HEAD)
    for _ in range(10):
        parser.feed(PIECE)
    parser.feed(END)

    assert parser.is_whole
    assert b"0123456789" * 10 == parser.response().body


def test_a_body_for_a_sink_has_no_limit() -> None:
    """A body that goes to a sink is not kept, so it may be larger, also what comes at once."""
    parser = AnswerParser(100)
    parser.expect()
    parser.expect_other(streamed=frozenset({200}), is_head=False)
    parser.feed(HEAD)
    taken = b""
    for _ in range(2):
        parser.feed(PIECE * 20)
        taken += b"".join(parser.take_chunks())

    assert b"0123456789" * 40 == taken


def test_the_error_of_the_parser_is_kept() -> None:
    """What is wrong with an answer is told, and not that it is no HTTP."""
    parser = AnswerParser(100)
    parser.expect()

    with pytest.raises(AnswerError, match="too many header lines"):
        parser.feed(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000)
