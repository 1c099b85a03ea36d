"""The errors of One API: code, HTTP status, level and wire text.

Source: Clickatell "One API errors table"
(docs.clickatell.com/channels/one-api/one-api-errors-table); codes 110 and 111 as transcribed in
public client libraries of the same table.
"""

from __future__ import annotations

import enum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import attrs

from omnimsg.sandbox import answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web


class Level(enum.Enum):
    """Where an error stands: over the whole answer, or in a message's entry."""

    GLOBAL = "global"
    MESSAGE = "message"


_G = frozenset({Level.GLOBAL})
_M = frozenset({Level.MESSAGE})


@attrs.frozen
class Row:
    """A row of the table; ``{}`` in the text takes the detail."""

    http: int
    text: str
    levels: frozenset[Level]


TABLE: Final[Mapping[int, Row]] = MappingProxyType(
    {
        1: Row(401, "Invalid or missing integration API Key", _G),
        2: Row(400, "Account is not active", _G),
        3: Row(400, "Integration is not active", _G),
        7: Row(401, "Originating IP address is not approved in your account", _G),
        18: Row(500, "Internal error", _G | _M),
        19: Row(503, "Internal error, please retry", _G | _M),
        20: Row(402, "Insufficient account balance", _M),
        21: Row(400, "Payload data is malformed", _G),
        22: Row(400, "Maximum messages per request payload exceeded", _G),
        23: Row(400, "Invalid or missing parameter: {}", _M),
        24: Row(400, "Maximum message content size exceeded", _M),
        25: Row(400, "Invalid recipient address: {}", _M),
        26: Row(400, "Recipient opted out", _M),
        27: Row(400, "Recipient not available on channel", _M),
        28: Row(400, "Recipient not available on sandbox", _M),
        30: Row(400, "Content type not supported", _M),
        31: Row(400, "Media file size exceeds limit of {} MB", _M),
        32: Row(400, "Media payload size exceeds limit of {} MB", _M),
        33: Row(400, "Media item not found", _M),
        38: Row(400, "Channel/feature is not active on integration", _M),
        39: Row(400, "Channel is not available on integration", _M),
        40: Row(400, "Character set is not supported: {}", _M),
        41: Row(400, "Resource does not exist", _G),
        42: Row(400, "HTTP method is not supported on this resource", _G),
        43: Row(400, "Rate limit", _G | _M),
        44: Row(400, "FROM number is suspended", _M),
        45: Row(400, "FROM number is not related to integration", _M),
        46: Row(400, "Demo access has expired", _M),
        100: Row(400, "Maximum message parts exceeded", _M),
        101: Row(400, "Destination does not support two-way messaging", _M),
        110: Row(400, "USA country limit: must use two-way integration", _M),
        111: Row(400, "USA country limit: must enable STOP/SUBSCRIBE commands on integration", _M),
    }
)


class Refused(Exception):  # noqa: N818 - a verdict on its way to the answer, not a mistake
    """A request or message is refused.

    Args:
        code: A key of ``TABLE``.
        detail: What the wire text names: a parameter, a number, a limit.
    """

    def __init__(self, code: int, detail: object = "") -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail

    @property
    def http(self) -> int:
        """The HTTP status when the error stands alone."""
        return TABLE[self.code].http

    def error(self) -> dict[str, Any]:
        """Return the wire's error object."""
        return {"code": self.code, "description": TABLE[self.code].text.format(self.detail)}


def refused_whole(refused: Refused) -> web.Response:
    """Answer with a global error; as seen for 401, without a ``messages`` member."""
    return answer({"error": refused.error()}, status=refused.http)


def refused_file(refused: Refused) -> web.Response:
    """Answer a media request with an error, in the upload's shape."""
    return answer({"error": refused.error(), "accepted": False}, status=refused.http)
