"""How Bird lists messages: parameters, filters and pages.

Source: the list operations of Bird's OpenAPI document; the default of 25 is the newer messaging
page's. Which order is the default is not published; it is newest first here. Arrays are repeated
keys, as OpenAPI has them. A parameter that Bird does not document is refused.
"""

import base64
import binascii
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

import attrs

from omnimsg.sandbox import MessageRecord
from omnimsg.sandbox.schema import ViolationKind, Rule, Violation, text
from omnimsg_bird.emulator.bodies import BODY_TYPES
from omnimsg_bird.emulator.errors import invalid
from omnimsg_bird.emulator.resource import message

__all__ = ["page"]

_DEFAULT_LIMIT = 25

Shown = Mapping[str, Any]


@attrs.frozen
class _Parameter:
    """What a query parameter may be, and which messages one of its values keeps."""

    rule: Rule
    keeps: Callable[[Shown, str], bool] | None = None
    many: bool = attrs.field(default=False, kw_only=True)


def _epoch(value: str) -> float:
    return datetime.fromisoformat(value).timestamp()


def _failure(shown: Shown) -> Mapping[str, Any]:
    return shown["failure"] or {}


def _subject(shown: Shown) -> str:
    body = shown.get("body", {})
    metadata = body.get(body.get("type"), {}).get("metadata", {})
    return str(metadata.get("subject", "") or shown.get("meta", {}).get("email", {}).get("subject"))


_TIME = text(format="RFC 3339 time")
_UUID = text(format="UUID")
_SHORT = text(1, 100)
_STATUSES = (
    "accepted",
    "rejected",
    "processing",
    "scheduled",
    "sent",
    "sending_failed",
    "delivered",
    "delivery_failed",
    "deleted",
    "skipped",
)

_PARAMETERS: Final[Mapping[str, _Parameter]] = {
    "limit": _Parameter(text(pattern=r"[1-9]\d{0,2}|1000")),
    "pageToken": _Parameter(text(1, 8000)),
    "reverse": _Parameter(text(one_of=("true", "false"))),
    "startAt": _Parameter(_TIME, lambda shown, value: _epoch(shown["createdAt"]) >= _epoch(value)),
    "endAt": _Parameter(_TIME, lambda shown, value: _epoch(shown["createdAt"]) <= _epoch(value)),
    "from": _Parameter(
        text(1),
        lambda shown, value: shown["sender"]["connector"]["identifierValue"] == value,
        many=True,
    ),
    "to": _Parameter(
        text(1),
        lambda shown, value: any(
            contact.get("identifierValue") == value for contact in shown["receiver"]["contacts"]
        ),
        many=True,
    ),
    "tag": _Parameter(text(1), lambda shown, value: value.lower() in shown["tags"], many=True),
    "emailSubject": _Parameter(
        text(1), lambda shown, value: value.lower() in _subject(shown).lower()
    ),
    "direction": _Parameter(
        text(one_of=("incoming", "outgoing")), lambda shown, value: shown["direction"] == value
    ),
    "status": _Parameter(
        text(one_of=_STATUSES), lambda shown, value: shown["status"] == value, many=True
    ),
    "messageType": _Parameter(
        text(one_of=BODY_TYPES),
        lambda shown, value: shown.get("body", {"type": "template"})["type"] == value,
        many=True,
    ),
    "id": _Parameter(_UUID, lambda shown, value: shown["id"] == value.lower(), many=True),
    "failureCode": _Parameter(
        text(pattern=r"\d+"),
        lambda shown, value: str(_failure(shown).get("code")) == value,
        many=True,
    ),
    "failureSourceCode": _Parameter(
        _SHORT,
        lambda shown, value: _failure(shown).get("source", {}).get("code") == value,
        many=True,
    ),
    "failureSourceName": _Parameter(
        _SHORT,
        lambda shown, value: _failure(shown).get("source", {}).get("name") == value,
        many=True,
    ),
    "platform": _Parameter(
        text(3, 60, pattern=r"[A-Za-z0-9-]+"),
        lambda shown, value: shown["platformId"] == value,
        many=True,
    ),
    # No message shows its batch, so this filter looks at the record instead.
    "batchId": _Parameter(_UUID),
    # The sandbox works out no countries, so no message has one.
    "countryCode": _Parameter(_SHORT, lambda shown, value: False, many=True),
}

_OF_CHANNEL: Final[Mapping[str, _Parameter]] = {
    **_PARAMETERS,
    "navigatorId": _Parameter(
        _UUID, lambda shown, value: shown.get("meta", {}).get("navigatorId") == value
    ),
}

_OF_WORKSPACE: Final[Mapping[str, _Parameter]] = {
    **_PARAMETERS,
    "channelId": _Parameter(_UUID, lambda shown, value: shown["channelId"] == value, many=True),
}


def _violations(
    query: Mapping[str, list[str]], known: Mapping[str, _Parameter]
) -> Iterator[Violation]:
    for name, values in query.items():
        parameter = known.get(name)
        if parameter is None:
            yield Violation((name,), ViolationKind.VALUE, f'parameter "{name}" is unsupported')
        elif len(values) > 1 and not parameter.many:
            yield Violation((name,), ViolationKind.VALUE, "parameter may be given only once")
        else:
            for value in values:
                yield from parameter.rule(value, (name,))


def page(
    records: Iterable[MessageRecord], query: Mapping[str, list[str]], now: float, *, workspace: bool
) -> dict[str, Any]:
    """Return one page of messages.

    A message is listed if each filter has a value that keeps it.

    Args:
        records: All that the caller may see, oldest first.
        query: Every value of each parameter.
        now: Epoch seconds.
        workspace: It is the list of a workspace, which can be filtered by channel, but not by
            navigator.

    Raises:
        RefusedError: A parameter is unknown or has a value that it cannot have.
    """
    known = _OF_WORKSPACE if workspace else _OF_CHANNEL
    if found := list(_violations(query, known)):
        raise invalid(found)
    batch_id = query.get("batchId", [None])[0]
    shown = [
        message(record, record.latest_change(now))
        for record in records
        if batch_id is None or record.extra["batch_id"] == batch_id.lower()
    ]
    for name, values in query.items():
        keeps = known[name].keeps
        if keeps is not None:
            shown = [one for one in shown if any(keeps(one, value) for value in values)]
    if query.get("reverse") != ["true"]:
        shown.reverse()
    if "pageToken" in query:
        shown = shown[_after(query["pageToken"][0], shown) :]
    limit = int(query.get("limit", [str(_DEFAULT_LIMIT)])[0])
    answer: dict[str, Any] = {
        "results": shown[:limit],
        "startAt": query.get("startAt", [None])[0],
        "endAt": query.get("endAt", [None])[0],
    }
    if len(shown) > limit:
        last = shown[limit - 1]["id"]
        answer["nextPageToken"] = base64.urlsafe_b64encode(last.encode()).decode()
    return answer


def _after(token: str, shown: list[dict[str, Any]]) -> int:
    """Return the place after the message that a page token stands for."""
    try:
        last = base64.urlsafe_b64decode(token).decode()
    except (binascii.Error, UnicodeDecodeError):
        last = ""
    ids = [one["id"] for one in shown]
    if last not in ids:
        raise invalid([Violation(("pageToken",), ViolationKind.VALUE, "page token is invalid")])
    return ids.index(last) + 1
