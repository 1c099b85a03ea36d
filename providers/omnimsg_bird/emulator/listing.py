"""The list of messages: parameters, filters and pages.

Source: the list operations of Bird's OpenAPI document; the default of 25 is the newer messaging
page's. The default order is not published; here it is newest first. Arrays are repeated keys, as
in OpenAPI. A parameter that Bird does not document is refused.
"""

import base64
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

import attrs

from omnimsg.sandbox import MessageRecord
from omnimsg.sandbox.schema import Rule, Violation, ViolationKind, below, text
from omnimsg_bird.emulator.body_rules import BODY_TYPES
from omnimsg_bird.emulator.errors import invalid
from omnimsg_bird.emulator.lifecycle import STATUSES
from omnimsg_bird.emulator.resource import message_resource

_DEFAULT_LIMIT = 25

Resource = Mapping[str, Any]


@attrs.frozen
class _Parameter:
    """A query parameter.

    Attributes:
        rule: The rule for one value.
        matches: Whether a message matches one value; None if the parameter is not a filter.
        repeatable: Whether the parameter may be given more than once.
    """

    rule: Rule
    matches: Callable[[Resource, str], bool] | None = None
    repeatable: bool = attrs.field(default=False, kw_only=True)


def _epoch(value: str) -> float:
    return datetime.fromisoformat(value).timestamp()


def _failure(resource: Resource) -> Mapping[str, Any]:
    return resource["failure"] or {}


def _subject(resource: Resource) -> str:
    body = resource.get("body", {})
    metadata = body.get(body.get("type"), {}).get("metadata", {})
    return str(
        metadata.get("subject", "") or resource.get("meta", {}).get("email", {}).get("subject")
    )


_TIME = text(format="RFC 3339 time")
_UUID = text(format="UUID")
_SHORT = text(1, 100)

_PARAMETERS: Final[Mapping[str, _Parameter]] = {
    "limit": _Parameter(text(pattern="[1-9][0-9]{0,2}|1000")),
    "pageToken": _Parameter(text(1, 8000)),
    "reverse": _Parameter(text(one_of=("true", "false"))),
    "startAt": _Parameter(
        _TIME, lambda resource, value: _epoch(resource["createdAt"]) >= _epoch(value)
    ),
    "endAt": _Parameter(
        _TIME, lambda resource, value: _epoch(resource["createdAt"]) <= _epoch(value)
    ),
    "from": _Parameter(
        text(1),
        lambda resource, value: resource["sender"]["connector"]["identifierValue"] == value,
        repeatable=True,
    ),
    "to": _Parameter(
        text(1),
        lambda resource, value: any(
            contact.get("identifierValue") == value for contact in resource["receiver"]["contacts"]
        ),
        repeatable=True,
    ),
    "tag": _Parameter(text(1), lambda resource, value: value in resource["tags"], repeatable=True),
    "emailSubject": _Parameter(
        text(1), lambda resource, value: value.lower() in _subject(resource).lower()
    ),
    "direction": _Parameter(
        text(one_of=("incoming", "outgoing")),
        lambda resource, value: resource["direction"] == value,
    ),
    "status": _Parameter(
        text(one_of=STATUSES), lambda resource, value: resource["status"] == value, repeatable=True
    ),
    "messageType": _Parameter(
        text(one_of=BODY_TYPES),
        lambda resource, value: resource.get("body", {"type": "template"})["type"] == value,
        repeatable=True,
    ),
    "id": _Parameter(
        _UUID, lambda resource, value: resource["id"] == value.lower(), repeatable=True
    ),
    "failureCode": _Parameter(
        text(pattern="[0-9]+"),
        lambda resource, value: str(_failure(resource).get("code")) == value,
        repeatable=True,
    ),
    "failureSourceCode": _Parameter(
        _SHORT,
        lambda resource, value: _failure(resource).get("source", {}).get("code") == value,
        repeatable=True,
    ),
    "failureSourceName": _Parameter(
        _SHORT,
        lambda resource, value: _failure(resource).get("source", {}).get("name") == value,
        repeatable=True,
    ),
    "platform": _Parameter(
        text(3, 60, pattern=r"[A-Za-z0-9-]+"),
        lambda resource, value: resource["platformId"] == value,
        repeatable=True,
    ),
    "batchId": _Parameter(_UUID, lambda resource, value: resource["batchId"] == value.lower()),
    # The sandbox does not derive countries, so no message has one.
    "countryCode": _Parameter(_SHORT, lambda resource, value: False, repeatable=True),
}

_OF_CHANNEL: Final[Mapping[str, _Parameter]] = {
    **_PARAMETERS,
    "navigatorId": _Parameter(
        _UUID, lambda resource, value: resource.get("meta", {}).get("navigatorId") == value
    ),
}

_OF_WORKSPACE: Final[Mapping[str, _Parameter]] = {
    **_PARAMETERS,
    "channelId": _Parameter(
        _UUID, lambda resource, value: resource["channelId"] == value, repeatable=True
    ),
}


def _violations(
    query: Mapping[str, list[str]], known: Mapping[str, _Parameter]
) -> Iterator[Violation]:
    for name, values in query.items():
        parameter = known.get(name)
        if parameter is None:
            yield Violation((name,), ViolationKind.VALUE, f'parameter "{name}" is unsupported')
        elif len(values) > 1 and not parameter.repeatable:
            yield Violation((name,), ViolationKind.VALUE, "parameter may be given only once")
        else:
            for value in values:
                yield from below(parameter.rule(value), name)


def list_page(
    records: Iterable[MessageRecord], query: Mapping[str, list[str]], now: float, *, workspace: bool
) -> dict[str, Any]:
    """Return one page of messages.

    A message is listed if it matches at least one value of every filter.

    Args:
        records: All messages of the channel or workspace, oldest first.
        query: All values of each parameter.
        now: Epoch seconds.
        workspace: Whether this is the list of a workspace, which can be filtered by channel but
            not by navigator.

    Raises:
        RefusedError: A parameter is unknown or has an invalid value.
    """
    known = _OF_WORKSPACE if workspace else _OF_CHANNEL
    if violations := list(_violations(query, known)):
        raise invalid(violations)
    resources = [message_resource(record, record.latest_change(now)) for record in records]
    for name, values in query.items():
        matches = known[name].matches
        if matches is not None:
            resources = [one for one in resources if any(matches(one, value) for value in values)]
    if query.get("reverse") != ["true"]:
        resources.reverse()
    if "pageToken" in query:
        resources = resources[_index_after(query["pageToken"][0], resources) :]
    limit = int(query.get("limit", [str(_DEFAULT_LIMIT)])[0])
    document: dict[str, Any] = {
        "results": resources[:limit],
        "startAt": query.get("startAt", [None])[0],
        "endAt": query.get("endAt", [None])[0],
    }
    if len(resources) > limit:
        last = resources[limit - 1]["id"]
        document["nextPageToken"] = base64.urlsafe_b64encode(last.encode()).decode()
    return document


def _index_after(token: str, resources: list[dict[str, Any]]) -> int:
    """Return the index after the message that a page token refers to."""
    try:
        last = base64.urlsafe_b64decode(token).decode()
    except ValueError:
        last = ""
    ids = [one["id"] for one in resources]
    if last not in ids:
        raise invalid([Violation(("pageToken",), ViolationKind.VALUE, "page token is invalid")])
    return ids.index(last) + 1
