"""The routes of a sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Iterable


def prefixed(prefix: str, routes: Iterable[web.RouteDef]) -> list[web.RouteDef]:
    """Return routes below a prefix."""
    return [
        web.route(route.method, prefix + route.path, route.handler, **route.kwargs)
        for route in routes
    ]


def list_routes(application: web.Application) -> list[dict[str, str]]:
    """Return all routes of an application, sorted by path.

    ``about`` is the first line of the handler's docstring, where it has one.
    """
    routes = []
    for route in application.router.routes():
        if route.resource is None or route.method == "HEAD":
            # Every GET route has a HEAD twin.
            continue
        about = (route.handler.__doc__ or "").strip().partition("\n")[0]
        entry = {"method": route.method, "path": route.resource.canonical}
        routes.append({**entry, **({"about": about} if about else {})})
    return sorted(routes, key=lambda entry: (entry["path"], entry["method"]))
