"""Every status of a message, and the lifecycle that ends with it.

Sources: the enumeration ``OmniMessageStatusEntry.status`` of the One API reference; Clickatell "One
API message status table" for the numbers, which callbacks have beside the names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from omnimsg.sandbox import LifecycleStep

if TYPE_CHECKING:
    from collections.abc import Mapping

SENT: Final = (LifecycleStep("QUEUED"), LifecycleStep("SENT_TO_SUPPLIER"))
DELIVERED: Final = (*SENT, LifecycleStep("DEVICE_ACK", delivers=True))
READ: Final = (*DELIVERED, LifecycleStep("READ"))

# Lifecycles by their last status; any other status follows `SENT`, or `READ` for a payment.
_STEPS: Final = {
    "QUEUED": SENT[:1],
    "SCHEDULED": (LifecycleStep("SCHEDULED"),),
    "SENT_TO_SUPPLIER": SENT,
    "DEVICE_ACK": DELIVERED,
    "READ": READ,
}

NUMBERS: Final[Mapping[str, int | None]] = {
    "UNKNOWN": 1,
    "QUEUED": 2,
    "SCHEDULED": 3,
    "SENT_TO_SUPPLIER": 4,
    "DEVICE_ACK": 5,
    "READ": 6,
    "EXPIRED": 20,
    "STOPPED_BY_USER": 21,
    "STOPPED_BY_ADMIN": 22,
    "DELIVERY_FAILURE": 23,
    "EMULATED": 24,
    "INSUFFICIENT_ACCOUNT_BALANCE": 25,
    "VOLUME_LIMIT": 26,
    "VOLUME_LIMIT_DAILY": 27,
    "VOLUME_LIMIT_MONTHLY": 28,
    "RECIPIENT_DOES_NOT_EXIST": 29,
    "STOP_MARKETING_MESSAGES": None,
    "EXCESSIVE_MESSAGES_TO_RECIPIENT": None,
    "ENCRYPTION_ACCESS_DENIED": 60,
    "ENCRYPTION_CONTENT_ERROR": 61,
    "ENCRYPTION_VALIDATION_ERROR": None,
    "ANONYMOUS_USER_ID_INVALID": None,
    "ANONYMOUS_USER_ID_ERROR": None,
    "MEDIA_NOT_FOUND": 80,
    "MEDIA_SIZE_ERROR": 81,
    "MEDIA_CHECKSUM_FAILURE": 82,
    "MEDIA_REJECTED_BY_SUPPLIER": 83,
    "MEDIA_METADATA_ERROR": 84,
    "MEDIA_ACCESS_ERROR": 85,
    "MEDIA_TYPE_NOT_SUPPORTED": None,
    "ROUTING_ERROR": 100,
    "WHATSAPP_ACCOUNT_PAYMENT_ISSUE": 130,
    "WHATSAPP_RE_ENGAGEMENT_REQUIRED": 131,
    "WHATSAPP_SPAM_RATE_LIMIT_REACHED": 132,
    "WHATSAPP_SERVER_RATE_LIMIT": 133,
    "WHATSAPP_EXPERIMENTAL_NUMBER": 139,
    "WHATSAPP_TEMPLATE_TEXT_TOO_LONG": 140,
    "WHATSAPP_TEMPLATE_FORMAT_MISMATCH": 141,
    "WHATSAPP_TEMPLATE_FORMATTING_POLICY_VIOLATED": None,
    "WHATSAPP_TEMPLATE_MEDIA_FORMAT_UNSUPPORTED": None,
    "WHATSAPP_PARAMETER_MISSING": None,
    "WHATSAPP_PARAMETER_INVALID": None,
    "WHATSAPP_PARAMETER_NOT_REQUIRED": None,
    "WHATSAPP_TEMPLATE_INVALID_URL": None,
    "WHATSAPP_TEMPLATE_INVALID_PHONE_NUMBER": None,
    "WHATSAPP_TEMPLATE_RECEIVER_NO_BUTTON_SUPPORT": None,
    "WHATSAPP_TEMPLATE_DOES_NOT_EXIST": None,
    "WHATSAPP_TEMPLATE_PARAM_COUNT_MISMATCH": None,
    "WHATSAPP_TEMPLATE_PAUSED": None,
    "WHATSAPP_TEMPLATE_DISABLED": None,
    "WHATSAPP_COMPLIANCE_INFO_MISSING": None,
    "WHATSAPP_PRODUCT_CATALOG_NOT_FOUND": None,
    "WHATSAPP_PRODUCT_NOT_FOUND_IN_CATALOG": None,
    "WHATSAPP_PRODUCT_COMPLIANCE_ERROR": None,
    "WHATSAPP_MESSAGE_UNDELIVERABLE": None,
    "WHATSAPP_CHOSE_NOT_TO_DELIVER": None,
    "PAYMENT_COMPLETED": None,
    "PAYMENT_DECLINED": None,
    "PAYMENT_FAILED": None,
    "PAYMENT_INVALID_MERCHANT_SESSION": None,
    "PAYMENT_INVALID_WEBHOOK_ENDPOINTS": None,
}
"""The number of each status, in the order of the enumeration; None where none is published."""

STATUSES: Final = tuple(NUMBERS)
"""All names, in the order of the enumeration."""


def steps_to(status: str) -> tuple[LifecycleStep, ...]:
    """Return the steps of an accepted message that ends with ``status``.

    Payments happen in the conversation, after the message is read.
    """
    if status in _STEPS:
        return _STEPS[status]
    before = READ if status.startswith("PAYMENT_") else SENT
    return (*before, LifecycleStep(status))


def milliseconds(epoch_seconds: float) -> int:
    """Return a time as the API and its callbacks have it."""
    return int(epoch_seconds * 1000)
