"""Messente's error responses.

Source: Messente Omnichannel API reference, "Error Responses": `errors` holds objects of `code`
(a string), `title`, `detail` and `source`, and `source` is null unless the status is 400. The
reference pairs some codes with statuses; the other statuses of 101, 105 and 107 are inferred from
the titles.
"""

from collections.abc import Iterable
from typing import Any, Final

from aiohttp import web

from omnimsg.sandbox import json_response
from omnimsg.sandbox.schema import Json, Path, Violation, ViolationKind

__all__ = [
    "NOT_ALLOWED",
    "NOT_FOUND",
    "UNAUTHORIZED",
    "RefusedError",
    "invalid",
    "violation_errors",
]

_TITLES: Final = {
    "101": "Not found",
    "103": "Unauthorized",
    "105": "Invalid data",
    "106": "Missing data",
    "107": "Method not allowed",
}


class RefusedError(Exception):
    """A request is refused.

    Args:
        status: The HTTP status.
        errors: The `errors` of the body.
    """

    def __init__(self, status: int, errors: list[dict[str, Any]]) -> None:
        super().__init__(f"refused with {status}")
        self.status = status
        self.errors = errors

    def response(self) -> web.Response:
        """Return the error response."""
        return json_response({"errors": self.errors}, self.status)


def _error(code: str, detail: str | None = None, source: str | None = None) -> dict[str, Any]:
    title = _TITLES[code]
    return {"code": code, "title": title, "detail": detail or title, "source": source}


NOT_FOUND: Final = (404, [_error("101")])
UNAUTHORIZED: Final = (401, [_error("103")])
NOT_ALLOWED: Final = (405, [_error("107")])


def invalid(detail: str, source: str = "payload") -> RefusedError:
    """Return the error for an invalid payload: 400, code 105."""
    return RefusedError(400, [_error("105", detail, source)])


def violation_errors(violations: Iterable[Violation], payload: Json) -> list[dict[str, Any]]:
    """Return one error for each violation of a payload."""
    return [
        _error(
            "106" if violation.kind is ViolationKind.MISSING else "105",
            violation.message,
            _source(violation.path, payload),
        )
        for violation in violations
    ]


def _source(path: Path, payload: Json) -> str:
    """Return a path in Messente's notation.

    The one published sample is `payload[sms][sender]`: the channel's name replaces the index in
    `messages`. Other paths extend this form; without a known channel the index is used.
    """
    if len(path) > 1 and path[0] == "messages":
        message = payload["messages"][path[1]]
        channel = message.get("channel") if isinstance(message, dict) else None
        if channel in ("sms", "viber", "whatsapp", "rcs"):
            path = (channel, *path[2:])
    return "payload" + "".join(f"[{part}]" for part in path)
