"""Why something failed, who caused it, and whether another attempt helps.

The three enums are stable: members are added, but their meaning never changes.
"""

from enum import StrEnum


class Fault(StrEnum):
    """Who caused a failure, and therefore who can fix it.

    Only `PROVIDER` and `NETWORK` count as failures of the provider; only `ACCOUNT` and `CALLER`
    should alert an operator. Whether to stop writing to a number is for `Reason.is_opt_out` and
    `Reason.is_bad_number` to say: `RECIPIENT` also has phones that were only switched off.

    Attributes:
        NOBODY: No party can be named: time ran out, a limit passes by itself, or the provider does
            not say who.
    """

    RECIPIENT = "recipient"
    CONTENT = "content"
    SENDER = "sender"
    ACCOUNT = "account"
    PROVIDER = "provider"
    NETWORK = "network"
    CALLER = "caller"
    NOBODY = "nobody"


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
    """Why something failed, in one vocabulary for all providers.

    Providers tell one failure apart more or less finely, so that another provider may give another
    reason for the same failure. The groups (`is_opt_out`, `is_bad_number`, ...) are for code that
    must keep working after a swap: they say what to do, and no reason is in two of them.

    Attributes:
        MARKETING_OPTED_OUT: The person wants no marketing; other messages still arrive.
    """

    INVALID_RECIPIENT = "invalid_recipient"
    RECIPIENT_NOT_ON_CHANNEL = "recipient_not_on_channel"
    RECIPIENT_UNREACHABLE = "recipient_unreachable"
    RECIPIENT_LIMIT = "recipient_limit"
    OPTED_OUT = "opted_out"
    MARKETING_OPTED_OUT = "marketing_opted_out"
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

    @property
    def is_opt_out(self) -> bool:
        """The person wants no messages: stop writing to this address."""
        return self in _GROUPS["is_opt_out"]

    @property
    def is_marketing_opt_out(self) -> bool:
        """The person wants no marketing: send only what was asked for, such as codes."""
        return self in _GROUPS["is_marketing_opt_out"]

    @property
    def is_bad_number(self) -> bool:
        """The address does not exist or is malformed: take it off the list."""
        return self in _GROUPS["is_bad_number"]

    @property
    def is_unreachable(self) -> bool:
        """The address may be right, but was not reached: try another channel, or later."""
        return self in _GROUPS["is_unreachable"]

    @property
    def is_funds(self) -> bool:
        """The account lacks money: top it up, then send again."""
        return self in _GROUPS["is_funds"]

    @property
    def is_limit(self) -> bool:
        """A limit was met that passes by itself: send less, or later."""
        return self in _GROUPS["is_limit"]

    @property
    def is_account(self) -> bool:
        """The account or its configuration must be fixed before anything more is sent."""
        return self in _GROUPS["is_account"]

    @property
    def is_sender(self) -> bool:
        """The sender is wrong or not allowed: choose another, or register it."""
        return self in _GROUPS["is_sender"]

    @property
    def is_content(self) -> bool:
        """The content must be changed; another recipient would not help."""
        return self in _GROUPS["is_content"]

    @property
    def is_template(self) -> bool:
        """A template is needed, missing or wrongly filled."""
        return self in _GROUPS["is_template"]

    @property
    def is_media(self) -> bool:
        """A file must be changed or uploaded again."""
        return self in _GROUPS["is_media"]

    @property
    def is_outage(self) -> bool:
        """The provider or the way to it failed: nothing is wrong with the message."""
        return self in _GROUPS["is_outage"]


_FAULTS: dict[Reason, Fault] = {
    reason: fault
    for fault, reasons in {
        Fault.RECIPIENT: (
            Reason.INVALID_RECIPIENT,
            Reason.RECIPIENT_NOT_ON_CHANNEL,
            Reason.RECIPIENT_UNREACHABLE,
            Reason.OPTED_OUT,
            Reason.MARKETING_OPTED_OUT,
            Reason.SUPPRESSED,
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
        Fault.NOBODY: (Reason.RECIPIENT_LIMIT, Reason.EXPIRED),
    }.items()
    for reason in reasons
}

# What to do about a reason, by the name of the property; a reason is in one group at most.
_GROUPS: dict[str, frozenset[Reason]] = {
    "is_opt_out": frozenset({Reason.OPTED_OUT, Reason.SUPPRESSED}),
    "is_marketing_opt_out": frozenset({Reason.MARKETING_OPTED_OUT}),
    "is_bad_number": frozenset({Reason.INVALID_RECIPIENT}),
    "is_unreachable": frozenset(
        {Reason.RECIPIENT_NOT_ON_CHANNEL, Reason.RECIPIENT_UNREACHABLE, Reason.UNROUTABLE}
    ),
    "is_funds": frozenset({Reason.INSUFFICIENT_FUNDS, Reason.PAYMENT}),
    "is_limit": frozenset({Reason.RATE_LIMITED, Reason.RECIPIENT_LIMIT, Reason.QUOTA_EXCEEDED}),
    "is_account": frozenset(
        {
            Reason.UNAUTHORIZED,
            Reason.FORBIDDEN,
            Reason.ACCOUNT_INACTIVE,
            Reason.CHANNEL_NOT_ENABLED,
            Reason.MISCONFIGURED,
        }
    ),
    "is_sender": frozenset({Reason.INVALID_SENDER, Reason.SENDER_NOT_ALLOWED}),
    "is_content": frozenset(
        {
            Reason.INVALID_CONTENT,
            Reason.CONTENT_TOO_LARGE,
            Reason.CONTENT_NOT_ALLOWED,
            Reason.UNSUPPORTED_CONTENT,
            Reason.UNSUPPORTED_ENCODING,
        }
    ),
    "is_template": frozenset(
        {Reason.TEMPLATE_INVALID, Reason.TEMPLATE_UNAVAILABLE, Reason.WINDOW_CLOSED}
    ),
    "is_media": frozenset(
        {
            Reason.MEDIA_NOT_FOUND,
            Reason.MEDIA_TOO_LARGE,
            Reason.MEDIA_INVALID,
            Reason.MEDIA_NEEDS_UPLOAD,
        }
    ),
    "is_outage": frozenset(
        {
            Reason.PROVIDER_ERROR,
            Reason.PROVIDER_UNAVAILABLE,
            Reason.INVALID_RESPONSE,
            Reason.TIMEOUT,
            Reason.CONNECTION_FAILED,
            Reason.CONNECTION_LOST,
        }
    ),
}
