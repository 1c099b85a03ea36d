"""Bird's error bodies.

Source: Bird Channels API, Messaging (RequestError `{code, message}`, ValidationError with
`details`, a map of paths to lists of strings). Public reports of live 422 answers give the code
`InvalidPayload`, its message, and paths such as `.receiver.contacts[0]`. The message of a 404 is
that of the schema's example, and names what is missing. The codes of all other statuses are
published nowhere; the names used here only follow the documented form.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from aiohttp import web

from omnimsg.sandbox import explained, json_response
from omnimsg.sandbox.responses import REFUSED
from omnimsg.sandbox.schema import Path, Violation, ViolationKind

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
"""The statuses of errors without details."""


class RefusedError(Exception):
    """A request is refused.

    Args:
        response: The error response.
    """

    def __init__(self, response: web.Response) -> None:
        super().__init__(f"refused with {response.status}")
        self.response = response

    @property
    def reason(self) -> str:
        """The text for the request log."""
        return str(self.response.get(REFUSED, ""))


def error_response(status: int, why: str | None = None) -> web.Response:
    """Return the error response with a status other than 422.

    Args:
        status: A key of `STATUSES`.
        why: The text for the request log; by default the message of the response.
    """
    code, message = _CODES[status]
    return _response(status, code, message, why)


def not_found(what: str) -> web.Response:
    """Return the error for something that does not exist, such as a channel."""
    code, message = _CODES[404]
    return _response(404, code, f"{message}: {what} not found")


def _response(status: int, code: str, message: str, why: str | None = None) -> web.Response:
    response = json_response({"code": code, "message": message}, status)
    return explained(response, f"{code}: {why or message}")


def listed(violations: Iterable[Violation]) -> str:
    """Return the text of violations for the request log."""
    return "; ".join(f"{_dotted(each.path)}: {each.message}" for each in violations)


def invalid(violations: Iterable[Violation]) -> RefusedError:
    """Return the error for a body or query parameters that violate the schema: 422."""
    found = list(violations)
    details: dict[str, list[str]] = {}
    for violation in found:
        # An unsupported property is reported under the path of its object, not under its own.
        path = violation.path[:-1] if violation.kind is ViolationKind.UNKNOWN else violation.path
        details.setdefault(_dotted(path), []).append(violation.message)
    document = {
        "code": "InvalidPayload",
        "message": "One or more fields provided in the request body are malformed",
        "details": details,
    }
    return RefusedError(explained(json_response(document, 422), listed(found)))


def _dotted(path: Path) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path) or "."
