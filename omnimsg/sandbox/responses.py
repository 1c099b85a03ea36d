"""JSON responses, and why a response refuses."""

from typing import TypeVar

from aiohttp import web

from omnimsg.json_codec import dumps

REFUSED = web.ResponseKey("refused", str)
"""Why a response refuses its request, or one of its messages; the request log shows it."""

_MAX_SHOWN = 500

R = TypeVar("R", bound=web.StreamResponse)


def json_response(document: object, status: int = 200) -> web.Response:
    """Return a response with ``document`` as its JSON body."""
    return web.Response(body=dumps(document), status=status, content_type="application/json")


def explained(response: R, *reasons: str) -> R:
    """Note for the request log why a response refuses; several reasons are listed.

    Args:
        response: The response.
        reasons: Each names what is wrong, never the text of a message; none leaves the response
            without an explanation.
    """
    if reasons:
        text = "; ".join(reasons)
        response[REFUSED] = text if len(text) <= _MAX_SHOWN else f"{text[: _MAX_SHOWN - 1]}…"
    return response
