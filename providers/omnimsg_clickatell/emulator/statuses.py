"""Every status of a message, and the lifecycle that ends with it.

Sources: the enumeration ``OmniMessageStatusEntry.status`` of the One API reference; Clickatell "One
API message status table" for the numbers, which callbacks have beside the names.
"""

from __future__ import annotations

from types import MappingProxyType
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

STATUSES: Final = (
    "UNKNOWN",
    "QUEUED",
    "SCHEDULED",
    "SENT_TO_SUPPLIER",
    "DEVICE_ACK",
    "READ",
    "EXPIRED",
    "STOPPED_BY_USER",
    "STOPPED_BY_ADMIN",
    "DELIVERY_FAILURE",
    "EMULATED",
    "INSUFFICIENT_ACCOUNT_BALANCE",
    "VOLUME_LIMIT",
    "VOLUME_LIMIT_DAILY",
    "VOLUME_LIMIT_MONTHLY",
    "RECIPIENT_DOES_NOT_EXIST",
    "STOP_MARKETING_MESSAGES",
    "EXCESSIVE_MESSAGES_TO_RECIPIENT",
    "ENCRYPTION_ACCESS_DENIED",
    "ENCRYPTION_CONTENT_ERROR",
    "ENCRYPTION_VALIDATION_ERROR",
    "ANONYMOUS_USER_ID_INVALID",
    "ANONYMOUS_USER_ID_ERROR",
    "MEDIA_NOT_FOUND",
    "MEDIA_SIZE_ERROR",
    "MEDIA_CHECKSUM_FAILURE",
    "MEDIA_REJECTED_BY_SUPPLIER",
    "MEDIA_METADATA_ERROR",
    "MEDIA_ACCESS_ERROR",
    "MEDIA_TYPE_NOT_SUPPORTED",
    "ROUTING_ERROR",
    "WHATSAPP_ACCOUNT_PAYMENT_ISSUE",
    "WHATSAPP_RE_ENGAGEMENT_REQUIRED",
    "WHATSAPP_SPAM_RATE_LIMIT_REACHED",
    "WHATSAPP_SERVER_RATE_LIMIT",
    "WHATSAPP_EXPERIMENTAL_NUMBER",
    "WHATSAPP_TEMPLATE_TEXT_TOO_LONG",
    "WHATSAPP_TEMPLATE_FORMAT_MISMATCH",
    "WHATSAPP_TEMPLATE_FORMATTING_POLICY_VIOLATED",
    "WHATSAPP_TEMPLATE_MEDIA_FORMAT_UNSUPPORTED",
    "WHATSAPP_PARAMETER_MISSING",
    "WHATSAPP_PARAMETER_INVALID",
    "WHATSAPP_PARAMETER_NOT_REQUIRED",
    "WHATSAPP_TEMPLATE_INVALID_URL",
    "WHATSAPP_TEMPLATE_INVALID_PHONE_NUMBER",
    "WHATSAPP_TEMPLATE_RECEIVER_NO_BUTTON_SUPPORT",
    "WHATSAPP_TEMPLATE_DOES_NOT_EXIST",
    "WHATSAPP_TEMPLATE_PARAM_COUNT_MISMATCH",
    "WHATSAPP_TEMPLATE_PAUSED",
    "WHATSAPP_TEMPLATE_DISABLED",
    "WHATSAPP_COMPLIANCE_INFO_MISSING",
    "WHATSAPP_PRODUCT_CATALOG_NOT_FOUND",
    "WHATSAPP_PRODUCT_NOT_FOUND_IN_CATALOG",
    "WHATSAPP_PRODUCT_COMPLIANCE_ERROR",
    "WHATSAPP_MESSAGE_UNDELIVERABLE",
    "WHATSAPP_CHOSE_NOT_TO_DELIVER",
    "PAYMENT_COMPLETED",
    "PAYMENT_DECLINED",
    "PAYMENT_FAILED",
    "PAYMENT_INVALID_MERCHANT_SESSION",
    "PAYMENT_INVALID_WEBHOOK_ENDPOINTS",
)
"""All names, in the order of the enumeration."""

NUMBERS: Final[Mapping[str, int]] = MappingProxyType(
    {
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
        "ENCRYPTION_ACCESS_DENIED": 60,
        "ENCRYPTION_CONTENT_ERROR": 61,
        "MEDIA_NOT_FOUND": 80,
        "MEDIA_SIZE_ERROR": 81,
        "MEDIA_CHECKSUM_FAILURE": 82,
        "MEDIA_REJECTED_BY_SUPPLIER": 83,
        "MEDIA_METADATA_ERROR": 84,
        "MEDIA_ACCESS_ERROR": 85,
        "ROUTING_ERROR": 100,
        "WHATSAPP_ACCOUNT_PAYMENT_ISSUE": 130,
        "WHATSAPP_RE_ENGAGEMENT_REQUIRED": 131,
        "WHATSAPP_SPAM_RATE_LIMIT_REACHED": 132,
        "WHATSAPP_SERVER_RATE_LIMIT": 133,
        "WHATSAPP_EXPERIMENTAL_NUMBER": 139,
        "WHATSAPP_TEMPLATE_TEXT_TOO_LONG": 140,
        "WHATSAPP_TEMPLATE_FORMAT_MISMATCH": 141,
    }
)
"""The numbers that the table shows; those of the other statuses are not published."""


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
