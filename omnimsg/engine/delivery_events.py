"""Observer events of the receiving half: callbacks, statuses, refused callbacks, ended doubts."""

from __future__ import annotations

import attrs

from omnimsg.domain.events import Event
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.redaction import masked
from omnimsg.domain.status import MessageStatus, Status


@attrs.frozen
class EventReceived:
    """A callback brought an event that was not handled before; the application is told next.

    Attributes:
        event: The event.
    """

    event: Event


@attrs.frozen(kw_only=True)
class StatusChanged:
    """A report or a look-up changed the status of a message.

    Attributes:
        account: The account's name.
        id: The message's id.
        reference: Its reference; `None` where neither a send nor a report named one.
        status: The message's whole status.
        previous: The status that was told last.
    """

    account: str
    id: MessageId = attrs.field(repr=masked)
    reference: str | None = attrs.field(repr=masked)
    status: MessageStatus
    previous: Status


@attrs.frozen(kw_only=True)
class CallbackRefused:
    """A request to the receiver was refused; nothing of it reached the application.

    Attributes:
        account: The account that it was addressed to; empty where there is no such account.
        why: The cause, one word of a fixed list: `RefusedBecause` in `omnimsg.delivery`.
        http_status: The HTTP status of the answer.
    """

    account: str
    why: str
    http_status: int


@attrs.frozen(kw_only=True)
class DoubtEnded:
    """A doubtful message is known to be with the provider, or the doubt was given up.

    Attributes:
        account: The account's name.
        reference: The message's reference.
        id: The message's id; `None` where nothing settled the doubt in its time.
    """

    account: str
    reference: str = attrs.field(repr=masked)
    id: MessageId | None = attrs.field(repr=masked)
