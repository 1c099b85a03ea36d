"""`MemoryTransport`: a transport that passes requests to a function, without sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeAlias

import attrs

from omnimsg.adapter import Answer, Request, Response
from omnimsg.domain.reason import Reason
from omnimsg.transport.endpoints import Endpoints
from omnimsg.transport.interface import SinkFault, TransportFault

if TYPE_CHECKING:
    from omnimsg.transport import Sink, TransportFactory, TransportOptions, WriteMark

Respond: TypeAlias = Callable[[Request], Response | Awaitable[Response]]
"""Plays the provider: returns the answer to a request, or an awaitable of it. A `TransportFault`
that it raises is a lost answer: the request counts as written."""

Connect: TypeAlias = Callable[[Request], None]
"""Plays the network: a `TransportFault` that it raises is a failed connection."""


class MemoryTransport:
    """Passes the requests of one account to a function, in the event loop of the caller.

    It fulfils the contract of transports: the mark is set before the function is called, an
    exchange ends within its timeout, credentials go only to the account's own hosts, and a closed
    transport refuses requests.

    Args:
        respond: Plays the provider.
        options: The account's address and credentials.
        connect: Plays the network, before the request counts as written.

    Attributes:
        requests: The written requests, in order.
    """

    def __init__(
        self, respond: Respond, options: TransportOptions, *, connect: Connect | None = None
    ) -> None:
        self.requests: list[Request] = []
        self._respond = respond
        self._connect = connect
        self._endpoints = Endpoints(
            options.base_url,
            hosts=options.hosts,
            authorization=options.authorization,
            allow_http=options.network.allow_http,
        )
        self._active = 0
        self._idle: asyncio.Event | None = None
        self._closed = False

    @classmethod
    def factory(cls, respond: Respond, *, connect: Connect | None = None) -> TransportFactory:
        """Return a factory of such transports, for `Client(..., transport=...)`."""
        return lambda options: cls(respond, options, connect=connect)

    async def exchange(
        self, request: Request, *, within: float, mark: WriteMark, sink: Sink | None = None
    ) -> Response:
        """Pass one request to the function, and return its answer."""
        if self._closed:
            raise TransportFault(Reason.CANCELLED, "the client is closed")
        if within <= 0:
            raise TransportFault(Reason.TIMEOUT, "no time is left for the request")
        self._endpoints.resolve(request)
        self._active += 1
        try:
            async with asyncio.timeout(within) as limit:
                return await self._exchange(request, mark, sink)
        except TimeoutError:
            if not limit.expired():
                raise
            raise TransportFault(Reason.TIMEOUT, "no answer in time") from None
        finally:
            self._active -= 1
            if self._idle is not None and not self._active:
                self._idle.set()

    async def aclose(self) -> None:
        """Refuse new requests, and wait for those in flight."""
        self._closed = True
        if self._active:
            self._idle = self._idle or asyncio.Event()
            await self._idle.wait()

    async def _exchange(self, request: Request, mark: WriteMark, sink: Sink | None) -> Response:
        if self._connect is not None:
            self._connect(request)
        mark.written = True
        self.requests.append(request)
        answer = self._respond(request)
        response = answer if isinstance(answer, Response) else await answer
        if sink is None or request.answer is not Answer.SINK:
            return response
        if response.status not in request.success:
            return response
        try:
            await sink.write(response.body)
        except OSError as error:
            raise SinkFault(error) from error
        return attrs.evolve(response, body=b"")
