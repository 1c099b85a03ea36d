"""The middleware that plays faults on the way in and on the way out."""

from __future__ import annotations

import asyncio
import socket
import struct
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import orjson
from aiohttp import hdrs, web

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from omnimsg.sandbox.emulator import Emulator
    from omnimsg.sandbox.faults import Fault

_JSON = "application/json"
_HTML = "<!DOCTYPE html><html><head><title>Gateway</title></head><body>Gateway</body></html>"


def abort(request: web.Request) -> web.Response:
    """Reset the connection; what is returned nobody gets."""
    transport = request.transport
    if transport is not None:
        # Without lingering the peer sees a reset, not an orderly end.
        stream = transport.get_extra_info("socket")
        if stream is not None:
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    return web.Response(status=500)


def _body(response: web.StreamResponse) -> bytes:
    body = response.body if isinstance(response, web.Response) else None
    return bytes(body) if isinstance(body, bytes | bytearray) else b""


async def _truncated(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    body = _body(response)
    cut = web.StreamResponse(status=response.status, headers=response.headers)
    cut.content_length = len(body)
    cut.force_close()
    await cut.prepare(request)
    await cut.write(body[: len(body) // 2])
    if request.transport is not None:
        # Not an abort: the half that was written has to arrive first.
        request.transport.close()
    return cut


def _plain(request: web.Request, emulator: Emulator, given: Mapping[str, Any]) -> web.Response:
    del request, emulator
    return web.Response(status=given.get("status", 503))


def _throttled(request: web.Request, emulator: Emulator, given: Mapping[str, Any]) -> web.Response:
    if "status" in given:
        return web.Response(status=given["status"])
    return emulator.refuse(request, 429)


def _reset(request: web.Request, emulator: Emulator, given: Mapping[str, Any]) -> web.Response:
    del emulator, given
    return abort(request)


def _redirected(request: web.Request, emulator: Emulator, given: Mapping[str, Any]) -> web.Response:
    del emulator
    location = given.get("location", str(request.url))
    return web.Response(status=given.get("status", 307), headers={hdrs.LOCATION: location})


def _page(request: web.Request, emulator: Emulator, given: Mapping[str, Any]) -> web.Response:
    del request, emulator
    return web.Response(status=given.get("status", 502), text=_HTML, content_type="text/html")


_INSTEAD: Final[Mapping[str, Callable[..., web.Response]]] = MappingProxyType(
    {
        "status": _plain,
        "rate_limit": _throttled,
        "reset_before": _reset,
        "redirect": _redirected,
        "html": _page,
    }
)
"""The answers of faults that keep a request from being processed."""


async def _afterwards(
    request: web.Request, emulator: Emulator, fault: Fault, response: web.StreamResponse
) -> web.StreamResponse:
    """Spoil the answer to a request that was processed."""
    match fault.kind:
        case "reset_after":
            return abort(request)
        case "truncate":
            return await _truncated(request, response)
        case "shuffle" if isinstance(response, web.Response) and response.content_type == _JSON:
            document = emulator.shuffle(orjson.loads(_body(response)), fault.order())
            response.body = orjson.dumps(document)
            return response
        case _:
            return response


async def play(
    request: web.Request,
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    emulator: Emulator,
    faults: Sequence[Fault],
) -> web.StreamResponse:
    """Answer a request as an emulator does, with the faults that hit it."""
    for fault in faults:
        if fault.kind == "latency":
            if emulator.is_send(request):
                # A client that hangs up while it waits has been heard all the same.
                await request.read()
            await asyncio.sleep(fault.params.get("seconds", 1.0))
        elif fault.kind in _INSTEAD:
            answer = _INSTEAD[fault.kind](request, emulator, fault.params)
            if "retry_after" in fault.params:
                answer.headers[hdrs.RETRY_AFTER] = f"{fault.params['retry_after']:g}"
            return answer
    response = await routed(request, handler, emulator)
    for fault in faults:
        response = await _afterwards(request, emulator, fault, response)
    return response


async def routed(
    request: web.Request,
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    emulator: Emulator,
) -> web.StreamResponse:
    """Call the handler; what aiohttp refuses on its own is phrased by the emulator."""
    try:
        return await handler(request)
    except (web.HTTPNotFound, web.HTTPMethodNotAllowed) as error:
        return emulator.refuse(request, error.status)
