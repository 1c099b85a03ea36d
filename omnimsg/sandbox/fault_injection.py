"""Inject faults into requests: before the emulator handles them, or into its response."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from aiohttp import hdrs, web

from omnimsg.json_codec import dumps, loads
from omnimsg.sandbox.responses import R, body_of, explained

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from omnimsg.sandbox.emulator import Emulator
    from omnimsg.sandbox.fault_scripts import Fault
    from omnimsg.sandbox.routes import Handler

_JSON = "application/json"
_HTML = "<!DOCTYPE html><html><head><title>Gateway</title></head><body>Gateway</body></html>"


def reset_connection(request: web.Request) -> web.Response:
    """Reset the connection; the returned response is never sent."""
    transport = request.transport
    if transport is not None:
        # With SO_LINGER at zero, the peer gets a reset instead of an orderly close.
        stream = transport.get_extra_info("socket")
        if stream is not None:
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    return web.Response(status=500)


def _closed(request: web.Request, response: R) -> R:
    """Close the connection of a request, and return the response, of which nothing more is sent."""
    if request.transport is not None:
        # `close` and not `abort`: what was written has to arrive first.
        request.transport.close()
    return response


async def _truncate(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    body = body_of(response)
    cut = web.StreamResponse(status=response.status, headers=response.headers)
    cut.content_length = len(body)
    cut.force_close()
    await cut.prepare(request)
    await cut.write(body[: len(body) // 2])
    return _closed(request, cut)


def _write_interim(request: web.Request, params: Mapping[str, Any]) -> None:
    status = params.get("status", _REPLACING["interim"])
    if request.transport is not None:
        request.transport.write(f"HTTP/1.1 {status} Interim\r\n\r\n".encode())


_REPLACING: Final[Mapping[str, int]] = {
    "status": 503,
    "rate_limit": 429,
    "reset_before": 500,  # never sent
    "redirect": 307,
    "html": 502,
    "interim": 102,
}
"""The kinds of faults with a response in place of the emulator's, each with its usual status.

The request is not processed, unless the fault has the parameter ``processed``.
"""


def _replacement(request: web.Request, emulator: Emulator, fault: Fault) -> web.Response:
    params = fault.params
    status = params.get("status", _REPLACING[fault.kind])
    response = web.Response(status=status)
    match fault.kind:
        case "rate_limit" if "status" not in params:
            response = emulator.refuse(request, status)
        case "reset_before":
            response = reset_connection(request)
        case "redirect":
            response.headers[hdrs.LOCATION] = params.get("location", str(request.url))
        case "html":
            response = web.Response(status=status, text=_HTML, content_type="text/html")
        case "interim":
            _write_interim(request, params)
            response = _closed(request, web.Response(status=500))
    if "retry_after" in params:
        response.headers[hdrs.RETRY_AFTER] = f"{params['retry_after']:g}"
    return explained(response, f"fault {fault.id}: {fault.kind}")


def _replaces(fault: Fault) -> bool:
    """Return whether a fault replaces the response; ``interim`` does only with ``alone``."""
    return fault.kind in _REPLACING and (
        fault.kind != "interim" or fault.params.get("alone", False)
    )


async def _damage_response(
    request: web.Request, emulator: Emulator, fault: Fault, response: web.StreamResponse
) -> web.StreamResponse:
    """Apply a fault to the response to a request that was processed."""
    if _replaces(fault):
        return _replacement(request, emulator, fault)
    match fault.kind:
        case "reset_after":
            return explained(reset_connection(request), f"fault {fault.id}: {fault.kind}")
        case "truncate":
            return await _truncate(request, response)
        case "shuffle" if isinstance(response, web.Response) and response.content_type == _JSON:
            document = emulator.shuffle(loads(body_of(response)), fault.rng)
            response.body = dumps(document)
            return response
        case _:
            return response


async def respond_with_faults(
    request: web.Request,
    handler: Handler,
    emulator: Emulator,
    faults: Sequence[Fault],
) -> web.StreamResponse:
    """Respond to a request as the emulator does, with the faults that hit the request."""
    for fault in faults:
        if fault.kind == "latency":
            if emulator.is_send(request):
                # The message counts as sent even if the client disconnects during the delay.
                with suppress(web.RequestPayloadError):
                    await request.read()
            await asyncio.sleep(fault.params.get("seconds", 1.0))
        elif _replaces(fault) and not fault.params.get("processed", False):
            return _replacement(request, emulator, fault)
        elif fault.kind == "interim" and not _replaces(fault):
            _write_interim(request, fault.params)
    response = await _handle(request, handler, emulator)
    for fault in faults:
        response = await _damage_response(request, emulator, fault, response)
    return response


async def _handle(
    request: web.Request,
    handler: Handler,
    emulator: Emulator,
) -> web.StreamResponse:
    """Call the handler; the emulator builds the 404 and 405 that aiohttp itself raises."""
    try:
        return await handler(request)
    except (web.HTTPNotFound, web.HTTPMethodNotAllowed) as error:
        return emulator.refuse(request, error.status)
    except web.RequestPayloadError:
        # As a front-end server would refuse it: no provider documents an own error for this.
        refused = web.Response(status=400)
        refused.force_close()
        return explained(refused, "the body is not encoded as its header lines say")
