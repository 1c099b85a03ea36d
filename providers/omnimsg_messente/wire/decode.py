"""Read Messente's answers: outcomes, statuses, cancellations. No function raises for any answer.

Sources: the Omnichannel API reference; the bulk messaging page, whose 201 may contain refusals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from omnimsg.adapter import Verdict, is_blank, read_code, words_of
from omnimsg.adapter.amounts import read_amount
from omnimsg.adapter.answer_parts import sentences_of
from omnimsg.adapter.inbound import address_text
from omnimsg.adapter.times import read_iso_time
from omnimsg.domain.channel import channel_from
from omnimsg.domain.failure import Failure
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.outcome import Accepted, Ambiguous, LegId, Outcome, Usage
from omnimsg.domain.reason import Reason, Retry
from omnimsg.domain.status import Evidence, LegStatus, MessageStatus, Timeline
from omnimsg_messente import codes
from omnimsg_messente.wire.error_paths import field_and_reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omnimsg.adapter import Adapter, CodeRow, Context, Response
    from omnimsg.domain.message import Message
    from omnimsg_messente.wire.shared import JsonObject

# The HTTP status of requests beyond the 150 a second that the API setup page allows.
_TOO_MANY = 429

# If an answer has several errors, the one that proves least decides: any other could cause a
# message to be sent twice. Account failures precede rejections: they say nothing about a message.
_VERDICT_PRECEDENCE = (Verdict.AMBIGUOUS, Verdict.ACCOUNT, Verdict.NOT_SENT, Verdict.REJECTED)


def read_send(
    message: Message, response: Response, adapter: Adapter[Any], context: Context
) -> Outcome | None:
    """Read the answer to one message."""
    document = response.json()
    outcomes = [_read_entry(message, document, response, adapter, context)]
    return _mark_doubtful([message], outcomes, [document], response, context)[0]


def read_bulk_send(
    messages: Sequence[Message], response: Response, adapter: Adapter[Any], context: Context
) -> list[Outcome | None]:
    """Read the answer to several messages.

    A refusal names neither message nor recipient, so entries are matched by position. That is done
    only if there are as many entries as messages and every success names its message's recipient;
    otherwise no message gets an outcome. An error of the whole request is ignored if any entry has
    an id, because then at least one message was accepted.
    """
    document = response.json()
    entries = document.get("messages") if isinstance(document, dict) else None
    outcomes = _read_bulk(messages, document, entries, response, adapter, context)
    return _mark_doubtful(messages, outcomes, [document, *_list(entries)], response, context)


def _read_bulk(
    messages: Sequence[Message],
    document: object,
    entries: object,
    response: Response,
    adapter: Adapter[Any],
    context: Context,
) -> list[Outcome | None]:
    if not any(_has_id(entry) for entry in (document, *_list(entries))):
        refusal = read_refusal(document, response, adapter)
        if refusal is not None:
            row, failure = refusal
            return [row.outcome(each.reference, context.account, failure) for each in messages]
    if not isinstance(entries, list) or len(entries) != len(messages):
        return [None] * len(messages)
    for message, entry in zip(messages, entries, strict=True):
        if _has_id(entry):
            recipient = entry.get("to")
            if recipient != message.to and not _is_same_recipient(recipient, message.to):
                return [None] * len(messages)
    return [
        _read_entry(message, entry, response, adapter, context)
        or _not_understood(message, entry, response, context)
        for message, entry in zip(messages, entries, strict=True)
    ]


def _not_understood(
    message: Message, entry: object, response: Response, context: Context
) -> Ambiguous | None:
    """Build the outcome of an entry of a success whose errors are not in the table.

    The engine does not know which words of an answer are about which message.
    """
    said = list(sentences_of(entry))
    if not said or _has_id(entry) or response.status >= 300:
        return None
    failure = Failure(
        reason=Reason.INVALID_RESPONSE,
        retry=Retry.UNSAFE,
        detail=f"the answer cannot be read; it says: {words_of(entry)}",
        unknown_code=next((code for _, code in said if code is not None), None),
        http_status=response.status,
        raw=entry,
    )
    return Ambiguous(reference=message.reference, account=context.account, failure=failure)


def _mark_doubtful(
    messages: Sequence[Message],
    outcomes: list[Outcome | None],
    entries: Sequence[object],
    response: Response,
    context: Context,
) -> list[Outcome | None]:
    """Make messages without an outcome ambiguous, if a refusal has the id of an accepted message.

    The engine would classify these messages as not sent by the HTTP status.
    """
    if response.status < 300 or not any(map(_has_id, entries)):
        return outcomes
    failure = Failure(
        reason=Reason.INVALID_RESPONSE,
        retry=Retry.UNSAFE,
        detail="the answer is an error, but it also has the id of a message",
        http_status=response.status,
    )
    return [
        Ambiguous(reference=message.reference, account=context.account, failure=failure)
        if outcome is None
        else outcome
        for message, outcome in zip(messages, outcomes, strict=True)
    ]


def read_refusal(
    document: object, response: Response, adapter: Adapter[Any], message: Message | None = None
) -> tuple[CodeRow, Failure] | None:
    """Read an error body; `None` if it is not one, or has no code that is in the table.

    A 429 gives `None` too: no code means "too many requests", and its body is not documented.

    Args:
        document: The body of the answer, or an entry of it.
        response: The whole answer.
        adapter: The adapter with the table of codes.
        message: The message that was refused, to name its field; `None` if there are several.
    """
    errors = document.get("errors") if isinstance(document, dict) else None
    if not isinstance(errors, list) or response.status == _TOO_MANY:
        return None
    known: list[tuple[CodeRow, JsonObject]] = []
    for error in errors:
        row = adapter.table.get(error.get("code"), codes.ERROR) if isinstance(error, dict) else None
        if row is not None:
            known.append((row, error))
    if not known:
        return None
    row, error = min(
        known, key=lambda row_and_error: _VERDICT_PRECEDENCE.index(row_and_error[0].verdict)
    )
    path, reason = None, None
    if message is not None:
        path, reason = field_and_reason(error.get("source"), message, adapter)
    failure = row.failure(
        detail=_text(error.get("detail")) or words_of(error),
        path=path,
        response=response,
        raw=document,
    )
    if reason is not None and row.reason is Reason.INVALID_MESSAGE:
        failure = attrs.evolve(failure, reason=reason, fault=reason.fault)
    return row, failure


def read_status(
    provider_id: str, response: Response, adapter: Adapter[Any], context: Context
) -> MessageStatus | Failure | None:
    """Read a message's status: one leg for each of its channels."""
    document = response.json()
    id_ = MessageId.of(context.account, provider_id)
    if response.status == 200 and isinstance(document, dict):
        entries = document.get("statuses")
        if not isinstance(entries, list):
            return None
        if document.get("omnimessage_id") not in (None, "", provider_id):
            return None
        legs = tuple(
            read_leg(entry, adapter, context) for entry in entries if isinstance(entry, dict)
        )
        return MessageStatus(id=id_, legs=legs, raw=document)
    if _is_unknown(document, response):
        return MessageStatus.not_found(id_, context.now, raw=document)
    refused = read_refusal(document, response, adapter)
    return None if refused is None else refused[1]


def read_cancel(response: Response, adapter: Adapter[Any]) -> bool | Failure | None:
    """Read whether a cancellation came in time.

    Its 202 has an empty object. An empty body says no less, but a page of HTML is not Messente's.
    """
    document = response.json() if response.body else {}
    if response.status == 202 and isinstance(document, dict) and is_blank(document.get("errors")):
        return True
    if _is_unknown(document, response):
        return False
    refused = read_refusal(document, response, adapter)
    return None if refused is None else refused[1]


def _is_unknown(document: object, response: Response) -> bool:
    """Return whether Messente says that an id is unknown; a bare 404 may mean a wrong URL."""
    errors = document.get("errors") if isinstance(document, dict) else None
    return (
        response.status == 404
        and isinstance(errors, list)
        and any(
            isinstance(error, dict) and str(error.get("code")) == codes.NOT_FOUND
            for error in errors
        )
    )


def _read_entry(
    message: Message, entry: object, response: Response, adapter: Adapter[Any], context: Context
) -> Outcome | None:
    """Read the outcome of one message; an id beside errors is a contradiction and gives `None`."""
    if _has_id(entry):
        return _read_accepted(message, entry, context) if 200 <= response.status < 300 else None
    refused = read_refusal(entry, response, adapter, message)
    if refused is None:
        return None
    row, failure = refused
    return row.outcome(message.reference, context.account, failure)


def _read_accepted(message: Message, entry: Any, context: Context) -> Outcome | None:  # noqa: ANN401
    provider_id = entry["omnimessage_id"]
    if provider_id.__class__ is not str or not is_blank(entry.get("errors")):
        return None
    # An answer that names another recipient is not the answer to this message.
    recipient = entry.get("to")
    if recipient not in (None, "", message.to) and not _is_same_recipient(recipient, message.to):
        return None
    legs = _leg_ids(entry.get("messages"))
    return Accepted.make(message.reference, context.account, provider_id, legs=legs, raw=entry)


def _has_id(document: object) -> bool:
    return isinstance(document, dict) and bool(document.get("omnimessage_id"))


def _leg_ids(entries: object) -> tuple[LegId, ...]:
    legs = []
    for entry in _list(entries):
        provider_id = entry.get("message_id") if entry.__class__ is dict else None
        if provider_id and provider_id.__class__ is str:
            channel = channel_from(entry.get("channel"))
            legs.append(LegId.make(channel, provider_id, _text(entry.get("sender"))))
    return tuple(legs)


def _is_same_recipient(found: object, sent: object) -> bool:
    """Compare without the plus: the documents do not say whether an answer keeps it."""
    address = address_text(found)
    return address is not None and address.removeprefix("+") == str(sent).removeprefix("+")


def read_leg(entry: JsonObject, adapter: Adapter[Any], context: Context) -> LegStatus:
    """Read the status of a leg, from a look-up or a report; a time without an offset is UTC."""
    evidence = _evidence(entry, adapter)
    return LegStatus.make(
        channel=channel_from(entry.get("channel")),
        timeline=Timeline.of(evidence, read_iso_time(entry.get("timestamp")) or context.now),
        detail=(_text(entry.get("error")) or "") if evidence.status.failed else "",
        provider_id=_text(entry.get("message_id")) or None,
        usage=_usage(entry.get("price_info")),
    )


def _evidence(entry: JsonObject, adapter: Adapter[Any]) -> Evidence:
    """Read a status; a failure's reason comes from `err`, which is more precise."""
    name, code = entry.get("status"), read_code(entry.get("err"))
    if code in codes.NO_ERRORS:
        code = None
    evidence = adapter.statuses.evidence("" if name is None else name, code=code)
    row = adapter.table.get(code, codes.ERR) if evidence.status.failed else None
    if row is None or row.reason is Reason.UNKNOWN:
        return evidence
    return attrs.evolve(evidence, reason=row.reason, fault=row.fault)


def _usage(price_info: object) -> Usage | None:
    """Read parts and price; Messente never names a currency."""
    if not isinstance(price_info, dict):
        return None
    parts = price_info.get("parts_count")
    usage = Usage.make(
        parts=parts if isinstance(parts, int) and not isinstance(parts, bool) else None,
        price=read_amount(price_info.get("total_price")),
    )
    return None if usage.parts is None and usage.price is None else usage


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
