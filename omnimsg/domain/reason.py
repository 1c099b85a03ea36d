"""Why something failed, who caused it, and whether another attempt helps.

The three enums are stable: members are added, but their meaning never changes.
"""

from enum import StrEnum


class Fault(StrEnum):
    """Who caused a failure, and therefore who can fix it.

    Only `PROVIDER` and `NETWORK` count as failures of the provider; only `RECIPIENT` is a reason to
    stop writing to a number; only `ACCOUNT` and `CALLER` should alert an operator.
    """

    RECIPIENT = "recipient"
    CONTENT = "content"
    SENDER = "sender"
    ACCOUNT = "account"
    PROVIDER = "provider"
    NETWORK = "network"
    CALLER = "caller"


class Retry(StrEnum):
    """Whether the same message may be sent again.

    Attributes:
        NEVER: The same message would be refused again.
        SAFE: Proven not processed, and a later attempt may succeed. The engine retries only these.
        AFTER_FIX: Proven not processed; another attempt succeeds only after the account or the
            configuration is fixed.
        UNSAFE: It may have been processed: another attempt may reach the customer a second time.
    """

    NEVER = "never"
    SAFE = "safe"
    AFTER_FIX = "after_fix"
    UNSAFE = "unsafe"


class Reason(StrEnum):
    """Why something failed, in one vocabulary for all providers."""

    INVALID_RECIPIENT = "invalid_recipient"
    RECIPIENT_NOT_ON_CHANNEL = "recipient_not_on_channel"
    RECIPIENT_UNREACHABLE = "recipient_unreachable"
    RECIPIENT_LIMIT = "recipient_limit"
    OPTED_OUT = "opted_out"
    SUPPRESSED = "suppressed"
    INVALID_CONTENT = "invalid_content"
    CONTENT_TOO_LARGE = "content_too_large"
    CONTENT_NOT_ALLOWED = "content_not_allowed"
    UNSUPPORTED_CONTENT = "unsupported_content"
    UNSUPPORTED_ENCODING = "unsupported_encoding"
    TEMPLATE_INVALID = "template_invalid"
    TEMPLATE_UNAVAILABLE = "template_unavailable"
    WINDOW_CLOSED = "window_closed"
    MEDIA_NOT_FOUND = "media_not_found"
    MEDIA_TOO_LARGE = "media_too_large"
    MEDIA_INVALID = "media_invalid"
    MEDIA_NEEDS_UPLOAD = "media_needs_upload"
    ENCRYPTION = "encryption"
    INVALID_SENDER = "invalid_sender"
    SENDER_NOT_ALLOWED = "sender_not_allowed"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    ACCOUNT_INACTIVE = "account_inactive"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    QUOTA_EXCEEDED = "quota_exceeded"
    CHANNEL_NOT_ENABLED = "channel_not_enabled"
    MISCONFIGURED = "misconfigured"
    RATE_LIMITED = "rate_limited"
    PROVIDER_ERROR = "provider_error"
    PROVIDER_UNAVAILABLE = "provider_unavailable"
    UNROUTABLE = "unroutable"
    OPERATOR_BLOCKED = "operator_blocked"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    STOPPED_BY_PROVIDER = "stopped_by_provider"
    TIMEOUT = "timeout"
    CONNECTION_FAILED = "connection_failed"
    CONNECTION_LOST = "connection_lost"
    INVALID_RESPONSE = "invalid_response"
    DEADLINE_EXCEEDED = "deadline_exceeded"
    INVALID_MESSAGE = "invalid_message"
    UNSUPPORTED = "unsupported"
    NOT_FOUND = "not_found"
    PAYMENT = "payment"
    UNKNOWN = "unknown"

    @property
    def fault(self) -> Fault:
        """Who usually caused it; a provider's code table may name another fault for a code."""
        return _FAULTS[self]


_FAULTS: dict[Reason, Fault] = {
    reason: fault
    for fault, reasons in {
        Fault.RECIPIENT: (
            Reason.INVALID_RECIPIENT,
            Reason.RECIPIENT_NOT_ON_CHANNEL,
            Reason.RECIPIENT_UNREACHABLE,
            Reason.RECIPIENT_LIMIT,
            Reason.OPTED_OUT,
            Reason.SUPPRESSED,
            Reason.EXPIRED,
        ),
        Fault.CONTENT: (
            Reason.INVALID_CONTENT,
            Reason.CONTENT_TOO_LARGE,
            Reason.CONTENT_NOT_ALLOWED,
            Reason.UNSUPPORTED_CONTENT,
            Reason.UNSUPPORTED_ENCODING,
            Reason.TEMPLATE_INVALID,
            Reason.TEMPLATE_UNAVAILABLE,
            Reason.WINDOW_CLOSED,
            Reason.MEDIA_NOT_FOUND,
            Reason.MEDIA_TOO_LARGE,
            Reason.MEDIA_INVALID,
            Reason.MEDIA_NEEDS_UPLOAD,
            Reason.ENCRYPTION,
        ),
        Fault.SENDER: (Reason.INVALID_SENDER, Reason.SENDER_NOT_ALLOWED),
        Fault.ACCOUNT: (
            Reason.UNAUTHORIZED,
            Reason.FORBIDDEN,
            Reason.ACCOUNT_INACTIVE,
            Reason.INSUFFICIENT_FUNDS,
            Reason.QUOTA_EXCEEDED,
            Reason.CHANNEL_NOT_ENABLED,
            Reason.MISCONFIGURED,
            Reason.STOPPED_BY_PROVIDER,
            Reason.PAYMENT,
        ),
        Fault.PROVIDER: (
            Reason.RATE_LIMITED,
            Reason.PROVIDER_ERROR,
            Reason.PROVIDER_UNAVAILABLE,
            Reason.UNROUTABLE,
            Reason.OPERATOR_BLOCKED,
            Reason.INVALID_RESPONSE,
            Reason.UNKNOWN,
        ),
        Fault.NETWORK: (
            Reason.TIMEOUT,
            Reason.CONNECTION_FAILED,
            Reason.CONNECTION_LOST,
        ),
        Fault.CALLER: (
            Reason.CANCELLED,
            Reason.DEADLINE_EXCEEDED,
            Reason.INVALID_MESSAGE,
            Reason.UNSUPPORTED,
            Reason.NOT_FOUND,
        ),
    }.items()
    for reason in reasons
}
