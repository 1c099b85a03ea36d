"""Look up a message of a batch, whose id is unknown because Bird names only the batch's.

`Accepted.id` of such a message contains its batch's id and its reference. Source: the list
operation of a workspace on the Messaging page of the Channels API reference, with its filter
`batchId`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omnimsg.adapter import Request
from omnimsg.domain.history import HistoryQuery
from omnimsg.domain.message_id import MessageId, split_batch_id
from omnimsg.domain.status import MessageStatus
from omnimsg_bird.wire import decode, listing, resource

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omnimsg.adapter import Adapter, Answered, Context, Flow
    from omnimsg.domain.channel import Channel

# A batch has at most 100 messages, and a page is asked to have as many, but it may have fewer. A
# longer list gives no verdict.
_MAX_PAGES = 5


def find_entry(
    provider_id: str, path: str, adapter: Adapter[Any]
) -> Flow[Answered[dict[str, Any]]]:
    """Return the list entry of a message of a batch; an empty one if the whole list lacks it."""
    named = split_batch_id(provider_id)
    assert named is not None  # noqa: S101 - checked by the caller
    batch_id, reference = named
    token: str | None = None
    for _ in range(_MAX_PAGES):
        query = listing.parameters(HistoryQuery(batch_id=batch_id), token, adapter)
        response = yield Request("GET", path, query=query, authenticated=True)
        document = response.json()
        results = document.get("results") if isinstance(document, dict) else None
        if response.status != 200 or not isinstance(results, list):
            return decode.read_failure(response, adapter)
        for entry in results:
            if isinstance(entry, dict) and entry.get("reference") == reference:
                return entry
        next_token: object = document.get("nextPageToken")
        if next_token in (None, ""):
            return {}
        if not isinstance(next_token, str) or next_token == token:
            break
        token = next_token
    return None


def read_status(
    provider_id: str,
    path: str,
    channels: Mapping[str, Channel],
    adapter: Adapter[Any],
    context: Context,
) -> Flow[Answered[MessageStatus]]:
    """Look up the status of a message of a batch."""
    entry = yield from find_entry(provider_id, path, adapter)
    if not isinstance(entry, dict):
        return entry
    id_ = MessageId.of(context.account, provider_id)
    if not entry:
        return MessageStatus.not_found(id_, context.now)
    past = resource.read_past_message(entry, channels, adapter, context)
    # An entry without an id of its own is not "not found": the answer has no verdict.
    return None if past is None else MessageStatus(id=id_, legs=(past.leg,), raw=entry)
