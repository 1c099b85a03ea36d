"""Answers to everything but sending."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from omnimsg.domain.channel import channel_from
from omnimsg.domain.failure import Failure
from omnimsg.domain.history import Balance
from omnimsg.domain.media import MediaInfo, Stored
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.reason import Reason, Retry
from omnimsg.domain.status import LegStatus, MessageStatus, Timeline
from omnimsg_clickatell.capabilities import MEDIA_DAYS
from omnimsg_clickatell.codes import GLOBAL, MESSAGE
from omnimsg_clickatell.statuses import STATUSES
from omnimsg_clickatell.wire.match_entries import code_of, text_of

if TYPE_CHECKING:
    from omnimsg.adapter import Answered, CodeTable, Context, Response, Source
    from omnimsg.domain.media import Upload

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_MILLISECOND = timedelta(milliseconds=1)
_UNSUPPORTED = ".unsupported"


def read_status(response: Response, provider_id: str, context: Context) -> MessageStatus | None:
    """Read where a message is: one leg for each channel that the answer names.

    An id that Clickatell does not know has an answer of another shape, because it has no channel
    (OpenAPI document, `GET /v1/message/{omniMessageId}`); the shape itself is not published, so
    every object without a channel is taken for it.
    """
    data = response.json()
    if response.status != 200 or not isinstance(data, dict):
        return None
    id_ = MessageId.of(context.account, provider_id)
    legs = []
    for name, entry in data.items():
        channel = channel_from(name)
        if channel is not None and isinstance(entry, dict):
            evidence = STATUSES.evidence(entry.get("status"))
            at = _moment(entry.get("timestamp"), _MILLISECOND) or context.now
            legs.append(
                LegStatus(
                    channel=channel, timeline=Timeline.of(evidence, at), provider_id=provider_id
                )
            )
    if not legs:
        at = _moment(data.get("timestamp"), _MILLISECOND) or context.now
        word = text_of(data, "status") or ""
        return MessageStatus.not_found(id_, at, provider_status=word, raw=data)
    return MessageStatus(id=id_, legs=tuple(legs), raw=data)


def read_upload(
    response: Response, upload: Upload, source: Source, context: Context
) -> Answered[Stored]:
    """Read where an uploaded file is kept; it is usable for 30 days.

    An id that ends in `.unsupported` is what Clickatell gives to a file whose type it did not
    recognise (seen in public client code): no message could use it, so it is a failure.
    """
    data = response.json()
    if not isinstance(data, dict) or data.get("accepted") is not True or data.get("error"):
        return None
    file_id = text_of(data, "fileId")
    if file_id is None or len(file_id) > 1024:
        return None
    if file_id.endswith(_UNSUPPORTED):
        return Failure(
            reason=Reason.MEDIA_INVALID,
            retry=Retry.NEVER,
            path="content_type",
            detail=f"Clickatell stored the file but does not know {upload.content_type}",
            http_status=response.status,
            raw=data,
        )
    return Stored(
        account=context.account,
        id=file_id,
        sha256=source.sha256,
        expires=context.now + timedelta(days=MEDIA_DAYS),
        restricted_to=upload.restricted_to,
        client_encrypted=upload.encryption is not None,
    )


def read_media_info(response: Response) -> MediaInfo | None:
    """Read what is told of a file; its time counts seconds, not milliseconds."""
    data = response.json()
    if response.status != 200 or not isinstance(data, dict):
        return None
    allowed = data.get("broadcastAllowed")
    return MediaInfo(
        expires=_moment(data.get("expirationTime"), _SECOND),
        broadcast_allowed=allowed if isinstance(allowed, bool) else None,
        raw=data,
    )


def read_balance(response: Response) -> Balance | None:
    """Read the balance, to the last digit that was written."""
    data = response.json()
    if response.status != 200 or not isinstance(data, dict):
        return None
    return Balance(
        amount=_exact(response.body, "balance"), currency=text_of(data, "currency"), raw=data
    )


def refusal(response: Response, table: CodeTable, *, missing: Reason, words: str) -> Failure | None:
    """Read why an operation was refused; `None` where neither body nor status says.

    Args:
        response: An answer that is no success.
        table: The account's codes.
        missing: What a 404 means for this operation.
        words: The same in a sentence.
    """
    data = response.json()
    error = data.get("error") if isinstance(data, dict) else None
    code = code_of(error)
    row = None if code is None else table.get(code, GLOBAL) or table.get(code, MESSAGE)
    if row is not None and isinstance(error, dict):
        sentence = text_of(error, "description") or ""
        return row.failure(detail=sentence, response=response, raw=data)
    if response.status == 404:
        return Failure(
            reason=missing,
            retry=Retry.AFTER_FIX if missing is Reason.MISCONFIGURED else Retry.NEVER,
            detail=words,
            code=code,
            http_status=404,
            raw=data,
        )
    return None


def _exact(body: bytes, name: str) -> Decimal | None:
    """Read a number without a detour through binary fractions."""
    try:
        data = json.loads(body, parse_float=Decimal, parse_int=Decimal)
    except (ValueError, RecursionError, ArithmeticError):
        return None
    value = data.get(name)
    return value if isinstance(value, Decimal) else None


def _moment(value: object, unit: timedelta) -> datetime | None:
    """Read a time counted from 1970; `None` for what is no whole number or beyond all calendars."""
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    try:
        return _EPOCH + value * unit
    except OverflowError:
        return None
