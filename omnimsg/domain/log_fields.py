"""The fields that the lines of the log carry, so that a formatter gets data instead of a sentence.

They become attributes of the `logging.LogRecord`, as `extra` does. None has the name of one that
the record has already, which would raise an error instead of logging.
"""

from __future__ import annotations

from typing import TypedDict, Unpack

from omnimsg.domain.redaction import mask_text


class LogFields(TypedDict, total=False):
    """What a line may say besides its sentence. A field that is not known is not there.

    Attributes:
        account: The account's name.
        provider: The provider's name, such as `clickatell`.
        reference: The reference of the one message that the line is about, numbers in it masked.
        references: The references of the messages that it is about, numbers in them masked.
        message_id: The id of an accepted message, numbers in it masked.
        leg: Which fallback leg: 0 is the message itself.
        count: How many messages or outcomes.
        pending: How many messages are still on their way.
        unsent: How many messages were read and not sent.
        reason: The unified reason, such as `rate_limited`.
        code: The provider's code as text.
        http_status: The HTTP status of the answer, or of ours to a callback.
        request_id: The provider's id of the request, to quote to its support.
        attempt: The number of the attempt to come; the first retry is 2.
        attempts: How many there will be at most.
        wait: Seconds until something is tried again.
        seconds: How long something took, or has been waited for.
        subject: What is in trouble: the account, one of its channels, or its provider.
        refused_because: Why a callback was refused, a word of `RefusedBecause`.
        error: The type of an exception, without its text, which may quote a message.
        observer_event: The event that an observer was told when it raised an error.
        method: The HTTP method.
        url: Where a request goes: host and path, without its query, numbers in it masked.
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


# What a caller or a provider has chosen, so that it may hold a number.
_MASKED = frozenset({"message_id", "reference", "references", "url"})


def log_fields(**fields: Unpack[LogFields]) -> dict[str, object]:
    """Return what is known of the fields, for `extra` of a logging call."""
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
