"""The control API below ``/_sandbox``: for tests, demonstrations and people, not for adapters."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final

import attrs

from omnimsg.sandbox.control_query import (
    QueryError,
    control_route,
    json_body,
    read_query,
    whole_number,
)
from omnimsg.sandbox.fault_scripts import FaultError
from omnimsg.sandbox.responses import json_response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from aiohttp import web

    from omnimsg.sandbox.fault_scripts import Faults
    from omnimsg.sandbox.handsets import Handsets

MAX_WAIT_SECONDS: Final = 60.0
"""The maximum of ``wait``: how long a request for handsets may wait for a message."""
_POLL_SECONDS: Final = 0.05
_HANDSET_QUERY: Final = ("number", "limit", "wait")


def _wait(value: str | None) -> float:
    try:
        seconds = 0.0 if value is None else float(value)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= MAX_WAIT_SECONDS:
        raise QueryError(f"wait: must be seconds from 0 to {MAX_WAIT_SECONDS:g}")
    return seconds


async def _list_received(handsets: Handsets, request: web.Request) -> web.Response:
    query = read_query(request, *_HANDSET_QUERY)
    number = query.get("number")
    if number is not None:
        # An unescaped plus of a number arrives as a space.
        number = number.strip()
    limit, ends = (
        whole_number("limit", query.get("limit")),
        time.monotonic() + _wait(query.get("wait")),
    )
    count, received = handsets.latest(number, limit)
    # Poll, because messages arrive by the sandbox's clock, which may be a test's and sends no
    # notice.
    while not count and time.monotonic() < ends:
        await asyncio.sleep(_POLL_SECONDS)
        count, received = handsets.latest(number, limit)
    return json_response({"count": count, "received": [attrs.asdict(each) for each in received]})


async def _add_fault(faults: Faults, request: web.Request) -> web.Response:
    options = await json_body(request)
    if not isinstance(options, dict):
        return json_response({"error": "body: must be a JSON object"}, status=400)
    try:
        fault = faults.add(
            options.pop("kind", None), provider=options.pop("provider", None), **options
        )
    except FaultError as error:
        return json_response({"error": str(error)}, status=400)
    return json_response(fault.as_json(), status=201)


def _remove_fault(faults: Faults, request: web.Request) -> web.Response:
    given = request.match_info["fault_id"]
    try:
        # An id has few digits; a longer one is unknown in any case.
        fault = faults.remove(int(given[:20]) if given.isascii() and given.isdigit() else 0)
    except LookupError:
        return json_response({"error": f"faults: no fault has the id {given[:20]!r}"}, status=404)
    return json_response(fault.as_json())


def control_routes(
    *,
    handsets: Handsets,
    faults: Faults,
    requests: Iterable[Mapping[str, Any]],
    reset: Callable[[], None],
) -> Iterable[web.RouteDef]:
    """Return the routes of the control API.

    Args:
        handsets: The handsets to list.
        faults: The faults to list, to add to and to remove from.
        requests: The request log; iterated anew for each call.
        reset: Resets the sandbox.
    """

    async def list_received(request: web.Request) -> web.Response:
        """List received messages; the query may have number, limit and wait (seconds)."""
        return await _list_received(handsets, request)

    async def list_faults(request: web.Request) -> web.Response:
        """List the faults and how often each fired."""
        return json_response({"faults": faults.as_json()})

    async def add_fault(request: web.Request) -> web.Response:
        """Add a fault, such as {"kind": "reset_after"}."""
        return await _add_fault(faults, request)

    async def remove_fault(request: web.Request) -> web.Response:
        """Remove one fault."""
        return _remove_fault(faults, request)

    async def remove_faults(request: web.Request) -> web.Response:
        """Remove all faults."""
        faults.clear()
        return json_response({"faults": []})

    async def reset_sandbox(request: web.Request) -> web.Response:
        """Remove messages, handsets, media, faults and requests."""
        reset()
        return json_response({"reset": True})

    async def list_requests(request: web.Request) -> web.Response:
        """List the latest requests, and why one was refused."""
        return json_response({"requests": list(requests)})

    return [
        control_route("GET", "/handsets", list_received, takes=_HANDSET_QUERY),
        control_route("GET", "/faults", list_faults),
        control_route("POST", "/faults", add_fault),
        control_route("DELETE", "/faults", remove_faults),
        control_route("DELETE", "/faults/{fault_id}", remove_fault),
        control_route("GET", "/requests", list_requests),
        control_route("POST", "/reset", reset_sandbox),
    ]
