"""Bird's answers to a send, and its errors. Nothing in here raises, whatever the answer holds.

Sources: the Messaging page of the Channels API reference (message, errors), Send batch messages.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import attrs

from omnimsg.domain.failure import Failure
from omnimsg.domain.outcome import Accepted, NotSent
from omnimsg.domain.reason import Reason, Retry
from omnimsg_bird import codes
from omnimsg_bird.wire.error_paths import blamed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omnimsg.adapter import Adapter, CodeRow, Context, Response
    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome

# No page shows the answer to a batch; these are the names it may have for the batch's id.
_BATCH_IDS = ("id", "batchId", "batchID")
_ENTRY = re.compile(r"\.messageRequests\[(\d{1,3})\]")


def sent(
    message: Message, channel_id: str, response: Response, adapter: Adapter[Any], context: Context
) -> Outcome | None:
    """Read the answer to a message."""
    document = response.json()
    if not 200 <= response.status < 300:
        return _refused(message, document, response, adapter, context)
    id_ = document.get("id") if document.__class__ is dict else None
    if id_.__class__ is not str or not id_:
        return None
    return Accepted(
        reference=message.reference,
        account=context.account,
        provider_id=f"{channel_id}/{id_}",
        raw=document,
    )


def batch(
    messages: Sequence[Message], response: Response, adapter: Adapter[Any], context: Context
) -> Sequence[Outcome | None]:
    """Read the answer to a batch, which says yes or no to all of it.

    A no that names entries is about those: the others were not sent either, and may be without
    them.
    """
    document = response.json()
    if 200 <= response.status < 300:
        batch_id = _batch_id(document)
        if batch_id is None:
            return [None] * len(messages)
        return [
            Accepted(
                reference=message.reference,
                account=context.account,
                provider_id=None,
                batch_id=batch_id,
                raw=document,
            )
            for message in messages
        ]
    # Any other error is about the request as a whole.
    named = _by_entry(document) if response.status in (400, 422) else {}
    return [
        _innocent(message, document, response, context)
        if named and position not in named
        else _refused(message, named.get(position, document), response, adapter, context)
        for position, message in enumerate(messages)
    ]


def _batch_id(document: object) -> str | None:
    if not isinstance(document, dict):
        return None
    found = (document.get(name) for name in _BATCH_IDS)
    return next((each for each in found if isinstance(each, str) and each), None)


def _by_entry(document: object) -> dict[int, dict[str, Any]]:
    """Give each entry that an error names an error of its own."""
    details = document.get("details") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(details, dict):
        return {}
    named: dict[int, dict[str, Any]] = {}
    for key, said in details.items():
        found = _ENTRY.match(key)
        if found is not None:
            own = named.setdefault(int(found[1]), {**document, "details": {}})
            own["details"][key[found.end() :] or "."] = said
    return named


def _innocent(message: Message, document: object, response: Response, context: Context) -> NotSent:
    failure = Failure(
        reason=Reason.INVALID_MESSAGE,
        retry=Retry.SAFE,
        detail="another message of its batch was refused, and the batch with it",
        http_status=response.status,
        raw=document,
    )
    return NotSent(reference=message.reference, account=context.account, failure=failure)


def _refused(
    message: Message,
    document: object,
    response: Response,
    adapter: Adapter[Any],
    context: Context,
) -> Outcome | None:
    found = refusal(document, response, adapter)
    if found is None:
        return None
    row, failure = found
    return row.outcome(message.reference, context.account, failure)


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


def asked(
    response: Response, adapter: Adapter[Any], missing: Reason | None = None
) -> Failure | None:
    """Read a refusal of anything but a send.

    Args:
        response: The answer.
        adapter: Its table of codes.
        missing: What a 404 means, where that is not a wrong account.
    """
    found = refusal(response.json(), response, adapter)
    if found is None:
        return None
    failure = found[1]
    if response.status == 404 and missing is not None:
        return attrs.evolve(failure, reason=missing, fault=missing.fault, retry=Retry.NEVER)
    return failure


def _first(details: object) -> tuple[str, str]:
    """Take the first field that a 422 names, and the first thing it says of it."""
    if not isinstance(details, dict) or not details:
        return "", ""
    key, said = next(iter(details.items()))
    words = said[0] if isinstance(said, list) and said else said
    return key, words if isinstance(words, str) else ""
