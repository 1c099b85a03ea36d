"""Look for a message whose answer was lost in the list of its channel. No function raises.

Source: the list operation of a channel on the Messaging page of the Channels API reference. It has
no filter for the reference, so the list is filtered by recipient and time, and the references are
compared here. Neither the default order nor the delay until a message is listed is published, so a
message counts as absent only after every page was read.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from omnimsg.adapter.times import read_iso_time
from omnimsg.domain.history import Direction, HistoryQuery
from omnimsg.domain.outcome import Accepted
from omnimsg_bird.wire import listing, resource

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any

    from omnimsg.adapter import Absent, Adapter, Answered, Context, Flow
    from omnimsg.domain.message import Message


def find_message(
    message: Message,
    since: datetime,
    channel_id: str,
    path: str,
    adapter: Adapter[Any],
    context: Context,
) -> Flow[Answered[Accepted | Absent]]:
    """Read a channel's list until the message is found or the list ends."""
    query = HistoryQuery(to=resource.identifier(message.to), since=since)
    matches = partial(_matches, message=message, since=since)
    entry = yield from listing.search(path, query, matches, adapter)
    if not isinstance(entry, dict):
        return entry
    return Accepted(
        reference=message.reference,
        account=context.account,
        provider_id=f"{channel_id}/{entry['id']}",
        raw=entry,
    )


def _matches(entry: object, message: Message, since: datetime) -> bool | None:
    """Return whether an entry is the message; `None` if the entry has too little data.

    Our messages have a reference, but other programs may send through the same workspace, and no
    page says that a list shows every reference: an entry without one may be any message.
    """
    if not isinstance(entry, dict):
        return None
    if entry.get("direction") == Direction.INCOMING:
        return False
    reference, created = entry.get("reference"), read_iso_time(entry.get("createdAt"))
    if created is not None and created < since:
        return False
    if isinstance(reference, str) and reference != message.reference:
        return False
    id_ = entry.get("id")
    is_complete = (
        isinstance(reference, str) and created is not None and isinstance(id_, str) and id_ != ""
    )
    is_ours = is_complete and resource.is_receiver(message.to, entry.get("receiver"))
    return True if is_ours else None
