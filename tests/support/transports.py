"""The two transports, for tests of their common contract."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import pytest

from omnimsg.transport import TransportFault, WriteMark
from omnimsg.transport.aiohttp_transport import HttpTransport
from omnimsg.transport.marked_session import Marking
from omnimsg.transport.protocol.protocol_transport import ProtocolTransport

if TYPE_CHECKING:
    from omnimsg import Reason
    from omnimsg.adapter import Request, Response
    from omnimsg.transport import Sink

AnyTransport: TypeAlias = HttpTransport | ProtocolTransport
TransportTo: TypeAlias = Callable[..., AnyTransport]
"""Creates the transport of an account with a base URL."""

both = pytest.mark.parametrize("marking", [Marking.VERIFYING, None], ids=["aiohttp", "protocol"])
"""Runs the tests of a module over both transports, each as an account has it."""


async def asked(
    transport: AnyTransport, request: Request, *, within: float = 5.0, sink: Sink | None = None
) -> Response:
    """Exchange a request that is answered, and check that its mark is set."""
    mark = WriteMark()
    response = await transport.exchange(request, within=within, mark=mark, sink=sink)
    assert mark.written
    return response


async def lost(
    transport: AnyTransport, request: Request, *, within: float = 5.0, sink: Sink | None = None
) -> Reason:
    """Exchange a request that leaves and gets no answer; return the reason."""
    mark = WriteMark()
    with pytest.raises(TransportFault) as caught:
        await transport.exchange(request, within=within, mark=mark, sink=sink)
    assert mark.written
    assert "s3cret" not in caught.value.detail
    return caught.value.reason
