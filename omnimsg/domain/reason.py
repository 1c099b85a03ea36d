"""Why something failed, who caused it, and whether another attempt helps.

The three enums are stable: members are added, but their meaning never changes.
"""

from enum import StrEnum


class Fault(StrEnum):
    """Who caused a failure, and therefore who can fix it.

    Only `PROVIDER` and `NETWORK` count as failures of the provider; only `ACCOUNT` and `CALLER`
    should alert an operator. `Reason.is_opt_out` and `Reason.is_bad_number` tell whether to stop
    writing to a number: `RECIPIENT` also covers phones that were only switched off.

    Attributes:
        RECIPIENT: The person, their phone or their number.
        CONTENT: What is in the message.
        SENDER: The number or name that it is sent from.
        ACCOUNT: The account at the provider, or its configuration.
        PROVIDER: The provider, or the operators behind it.
        NETWORK: The connection to the provider.
        CALLER: The application: a cancelled call, a deadline, a field that cannot be expressed.
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

    Providers distinguish failures more or less finely, so two providers may give different reasons
    for the same failure. The groups (`is_opt_out`, `is_bad_number`, ...) are for code that must
    keep working with another provider: they say what to do, and no reason is in two of them.

    Attributes:
        INVALID_RECIPIENT: There is no such number or address, or its form is wrong.
        RECIPIENT_NOT_ON_CHANNEL: The person does not use this channel.
        RECIPIENT_UNREACHABLE: The phone could not be reached: switched off, barred, out of reach.
        RECIPIENT_LIMIT: Too many messages to this recipient in a short time.
        OPTED_OUT: The provider says that the person wants no messages.
        MARKETING_OPTED_OUT: The person wants no marketing; other messages still arrive.
        SUPPRESSED: The application's own list of opt-outs has the recipient; nothing was sent.
        INVALID_CONTENT: The content breaks a rule of the channel or the provider.
        CONTENT_TOO_LARGE: The text or the request is too long.
        CONTENT_NOT_ALLOWED: The channel forbids what the content offers.
        UNSUPPORTED_CONTENT: The provider cannot express this content on this channel.
        UNSUPPORTED_ENCODING: The provider does not know the character set.
        TEMPLATE_INVALID: The parameters do not fit the template.
        TEMPLATE_UNAVAILABLE: The template does not exist, is not approved, or is paused.
        WINDOW_CLOSED: WhatsApp's 24 hours since the person's last message are over: only a template
            may be sent.
        MEDIA_NOT_FOUND: The provider does not have the file, or no longer.
        MEDIA_TOO_LARGE: The file is too large for the channel.
        MEDIA_INVALID: The file's type or content cannot be used, or it could not be read.
        MEDIA_NEEDS_UPLOAD: The file must be uploaded through this account before it is sent.
        ENCRYPTION: The content could not be decrypted with the key that was named.
        INVALID_SENDER: The sender has a wrong form.
        SENDER_NOT_ALLOWED: The account may not send from this sender, or not to this destination.
        UNAUTHORIZED: The credentials are wrong.
        FORBIDDEN: The credentials are right, but may not do this, or not from this address.
        ACCOUNT_INACTIVE: The account or the integration is not active.
        INSUFFICIENT_FUNDS: The account's balance is too low.
        QUOTA_EXCEEDED: The account's volume for a day, a month or a contract is used up.
        CHANNEL_NOT_ENABLED: The account does not have this channel.
        MISCONFIGURED: An address, an id or a setting of the account is wrong.
        RATE_LIMITED: The account sends too fast.
        PROVIDER_ERROR: The provider failed.
        PROVIDER_UNAVAILABLE: The provider says that it is not available at the moment.
        UNROUTABLE: The provider has no way to this destination.
        OPERATOR_BLOCKED: The mobile operator refused it.
        EXPIRED: The message's validity period ended before it was delivered.
        CANCELLED: The application cancelled it, or closed the client.
        STOPPED_BY_PROVIDER: A person or a rule at the provider stopped it.
        TIMEOUT: No answer came in time.
        CONNECTION_FAILED: No connection was made, so nothing was sent.
        CONNECTION_LOST: The connection broke after the request may have left.
        INVALID_RESPONSE: The answer says nothing of this message: HTML, half a body, another entry.
        DEADLINE_EXCEEDED: The call's deadline or the message's ttl was over before it left.
        INVALID_MESSAGE: The provider says that a field of the request is wrong.
        UNSUPPORTED: The provider cannot express a field of the message, or has no such channel.
        NOT_FOUND: The provider does not know the id.
        PAYMENT: A payment is missing or was refused: the account's to the provider or to WhatsApp,
            or one that the message asked the person for.
        UNKNOWN: The provider gives no reason, or one that omnimsg does not know.
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
        return self in (Reason.OPTED_OUT, Reason.SUPPRESSED)

    @property
    def is_marketing_opt_out(self) -> bool:
        """The person wants no marketing: send only what was asked for, such as codes."""
        return self is Reason.MARKETING_OPTED_OUT

    @property
    def is_bad_number(self) -> bool:
        """The address does not exist or is malformed: take it off the list."""
        return self is Reason.INVALID_RECIPIENT

    @property
    def is_unreachable(self) -> bool:
        """The address may be right, but was not reached: try another channel, or later."""
        return self in (
            Reason.RECIPIENT_NOT_ON_CHANNEL,
            Reason.RECIPIENT_UNREACHABLE,
            Reason.UNROUTABLE,
        )

    @property
    def is_funds(self) -> bool:
        """The account lacks money: top it up, then send again."""
        return self in (Reason.INSUFFICIENT_FUNDS, Reason.PAYMENT)

    @property
    def is_limit(self) -> bool:
        """A limit was met that passes by itself: send less, or later."""
        return self in (Reason.RATE_LIMITED, Reason.RECIPIENT_LIMIT, Reason.QUOTA_EXCEEDED)

    @property
    def is_account(self) -> bool:
        """The account or its configuration must be fixed before anything more is sent."""
        return self in (
            Reason.UNAUTHORIZED,
            Reason.FORBIDDEN,
            Reason.ACCOUNT_INACTIVE,
            Reason.CHANNEL_NOT_ENABLED,
            Reason.MISCONFIGURED,
        )

    @property
    def is_sender(self) -> bool:
        """The sender is wrong or not allowed: choose another, or register it."""
        return self in (Reason.INVALID_SENDER, Reason.SENDER_NOT_ALLOWED)

    @property
    def is_content(self) -> bool:
        """The content must be changed; another recipient would not help."""
        return self in (
            Reason.INVALID_CONTENT,
            Reason.CONTENT_TOO_LARGE,
            Reason.CONTENT_NOT_ALLOWED,
            Reason.UNSUPPORTED_CONTENT,
            Reason.UNSUPPORTED_ENCODING,
        )

    @property
    def is_template(self) -> bool:
        """A template is needed, missing or wrongly filled."""
        return self in (Reason.TEMPLATE_INVALID, Reason.TEMPLATE_UNAVAILABLE, Reason.WINDOW_CLOSED)

    @property
    def is_media(self) -> bool:
        """A file must be changed or uploaded again."""
        return self in (
            Reason.MEDIA_NOT_FOUND,
            Reason.MEDIA_TOO_LARGE,
            Reason.MEDIA_INVALID,
            Reason.MEDIA_NEEDS_UPLOAD,
        )

    @property
    def is_outage(self) -> bool:
        """The provider or the way to it failed: nothing is wrong with the message."""
        return self in (
            Reason.PROVIDER_ERROR,
            Reason.PROVIDER_UNAVAILABLE,
            Reason.INVALID_RESPONSE,
            Reason.TIMEOUT,
            Reason.CONNECTION_FAILED,
            Reason.CONNECTION_LOST,
        )


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
