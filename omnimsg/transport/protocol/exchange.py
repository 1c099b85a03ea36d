"""Exchange any request on one connection: write it in pieces, and wait for its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omnimsg.adapter import Answer, Response
from omnimsg.transport.protocol.answer_headers import AnswerHeaders
from omnimsg.transport.protocol.answer_stream import AnswerStream, write_to_sink
from omnimsg.transport.protocol.request_head import has_no_body

if TYPE_CHECKING:
    from omnimsg.adapter import Request
    from omnimsg.transport.interface import Sink, WriteMark
    from omnimsg.transport.protocol.connection import Connection
    from omnimsg.transport.protocol.errors import ConnectionBrokenError
    from omnimsg.transport.protocol.request_body import RequestBody
    from omnimsg.transport.protocol.request_head import Head


async def exchange(
    connection: Connection,
    request: Request,
    head: Head,
    body: RequestBody,
    mark: WriteMark,
    sink: Sink | None,
) -> Response:
    """Write a request, its body in pieces, and return its answer.

    Writing stops when the answer arrives: a server may answer before it has read a body that it
    does not want.
    """
    is_for_sink = sink is not None and request.answer is Answer.SINK
    answer = connection.begin(
        head.alone() if has_no_body(request) else head.before(body.size, body.content_type),
        mark,
        streamed=request.success if is_for_sink else frozenset(),
        is_head=request.method == "HEAD",
    )
    try:
        while not answer.done() and (piece := await body.read()):
            await connection.write(piece)
        if not answer.done():
            connection.end_request()
        got = await answer
        if sink is not None and isinstance(got, AnswerStream):
            await write_to_sink(got, sink)
            return Response(got.status, b"", AnswerHeaders(got.lines))
    except BaseException:
        connection.give_up(answer)
        raise
    assert isinstance(got, Response)  # noqa: S101 - nothing is streamed without a sink
    return got


def may_repeat(request: Request, connection: Connection, error: ConnectionBrokenError) -> bool:
    """Whether a request whose connection broke may be repeated at once.

    A server may close a kept-alive connection at the moment it is used again.
    """
    return connection.is_kept and not error.has_begun and request.effect.is_repeatable
