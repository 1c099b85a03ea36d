"""What Bird's list says of a message whose answer was lost. Nothing in here raises.

Source: the list operation of a channel on the Messaging page of the Channels API reference. It has
no filter for the reference, so it is asked for a recipient and a time, and the references of what
it lists are compared here. Which order is the default is not published, nor how soon a message is
listed: so every page is read before the answer is no.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from omnimsg.adapter import Absent, Request
from omnimsg.domain.address import ProviderContact
from omnimsg.domain.history import Direction, HistoryQuery
from omnimsg.domain.outcome import Accepted
from omnimsg_bird.wire import decode, listing, resource

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any

    from omnimsg.adapter import Adapter, Answered, Context, Flow
    from omnimsg.domain.message import Message

# Pages of 100: more than anybody is written in the time that is asked for. Of a list that is longer
# nothing is said.
_MOST_PAGES = 5


def flow(
    message: Message,
    since: datetime,
    channel_id: str,
    path: str,
    adapter: Adapter[Any],
    context: Context,
) -> Flow[Answered[Accepted | Absent]]:
    """Read a channel's list until the message is found, or to its end."""
    query = HistoryQuery(to=_identifier(message.to), since=since)
    token: str | None = None
    doubts = False
    for _ in range(_MOST_PAGES):
        response = yield Request(
            "GET", path, query=listing.parameters(query, token, adapter), authenticated=True
        )
        document = response.json()
        results = document.get("results") if isinstance(document, dict) else None
        if response.status != 200 or not isinstance(results, list):
            return decode.asked(response, adapter)
        for entry in results:
            is_it = _is(entry, message, since)
            if is_it:
                return Accepted(
                    reference=message.reference,
                    account=context.account,
                    provider_id=f"{channel_id}/{entry['id']}",
                    raw=entry,
                )
            doubts = doubts or is_it is None
        following: object = document.get("nextPageToken")
        if following in (None, ""):
            return None if doubts else Absent()
        if not isinstance(following, str) or following == token:
            break
        token = following
    return None


def _identifier(to: str | ProviderContact) -> str | None:
    """Return what Bird can filter by; a contact that is named by its id has no such thing."""
    return to.value if isinstance(to, ProviderContact) else to


def _is(entry: object, message: Message, since: datetime) -> bool | None:
    """Whether an entry is the message; `None` where it does not say enough to tell.

    What we send has a reference, but not all that a workspace sends is ours, and no page says that
    the reference of every message is listed: an entry without one may be anything.
    """
    if not isinstance(entry, dict):
        return None
    if entry.get("direction") == Direction.INCOMING:
        return False
    reference, created = entry.get("reference"), resource.moment(entry.get("createdAt"))
    if created is not None and created < since:
        return False
    if isinstance(reference, str) and reference != message.reference:
        return False
    id_ = entry.get("id")
    told = isinstance(reference, str) and created is not None and isinstance(id_, str) and id_ != ""
    return True if told and _is_for(message.to, entry.get("receiver")) else None


def _is_for(to: str | ProviderContact, receiver: object) -> bool:
    """Whether somebody is among the receivers, however the identifier is spelt."""
    if isinstance(to, ProviderContact) and to.id is not None:
        people = receiver.get("contacts") if isinstance(receiver, dict) else None
        people = people if isinstance(people, list) else []
        return any(isinstance(each, dict) and each.get("id") == to.id for each in people)
    return _plain(_identifier(to)) in map(_plain, resource.addresses(receiver))


def _plain(identifier: str | None) -> str:
    return (identifier or "").casefold().removeprefix("+")
