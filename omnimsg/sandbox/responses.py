"""JSON responses."""

import orjson
from aiohttp import web


def json_response(document: object, status: int = 200) -> web.Response:
    """Return a response with ``document`` as its JSON body."""
    return web.Response(body=orjson.dumps(document), status=status, content_type="application/json")
