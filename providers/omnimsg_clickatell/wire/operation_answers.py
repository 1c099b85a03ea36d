"""Read the answers to every operation except sends and read notices."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from omnimsg.adapter import code_text, is_blank, words_of
from omnimsg.adapter.amounts import read_amount
from omnimsg.adapter.inbound import text_or_none
from omnimsg.adapter.times import MILLISECOND, SECOND, read_epoch_time
from omnimsg.adapter.tolerant_json import tolerant_text
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
from omnimsg_clickatell.wire.match_entries import code_of

if TYPE_CHECKING:
    from omnimsg.adapter import Answered, CodeTable, Context, Response, Source
    from omnimsg.domain.media import Upload

_UNSUPPORTED = ".unsupported"


def read_status(response: Response, provider_id: str, context: Context) -> MessageStatus | None:
    """Read a message's status, with one leg for each channel that the answer names.

    An unknown id is answered in another form, because it has no channel (OpenAPI document,
    `GET /v1/message/{omniMessageId}`). That form is not published, so every object without a
    channel is read as an unknown id.
    """
    data = response.json()
    if response.status != 200 or not isinstance(data, dict) or not is_blank(data.get("error")):
        return None
    id_ = MessageId.of(context.account, provider_id)
    legs = []
    for key, entry in data.items():
        channel = channel_from(key)
        if channel is not None and isinstance(entry, dict):
            evidence = STATUSES.evidence(entry.get("status"))
            at = read_epoch_time(entry.get("timestamp"), MILLISECOND) or context.now
            # Without an id: Clickatell has one id for all channels, which does not identify a leg.
            legs.append(LegStatus(channel=channel, timeline=Timeline.of(evidence, at)))
    if not legs:
        at = read_epoch_time(data.get("timestamp"), MILLISECOND) or context.now
        name = text_or_none(data.get("status")) or ""
        return MessageStatus.not_found(id_, at, provider_status=name, raw=data)
    return MessageStatus(id=id_, legs=tuple(legs), raw=data)


def read_upload(
    response: Response, upload: Upload, source: Source, context: Context
) -> Answered[Stored]:
    """Read the id of an uploaded file, which can be used for 30 days.

    Clickatell gives a file whose type it does not recognise an id that ends in `.unsupported` (seen
    in public client code). No message can use such a file, so it is a failure.
    """
    data = response.json()
    if not isinstance(data, dict) or data.get("accepted") is not True:
        return None
    if not is_blank(data.get("error")):
        return None
    file_id = text_or_none(data.get("fileId"))
    if file_id is None or len(file_id) > 1024 or "\0" in file_id:
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
    """Read the facts about a file. Its expiry is in seconds, not in milliseconds as elsewhere."""
    data = response.json()
    if response.status != 200 or not isinstance(data, dict) or not is_blank(data.get("error")):
        return None
    allowed = data.get("broadcastAllowed")
    return MediaInfo(
        expires=read_epoch_time(data.get("expirationTime"), SECOND),
        broadcast_allowed=allowed if isinstance(allowed, bool) else None,
        raw=data,
    )


def read_balance(response: Response) -> Balance | None:
    """Read the balance with all its digits."""
    data = response.json()
    if response.status != 200 or not isinstance(data, dict) or not is_blank(data.get("error")):
        return None
    return Balance(
        amount=_amount(response.body, "balance"),
        currency=text_or_none(data.get("currency")),
        raw=data,
    )


def read_refusal(
    response: Response, table: CodeTable, *, missing: Reason, detail: str
) -> Failure | None:
    """Read the refusal of an operation; `None` if neither the body nor the status gives a reason.

    The documents give a 404 no body. One with a page or plain text is not Clickatell's: it comes
    from a proxy or a wrong address, and says nothing about a file.

    Args:
        response: The answer, which is not a success.
        table: The account's codes.
        missing: The reason of a 404 for this operation.
        detail: The reason of a 404 as a sentence.
    """
    data = response.json()
    error = data.get("error") if isinstance(data, dict) else None
    code = code_of(error)
    row = None if code is None else table.get(code, GLOBAL) or table.get(code, MESSAGE)
    if row is not None and isinstance(error, dict):
        description = text_or_none(error.get("description")) or ""
        return row.failure(detail=description, response=response, raw=data)
    words = words_of(data)
    if response.status == 404 and (isinstance(data, dict) or not response.body.strip()):
        reason, sentence = missing, f"{detail}: {words}" if words else detail
    elif response.status == 200 and not is_blank(error):
        # An answer with an error member is a refusal, even if its HTTP status is 200.
        reason, sentence = Reason.UNKNOWN, words or "refused without a known cause"
    else:
        return None
    return Failure(
        reason=reason,
        retry=Retry.AFTER_FIX if reason is Reason.MISCONFIGURED else Retry.NEVER,
        detail=sentence,
        code=code,
        unknown_code=code_text(code) if row is None else None,
        http_status=response.status,
        raw=data,
    )


def _amount(body: bytes, name: str) -> Decimal | None:
    """Read an amount exactly: a float would lose digits."""
    try:
        data = json.loads(tolerant_text(body), strict=False, parse_float=Decimal, parse_int=Decimal)
    except (ValueError, RecursionError, ArithmeticError):
        return None
    value = data.get(name)
    return read_amount(value) if isinstance(value, Decimal) else None
