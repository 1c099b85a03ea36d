"""WhatsApp's own failure codes, which Bird quotes beside the source `whatsapp`.

Source: Meta, WhatsApp Cloud API, Error codes
(developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes), from copies that agree: the
tables of Kaleyra and 360dialog, and those of two public clients, great-detail/WhatsApp-Nodejs-SDK
and MarcosNicolau/whatsapp-business-sdk. 131050 is in newer copies only.
"""

from __future__ import annotations

from omnimsg.adapter import CodeRow, Verdict
from omnimsg.domain.reason import Reason, Retry

_META = "Meta, WhatsApp Cloud API, Error codes"


def _whatsapp(
    code: int, reason: Reason, title: str, description: str, *, retry: Retry = Retry.NEVER
) -> CodeRow:
    """Build the row of one of Meta's codes; `title` is the code's title in Meta's table."""
    return CodeRow(
        str(code),
        "whatsapp",
        reason,
        Verdict.REJECTED,
        description=description,
        source=f"{_META}: {title}",
        retry=retry,
    )


ROWS = (
    _whatsapp(130429, Reason.RATE_LIMITED, "Rate limit hit", "over WhatsApp's rate limit"),
    _whatsapp(
        130472,
        Reason.RECIPIENT_UNREACHABLE,
        "User's number is part of an experiment",
        "WhatsApp has put the recipient's number into an experiment",
    ),
    _whatsapp(
        131026,
        Reason.RECIPIENT_UNREACHABLE,
        "Message undeliverable",
        "not a WhatsApp number, or its owner has not accepted the terms or has an old app",
    ),
    _whatsapp(
        131042,
        Reason.PAYMENT,
        "Business eligibility payment issue",
        "the account's way of paying WhatsApp is missing, or its credit used up",
        retry=Retry.AFTER_FIX,
    ),
    _whatsapp(
        131047, Reason.WINDOW_CLOSED, "Re-engagement message", "the 24-hour window is closed"
    ),
    _whatsapp(
        131049,
        Reason.RECIPIENT_UNREACHABLE,
        "Meta chose not to deliver",
        "WhatsApp decided not to deliver it, so that a person gets less marketing",
    ),
    _whatsapp(
        131050,
        Reason.MARKETING_OPTED_OUT,
        "User stopped marketing messages",
        "the recipient wants no marketing messages",
    ),
    _whatsapp(
        131051,
        Reason.UNSUPPORTED_CONTENT,
        "Unsupported message type",
        "WhatsApp does not support this content",
    ),
    _whatsapp(
        131053, Reason.MEDIA_INVALID, "Media upload error", "WhatsApp could not take the file"
    ),
    _whatsapp(
        131056,
        Reason.RECIPIENT_LIMIT,
        "Pair rate limit hit",
        "too many messages to this recipient in a short time",
    ),
    _whatsapp(
        132000,
        Reason.TEMPLATE_INVALID,
        "Template param count mismatch",
        "the number of parameters is wrong",
    ),
    _whatsapp(
        132001,
        Reason.TEMPLATE_UNAVAILABLE,
        "Template does not exist",
        "no such template in this language, or not approved",
    ),
    _whatsapp(
        132005,
        Reason.CONTENT_TOO_LARGE,
        "Template hydrated text too long",
        "the filled template is too long",
    ),
    _whatsapp(
        132007,
        Reason.TEMPLATE_INVALID,
        "Template format character policy violated",
        "the content violates WhatsApp's policy on format and characters",
    ),
    _whatsapp(
        132012,
        Reason.TEMPLATE_INVALID,
        "Template parameter format mismatch",
        "a parameter has the wrong form",
    ),
    _whatsapp(
        132015,
        Reason.TEMPLATE_UNAVAILABLE,
        "Template is paused",
        "paused by WhatsApp, because people disliked it",
    ),
    _whatsapp(
        132016, Reason.TEMPLATE_UNAVAILABLE, "Template is disabled", "disabled by WhatsApp for good"
    ),
)
