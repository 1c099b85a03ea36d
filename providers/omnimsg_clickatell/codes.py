"""Clickatell's error codes, with the meaning of each at each level where it occurs.

Level `message` is an error beside `accepted: false` in the entry of one message; level `global` is
an error of the whole request. The same code may mean different things: 18 and 19 beside
`accepted: false` prove that the message was not sent, while a bare 18 or 19 comes with a 5xx, which
proves nothing. An account that trusts the vendor's "please retry" sets `19` at `global` to
`not_sent` in its configuration.

Codes 29 and 34 to 37 are reserved and have no row. A failure keeps a code that has no row.
"""

from __future__ import annotations

from omnimsg.adapter import CodeRow, CodeTable, Verdict
from omnimsg.domain.reason import Fault, Reason, Retry

MESSAGE = "message"
GLOBAL = "global"

_TABLE = "https://docs.clickatell.com/channels/one-api/one-api-errors-table/"
_OPENAPI = "One API OpenAPI document, POST /v1/message"

_REJECTED, _NOT_SENT = Verdict.REJECTED, Verdict.NOT_SENT
_ACCOUNT, _AMBIGUOUS = Verdict.ACCOUNT, Verdict.AMBIGUOUS


def _row(  # noqa: PLR0913 - one line of a table
    code: int,
    level: str,
    reason: Reason,
    verdict: Verdict,
    description: str,
    *,
    source: str = _TABLE,
    retry: Retry | None = None,
    fault: Fault | None = None,
) -> CodeRow:
    return CodeRow(
        str(code),
        level,
        reason,
        verdict,
        description=description,
        source=source,
        retry=retry or verdict.retry,
        fault=fault or reason.fault,
    )


CODES = CodeTable(
    (
        _row(1, GLOBAL, Reason.UNAUTHORIZED, _ACCOUNT, "the API key is missing or wrong"),
        _row(2, GLOBAL, Reason.ACCOUNT_INACTIVE, _ACCOUNT, "the account is not active"),
        _row(3, GLOBAL, Reason.ACCOUNT_INACTIVE, _ACCOUNT, "the integration is not active"),
        _row(
            7,
            GLOBAL,
            Reason.FORBIDDEN,
            _ACCOUNT,
            "this host's IP address is not on the account's list; the key may be right",
        ),
        _row(18, MESSAGE, Reason.PROVIDER_ERROR, _NOT_SENT, "an internal error of Clickatell"),
        _row(18, GLOBAL, Reason.PROVIDER_ERROR, _AMBIGUOUS, "an internal error of Clickatell"),
        _row(
            19,
            MESSAGE,
            Reason.PROVIDER_UNAVAILABLE,
            _NOT_SENT,
            "temporarily unavailable; Clickatell asks for a retry",
        ),
        _row(
            19,
            GLOBAL,
            Reason.PROVIDER_UNAVAILABLE,
            _AMBIGUOUS,
            "temporarily unavailable; Clickatell asks for a retry",
        ),
        _row(20, MESSAGE, Reason.INSUFFICIENT_FUNDS, _ACCOUNT, "the balance is too low"),
        _row(
            20,
            GLOBAL,
            Reason.INSUFFICIENT_FUNDS,
            _ACCOUNT,
            "the balance is too low",
            source=_OPENAPI,
        ),
        # 21, 22 and 32 refuse a request as a whole, for one of its messages or for all of them
        # together. The engine splits such a request until the message at fault is alone.
        _row(
            21,
            GLOBAL,
            Reason.INVALID_MESSAGE,
            _REJECTED,
            "the request is malformed; of several messages, one may be the cause",
        ),
        _row(
            22,
            GLOBAL,
            Reason.MISCONFIGURED,
            _REJECTED,
            "too many messages in one request; set a lower limit for the account",
            retry=Retry.AFTER_FIX,
        ),
        # 32 stands in the entries of messages, and is about the media of all of them together.
        _row(
            32,
            GLOBAL,
            Reason.MEDIA_TOO_LARGE,
            _REJECTED,
            "the media of the whole request are too large; of several messages, fewer may pass",
        ),
        _row(
            23,
            MESSAGE,
            Reason.INVALID_CONTENT,
            _REJECTED,
            "a parameter is missing or invalid; the reason follows from the one it names: of `to`"
            " INVALID_RECIPIENT, of `from` INVALID_SENDER, of a time INVALID_MESSAGE",
        ),
        _row(24, MESSAGE, Reason.CONTENT_TOO_LARGE, _REJECTED, "the content is too long"),
        _row(
            25, MESSAGE, Reason.INVALID_RECIPIENT, _REJECTED, "the recipient is not a valid number"
        ),
        _row(26, MESSAGE, Reason.OPTED_OUT, _REJECTED, "the recipient has opted out"),
        _row(
            27,
            MESSAGE,
            Reason.RECIPIENT_NOT_ON_CHANNEL,
            _REJECTED,
            "the recipient cannot be reached on this channel",
        ),
        _row(
            28,
            MESSAGE,
            Reason.FORBIDDEN,
            _REJECTED,
            "the integration is a sandbox and the recipient is not one of its test phones",
            retry=Retry.AFTER_FIX,
        ),
        _row(30, MESSAGE, Reason.MEDIA_INVALID, _REJECTED, "the content type is not supported"),
        _row(31, MESSAGE, Reason.MEDIA_TOO_LARGE, _REJECTED, "the file is too large"),
        _row(
            33,
            MESSAGE,
            Reason.MEDIA_NOT_FOUND,
            _REJECTED,
            "the file is unknown or no longer stored",
        ),
        _row(
            38,
            MESSAGE,
            Reason.CHANNEL_NOT_ENABLED,
            _ACCOUNT,
            "the channel or feature is not active on the integration",
        ),
        _row(
            39,
            MESSAGE,
            Reason.CHANNEL_NOT_ENABLED,
            _ACCOUNT,
            "the integration does not have the channel",
        ),
        _row(40, MESSAGE, Reason.UNSUPPORTED_ENCODING, _REJECTED, "the character set is unknown"),
        _row(41, GLOBAL, Reason.MISCONFIGURED, _ACCOUNT, "no such path; check the base URL"),
        _row(
            42,
            GLOBAL,
            Reason.MISCONFIGURED,
            _ACCOUNT,
            "the path does not allow this method; check the base URL",
        ),
        _row(43, MESSAGE, Reason.RATE_LIMITED, _NOT_SENT, "over the rate limit for messages"),
        _row(43, GLOBAL, Reason.RATE_LIMITED, _NOT_SENT, "over the rate limit for requests"),
        _row(
            44,
            MESSAGE,
            Reason.SENDER_NOT_ALLOWED,
            _REJECTED,
            "the sender's number is suspended",
            retry=Retry.AFTER_FIX,
        ),
        _row(
            45,
            MESSAGE,
            Reason.SENDER_NOT_ALLOWED,
            _REJECTED,
            "the sender's number does not belong to the integration",
            retry=Retry.AFTER_FIX,
        ),
        _row(46, MESSAGE, Reason.ACCOUNT_INACTIVE, _ACCOUNT, "the demo access has expired"),
        _row(
            100,
            MESSAGE,
            Reason.CONTENT_TOO_LARGE,
            _REJECTED,
            "more SMS parts than the integration allows",
        ),
        # The sender is at fault: a two-way number cannot be used for this destination.
        _row(
            101,
            MESSAGE,
            Reason.UNROUTABLE,
            _REJECTED,
            "the destination has no two-way messaging",
            retry=Retry.AFTER_FIX,
            fault=Fault.SENDER,
        ),
        _row(
            110,
            MESSAGE,
            Reason.MISCONFIGURED,
            _REJECTED,
            "numbers in the USA need a two-way integration",
            retry=Retry.AFTER_FIX,
        ),
        _row(
            111,
            MESSAGE,
            Reason.MISCONFIGURED,
            _REJECTED,
            "numbers in the USA need the STOP and SUBSCRIBE commands on the integration",
            retry=Retry.AFTER_FIX,
        ),
    )
)
