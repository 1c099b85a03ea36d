"""Read the requests of the control API, refuse wrong ones, and build its routes."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Final

from aiohttp import hdrs, web

from omnimsg.json_codec import JSONDecodeError, loads
from omnimsg.sandbox.capacity import REQUEST_BYTES
from omnimsg.sandbox.request_error import RequestError
from omnimsg.sandbox.responses import json_response

if TYPE_CHECKING:
    from omnimsg.sandbox.routes import Handler

CONTROL: Final = "/_sandbox"


def refused(text: str, status: int) -> web.Response:
    """Return the answer to a refused control request."""
    return json_response({"error": text}, status=status)


def _check_query(request: web.Request, names: tuple[str, ...]) -> None:
    """Refuse a query with an unknown name, or with a name given more than once."""
    for name in request.query:
        if name not in names:
            known = f"use {', '.join(names)}" if names else "this path takes none"
            raise RequestError(f"{name}: unknown, {known}")
        if len(request.query.getall(name)) > 1:
            raise RequestError(f"{name}: given more than once")


def whole_number(name: str, value: str | None) -> int | None:
    """Return a query value as a whole number of at least 1, None if there is no value.

    Raises:
        RequestError: The value is not such a number.
    """
    if value is None:
        return None
    if not (value.isascii() and value.isdigit() and 1 <= int(value[:10]) <= 10**9):
        raise RequestError(f"{name}: must be a whole number of at least 1")
    return int(value[:10])


async def answer_control(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Return the answer of a handler; what it or aiohttp refuses becomes a JSON answer."""
    try:
        return await handler(request)
    except RequestError as error:
        return refused(str(error), error.status)
    except web.HTTPNotFound:
        return refused("no such path; GET / lists all", 404)
    except web.HTTPMethodNotAllowed as error:
        methods = ", ".join(sorted(error.allowed_methods))
        response = refused(f"{error.method}: this path takes {methods}", 405)
        response.headers[hdrs.ALLOW] = methods
        return response
    except web.HTTPRequestEntityTooLarge:
        return refused(f"body: has more than {REQUEST_BYTES} bytes", 413)
    except web.RequestPayloadError:
        response = refused("body: is not encoded as its header lines say", 400)
        response.force_close()
        return response


async def json_body(request: web.Request) -> Any:  # noqa: ANN401 - JSON data
    """Return the decoded body.

    Raises:
        RequestError: The body is not JSON.
    """
    try:
        return loads(await request.read())
    except JSONDecodeError:
        what = "a JSON object, in UTF-8 without a byte order mark"
        raise RequestError(f"body: must be {what}") from None


async def json_object(request: web.Request, *names: str) -> dict[str, Any]:
    """Return the decoded body, an object; with names, it has no other members.

    Raises:
        RequestError: The body is not such an object.
    """
    body = await json_body(request)
    if not isinstance(body, dict):
        raise RequestError("body: must be a JSON object")
    unknown = next((name for name in body if names and name not in names), None)
    if unknown is not None:
        raise RequestError(f"{unknown}: unknown, use {', '.join(names)}")
    return body


def control_route(
    method: str, path: str, handler: Handler, *, takes: tuple[str, ...] = ()
) -> web.RouteDef:
    """Return a route of the control API.

    Args:
        method: The HTTP method.
        path: The path after ``CONTROL``.
        handler: The handler; it may raise a ``RequestError``.
        takes: The names that the query may have, each once.
    """

    @functools.wraps(handler)
    async def checked(request: web.Request) -> web.StreamResponse:
        _check_query(request, takes)
        return await handler(request)

    return web.route(method, CONTROL + path, checked)
