"""Bird's statuses and interactions."""

from __future__ import annotations

from omnimsg.adapter import StatusRow, StatusTable, TermRow
from omnimsg.domain.history import InteractionKind
from omnimsg.domain.reason import Reason
from omnimsg.domain.status import Status

_MESSAGING = "Bird Channels API, Messaging"
_BATCH = "Bird Channels API, Send batch messages"
_EMAIL = "Bird Programmable Email, Message status"
_RESOURCE = "Bird Channels API, Messaging, MessageInteraction"

STATUSES = StatusTable(
    (
        StatusRow("accepted", Status.ACCEPTED, description="accepted by the API", source=_EMAIL),
        StatusRow("processing", Status.ACCEPTED, description="being processed", source=_MESSAGING),
        StatusRow(
            "scheduled",
            Status.SCHEDULED,
            description="waiting for its scheduled time",
            source=_MESSAGING,
        ),
        StatusRow(
            "sent",
            Status.SENT,
            description="handed to the platform; may be the final status",
            source=_EMAIL,
        ),
        StatusRow("delivered", Status.DELIVERED, description="delivered", source=_EMAIL),
        StatusRow(
            "delivery_failed",
            Status.FAILED,
            reason=Reason.UNKNOWN,
            description="sent but not delivered",
            source=_EMAIL,
        ),
        StatusRow(
            "sending_failed",
            Status.FAILED,
            reason=Reason.UNKNOWN,
            description="could not be handed to the platform",
            source=_EMAIL,
        ),
        StatusRow(
            "rejected",
            Status.REJECTED,
            reason=Reason.UNKNOWN,
            description="refused after it was accepted",
            source=_BATCH,
        ),
        StatusRow(
            "skipped",
            Status.REJECTED,
            reason=Reason.STOPPED_BY_PROVIDER,
            description="Bird chose not to send it",
            source=_MESSAGING,
        ),
        StatusRow(
            "deleted",
            Status.CANCELLED,
            reason=Reason.CANCELLED,
            description="deleted",
            source=_MESSAGING,
        ),
    )
)

_KINDS = {
    "clicked": (InteractionKind.CLICKED, "a link or a button was tapped"),
    "conversion": (InteractionKind.CONVERTED, "the goal of the message was reached"),
    "delete-request": (InteractionKind.DELETED, "the person asks to be deleted"),
    "invalid": (InteractionKind.UNKNOWN, "documented without a meaning"),
    "opened": (InteractionKind.OPENED, "an e-mail was opened"),
    "reaction": (InteractionKind.REACTED, "the person reacted with an emoji"),
    "read": (InteractionKind.READ, "the message was read"),
    "reported-as-spam": (InteractionKind.REPORTED_SPAM, "the person reported it as spam"),
    "subscribe-consent": (InteractionKind.SUBSCRIBED, "the person consented to be written to"),
    "subscribe-request": (InteractionKind.SUBSCRIBED, "the person asks to be written to"),
    "unsubscribe-request": (InteractionKind.UNSUBSCRIBED, "the person opts out"),
}

INTERACTIONS = {name: kind for name, (kind, _) in _KINDS.items()}
"""The kind of each of Bird's interaction types."""

TERMS: tuple[TermRow, ...] = tuple(
    TermRow("interaction", name, kind.value, description=description, source=_RESOURCE)
    for name, (kind, description) in _KINDS.items()
)
"""The interaction types as rows; `unsubscribe-request` is the opt-out."""


def interaction_kind(name: str) -> InteractionKind:
    """Return the kind of an interaction type; an unknown type is `UNKNOWN`.

    The page about e-mail writes `unsubscribe_request` where the schema has a hyphen. An opt-out
    counts in either spelling.
    """
    return INTERACTIONS.get(name.replace("_", "-"), InteractionKind.UNKNOWN)
