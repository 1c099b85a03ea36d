"""The control API below ``/_sandbox``: for tests, demonstrations and people, not for adapters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import orjson
from aiohttp import web

from omnimsg.sandbox.faults import FaultError
from omnimsg.sandbox.responses import json_response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from omnimsg.sandbox.faults import Faults
    from omnimsg.sandbox.handsets import Handsets

CONTROL = "/_sandbox"


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
        faults: The faults to list and to add to.
        requests: The request log; read again for every call.
        reset: Resets the sandbox.
    """

    async def list_received(request: web.Request) -> web.Response:
        number = request.query.get("number")
        received = handsets.all() if number is None else handsets.received(number)
        return json_response(
            {"count": len(received), "received": [attrs.asdict(each) for each in received]}
        )

    async def list_faults(request: web.Request) -> web.Response:
        del request
        return json_response({"faults": faults.as_json()})

    async def add_fault(request: web.Request) -> web.Response:
        try:
            options = orjson.loads(await request.read())
        except orjson.JSONDecodeError:
            options = None
        if not isinstance(options, dict):
            return json_response({"error": "body: must be a JSON object"}, status=400)
        try:
            fault = faults.add(
                options.pop("kind", None), provider=options.pop("provider", None), **options
            )
        except FaultError as error:
            return json_response({"error": str(error)}, status=400)
        return json_response(fault.as_json(), status=201)

    async def reset_sandbox(request: web.Request) -> web.Response:
        del request
        reset()
        return json_response({"reset": True})

    async def list_requests(request: web.Request) -> web.Response:
        del request
        return json_response({"requests": list(requests)})

    table: list[tuple[str, str, Callable[[web.Request], Any]]] = [
        ("GET", "/handsets", list_received),
        ("GET", "/faults", list_faults),
        ("POST", "/faults", add_fault),
        ("POST", "/reset", reset_sandbox),
        ("GET", "/requests", list_requests),
    ]
    return [web.route(method, CONTROL + path, handler) for method, path, handler in table]
