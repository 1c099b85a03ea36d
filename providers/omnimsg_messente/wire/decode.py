"""Messente's JSON to outcomes and statuses. Nothing in here raises, whatever the answer holds.

Sources: the Omnichannel API reference; the bulk messaging page, whose 201 may hold refusals.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from omnimsg.adapter import Verdict
from omnimsg.domain.channel import channel_from
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.outcome import Accepted, LegId, Outcome, Usage
from omnimsg.domain.reason import Reason
from omnimsg.domain.status import Evidence, LegStatus, MessageStatus, Timeline
from omnimsg_messente import codes
from omnimsg_messente.wire.error_paths import blamed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omnimsg.adapter import Adapter, CodeRow, Context, Response
    from omnimsg.domain.failure import Failure
    from omnimsg.domain.message import Message

Wire: TypeAlias = dict[str, Any]

# Several errors in one answer: the one that proves least decides, because believing a better one
# could text a customer twice; and an account that cannot send blames no message.
_DECISIVE = (Verdict.AMBIGUOUS, Verdict.ACCOUNT, Verdict.NOT_SENT, Verdict.REJECTED)


def one(
    message: Message, response: Response, adapter: Adapter[Any], context: Context
) -> Outcome | None:
    """Read the answer to one message."""
    return _entry(message, response.json(), response, adapter, context)


def many(
    messages: Sequence[Message], response: Response, adapter: Adapter[Any], context: Context
) -> list[Outcome | None]:
    """Read the answer to several messages.

    A refusal names neither message nor recipient, so only its position ties it to one: that holds
    where there are as many entries as messages and every success names its message's recipient.
    Nor does an error of the whole count beside an id: then something was taken after all.
    """
    document = response.json()
    entries = document.get("messages") if isinstance(document, dict) else None
    if not any(_has_id(each) for each in (document, *_list(entries))):
        whole = refusal(document, response, adapter)
        if whole is not None:
            return [_refused(each, *whole, context) for each in messages]
    if not isinstance(entries, list) or len(entries) != len(messages):
        return [None] * len(messages)
    outcomes = [
        _entry(message, entry, response, adapter, context)
        for message, entry in zip(messages, entries, strict=True)
    ]
    for message, entry, outcome in zip(messages, entries, outcomes, strict=True):
        if outcome.__class__ is Accepted:
            said = entry.get("to")
            if said != message.to and not _same(said, message.to):
                return [None] * len(messages)
    return outcomes


def refusal(
    document: object, response: Response, adapter: Adapter[Any], message: Message | None = None
) -> tuple[CodeRow, Failure] | None:
    """Read an error body; `None` where the document is none, or holds no code that is known.

    Args:
        document: The answer, or an entry of it.
        response: The whole answer.
        adapter: Whose table of codes to use.
        message: The one message it is about, so that the field to blame can be named.
    """
    errors = document.get("errors") if isinstance(document, dict) else None
    if not isinstance(errors, list):
        return None
    known: list[tuple[CodeRow, Wire]] = []
    for error in errors:
        code = error.get("code") if isinstance(error, dict) else None
        row = adapter.table.get(code, codes.ERROR) if isinstance(code, (str, int)) else None
        if row is not None:
            known.append((row, error))
    if not known:
        return None
    row, error = min(known, key=lambda each: _DECISIVE.index(each[0].verdict))
    path, reason = None, None
    if message is not None:
        path, reason = blamed(error.get("source"), message, adapter)
    failure = row.failure(
        detail=_text(error.get("detail")) or "", path=path, response=response, raw=document
    )
    if reason is not None and row.reason is Reason.INVALID_MESSAGE:
        failure = attrs.evolve(failure, reason=reason, fault=reason.fault)
    return row, failure


def status(
    provider_id: str, response: Response, adapter: Adapter[Any], context: Context
) -> MessageStatus | Failure | None:
    """Read where a message is."""
    document = response.json()
    id_ = MessageId.of(context.account, provider_id)
    if response.status == 200 and isinstance(document, dict):
        entries = document.get("statuses")
        if not isinstance(entries, list):
            return None
        legs = tuple(_leg(each, adapter, context) for each in entries if isinstance(each, dict))
        return MessageStatus(id=id_, legs=legs, raw=document)
    if is_unknown(document, response):
        return MessageStatus.not_found(id_, context.now, raw=document)
    refused = refusal(document, response, adapter)
    return None if refused is None else refused[1]


def cancelled(response: Response, adapter: Adapter[Any]) -> bool | Failure | None:
    """Read the answer to a cancellation."""
    if response.status == 202:
        return True
    document = response.json()
    if is_unknown(document, response):
        return False
    refused = refusal(document, response, adapter)
    return None if refused is None else refused[1]


def is_unknown(document: object, response: Response) -> bool:
    """Whether Messente itself says that it does not know an id; a 404 alone may be a wrong URL."""
    errors = document.get("errors") if isinstance(document, dict) else None
    return (
        response.status == 404
        and isinstance(errors, list)
        and any(
            isinstance(each, dict) and str(each.get("code")) == codes.NOT_FOUND for each in errors
        )
    )


def _entry(
    message: Message, entry: object, response: Response, adapter: Adapter[Any], context: Context
) -> Outcome | None:
    """Judge one entry; an id beside errors contradicts itself and is no verdict."""
    if _has_id(entry):
        return _taken(message, entry, context) if 200 <= response.status < 300 else None
    refused = refusal(entry, response, adapter, message)
    return None if refused is None else _refused(message, *refused, context)


def _taken(message: Message, entry: Any, context: Context) -> Outcome | None:  # noqa: ANN401
    provider_id = entry["omnimessage_id"]
    if provider_id.__class__ is not str or "errors" in entry:
        return None
    legs = _leg_ids(entry.get("messages"))
    return Accepted.make(message.reference, context.account, provider_id, legs=legs, raw=entry)


def _has_id(document: object) -> bool:
    return isinstance(document, dict) and bool(document.get("omnimessage_id"))


def _refused(message: Message, row: CodeRow, failure: Failure, context: Context) -> Outcome:
    return row.outcome(message.reference, context.account, failure)


def _leg_ids(parts: object) -> tuple[LegId, ...]:
    legs = []
    for part in _list(parts):
        provider_id = part.get("message_id") if part.__class__ is dict else None
        if provider_id and provider_id.__class__ is str:
            channel = channel_from(part.get("channel"))
            legs.append(LegId.make(channel, provider_id, _text(part.get("sender"))))
    return tuple(legs)


def _same(said: object, meant: object) -> bool:
    """Compare recipients; whether an answer keeps the plus is not documented."""
    return isinstance(said, str) and said.removeprefix("+") == str(meant).removeprefix("+")


def _leg(entry: Wire, adapter: Adapter[Any], context: Context) -> LegStatus:
    return LegStatus(
        channel=channel_from(entry.get("channel")),
        timeline=Timeline.of(
            _evidence(entry, adapter), _moment(entry.get("timestamp")) or context.now
        ),
        provider_id=_text(entry.get("message_id")),
        usage=_usage(entry.get("price_info")),
    )


def _evidence(entry: Wire, adapter: Adapter[Any]) -> Evidence:
    """Read a status, and why where it is a failure: `err` knows more than the status's name."""
    said, err = entry.get("status"), entry.get("err")
    code = str(err) if isinstance(err, (int, str)) and not isinstance(err, bool) else None
    if code in codes.NO_ERRORS:
        code = None
    evidence = adapter.statuses.evidence("" if said is None else said, code=code)
    row = adapter.table.get(code, codes.ERR) if evidence.status.failed else None
    return evidence if row is None else attrs.evolve(evidence, reason=row.reason, fault=row.fault)


def _usage(said: object) -> Usage | None:
    """Read parts and price; no currency is ever named."""
    if not isinstance(said, dict):
        return None
    parts = said.get("parts_count")
    usage = Usage(
        parts=parts if isinstance(parts, int) and not isinstance(parts, bool) else None,
        price=_decimal(said.get("total_price")),
    )
    return None if usage == Usage() else usage


def _decimal(said: object) -> Decimal | None:
    try:
        value = Decimal(said) if isinstance(said, str) else None
    except InvalidOperation:
        return None
    return value if value is not None and value.is_finite() else None


def _moment(said: object) -> datetime | None:
    """Read a time; Messente's samples have no offset and mean UTC."""
    try:
        at = datetime.fromisoformat(said) if isinstance(said, str) else None
    except ValueError:
        return None
    return at.replace(tzinfo=UTC) if at is not None and at.tzinfo is None else at


def _list(said: object) -> list[Any]:
    return said if isinstance(said, list) else []


def _text(said: object) -> str | None:
    return said if isinstance(said, str) else None
