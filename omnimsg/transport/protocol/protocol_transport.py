"""The transport over `asyncio.Protocol`: exchanges of one account, their time limits, closing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omnimsg.transport.answer_error import AnswerError
from omnimsg.transport.http_defaults import MAX_ANSWER_BYTES
from omnimsg.transport.pooled_transport import PooledTransport
from omnimsg.transport.protocol.dialer import Dialer
from omnimsg.transport.protocol.errors import ConnectionBrokenError
from omnimsg.transport.protocol.exchange import exchange, may_repeat
from omnimsg.transport.protocol.faults import fault_from
from omnimsg.transport.protocol.pool import Pool
from omnimsg.transport.protocol.request_body import open_body
from omnimsg.transport.protocol.request_head import RequestHeads

if TYPE_CHECKING:
    import asyncio
    from typing import Any

    from omnimsg.adapter import Request, Response
    from omnimsg.transport.interface import Sink, TransportFault, WriteMark
    from omnimsg.transport.options import TransportOptions
    from omnimsg.transport.protocol.request_head import Head


class ProtocolTransport(PooledTransport[Pool]):
    """The transport of one account over `asyncio.Protocol`.

    Credentials are added only to a request that asks for them and whose host the adapter declares.
    Redirects are answers like any other.

    Args:
        options: Where the requests go, and with which credentials.
        max_answer_bytes: The largest answer that is kept in memory.

    Raises:
        OSError: `ca_file` cannot be read, or holds no certificate.
    """

    def __init__(
        self, options: TransportOptions, *, max_answer_bytes: int = MAX_ANSWER_BYTES
    ) -> None:
        super().__init__(options, max_answer_bytes=max_answer_bytes)
        self._dialer = Dialer(self._network, max_answer_bytes, self._network.tls_context())
        self._heads = RequestHeads(self._endpoints, keeps_connections=self._network.keepalive > 0)

    async def exchange(
        self, request: Request, *, within: float, mark: WriteMark, sink: Sink | None = None
    ) -> Response:
        """Send one request and return its answer."""
        within = self._allowed_time(request, within, sink)
        head = self._heads.of(request)
        pool = self._opened or self._open()
        task = self._begin(within)
        try:
            body = request.body
            if sink is not None or not isinstance(body, bytes) or not head.fits(body):
                return await self._exchange_other(pool, request, head, mark, sink)
            # The hot path: a small request whose answer is kept in memory.
            data = head.followed_by(body)
            connection = pool.take(head.origin) or await pool.acquire(head.origin)
            answer = connection.send(data, mark)
            try:
                return await answer
            except ConnectionBrokenError as error:
                if not may_repeat(request, connection, error):
                    raise
            except BaseException:
                connection.give_up(answer)
                raise
            return await self._exchange_other(pool, request, head, mark, None, is_new=True)
        except BaseException as error:
            fault = self._fault(error, task, mark, head)
            if fault is None:
                raise
            raise fault from error
        finally:
            self._end(task)

    def _connect(self, loop: asyncio.AbstractEventLoop) -> Pool:
        return Pool(
            loop,
            max_connections=self._max_connections,
            keepalive=self._network.keepalive,
            dial=self._dialer.dial,
        )

    async def _exchange_other(
        self,
        pool: Pool,
        request: Request,
        head: Head,
        mark: WriteMark,
        sink: Sink | None,
        *,
        is_new: bool = False,
    ) -> Response:
        """Exchange any request: with a large body or none, with an answer for a sink."""
        async with open_body(request, head.length) as body:
            connection = await pool.acquire(head.origin, is_new=is_new)
            try:
                return await exchange(connection, request, head, body, mark, sink)
            except ConnectionBrokenError as error:
                if not may_repeat(request, connection, error):
                    raise
        return await self._exchange_other(pool, request, head, mark, sink, is_new=True)

    def _fault(
        self, error: BaseException, task: asyncio.Task[Any], mark: WriteMark, head: Head
    ) -> TransportFault | None:
        """Translate an error of an exchange into a fault; return `None` for any other error."""
        error = self._as_timeout(error, task)
        if isinstance(error, (AnswerError, OSError, ValueError)):
            proxy = self._network.proxy if head.origin.scheme == "https" else None
            return fault_from(error, written=mark.written, origin=head.origin, proxy=proxy)
        return None
