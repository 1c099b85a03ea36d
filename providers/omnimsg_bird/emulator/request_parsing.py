"""Parse and check the body of a request."""

from datetime import datetime
from typing import Final

from aiohttp import web

from omnimsg.json_codec import JSONDecodeError, loads
from omnimsg.sandbox.schema import Json, Rule, Violation, ViolationKind
from omnimsg_bird.emulator.errors import RefusedError, error_response, invalid

# The documents say 200 KB; the smaller of the two readings applies.
_MAX_BODY_BYTES: Final = 200_000
_MAX_SECONDS_AHEAD: Final = 35 * 24 * 3600
# Bird may send a message at once that is scheduled less than this ahead; the sandbox does so.
_MIN_SECONDS_AHEAD: Final = 600


def base_url(request: web.Request) -> str:
    """Return the emulator's own URL as the client reaches it."""
    return f"{request.url.origin()}/bird"


async def parse_body(request: web.Request, rule: Rule) -> dict[str, Json]:
    """Return the JSON body of a request.

    Raises:
        RefusedError: 413, the body is too large; 400, it is not JSON; 422, it violates the rule.
    """
    body = await request.read()
    if len(body) > _MAX_BODY_BYTES:
        raise RefusedError(error_response(413))
    # Bird requires JSON and documents no error for other types; 400 is the nearest.
    if request.content_type != "application/json":
        raise RefusedError(error_response(400, "Content-Type must be application/json"))
    try:
        payload: dict[str, Json] = loads(body)
    except JSONDecodeError:
        raise RefusedError(error_response(400)) from None
    if violations := list(rule(payload)):
        raise invalid(violations)
    return payload


def parse_start(scheduled_for: str | None, now: float) -> float:
    """Return the epoch time at which a message's timeline begins.

    Raises:
        RefusedError: The message is scheduled for too far ahead.
    """
    if scheduled_for is None:
        return now
    start = datetime.fromisoformat(scheduled_for).timestamp()
    if start > now + _MAX_SECONDS_AHEAD:
        path = ("scheduledFor",)
        raise invalid([Violation(path, ViolationKind.VALUE, "must be at most 35 days from now")])
    return start if start >= now + _MIN_SECONDS_AHEAD else now
