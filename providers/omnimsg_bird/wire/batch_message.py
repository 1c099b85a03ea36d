"""Look up a message of a batch, whose id is unknown because Bird names only the batch's.

`Accepted.id` of such a message contains its batch's id and its reference. Source: the list
operation of a workspace on the Messaging page of the Channels API reference, with its filter
`batchId`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omnimsg.adapter import Absent, refused
from omnimsg.adapter.inbound import message_id_of
from omnimsg.domain.history import HistoryQuery
from omnimsg.domain.message_id import MessageId, split_batch_id
from omnimsg.domain.reason import Reason
from omnimsg.domain.status import MessageStatus
from omnimsg_bird.wire import listing, resource

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omnimsg.adapter import Adapter, Answered, Context, Flow
    from omnimsg.domain.channel import Channel


def find_id(
    provider_id: str, path: str, adapter: Adapter[Any], context: Context
) -> Flow[Answered[MessageId]]:
    """Find the id that Bird has given to a message of a batch."""
    entry = yield from _find_entry(provider_id, path, adapter)
    if isinstance(entry, dict):
        found = message_id_of(context.account, entry.get("channelId"), entry.get("id"))
        if found is not None:
            return found
    elif not isinstance(entry, Absent):
        return entry
    return refused(Reason.NOT_FOUND, "id", "names a message that Bird does not list, or not yet")


def read_status(
    provider_id: str,
    path: str,
    channels: Mapping[str, Channel],
    adapter: Adapter[Any],
    context: Context,
) -> Flow[Answered[MessageStatus]]:
    """Look up the status of a message of a batch."""
    entry = yield from _find_entry(provider_id, path, adapter)
    id_ = MessageId.of(context.account, provider_id)
    if isinstance(entry, Absent):
        return MessageStatus.not_found(id_, context.now)
    if not isinstance(entry, dict):
        return entry
    past = resource.read_past_message(entry, channels, adapter, context)
    # An entry without an id of its own is not "not found": the answer has no verdict.
    return None if past is None else MessageStatus(id=id_, legs=(past.leg,), raw=entry)


def _find_entry(
    provider_id: str, path: str, adapter: Adapter[Any]
) -> Flow[Answered[dict[str, Any] | Absent]]:
    """Search the list of a batch for a message."""
    named = split_batch_id(provider_id)
    assert named is not None  # noqa: S101 - checked by the caller
    batch_id, reference = named

    def matches(entry: object) -> bool:
        return isinstance(entry, dict) and entry.get("reference") == reference

    return listing.search(path, HistoryQuery(batch_id=batch_id), matches, adapter)
