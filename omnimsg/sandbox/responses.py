"""Build JSON responses, and attach the reason of a refusal for the request log."""

from typing import TypeVar

from aiohttp import web

from omnimsg.json_codec import dumps

REFUSED = web.ResponseKey("refused", str)
"""Key of the reason why a response refuses its request or one of its messages."""

_MAX_SHOWN = 500

R = TypeVar("R", bound=web.StreamResponse)


def json_response(document: object, status: int = 200) -> web.Response:
    """Return a response with ``document`` as its JSON body."""
    return web.Response(body=dumps(document), status=status, content_type="application/json")


def body_of(response: web.StreamResponse) -> bytes:
    """Return the body of a buffered response; empty for a response that is written in parts."""
    body = response.body if isinstance(response, web.Response) else None
    return bytes(body) if isinstance(body, bytes | bytearray) else b""


def explained(response: R, *reasons: str) -> R:
    """Attach to a response, for the request log, why it refuses, and return the response.

    Args:
        response: The response.
        reasons: The reasons, never with the text of a message; without any, the response is
            unchanged.
    """
    if reasons:
        text = "; ".join(reasons)
        response[REFUSED] = text if len(text) <= _MAX_SHOWN else f"{text[: _MAX_SHOWN - 1]}…"
    return response
