"""Bird's JSON to outcomes and statuses. Nothing in here raises, whatever the answer holds.

Sources: the Messaging page of the Channels API reference (message, errors), the Message failure
codes page (`failure`).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import attrs

from omnimsg.adapter import Verdict
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.outcome import Accepted, Outcome
from omnimsg.domain.reason import Reason, Retry
from omnimsg.domain.status import Evidence, LegStatus, MessageStatus, Status, Timeline
from omnimsg_bird import codes
from omnimsg_bird.wire.details import blamed

if TYPE_CHECKING:
    from omnimsg.adapter import Adapter, CodeRow, Context, Response
    from omnimsg.domain.channel import Channel
    from omnimsg.domain.failure import Failure
    from omnimsg.domain.message import Message


def sent(
    message: Message, channel_id: str, response: Response, adapter: Adapter[Any], context: Context
) -> Outcome | None:
    """Read the answer to a message."""
    document = response.json()
    if not 200 <= response.status < 300:
        refused = refusal(document, response, adapter)
        if refused is None:
            return None
        row, failure = refused
        return row.outcome(message.reference, context.account, failure)
    id_ = document.get("id") if isinstance(document, dict) else None
    if not isinstance(id_, str) or not id_:
        return None
    return Accepted(
        reference=message.reference,
        account=context.account,
        provider_id=f"{channel_id}/{id_}",
        raw=document,
    )


def refusal(
    document: object, response: Response, adapter: Adapter[Any]
) -> tuple[CodeRow, Failure] | None:
    """Read an error body; `None` where it is not Bird's, or its HTTP status is not in the table.

    Bird lists hardly any of its `code` texts, so one that is not known goes by the HTTP status.
    """
    if not isinstance(document, dict):
        return None
    code, said = document.get("code"), document.get("message")
    if not isinstance(code, str) and not isinstance(said, str):
        return None
    level = str(response.status)
    row = adapter.table.get(code, level) or adapter.table.get(level, codes.HTTP)
    if row is None:
        return None
    key, why = _first(document.get("details"))
    path, reason = blamed(key)
    detail = ": ".join(each for each in (said, key, why) if isinstance(each, str) and each)
    failure = attrs.evolve(
        row.failure(detail=detail, path=path, response=response, raw=document),
        code=code if isinstance(code, str) else None,
    )
    if reason is not None and row.reason is Reason.INVALID_MESSAGE:
        failure = attrs.evolve(failure, reason=reason, fault=reason.fault)
    return row, failure


def status(
    provider_id: str,
    channel: Channel | None,
    response: Response,
    adapter: Adapter[Any],
    context: Context,
) -> MessageStatus | Failure | None:
    """Read where a message is."""
    document = response.json()
    refused = None if response.status == 200 else refusal(document, response, adapter)
    if response.status == 404 and refused is not None:
        evidence = Evidence(
            Status.UNKNOWN, "", reason=Reason.NOT_FOUND, fault=Reason.NOT_FOUND.fault
        )
        at = context.now
    elif refused is not None:
        row, failure = refused
        if row.verdict is Verdict.AMBIGUOUS:
            # Asking changes nothing, so an answer that proves nothing may be asked for again.
            return attrs.evolve(failure, retry=Retry.SAFE)
        return failure
    elif response.status == 200 and isinstance(document, dict) and "status" in document:
        evidence = _evidence(document, adapter)
        at = _moment(document.get("lastStatusAt")) or context.now
    else:
        return None
    leg = LegStatus(channel=channel, timeline=Timeline.of(evidence, at), provider_id=provider_id)
    id_ = MessageId.of(context.account, provider_id)
    return MessageStatus(id=id_, legs=(leg,), raw=document)


def _evidence(document: dict[str, Any], adapter: Adapter[Any]) -> Evidence:
    """Read a status, and why where it is a failure."""
    failure = document.get("failure")
    failure = failure if isinstance(failure, dict) else {}
    said = failure.get("code")
    code = str(said) if isinstance(said, (int, str)) and not isinstance(said, bool) else None
    evidence = adapter.statuses.evidence(document["status"], code=code)
    row = _row(code, failure.get("source"), adapter) if evidence.status.failed else None
    return evidence if row is None else attrs.evolve(evidence, reason=row.reason, fault=row.fault)


def _row(code: str | None, source: object, adapter: Adapter[Any]) -> CodeRow | None:
    """Find what a failure means: by its code, by its source's own code, by the code's family."""
    row = adapter.table.get(code, codes.FAILURE)
    if row is None and isinstance(source, dict):
        row = adapter.table.get(source.get("code"), str(source.get("name")))
    if row is None and code is not None and len(code) == 5:
        row = adapter.table.get(f"{code[:2]}xxx", codes.FAILURE)
    return row


def _first(details: object) -> tuple[str, str]:
    """Take the first field that a 422 names, and the first thing it says of it."""
    if not isinstance(details, dict) or not details:
        return "", ""
    key, said = next(iter(details.items()))
    words = said[0] if isinstance(said, list) and said else said
    return key, words if isinstance(words, str) else ""


def _moment(said: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(said) if isinstance(said, str) else None
    except ValueError:
        return None
    return at.replace(tzinfo=UTC) if at is not None and at.tzinfo is None else at
