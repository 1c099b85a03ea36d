"""Read the answers to sends, and errors. No function raises for any answer.

Sources: the Messaging page of the Channels API reference (message, errors), Send batch messages.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import attrs

from omnimsg.adapter import Verdict, code_text, is_blank, outcome_of, words_of
from omnimsg.domain.address import ProviderContact
from omnimsg.domain.content import Interactive, Template
from omnimsg.domain.failure import Failure
from omnimsg.domain.outcome import Accepted, Ambiguous, NotSent
from omnimsg.domain.reason import Reason, Retry
from omnimsg_bird import codes
from omnimsg_bird.wire.error_paths import OF_INTERACTIVE, field_and_reason
from omnimsg_bird.wire.resource import is_for_another

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omnimsg.adapter import Adapter, CodeRow, Context, Response
    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome

# No page shows the answer to a batch; these are likely names of the batch's id.
_BATCH_IDS = ("id", "batchId", "batchID")
_ENTRY = re.compile(r"\.messageRequests\[(\d{1,3})\]")


def read_send(
    message: Message, channel_id: str, response: Response, adapter: Adapter[Any], context: Context
) -> Outcome | None:
    """Read the answer to the send of one message."""
    document = response.json()
    if not 200 <= response.status < 300:
        if _is_message(document, message):
            return _ambiguous(message, document, response, context)
        if response.status == 404:
            return _not_found(message, document, response, adapter, context)
        return _refused(message, document, response, adapter, context)
    id_ = document.get("id") if document.__class__ is dict else None
    if id_.__class__ is not str or not id_:
        return None
    if document.get("reference") != message.reference and _names_another(
        document, message, channel_id
    ):
        return None
    # In place: a call of a function for each message costs more.
    if ("code" in document or "error" in document or "errors" in document) and _has_error(document):
        return None
    return Accepted.make(message.reference, context.account, f"{channel_id}/{id_}", raw=document)


def _has_error(document: dict[str, Any]) -> bool:
    """Return whether an answer has an error, so that its id may be that of the error.

    Bird's own form of an error is `{code, message}`, and a Message has neither.
    """
    is_own_form = all(
        isinstance(each, str) and each for each in (document.get("code"), document.get("message"))
    )
    return is_own_form or not is_blank([document.get("error"), document.get("errors")])


def _names_another(document: dict[str, Any], message: Message, channel_id: str) -> bool:
    """Return whether an answer is that of another message, by its reference or else by its rest."""
    reference = document.get("reference")
    if reference not in (None, ""):
        return bool(reference != message.reference)
    return document.get("channelId") not in (None, "", channel_id) or is_for_another(
        message.to, document.get("receiver")
    )


def _is_message(document: object, message: Message) -> bool:
    """Return whether an answer contains a Message, with or without an error.

    An id is not enough, because an error may have one too.
    """
    if not isinstance(document, dict) or not document.get("id"):
        return False
    return document.get("reference") == message.reference or bool(document.get("channelId"))


def _ambiguous(
    message: Message, document: object, response: Response, context: Context
) -> Ambiguous:
    """Build the outcome of a message whose refusal contains a Message nevertheless."""
    failure = Failure(
        reason=Reason.INVALID_RESPONSE,
        retry=Retry.UNSAFE,
        detail="the answer is an error, but it also has the id of a message",
        http_status=response.status,
        raw=document,
    )
    return Ambiguous(reference=message.reference, account=context.account, failure=failure)


def read_batch(
    messages: Sequence[Message], response: Response, adapter: Adapter[Any], context: Context
) -> Sequence[Outcome | None]:
    """Read the answer to a batch, which is accepted or refused as a whole.

    If a refusal names entries, these are rejected; the others were not sent either, and can be sent
    again without them.
    """
    document = response.json()
    if 200 <= response.status < 300:
        batch_id = _batch_id(document)
        if batch_id is None:
            return [None] * len(messages)
        return [
            Accepted.make(message.reference, context.account, None, batch_id, raw=document)
            for message in messages
        ]
    # An error of another status is about the whole request.
    errors = _errors_by_index(document, len(messages)) if response.status in (400, 422) else {}
    return [
        _not_sent_with_batch(message, document, response, context)
        if errors and index not in errors
        else _refused(message, errors.get(index, document), response, adapter, context)
        for index, message in enumerate(messages)
    ]


def _batch_id(document: object) -> str | None:
    if not isinstance(document, dict) or _has_error(document):
        return None
    values = (document.get(name) for name in _BATCH_IDS)
    return next((value for value in values if isinstance(value, str) and value), None)


def _errors_by_index(document: object, count: int) -> dict[int, dict[str, Any]]:
    """Return an error for each entry that a refusal of the batch names, by the entry's index.

    Args:
        document: The refusal.
        count: The number of entries in the batch; other indices are ignored.
    """
    details = document.get("details") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(details, dict):
        return {}
    errors: dict[int, dict[str, Any]] = {}
    for key, problems in details.items():
        match = _ENTRY.match(key)
        if match is not None and int(match[1]) < count:
            error = errors.setdefault(int(match[1]), {**document, "details": {}})
            error["details"][key[match.end() :]] = problems
    return errors


def _not_sent_with_batch(
    message: Message, document: object, response: Response, context: Context
) -> NotSent:
    failure = Failure(
        reason=Reason.INVALID_MESSAGE,
        retry=Retry.SAFE,
        detail="the whole batch was refused because of another message in it",
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
    found = read_refusal(document, response, adapter)
    if found is None:
        return None
    row, failure = found
    if isinstance(message.content, Interactive) and failure.path in OF_INTERACTIVE:
        failure = attrs.evolve(failure, path=OF_INTERACTIVE[failure.path])
    return row.outcome(message.reference, context.account, failure)


def _not_found(
    message: Message,
    document: object,
    response: Response,
    adapter: Adapter[Any],
    context: Context,
) -> Outcome | None:
    """Read a 404: the channel may be missing, or the message's contact or template.

    Only Bird's text distinguishes them. If it does not, and the message is for a contact's id, only
    the message fails, because a deleted contact must not stop the account.
    """
    found = read_refusal(document, response, adapter)
    if found is None:
        return None
    row, failure = found
    detail = failure.detail.lower()
    has_contact = isinstance(message.to, ProviderContact) and message.to.id is not None
    if has_contact and "contact" in detail:
        path, reason, verdict = "to", Reason.INVALID_RECIPIENT, Verdict.REJECTED
    elif isinstance(message.content, Template) and ("template" in detail or "project" in detail):
        path, reason, verdict = "content", Reason.TEMPLATE_UNAVAILABLE, Verdict.REJECTED
    elif has_contact and "channel" not in detail and "workspace" not in detail:
        path, reason, verdict = "to", Reason.NOT_FOUND, Verdict.NOT_SENT
    else:
        return row.outcome(message.reference, context.account, failure)
    retry = Retry.NEVER if verdict is Verdict.REJECTED else Retry.AFTER_FIX
    failure = attrs.evolve(failure, reason=reason, fault=reason.fault, retry=retry, path=path)
    return outcome_of(verdict, message.reference, context.account, failure)


def read_refusal(
    document: object, response: Response, adapter: Adapter[Any]
) -> tuple[CodeRow, Failure] | None:
    """Read an error body; `None` if it is not in Bird's form, or the table has no row for it.

    Bird publishes hardly any of its `code` texts; for an unknown one the HTTP status decides. A
    `message` alone is not Bird's form: many gateways answer with it.
    """
    if not isinstance(document, dict):
        return None
    code, text = document.get("code"), document.get("message")
    if not isinstance(code, str) or not isinstance(text, str):
        return None
    level = str(response.status)
    code_row = adapter.table.get(code, level)
    row = code_row or adapter.table.get(level, codes.HTTP)
    if row is None:
        return None
    key, problem = _first_detail(document.get("details"))
    path, reason = field_and_reason(key)
    detail = ": ".join(filter(None, (text, key, problem)))
    failure = attrs.evolve(
        row.failure(detail=detail, path=path, response=response, raw=document),
        code=code,
        unknown_code=code_text(code) if code_row is None else None,
    )
    if reason is not None and row.reason is Reason.INVALID_MESSAGE:
        failure = attrs.evolve(failure, reason=reason, fault=reason.fault)
    return row, failure


def read_failure(
    response: Response, adapter: Adapter[Any], missing: Reason | None = None
) -> Failure | None:
    """Read the refusal of an operation other than a send.

    Args:
        response: The answer.
        adapter: The adapter with the table of codes.
        missing: The reason of a 404, unless Bird says that it does not find the workspace.
    """
    found = read_refusal(response.json(), response, adapter)
    if found is None:
        return None
    failure = found[1]
    is_account = "workspace not found" in failure.detail.lower()
    if response.status == 404 and missing is not None and not is_account:
        return attrs.evolve(failure, reason=missing, fault=missing.fault, retry=Retry.NEVER)
    return failure


def _first_detail(details: object) -> tuple[str, str]:
    """Return the first member that an error names, and its first problem."""
    if not isinstance(details, dict) or not details:
        return "", words_of({"details": details})
    key, problems = next(iter(details.items()))
    problem = problems[0] if isinstance(problems, list) and problems else problems
    return key, problem if isinstance(problem, str) else ""
