"""Clickatell's message statuses, with the unified status and reason of each.

Statuses are looked up by name. A row has a number only where the vendor's status table shows it:
the numbers of the other names are not published, and callbacks carry the name beside the number.
Clickatell announces that names will be added; an unknown name becomes `UNKNOWN` and is kept.

`PAYMENT_*` report a payment that the recipient made or failed to make in the conversation. They say
nothing about delivery, so they are `UNKNOWN` with the reason `PAYMENT`, and a leg's other evidence
outranks them.
"""

from __future__ import annotations

from omnimsg.adapter import StatusRow, StatusTable
from omnimsg.domain.reason import Fault, Reason
from omnimsg.domain.status import Status

_TABLE = "https://docs.clickatell.com/channels/one-api/one-api-message-status-table/"
_OPENAPI = "One API OpenAPI document, OmniMessageStatusEntry.status"
_2019 = (
    "https://www.clickatell.com/developers/api-documentation/"
    "one-api-message-status-codes-descriptions/"
)

_R, _F = Status.REJECTED, Status.FAILED


def _row(
    number: int | None,
    name: str,
    status: Status,
    reason: Reason | None,
    description: str,
    *,
    source: str | None = None,
) -> StatusRow:
    return StatusRow(
        name,
        status,
        description=description,
        source=source or (_OPENAPI if number is None else _TABLE),
        reason=reason,
        number=number,
    )


STATUSES = StatusTable(
    (
        _row(1, "UNKNOWN", Status.UNKNOWN, Reason.NOT_FOUND, "the account has no such message"),
        _row(2, "QUEUED", Status.ACCEPTED, None, "waiting to be processed"),
        _row(3, "SCHEDULED", Status.SCHEDULED, None, "waiting for its scheduled time"),
        _row(4, "SENT_TO_SUPPLIER", Status.SENT, None, "handed to the carrier or to Meta"),
        _row(5, "DEVICE_ACK", Status.DELIVERED, None, "delivered to the handset"),
        _row(6, "READ", Status.READ, None, "read by the recipient"),
        _row(
            20,
            "EXPIRED",
            Status.EXPIRED,
            Reason.EXPIRED,
            "the validity period ended before delivery",
        ),
        _row(21, "STOPPED_BY_USER", Status.CANCELLED, Reason.CANCELLED, "stopped by the customer"),
        _row(
            22,
            "STOPPED_BY_ADMIN",
            Status.CANCELLED,
            Reason.STOPPED_BY_PROVIDER,
            "stopped by an administrator",
        ),
        _row(23, "DELIVERY_FAILURE", _F, Reason.UNKNOWN, "not delivered; no cause is given"),
        _row(24, "EMULATED", _F, Reason.MISCONFIGURED, "simulated only; no handset received it"),
        _row(
            25,
            "INSUFFICIENT_ACCOUNT_BALANCE",
            _R,
            Reason.INSUFFICIENT_FUNDS,
            "the balance was too low when the message was processed",
        ),
        _row(26, "VOLUME_LIMIT", _R, Reason.QUOTA_EXCEEDED, "over a volume limit"),
        _row(27, "VOLUME_LIMIT_DAILY", _R, Reason.QUOTA_EXCEEDED, "over the daily volume limit"),
        _row(
            28, "VOLUME_LIMIT_MONTHLY", _R, Reason.QUOTA_EXCEEDED, "over the monthly volume limit"
        ),
        _row(
            29,
            "RECIPIENT_DOES_NOT_EXIST",
            _F,
            Reason.RECIPIENT_NOT_ON_CHANNEL,
            "the recipient is not on the channel",
        ),
        _row(
            None,
            "STOP_MARKETING_MESSAGES",
            _R,
            Reason.MARKETING_OPTED_OUT,
            "the recipient wants no marketing messages; others still arrive",
        ),
        _row(
            None,
            "EXCESSIVE_MESSAGES_TO_RECIPIENT",
            _R,
            Reason.RECIPIENT_LIMIT,
            "too many messages to this recipient; it passes by itself",
        ),
        _row(
            60, "ENCRYPTION_ACCESS_DENIED", _R, Reason.ENCRYPTION, "the key service denied access"
        ),
        _row(
            61,
            "ENCRYPTION_CONTENT_ERROR",
            _R,
            Reason.ENCRYPTION,
            "the content could not be decrypted",
        ),
        _row(
            None, "ENCRYPTION_VALIDATION_ERROR", _R, Reason.ENCRYPTION, "the encryption is invalid"
        ),
        _row(
            None,
            "ANONYMOUS_USER_ID_INVALID",
            _R,
            Reason.INVALID_RECIPIENT,
            "the anonymous id is not valid",
        ),
        _row(
            None,
            "ANONYMOUS_USER_ID_ERROR",
            _F,
            Reason.PROVIDER_ERROR,
            "the anonymous id could not be resolved",
        ),
        _row(
            80,
            "MEDIA_NOT_FOUND",
            _R,
            Reason.MEDIA_NOT_FOUND,
            "the file is unknown or no longer stored",
        ),
        _row(81, "MEDIA_SIZE_ERROR", _R, Reason.MEDIA_TOO_LARGE, "the file's size is not allowed"),
        _row(
            82,
            "MEDIA_CHECKSUM_FAILURE",
            _R,
            Reason.MEDIA_INVALID,
            "the checksum does not match the file",
        ),
        _row(
            83, "MEDIA_REJECTED_BY_SUPPLIER", _R, Reason.MEDIA_INVALID, "WhatsApp rejected the file"
        ),
        _row(
            84,
            "MEDIA_METADATA_ERROR",
            _R,
            Reason.MEDIA_INVALID,
            "the file's metadata is missing or contradictory",
        ),
        _row(
            85, "MEDIA_ACCESS_ERROR", _R, Reason.MEDIA_INVALID, "access to the file is not allowed"
        ),
        _row(
            None,
            "MEDIA_TYPE_NOT_SUPPORTED",
            _R,
            Reason.MEDIA_INVALID,
            "the media type is not supported",
        ),
        _row(100, "ROUTING_ERROR", _F, Reason.UNROUTABLE, "no route to the destination"),
        _row(
            130,
            "WHATSAPP_ACCOUNT_PAYMENT_ISSUE",
            _R,
            Reason.PAYMENT,
            "WhatsApp requires a payment first",
        ),
        _row(
            131,
            "WHATSAPP_RE_ENGAGEMENT_REQUIRED",
            _R,
            Reason.WINDOW_CLOSED,
            "the 24-hour window is closed; only a template may be sent",
        ),
        StatusRow(
            "WHATSAPP_SPAM_RATE_LIMIT_REACHED",
            _R,
            description="WhatsApp limits this sender's rate because recipients block or report it",
            source=_TABLE,
            reason=Reason.RATE_LIMITED,
            number=132,
            fault=Fault.ACCOUNT,
        ),
        _row(
            133, "WHATSAPP_SERVER_RATE_LIMIT", _R, Reason.RATE_LIMITED, "over WhatsApp's rate limit"
        ),
        _row(
            134,
            "WHATSAPP_HSM_NOT_AVAILABLE",
            _R,
            Reason.TEMPLATE_UNAVAILABLE,
            "the template cannot be used (name of 2019)",
            source=_2019,
        ),
        *(
            _row(
                None,
                f"WHATSAPP_HSM_{name}",
                _R,
                reason,
                f"{description} (name of 2019)",
                source=_2019,
            )
            for name, reason, description in (
                (
                    "PARAM_COUNT_MISMATCH",
                    Reason.TEMPLATE_INVALID,
                    "the number of parameters is wrong",
                ),
                ("IS_MISSING", Reason.TEMPLATE_UNAVAILABLE, "no such template"),
                ("DOWNLOAD_FAILED", Reason.TEMPLATE_UNAVAILABLE, "the template was not loaded"),
                ("PACK_IS_MISSING", Reason.TEMPLATE_UNAVAILABLE, "no such set of templates"),
            )
        ),
        _row(
            139,
            "WHATSAPP_EXPERIMENTAL_NUMBER",
            _F,
            Reason.RECIPIENT_UNREACHABLE,
            "WhatsApp has put the recipient's number into an experiment",
        ),
        _row(
            140,
            "WHATSAPP_TEMPLATE_TEXT_TOO_LONG",
            _R,
            Reason.CONTENT_TOO_LARGE,
            "the filled template is too long",
        ),
        _row(
            141,
            "WHATSAPP_TEMPLATE_FORMAT_MISMATCH",
            _R,
            Reason.TEMPLATE_INVALID,
            "the header has the wrong type",
        ),
        *(
            _row(None, f"WHATSAPP_{name}", status, reason, description)
            for name, status, reason, description in (
                (
                    "TEMPLATE_FORMATTING_POLICY_VIOLATED",
                    _R,
                    Reason.TEMPLATE_INVALID,
                    "a parameter contains a forbidden character",
                ),
                (
                    "TEMPLATE_MEDIA_FORMAT_UNSUPPORTED",
                    _R,
                    Reason.MEDIA_INVALID,
                    "the media type is not supported in templates",
                ),
                ("PARAMETER_MISSING", _R, Reason.TEMPLATE_INVALID, "a parameter is missing"),
                ("PARAMETER_INVALID", _R, Reason.TEMPLATE_INVALID, "a parameter is invalid"),
                (
                    "PARAMETER_NOT_REQUIRED",
                    _R,
                    Reason.TEMPLATE_INVALID,
                    "the template has no such parameter",
                ),
                ("TEMPLATE_INVALID_URL", _R, Reason.TEMPLATE_INVALID, "a button's URL is invalid"),
                (
                    "TEMPLATE_INVALID_PHONE_NUMBER",
                    _R,
                    Reason.TEMPLATE_INVALID,
                    "a button's phone number is invalid",
                ),
                (
                    "TEMPLATE_RECEIVER_NO_BUTTON_SUPPORT",
                    _F,
                    Reason.UNSUPPORTED_CONTENT,
                    "the recipient's app cannot show buttons",
                ),
                (
                    "TEMPLATE_DOES_NOT_EXIST",
                    _R,
                    Reason.TEMPLATE_UNAVAILABLE,
                    "no such template, or not in this language",
                ),
                (
                    "TEMPLATE_PARAM_COUNT_MISMATCH",
                    _R,
                    Reason.TEMPLATE_INVALID,
                    "the number of parameters is wrong",
                ),
                ("TEMPLATE_PAUSED", _R, Reason.TEMPLATE_UNAVAILABLE, "paused by WhatsApp"),
                ("TEMPLATE_DISABLED", _R, Reason.TEMPLATE_UNAVAILABLE, "disabled by WhatsApp"),
                (
                    "COMPLIANCE_INFO_MISSING",
                    _R,
                    Reason.MISCONFIGURED,
                    "the business has not given WhatsApp required information",
                ),
                ("PRODUCT_CATALOG_NOT_FOUND", _R, Reason.INVALID_CONTENT, "no such catalogue"),
                ("PRODUCT_NOT_FOUND_IN_CATALOG", _R, Reason.INVALID_CONTENT, "no such product"),
                (
                    "PRODUCT_COMPLIANCE_ERROR",
                    _R,
                    Reason.CONTENT_NOT_ALLOWED,
                    "a product that WhatsApp does not allow",
                ),
                (
                    "MESSAGE_UNDELIVERABLE",
                    _F,
                    Reason.RECIPIENT_UNREACHABLE,
                    "WhatsApp cannot deliver it",
                ),
                (
                    "CHOSE_NOT_TO_DELIVER",
                    _F,
                    Reason.RECIPIENT_UNREACHABLE,
                    "WhatsApp decided not to deliver it to this recipient",
                ),
            )
        ),
        *(
            StatusRow(
                f"PAYMENT_{name}",
                Status.UNKNOWN,
                description=description,
                source=_OPENAPI,
                reason=Reason.PAYMENT,
                fault=fault,
            )
            for name, description, fault in (
                ("COMPLETED", "the recipient has paid", None),
                ("DECLINED", "the payment was declined", Fault.RECIPIENT),
                ("FAILED", "the payment failed", Fault.PROVIDER),
                ("INVALID_MERCHANT_SESSION", "the merchant's session is invalid", Fault.ACCOUNT),
                (
                    "INVALID_WEBHOOK_ENDPOINTS",
                    "the merchant's webhook endpoints are invalid",
                    Fault.ACCOUNT,
                ),
            )
        ),
    )
)
