"""Bird's answer to a look-up of one message. Nothing in here raises."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omnimsg.domain.message_id import MessageId
from omnimsg.domain.reason import Reason
from omnimsg.domain.status import Evidence, LegStatus, MessageStatus, Status, Timeline
from omnimsg_bird.wire import decode, resource

if TYPE_CHECKING:
    from omnimsg.adapter import Adapter, Context, Response
    from omnimsg.domain.channel import Channel
    from omnimsg.domain.failure import Failure


def read(
    provider_id: str,
    channel: Channel | None,
    response: Response,
    adapter: Adapter[Any],
    context: Context,
) -> MessageStatus | Failure | None:
    """Read where a message is; one that Bird does not know has no evidence."""
    document = response.json()
    if response.status == 200 and isinstance(document, dict) and "status" in document:
        leg = resource.leg(document, provider_id, channel, adapter, context)
    else:
        failure = None if response.status == 200 else decode.asked(response, adapter)
        if failure is None or response.status != 404:
            return failure
        reason = Reason.NOT_FOUND
        evidence = Evidence(Status.UNKNOWN, "", reason=reason, fault=reason.fault)
        leg = LegStatus(
            channel=channel,
            timeline=Timeline.of(evidence, context.now),
            provider_id=provider_id,
        )
    return MessageStatus(id=MessageId.of(context.account, provider_id), legs=(leg,), raw=document)
