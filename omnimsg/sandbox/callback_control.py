"""The control routes for callbacks: set their address, show their attempts, send as a phone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omnimsg.sandbox.callbacks.addresses import AddressError
from omnimsg.sandbox.callbacks.phone_reply import ReplyError
from omnimsg.sandbox.control_query import control_route, json_body
from omnimsg.sandbox.responses import json_response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from aiohttp import web

    from omnimsg.sandbox.callbacks.callbacks import Callbacks
    from omnimsg.sandbox.replies import SentReply


def callback_routes(
    callbacks: Callbacks, reply: Callable[[object], SentReply]
) -> Iterable[web.RouteDef]:
    """Return the routes that show and set where callbacks go, and the route for phones.

    Args:
        callbacks: The callbacks.
        reply: Sends a message or an interaction of a phone, given as a JSON document.
    """

    async def show(request: web.Request) -> web.Response:
        """Show where callbacks go, how many were sent, and the latest attempts."""
        del request
        return json_response(callbacks.as_json())

    async def set_url(request: web.Request) -> web.Response:
        """Send callbacks to {"url": "http://127.0.0.1:9000/callbacks"}, or those of a provider."""
        body = await json_body(request)
        if not isinstance(body, dict):
            return json_response({"error": "body: must be a JSON object"}, status=400)
        unknown = next((name for name in body if name not in {"url", "provider"}), None)
        if unknown is not None:
            return json_response({"error": f"{unknown}: unknown, use url, provider"}, status=400)
        provider = body.get("provider")
        try:
            callbacks.set_url(body.get("url"), None if provider is None else str(provider))
        except AddressError as error:
            return json_response({"error": str(error)}, status=400)
        return json_response(callbacks.as_json())

    async def switch_off(request: web.Request) -> web.Response:
        """Switch callbacks off, and discard waiting ones."""
        del request
        callbacks.switch_off()
        return json_response(callbacks.as_json())

    async def add_inbound(request: web.Request) -> web.Response:
        """Send as a phone, such as {"from": "+27820000001", "text": "STOP"}."""
        try:
            sent = reply(await json_body(request))
        except ReplyError as error:
            return json_response({"error": str(error)}, status=400)
        return json_response(sent.as_json(), status=201)

    path = "/callbacks"
    return [
        control_route("GET", path, show),
        control_route("PUT", path, set_url),
        control_route("DELETE", path, switch_off),
        control_route("POST", "/inbound", add_inbound),
    ]
