"""Searching Bird's list for a message whose answer was lost."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import attrs
import orjson
import pytest

from omnimsg.adapter import Absent, Effect, Response
from omnimsg.domain.address import ProviderContact
from omnimsg.domain.channel import Channel
from omnimsg.domain.failure import Failure
from omnimsg.domain.message import Message
from omnimsg.domain.outcome import Accepted
from omnimsg.domain.reason import Reason
from omnimsg.testing import drive

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omnimsg.adapter import Context, Request
    from omnimsg.testing import Driven
    from omnimsg_bird import BirdAdapter

PHONE = "+37255500001"
MESSAGE = Message(PHONE, "Hi", channel=Channel.SMS, reference="table-71")
ENTRY: dict[str, Any] = {
    "id": "m-1",
    "channelId": "c-sms",
    "direction": "outgoing",
    "reference": "table-71",
    "createdAt": "2030-01-02T03:04:00Z",
    "receiver": {"contacts": [{"identifierKey": "phonenumber", "identifierValue": PHONE}]},
}
OTHER = ENTRY | {"id": "m-2", "reference": "table-72"}


def look(
    adapter: BirdAdapter, context: Context, *pages: object, message: Message = MESSAGE
) -> Driven[Any]:
    """Search for a message of the last minute; each page is a document or a whole answer."""
    left = iter(pages)

    def respond(_: Request) -> Response:
        page = next(left)
        return page if isinstance(page, Response) else Response(200, orjson.dumps(page))

    return drive(adapter.find(message, context.now - timedelta(minutes=1), context), respond)


def page(*entries: object, after: object = None) -> dict[str, object]:
    """Build a page, with the token of the next one if there is one."""
    return {"results": entries, **({} if after is None else {"nextPageToken": after})}


def test_a_message_that_is_listed_was_accepted(adapter: BirdAdapter, context: Context) -> None:
    """A listed message was accepted, and its id can be looked up."""
    driven = look(adapter, context, page(OTHER, ENTRY))

    assert driven.value == Accepted(
        reference="table-71", account="nest", provider_id="c-sms/m-1", raw=ENTRY
    )


def test_a_message_of_the_very_second_is_found(adapter: BirdAdapter, context: Context) -> None:
    """A message created exactly at the start of the search is found."""
    entry = ENTRY | {"createdAt": "2030-01-02T03:03:05Z"}

    assert isinstance(look(adapter, context, page(entry)).value, Accepted)


def test_the_list_is_asked_for_the_channel_the_recipient_and_the_time(
    adapter: BirdAdapter, context: Context
) -> None:
    """The list is filtered by recipient and time, and read page after page."""
    driven = look(adapter, context, page(OTHER, after="p-2"), page(OTHER))

    asked = {"limit": "100", "to": PHONE, "startAt": "2030-01-02T03:03:05+00:00"}
    assert [asked, asked | {"pageToken": "p-2"}] == [dict(each.query) for each in driven.requests]
    assert {("GET", "/workspaces/w-1/channels/c-sms/messages", Effect.READ, True)} == {
        (each.method, each.url, each.effect, each.authenticated) for each in driven.requests
    }
    assert isinstance(driven.value, Absent)


@pytest.mark.parametrize(
    "pages",
    [
        [page()],
        [page(OTHER, after="")],
        [page(after="p-2"), page()],
        [page(ENTRY | {"createdAt": "2030-01-02T03:03:04Z"})],
        [page({"direction": "incoming"})],
    ],
    ids=["nothing", "another", "two pages", "an earlier call", "an answer of theirs"],
)
def test_a_message_that_is_not_listed_is_absent(
    adapter: BirdAdapter, context: Context, pages: Sequence[object]
) -> None:
    """A message is absent if the whole list was read and has only other messages."""
    assert isinstance(look(adapter, context, *pages).value, Absent)


@pytest.mark.parametrize(
    "pages",
    [
        [page(None)],
        [page({**ENTRY, "reference": None})],
        [page({**ENTRY, "reference": 71})],
        [page({**ENTRY, "createdAt": "soon"})],
        [page({**ENTRY, "createdAt": "0001-01-01T00:00:00Z"})],
        [page({**ENTRY, "id": ""})],
        [page({**ENTRY, "id": 7})],
        [page({**ENTRY, "receiver": {"contacts": [{"identifierValue": "+1"}]}})],
        [page({**ENTRY, "receiver": None})],
        [page({**ENTRY, "reference": None}, after="p-2"), page(OTHER)],
        [page(after="p-2"), page(after="p-2")],
        [page(after=7)],
        [page(after=f"p-{number}") for number in range(5)],
        [{"results": {}}],
        [{}],
        [page(after="p-2"), Response(200, b'{"results":[')],
        [page(after="p-2"), Response(502, b"<html>")],
        [Response(500, b'{"results":[]}')],
        [Response(204)],
    ],
)
def test_an_incomplete_list_proves_nothing(
    adapter: BirdAdapter, context: Context, pages: Sequence[object]
) -> None:
    """An incomplete or unreadable list proves nothing."""
    assert look(adapter, context, *pages).value is None


def test_a_found_message_ends_the_search(adapter: BirdAdapter, context: Context) -> None:
    """After the message is found, no further page is read."""
    driven = look(adapter, context, page(None, ENTRY, after="p-2"))

    assert isinstance(driven.value, Accepted)
    assert 1 == len(driven.requests)


@pytest.mark.parametrize(
    ("status", "reason"), [(429, Reason.RATE_LIMITED), (404, Reason.MISCONFIGURED)]
)
def test_a_refusal_is_a_failure(
    adapter: BirdAdapter, context: Context, status: int, reason: Reason
) -> None:
    """A refusal on any page is a failure; a 404 is about the channel, not about the message."""
    refusal = Response(status, b'{"code":"Odd","message":"Because"}')

    driven = look(adapter, context, page(after="p-2"), refusal)

    assert isinstance(driven.value, Failure)
    assert (status, reason) == (driven.value.http_status, driven.value.reason)


@pytest.mark.parametrize("spelt", ["37255500001", "+37255500001"])
def test_a_number_matches_with_or_without_its_plus(
    adapter: BirdAdapter, context: Context, spelt: str
) -> None:
    """A number matches with or without its plus."""
    entry = ENTRY | {"receiver": {"contacts": [{"identifierValue": spelt}]}}

    assert isinstance(look(adapter, context, page(entry)).value, Accepted)


@pytest.mark.parametrize(
    ("to", "person"),
    [
        (ProviderContact(key="phonenumber", value=PHONE), {"id": "k", "identifierValue": PHONE}),
        ("Ola@example.test", {"identifierValue": "ola@Example.test"}),
    ],
)
def test_a_contact_matches_by_its_identifier(
    adapter: BirdAdapter, context: Context, to: str | ProviderContact, person: dict[str, str]
) -> None:
    """A contact that is given by its identifier is a filter, and matches whatever its case."""
    message = attrs.evolve(MESSAGE, to=to)

    found = look(
        adapter, context, page(ENTRY | {"receiver": {"contacts": [person]}}), message=message
    )

    assert isinstance(found.value, Accepted)
    assert "to" in dict(found.requests[0].query)


@pytest.mark.parametrize(
    ("receiver", "is_it"),
    [
        ({"contacts": [{"id": "k-1"}]}, True),
        ({"contacts": [None, {"id": "k-2"}, {"id": "k-1"}]}, True),
        ({"contacts": [{"id": "k-2"}]}, False),
        ({"contacts": 5}, False),
        (None, False),
    ],
)
def test_a_contact_matches_by_its_id(
    adapter: BirdAdapter, context: Context, receiver: object, is_it: bool
) -> None:
    """A contact's id is no filter, so the list is not filtered by recipient."""
    message = attrs.evolve(MESSAGE, to=ProviderContact(id="k-1"))

    found = look(adapter, context, page(ENTRY | {"receiver": receiver}), message=message)

    assert isinstance(found.value, Accepted) == is_it
    assert is_it or found.value is None
    assert "to" not in dict(found.requests[0].query)
