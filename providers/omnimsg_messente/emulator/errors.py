"""Messente's error bodies.

Source: Messente Omnichannel API reference, "Error Responses": `errors` holds objects of `code`
(a string), `title`, `detail` and `source`, and `source` is null unless the status is 400. The
statuses of 101, 105 and 107 besides those that the reference pairs are inferred from the titles.
"""

from collections.abc import Iterable
from typing import Any, Final

from aiohttp import web

from omnimsg.sandbox import json_response
from omnimsg.sandbox.schema import Json, Path, Violation, ViolationKind

__all__ = ["NOT_ALLOWED", "NOT_FOUND", "UNAUTHORIZED", "RefusedError", "invalid", "violated"]

_TITLES: Final = {
    "101": "Not found",
    "103": "Unauthorized",
    "105": "Invalid data",
    "106": "Missing data",
    "107": "Method not allowed",
}


class RefusedError(Exception):
    """A request that Messente would not process.

    Args:
        status: The HTTP status.
        errors: What the body's `errors` holds.
    """

    def __init__(self, status: int, errors: list[dict[str, Any]]) -> None:
        super().__init__(f"refused with {status}")
        self.status = status
        self.errors = errors

    def response(self) -> web.Response:
        """Return the answer that says so."""
        return json_response({"errors": self.errors}, self.status)


def _error(code: str, detail: str | None = None, source: str | None = None) -> dict[str, Any]:
    title = _TITLES[code]
    return {"code": code, "title": title, "detail": detail or title, "source": source}


NOT_FOUND: Final = (404, [_error("101")])
UNAUTHORIZED: Final = (401, [_error("103")])
NOT_ALLOWED: Final = (405, [_error("107")])


def invalid(detail: str, source: str = "payload") -> RefusedError:
    """Return the refusal of a payload as a whole."""
    return RefusedError(400, [_error("105", detail, source)])


def violated(found: Iterable[Violation], payload: Json) -> list[dict[str, Any]]:
    """Return the errors that name each violation of an omnimessage."""
    return [
        _error(
            "106" if violation.kind is ViolationKind.MISSING else "105",
            violation.message,
            _source(violation.path, payload),
        )
        for violation in found
    ]


def _source(path: Path, payload: Json) -> str:
    """Return a path in Messente's notation.

    The one published sample is `payload[sms][sender]`: the channel's name stands for the place in
    `messages`. Other paths extend it; where no channel is named, the index has to do.
    """
    if len(path) > 1 and path[0] == "messages":
        message = payload["messages"][path[1]]
        channel = message.get("channel") if isinstance(message, dict) else None
        if channel in ("sms", "viber", "whatsapp", "rcs"):
            path = (channel, *path[2:])
    return "payload" + "".join(f"[{part}]" for part in path)
