"""The result of each entry of a request, and the response to all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from omnimsg.sandbox import explained, json_response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web


@attrs.frozen
class Result:
    """The result of one entry of a request.

    Attributes:
        http: The HTTP status of the entry alone.
        entry: The entry of the response.
        reason: Why the entry is refused, for the request log; None if it is accepted.
    """

    http: int
    entry: dict[str, Any]
    reason: str | None = None


def strings(given: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Return the named properties whose values are strings."""
    return {name: given[name] for name in names if isinstance(given.get(name), str)}


def respond(document: dict[str, Any], name: str, results: list[Result]) -> web.Response:
    """Return the response to several entries, with an explanation of each refused one."""
    response = json_response(document, _overall_status([result.http for result in results]))
    reasons = [
        f"{name}[{index}]: {result.reason}"
        for index, result in enumerate(results)
        if result.reason is not None
    ]
    return explained(response, *reasons)


def _overall_status(statuses: list[int]) -> int:
    """Return the HTTP status of a response: that of a single message, else 207 if any is refused.

    This follows the errors table. The reference mentions 207 for differing outcomes only, and no
    status for several refusals.
    """
    if len(statuses) == 1:
        return statuses[0]
    return 202 if all(status == 202 for status in statuses) else 207
