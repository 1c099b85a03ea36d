"""Shared functions of the control API's routes: parse queries and bodies, build routes."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Final

from aiohttp import hdrs, web

from omnimsg.json_codec import JSONDecodeError, loads
from omnimsg.sandbox.capacity import REQUEST_BYTES
from omnimsg.sandbox.responses import json_response

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    ControlHandler = Callable[[web.Request], Awaitable[web.StreamResponse]]

CONTROL: Final = "/_sandbox"


class QueryError(ValueError):
    """A query with an unknown name or an invalid value."""


def read_query(request: web.Request, *names: str) -> dict[str, str]:
    """Return the query; every name must be known and given only once.

    Raises:
        QueryError: A name is unknown or repeated.
    """
    given: dict[str, str] = {}
    for name, value in request.query.items():
        if name not in names:
            known = f"use {', '.join(names)}" if names else "this path takes none"
            raise QueryError(f"{name}: unknown, {known}")
        if name in given:
            raise QueryError(f"{name}: given more than once")
        given[name] = value
    return given


def whole_number(name: str, value: str | None) -> int | None:
    """Return a query value as a whole number of at least 1, None if there is no value.

    Raises:
        QueryError: The value is not such a number.
    """
    if value is None:
        return None
    if not (value.isascii() and value.isdigit() and 1 <= int(value[:10]) <= 10**9):
        raise QueryError(f"{name}: must be a whole number of at least 1")
    return int(value[:10])


async def answer_control(request: web.Request, handler: ControlHandler) -> web.StreamResponse:
    """Return the answer of a handler; refusals by aiohttp itself become JSON answers too."""
    try:
        return await handler(request)
    except web.HTTPNotFound:
        return json_response({"error": "no such path; GET / lists all"}, status=404)
    except web.HTTPMethodNotAllowed as error:
        methods = ", ".join(sorted(error.allowed_methods))
        refused = json_response({"error": f"{error.method}: this path takes {methods}"}, status=405)
        refused.headers[hdrs.ALLOW] = methods
        return refused
    except web.HTTPRequestEntityTooLarge:
        return json_response({"error": f"body: has more than {REQUEST_BYTES} bytes"}, status=413)
    except web.RequestPayloadError:
        refused = json_response(
            {"error": "body: is not encoded as its header lines say"}, status=400
        )
        refused.force_close()
        return refused


async def json_body(request: web.Request) -> Any:  # noqa: ANN401 - JSON data
    """Return the decoded body, None if it is not JSON."""
    try:
        return loads(await request.read())
    except JSONDecodeError:
        return None


def control_route(
    method: str, path: str, handler: ControlHandler, *, takes: tuple[str, ...] = ()
) -> web.RouteDef:
    """Return a route of the control API.

    Args:
        method: The HTTP method.
        path: The path after ``CONTROL``.
        handler: The handler; a ``QueryError`` that it raises becomes a 400.
        takes: The names that the query may have; any other name becomes a 400.
    """

    @functools.wraps(handler)
    async def checked(request: web.Request) -> web.StreamResponse:
        try:
            read_query(request, *takes)
            return await handler(request)
        except QueryError as error:
            return json_response({"error": str(error)}, status=400)

    return web.route(method, CONTROL + path, checked)
