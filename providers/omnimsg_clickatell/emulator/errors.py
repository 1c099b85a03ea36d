"""The errors of One API: code, HTTP status, level and text.

Source: Clickatell "One API errors table"
(docs.clickatell.com/channels/one-api/one-api-errors-table); codes 110 and 111 as transcribed in
public client libraries of the same table; the space and the dot after the parameter of 23 as in the
only published sample of a refusal.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any, Final

import attrs

from omnimsg.sandbox import explained, json_response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web


class ErrorLevel(enum.Enum):
    """Where an error is reported: for the whole request, or in a message's entry."""

    GLOBAL = "global"
    MESSAGE = "message"


_G = frozenset({ErrorLevel.GLOBAL})
_M = frozenset({ErrorLevel.MESSAGE})


@attrs.frozen
class ErrorRow:
    """A row of the errors table; ``{}`` in the text is replaced by the detail."""

    http: int
    text: str
    levels: frozenset[ErrorLevel]


ERROR_TABLE: Final[Mapping[int, ErrorRow]] = {
    1: ErrorRow(401, "Invalid or missing integration API Key", _G),
    2: ErrorRow(400, "Account is not active", _G),
    3: ErrorRow(400, "Integration is not active", _G),
    7: ErrorRow(401, "Originating IP address is not approved in your account", _G),
    18: ErrorRow(500, "Internal error", _G | _M),
    19: ErrorRow(503, "Internal error, please retry", _G | _M),
    20: ErrorRow(402, "Insufficient account balance", _M),
    21: ErrorRow(400, "Payload data is malformed", _G),
    22: ErrorRow(400, "Maximum messages per request payload exceeded", _G),
    23: ErrorRow(400, "Invalid or missing parameter: {} .", _M),
    24: ErrorRow(400, "Maximum message content size exceeded", _M),
    25: ErrorRow(400, "Invalid recipient address: {}", _M),
    26: ErrorRow(400, "Recipient opted out", _M),
    27: ErrorRow(400, "Recipient not available on channel", _M),
    28: ErrorRow(400, "Recipient not available on sandbox", _M),
    30: ErrorRow(400, "Content type not supported", _M),
    31: ErrorRow(400, "Media file size exceeds limit of {} MB", _M),
    32: ErrorRow(400, "Media payload size exceeds limit of {} MB", _M),
    33: ErrorRow(400, "Media item not found", _M),
    38: ErrorRow(400, "Channel/feature is not active on integration", _M),
    39: ErrorRow(400, "Channel is not available on integration", _M),
    40: ErrorRow(400, "Character set is not supported: {}", _M),
    41: ErrorRow(400, "Resource does not exist", _G),
    42: ErrorRow(400, "HTTP method is not supported on this resource", _G),
    43: ErrorRow(400, "Rate limit", _G | _M),
    44: ErrorRow(400, "FROM number is suspended", _M),
    45: ErrorRow(400, "FROM number is not related to integration", _M),
    46: ErrorRow(400, "Demo access has expired", _M),
    100: ErrorRow(400, "Maximum message parts exceeded", _M),
    101: ErrorRow(400, "Destination does not support two-way messaging", _M),
    110: ErrorRow(400, "USA country limit: must use two-way integration", _M),
    111: ErrorRow(400, "USA country limit: must enable STOP/SUBSCRIBE commands on integration", _M),
}


class RefusedError(Exception):
    """A request or message is refused.

    Args:
        code: A key of ``ERROR_TABLE``.
        detail: The value for the ``{}`` in the text: a parameter, a number, a limit.
        why: Details that the response does not have, for the request log.
    """

    def __init__(self, code: int, detail: object = "", why: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail
        self._why = why

    @property
    def reason(self) -> str:
        """The text for the request log."""
        text = f"{self.code}: {ERROR_TABLE[self.code].text.format(self.detail)}"
        return f"{text} ({self._why})" if self._why else text

    @property
    def http(self) -> int:
        """The HTTP status when this error is the only result of the request."""
        return ERROR_TABLE[self.code].http

    def error(self) -> dict[str, Any]:
        """Return the error object of a response body."""
        return {"code": self.code, "description": ERROR_TABLE[self.code].text.format(self.detail)}


def error_response(refused: RefusedError) -> web.Response:
    """Return the response of a global error; without ``messages``, as seen for 401."""
    response = json_response({"error": refused.error()}, status=refused.http)
    return explained(response, refused.reason)


def upload_error_response(refused: RefusedError) -> web.Response:
    """Return the response of an error in a media request, in the form of an upload's response."""
    document = {"error": refused.error(), "accepted": False}
    return explained(json_response(document, status=refused.http), refused.reason)
