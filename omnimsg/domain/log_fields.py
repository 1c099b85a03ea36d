"""The structured fields of log records, so that a formatter gets data instead of a sentence.

They become attributes of the `logging.LogRecord` through `extra`. No field has the name of an
attribute that every record has: `logging` would raise an error instead of logging.
"""

from __future__ import annotations

from typing import TypedDict, Unpack

from omnimsg.domain.redaction import mask_text


class LogFields(TypedDict, total=False):
    """The fields that a log record may have besides its text. Unknown ones are left out.

    Attributes:
        account: The account's name.
        provider: The provider's name, such as `clickatell`.
        reference: The reference of the one message that the line is about, numbers in it masked.
        references: The references of the messages that the line is about, numbers in them masked.
        message_id: The id of an accepted message, numbers in it masked.
        leg: The index of the fallback leg: 0 is the message itself.
        count: The number of messages or outcomes.
        pending: The number of messages that were handed over and have no outcome yet.
        unsent: The number of messages that were read and not sent.
        reason: The unified reason, such as `rate_limited`.
        code: The provider's code as text.
        http_status: The HTTP status of the answer, or of ours to a callback.
        request_id: The provider's id of the request, to quote to its support.
        attempt: The number of the next attempt; the first retry is 2.
        attempts: The maximum number of attempts.
        wait: Seconds until the next try.
        seconds: The duration of a step or of a wait so far.
        subject: What a circuit breaker guards: the account, one of its channels, or its provider.
        refused_because: Why a callback was refused, a word of `RefusedBecause`.
        error: The type of an exception, without its text, which may quote a message.
        observer_event: The event whose observer raised an error.
        method: The HTTP method.
        url: The host and path of a request, without its query, numbers in it masked.
        file: The path of a file.
        aiohttp: The version of aiohttp.
    """

    account: str
    provider: str | None
    reference: str | None
    references: list[str]
    message_id: str
    leg: int
    count: int
    pending: int
    unsent: int
    reason: str
    code: str | None
    http_status: int | None
    request_id: str | None
    attempt: int
    attempts: int
    wait: float
    seconds: float
    subject: str
    refused_because: str
    error: str
    observer_event: str
    method: str
    url: str
    file: str
    aiohttp: str


# Values that a caller or a provider has chosen, so that they may contain a phone number.
_MASKED = frozenset({"message_id", "reference", "references", "url"})


def log_fields(**fields: Unpack[LogFields]) -> dict[str, object]:
    """Return the fields that are not `None`, for `extra` of a logging call, with numbers masked."""
    return {
        name: _masked(value) if name in _MASKED else value
        for name, value in fields.items()
        if value is not None
    }


def _masked(value: object) -> object:
    return (
        [mask_text(str(each)) for each in value]
        if isinstance(value, list)
        else mask_text(str(value))
    )
