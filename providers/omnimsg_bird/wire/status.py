"""Read the answer to a status look-up of one message. The function never raises."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omnimsg.domain.message_id import MessageId
from omnimsg.domain.reason import Reason
from omnimsg.domain.status import MessageStatus
from omnimsg_bird.wire import decode, resource

if TYPE_CHECKING:
    from omnimsg.adapter import Adapter, Context, Response
    from omnimsg.domain.channel import Channel
    from omnimsg.domain.failure import Failure


def read_status(
    provider_id: str,
    channel: Channel | None,
    response: Response,
    adapter: Adapter[Any],
    context: Context,
) -> MessageStatus | Failure | None:
    """Read a message's status; an unknown message has no evidence."""
    document = response.json()
    id_ = MessageId.of(context.account, provider_id)
    if response.status == 200 and isinstance(document, dict) and "status" in document:
        if document.get("id") not in (None, "", provider_id.partition("/")[2]):
            return None
        at = resource.status_time(document) or context.now
        leg = resource.read_leg(document, provider_id, channel, at, adapter)
        return MessageStatus(id=id_, legs=(leg,), raw=document)
    failure = decode.read_failure(response, adapter, Reason.NOT_FOUND)
    if failure is None or failure.reason is not Reason.NOT_FOUND:
        return failure
    return MessageStatus.not_found(id_, context.now, channel=channel, raw=document)
