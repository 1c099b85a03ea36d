"""Messente's error responses.

Source: Messente Omnichannel API reference, "Error Responses": `errors` holds objects of `code`
(a string), `title`, `detail` and `source`, and `source` is null unless the status is 400. The
reference pairs some codes with statuses; those of 102, 104, 106 and 107 are inferred from the
titles.
"""

from collections.abc import Iterable
from typing import Any, Final

from aiohttp import web

from omnimsg.sandbox import explained, json_response
from omnimsg.sandbox.schema import Json, Path, Violation, ViolationKind

CODES: Final = {
    "101": (404, "Not found"),
    "102": (403, "Forbidden"),
    "103": (401, "Unauthorized"),
    "104": (500, "Internal Server Error"),
    "105": (400, "Invalid data"),
    "106": (400, "Missing data"),
    "107": (405, "Method not allowed"),
}
"""The HTTP status and the title of each code."""


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
        response = json_response({"errors": self.errors}, self.status)
        return explained(response, *reasons(self.errors))


def _error(code: str, detail: str | None = None, source: str | None = None) -> dict[str, Any]:
    title = CODES[code][1]
    return {"code": code, "title": title, "detail": detail or title, "source": source}


def refused(code: str) -> RefusedError:
    """Return the error of a code without details; only a 400 has a source."""
    status = CODES[code][0]
    return RefusedError(status, [_error(code, source="payload" if status == 400 else None)])


def invalid(detail: str, source: str = "payload") -> RefusedError:
    """Return the error for an invalid payload: 400, code 105."""
    return RefusedError(400, [_error("105", detail, source)])


def reasons(errors: Iterable[dict[str, Any]]) -> list[str]:
    """Return the texts of errors for the request log."""
    return [f"{each['source'] or each['code']}: {each['detail']}" for each in errors]


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
