"""Bird's error bodies.

Source: Bird Channels API, Messaging (RequestError `{code, message}`, ValidationError with
`details`, a map of paths to lists of strings). Public reports of live 422 answers give the code
`InvalidPayload`, its message, and paths such as `.receiver.contacts[0]`. The codes of all other
statuses are published nowhere; the names used here only have the documented shape.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from aiohttp import web

from omnimsg.sandbox import json_response
from omnimsg.sandbox.schema import ViolationKind, Path, Violation

__all__ = ["STATUSES", "RefusedError", "invalid", "refusal"]

_CODES: Final[Mapping[int, tuple[str, str]]] = {
    400: ("BadRequest", "The request body is not valid JSON"),
    401: ("Unauthorized", "A valid access key is required"),
    403: ("Forbidden", "The role of the access key does not allow this"),
    404: ("NotFound", "The requested resource does not exist"),
    405: ("MethodNotAllowed", "The method is not allowed for this resource"),
    409: ("Conflict", "The request conflicts with the current state of the resource"),
    413: ("RequestEntityTooLarge", "The request body exceeded the 200 KB size limit"),
    429: ("TooManyRequests", "The rate limit of the workspace was exceeded"),
}

STATUSES: Final = frozenset(_CODES)
"""The statuses that a refusal without details may have."""


class RefusedError(Exception):
    """A request that Bird would not process.

    Args:
        response: The answer that says so.
    """

    def __init__(self, response: web.Response) -> None:
        super().__init__(f"refused with {response.status}")
        self.response = response


def refusal(status: int) -> web.Response:
    """Return the answer of a status other than 422."""
    code, message = _CODES[status]
    return json_response({"code": code, "message": message}, status)


def invalid(found: Iterable[Violation]) -> RefusedError:
    """Return the refusal of a body or of query parameters that violate the schema."""
    details: dict[str, list[str]] = {}
    for violation in found:
        # An unsupported property is reported where it stands, not under its own name.
        parts = violation.path[:-1] if violation.kind is ViolationKind.UNKNOWN else violation.path
        details.setdefault(_dotted(parts), []).append(violation.message)
    document = {
        "code": "InvalidPayload",
        "message": "One or more fields provided in the request body are malformed",
        "details": details,
    }
    return RefusedError(json_response(document, 422))


def _dotted(path: Path) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path) or "."
