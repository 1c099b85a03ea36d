"""The control API below ``/_sandbox``: for tests, demonstrations and people, not for adapters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import attrs
import orjson
from aiohttp import web

from omnimsg.sandbox.faults import FaultError

if TYPE_CHECKING:
    from omnimsg.sandbox.server import Sandbox

CONTROL = "/_sandbox"


def answer(document: object, status: int = 200) -> web.Response:
    """Return a document as JSON."""
    return web.Response(body=orjson.dumps(document), status=status, content_type="application/json")


def control_routes(sandbox: Sandbox) -> Iterable[web.RouteDef]:
    """Return the routes of the control API of one sandbox."""

    async def handsets(request: web.Request) -> web.Response:
        number = request.query.get("number")
        seen = sandbox.handsets.all() if number is None else sandbox.handsets.received(number)
        return answer({"count": len(seen), "received": [attrs.asdict(one) for one in seen]})

    async def faults(request: web.Request) -> web.Response:
        del request
        return answer({"faults": sandbox.faults.shown()})

    async def add_fault(request: web.Request) -> web.Response:
        try:
            wanted = orjson.loads(await request.read())
        except orjson.JSONDecodeError:
            return answer({"error": "body: must be a JSON object"}, status=400)
        if not isinstance(wanted, Mapping):
            return answer({"error": "body: must be a JSON object"}, status=400)
        given = dict(wanted)
        try:
            fault = sandbox.faults.add(
                given.pop("kind", None), provider=given.pop("provider", None), **given
            )
        except FaultError as error:
            return answer({"error": str(error)}, status=400)
        return answer(fault.shown(), status=201)

    async def reset(request: web.Request) -> web.Response:
        del request
        sandbox.reset()
        return answer({"reset": True})

    async def requests(request: web.Request) -> web.Response:
        del request
        return answer({"requests": list(sandbox.requests)})

    table: list[tuple[str, str, Callable[[web.Request], Any]]] = [
        ("GET", "/handsets", handsets),
        ("GET", "/faults", faults),
        ("POST", "/faults", add_fault),
        ("POST", "/reset", reset),
        ("GET", "/requests", requests),
    ]
    return [web.route(method, CONTROL + path, handler) for method, path, handler in table]
