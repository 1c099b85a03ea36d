"""Check the key of a request, and parse its body into messages or notifications."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from aiohttp import hdrs

from omnimsg.json_codec import JSONDecodeError, loads
from omnimsg_clickatell.emulator.errors import RefusedError
from omnimsg_clickatell.emulator.value_rules import parameter_name

if TYPE_CHECKING:
    from aiohttp import web

    from omnimsg.sandbox.schema import Rule

API_KEY: Final = "sandbox-not-a-secret-A=="
"""In the form of a real key, sixteen bytes of URL-safe base64, and as public as this file."""

MAX_ENTRIES: Final = 100
"""Messages, or notifications, in a request."""


def authorise(request: web.Request) -> None:
    """Check that the Authorization header is the bare key; a scheme before it is refused.

    Raises:
        RefusedError: 1, the key is not the account's.
    """
    if request.headers.getall(hdrs.AUTHORIZATION, []) != [API_KEY]:
        raise RefusedError(1)


def parse_entries(request: web.Request, body: bytes, *path: str) -> list[dict[str, Any]]:
    """Return the list of objects under ``path`` in a JSON body that has nothing else.

    Raises:
        RefusedError: 21, the body has another form; 22, the list is too long; 40, the charset is
            not UTF-8.
    """
    if (request.charset or "utf-8").lower() != "utf-8":
        raise RefusedError(40, request.charset)
    if request.content_type != "application/json":
        raise RefusedError(21, why="Content-Type must be application/json")
    try:
        value = loads(body)
    except JSONDecodeError:
        raise RefusedError(21, why="the body is not valid JSON") from None
    for name in path:
        if not isinstance(value, dict) or set(value) != {name}:
            raise RefusedError(21, why=f'expected an object with "{name}" and nothing else')
        value = value[name]
    if not isinstance(value, list) or not value or not all(isinstance(one, dict) for one in value):
        raise RefusedError(21, why=f"{path[-1]}: must be a list of objects, and not empty")
    if len(value) > MAX_ENTRIES:
        raise RefusedError(22)
    return value


def check_rule(rule: Rule, value: dict[str, Any]) -> None:
    """Raise the first violation of a rule.

    Raises:
        RefusedError: 23, with the parameter's path.
    """
    for violation in rule(value):
        raise RefusedError(23, parameter_name(violation.path), violation.message)
