"""The control API below ``/_sandbox``: for tests, demonstrations and people, not for adapters."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final

import attrs

from omnimsg.sandbox.control_requests import control_route, json_body, json_object, whole_number
from omnimsg.sandbox.request_error import RequestError
from omnimsg.sandbox.responses import json_response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from aiohttp import web

    from omnimsg.sandbox.callbacks.callbacks import Callbacks
    from omnimsg.sandbox.fault_scripts import Faults
    from omnimsg.sandbox.handsets import Handsets
    from omnimsg.sandbox.replies import SentReply

MAX_WAIT_SECONDS: Final = 60.0
"""The maximum of ``wait``: how long a request for handsets may wait for a message."""
_POLL_SECONDS: Final = 0.05


def _wait(value: str | None) -> float:
    try:
        seconds = 0.0 if value is None else float(value)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= MAX_WAIT_SECONDS:
        raise RequestError(f"wait: must be seconds from 0 to {MAX_WAIT_SECONDS:g}")
    return seconds


class ControlApi:
    """The handlers of the control API."""

    def __init__(
        self,
        *,
        handsets: Handsets,
        faults: Faults,
        callbacks: Callbacks,
        requests: Iterable[Mapping[str, Any]],
        reply: Callable[[object], SentReply],
        reset: Callable[[], None],
    ) -> None:
        """Create the handlers.

        Args:
            handsets: The handsets to list.
            faults: The faults to list, to add to and to remove from.
            callbacks: The callbacks.
            requests: The request log; iterated anew for each call.
            reply: Sends a message or an interaction of a phone, given as a JSON document.
            reset: Resets the sandbox.
        """
        self._handsets = handsets
        self._faults = faults
        self._callbacks = callbacks
        self._requests = requests
        self._send_reply = reply
        self._reset_sandbox = reset

    def routes(self) -> Iterable[web.RouteDef]:
        """Return the routes."""
        handset_query = ("number", "limit", "wait")
        return [
            control_route("GET", "/handsets", self._list_received, takes=handset_query),
            control_route("GET", "/faults", self._list_faults),
            control_route("POST", "/faults", self._add_fault),
            control_route("DELETE", "/faults", self._remove_faults),
            control_route("DELETE", "/faults/{fault_id}", self._remove_fault),
            control_route("GET", "/requests", self._list_requests),
            control_route("POST", "/reset", self._reset),
            control_route("GET", "/callbacks", self._show_callbacks),
            control_route("PUT", "/callbacks", self._set_callback_url),
            control_route("DELETE", "/callbacks", self._switch_callbacks_off),
            control_route("POST", "/inbound", self._add_inbound),
        ]

    async def _list_received(self, request: web.Request) -> web.Response:
        """List received messages; the query may have number, limit and wait (seconds)."""
        query = request.query
        number = query.get("number")
        if number is not None:
            # An unescaped plus of a number arrives as a space.
            number = number.strip()
        limit = whole_number("limit", query.get("limit"))
        ends = time.monotonic() + _wait(query.get("wait"))
        count, received = self._handsets.latest(number, limit)
        # Poll, because messages arrive by the sandbox's clock, which may be a test's and sends no
        # notice.
        while not count and time.monotonic() < ends:
            await asyncio.sleep(_POLL_SECONDS)
            count, received = self._handsets.latest(number, limit)
        return json_response(
            {"count": count, "received": [attrs.asdict(each) for each in received]}
        )

    async def _list_faults(self, _: web.Request) -> web.Response:
        """List the faults and how often each fired."""
        return json_response({"faults": self._faults.as_json()})

    async def _add_fault(self, request: web.Request) -> web.Response:
        """Add a fault, such as {"kind": "reset_after"}."""
        options = await json_object(request)
        kind, provider = options.pop("kind", None), options.pop("provider", None)
        fault = self._faults.add(kind, provider=provider, **options)
        return json_response(fault.as_json(), status=201)

    async def _remove_fault(self, request: web.Request) -> web.Response:
        """Remove one fault."""
        # An id has few digits; a longer one is unknown in any case.
        given = request.match_info["fault_id"][:20]
        try:
            fault = self._faults.remove(int(given) if given.isascii() and given.isdigit() else 0)
        except LookupError:
            raise RequestError(f"faults: no fault has the id {given!r}", status=404) from None
        return json_response(fault.as_json())

    async def _remove_faults(self, _: web.Request) -> web.Response:
        """Remove all faults."""
        self._faults.clear()
        return json_response({"faults": []})

    async def _list_requests(self, _: web.Request) -> web.Response:
        """List the latest requests, and why one was refused."""
        return json_response({"requests": list(self._requests)})

    async def _reset(self, _: web.Request) -> web.Response:
        """Remove messages, handsets, media, faults and requests."""
        self._reset_sandbox()
        return json_response({"reset": True})

    async def _show_callbacks(self, _: web.Request) -> web.Response:
        """Show where callbacks go, how many were sent, and the latest attempts."""
        return json_response(self._callbacks.as_json())

    async def _set_callback_url(self, request: web.Request) -> web.Response:
        """Send callbacks to {"url": "http://127.0.0.1:9000/callbacks"}, or those of a provider."""
        body = await json_object(request, "url", "provider")
        provider = body.get("provider")
        self._callbacks.set_url(body.get("url"), None if provider is None else str(provider))
        return json_response(self._callbacks.as_json())

    async def _switch_callbacks_off(self, _: web.Request) -> web.Response:
        """Switch callbacks off, and discard waiting ones."""
        self._callbacks.switch_off()
        return json_response(self._callbacks.as_json())

    async def _add_inbound(self, request: web.Request) -> web.Response:
        """Send as a phone, such as {"from": "+27820000001", "text": "STOP"}."""
        return json_response(self._send_reply(await json_body(request)).as_json(), status=201)
