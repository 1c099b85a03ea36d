"""Build and list the routes of a sandbox: add prefixes, and wrap handlers without middleware."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from aiohttp import hdrs, web

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
    Serve = Callable[[web.Request, Handler], Awaitable[web.StreamResponse]]


def prefixed(prefix: str, routes: Iterable[web.RouteDef]) -> list[web.RouteDef]:
    """Return routes below a prefix."""
    return [
        web.route(route.method, prefix + route.path, route.handler, **route.kwargs)
        for route in routes
    ]


def served(routes: Iterable[web.RouteDef], serve: Serve) -> list[web.RouteDef]:
    """Return routes, and a catch-all route, whose requests all go through one function.

    Not a middleware, because aiohttp caches wrapped handlers, and so would keep closed sandboxes in
    memory.

    Args:
        routes: The routes.
        serve: Serves a request; takes the request and the handler of its route.
    """
    return [
        web.route(route.method, route.path, _served(route.handler, serve), **route.kwargs)
        for route in (*routes, web.route(hdrs.METH_ANY, "/{path:.*}", _refuse_path))
    ]


def _served(handler: Handler, serve: Serve) -> Handler:
    @functools.wraps(handler)
    async def handle(request: web.Request) -> web.StreamResponse:
        return await serve(request, handler)

    return handle


async def _refuse_path(request: web.Request) -> web.StreamResponse:
    """Raise aiohttp's 404 for an unknown path, or its 405 for a path with other methods."""
    own = request.match_info.route.resource
    methods: set[str] = set()
    for resource in request.app.router.resources():
        if resource is not own:
            _, allowed = await resource.resolve(request)
            methods |= allowed
    if methods:
        raise web.HTTPMethodNotAllowed(request.method, sorted(methods))
    raise web.HTTPNotFound


def list_routes(application: web.Application) -> list[dict[str, str]]:
    """Return all routes of an application, sorted by path.

    ``about`` is the first line of the handler's docstring, if it has one.
    """
    routes = []
    for route in application.router.routes():
        if route.resource is None or route.method in {hdrs.METH_HEAD, hdrs.METH_ANY}:
            # Leave out the HEAD route that aiohttp adds to each GET, and the catch-all route.
            continue
        about = (route.handler.__doc__ or "").strip().partition("\n")[0]
        entry = {"method": route.method, "path": route.resource.canonical}
        routes.append({**entry, **({"about": about} if about else {})})
    return sorted(routes, key=lambda entry: (entry["path"], entry["method"]))
