"""What an answer without the provider's own verdict proves, and what a broken exchange does.

An adapter reads the body first; this is what is left: the HTTP status alone, or no answer at all.
The rule behind every row is the same. Say "not sent" only where that is proven, and blame the
message only where nothing else can be to blame: a wrong address must not turn fifty thousand
messages into rejections.
"""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import attrs

from omnimsg.adapter import Effect, Verdict
from omnimsg.domain.failure import Failure
from omnimsg.domain.outcome import Accepted
from omnimsg.domain.reason import Fault, Reason, Retry
from omnimsg.domain.redaction import private_texts, redact

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from omnimsg.adapter import Response
    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome
    from omnimsg.transport import TransportFault

# What concerns the form of every request alike can be no single message's doing.
_NOT_OURS = "every request would be refused like this; check base_url and proxies"

# HTTP status: what it proves about a message, why, and what happened or what to do about it.
_RULES: dict[int, tuple[Verdict, Reason, str]] = {
    401: (Verdict.ACCOUNT, Reason.UNAUTHORIZED, "check the account's credentials"),
    402: (Verdict.ACCOUNT, Reason.INSUFFICIENT_FUNDS, "top up the account"),
    403: (
        Verdict.ACCOUNT,
        Reason.FORBIDDEN,
        "check the account's rights and its list of allowed IPs",
    ),
    404: (Verdict.ACCOUNT, Reason.MISCONFIGURED, "check base_url and the ids in the account"),
    405: (Verdict.ACCOUNT, Reason.MISCONFIGURED, "check base_url"),
    406: (Verdict.ACCOUNT, Reason.MISCONFIGURED, _NOT_OURS),
    407: (Verdict.ACCOUNT, Reason.MISCONFIGURED, "a proxy in between asks for credentials"),
    408: (
        Verdict.AMBIGUOUS,
        Reason.TIMEOUT,
        "the provider gave up reading; it may have read enough",
    ),
    409: (Verdict.AMBIGUOUS, Reason.UNKNOWN, "the provider reports a conflict, perhaps with this"),
    410: (Verdict.ACCOUNT, Reason.MISCONFIGURED, "nothing is here any more; check base_url"),
    411: (Verdict.ACCOUNT, Reason.MISCONFIGURED, _NOT_OURS),
    413: (
        Verdict.REJECTED,
        Reason.CONTENT_TOO_LARGE,
        "the request is larger than the provider takes",
    ),
    414: (Verdict.ACCOUNT, Reason.MISCONFIGURED, _NOT_OURS),
    415: (Verdict.ACCOUNT, Reason.MISCONFIGURED, _NOT_OURS),
    417: (Verdict.ACCOUNT, Reason.MISCONFIGURED, _NOT_OURS),
    421: (
        Verdict.NOT_SENT,
        Reason.PROVIDER_UNAVAILABLE,
        "the server does not answer for this host",
    ),
    425: (Verdict.NOT_SENT, Reason.PROVIDER_UNAVAILABLE, "the server will not risk a replay"),
    426: (Verdict.ACCOUNT, Reason.MISCONFIGURED, _NOT_OURS),
    428: (Verdict.ACCOUNT, Reason.MISCONFIGURED, _NOT_OURS),
    429: (Verdict.NOT_SENT, Reason.RATE_LIMITED, "too many requests"),
    431: (Verdict.ACCOUNT, Reason.MISCONFIGURED, _NOT_OURS),
    503: (Verdict.AMBIGUOUS, Reason.PROVIDER_UNAVAILABLE, "unavailable; it may have acted first"),
    504: (Verdict.AMBIGUOUS, Reason.TIMEOUT, "a gateway timed out; the request may have passed it"),
    505: (Verdict.ACCOUNT, Reason.MISCONFIGURED, _NOT_OURS),
    511: (Verdict.ACCOUNT, Reason.MISCONFIGURED, "the network in between asks for a login"),
}

# What breaks before any byte has left is nobody's message. Most of it passes; this does not.
_UNSENT: dict[Reason, Verdict] = {
    Reason.MISCONFIGURED: Verdict.ACCOUNT,
    Reason.CANCELLED: Verdict.ACCOUNT,
    Reason.MEDIA_INVALID: Verdict.REJECTED,
}

# Whole seconds (RFC 9110, 10.2.3); some gateways name fractions of them.
_is_seconds = re.compile(r"[0-9]+(\.[0-9]+)?").fullmatch


def by_status(response: Response, effect: Effect) -> tuple[Verdict, Failure]:
    """Judge a request by the HTTP status of an answer that says nothing of its own."""
    status = response.status
    if status in _RULES:
        verdict, reason, detail = _RULES[status]
    elif 200 <= status < 300:
        verdict, reason = Verdict.AMBIGUOUS, Reason.INVALID_RESPONSE
        detail = "the answer cannot be read"
    elif 300 <= status < 400:
        verdict, reason = Verdict.ACCOUNT, Reason.MISCONFIGURED
        detail = "a redirect, which is never followed; check base_url"
    elif 400 <= status < 500 and _is_page(response):
        verdict, reason = Verdict.ACCOUNT, Reason.MISCONFIGURED
        detail = "a web page answered, not the provider's API; check base_url and proxies"
    elif 400 <= status < 500:
        verdict, reason = Verdict.REJECTED, Reason.INVALID_MESSAGE
        detail = "refused without a reason"
    else:
        verdict, reason = Verdict.AMBIGUOUS, Reason.PROVIDER_ERROR
        detail = "the provider failed; it may have acted first"
    retry = verdict.retry
    if retry is Retry.UNSAFE and effect.is_repeatable:
        # A 2xx that cannot be read will not become readable by asking again.
        retry = Retry.SAFE if status >= 400 else Retry.NEVER
    return verdict, Failure(
        reason=reason, retry=retry, detail=detail, http_status=status, raw=_raw(response)
    )


def by_fault(fault: TransportFault, effect: Effect, *, left: bool) -> tuple[Verdict, Failure]:
    """Judge a request by how its exchange broke.

    Args:
        fault: What happened.
        effect: What the request may do in the world.
        left: Whether any byte of a request that changes something may have left.
    """
    verdict = _UNSENT.get(fault.reason, Verdict.NOT_SENT)
    retry, detail = verdict.retry, fault.detail
    if left:
        verdict = Verdict.AMBIGUOUS
    if left and not effect.is_repeatable:
        retry = verdict.retry
        detail += "; the request had left, so find out what it did before it is repeated"
    return verdict, Failure(reason=fault.reason, retry=retry, detail=detail)


def cancelled(*, left: bool) -> tuple[Verdict, Failure]:
    """Judge a message whose caller went away."""
    verdict = Verdict.AMBIGUOUS if left else Verdict.NOT_SENT
    detail = "cancelled by the caller " + ("after" if left else "before") + " the request left"
    return verdict, Failure(reason=Reason.CANCELLED, retry=verdict.retry, detail=detail)


def too_late(detail: str, path: str | None = None) -> tuple[Verdict, Failure]:
    """Judge a message that nobody waits for any more."""
    return Verdict.NOT_SENT, Failure(
        reason=Reason.DEADLINE_EXCEEDED, retry=Retry.NEVER, path=path, detail=detail
    )


def closed() -> Failure:
    """Say that the client was closed before a message left."""
    return Failure(
        reason=Reason.CANCELLED,
        retry=Retry.SAFE,
        detail="the client is closed; nothing leaves any more",
    )


def internal(detail: str, *, left: bool) -> tuple[Verdict, Failure]:
    """Judge a message by an adapter or a journal that broke its contract."""
    verdict = Verdict.AMBIGUOUS if left else Verdict.NOT_SENT
    return verdict, Failure(
        reason=Reason.UNKNOWN,
        # Not the provider's doing, and trying the same again would break again.
        fault=Fault.CALLER,
        retry=Retry.UNSAFE if left else Retry.NEVER,
        detail=detail,
    )


def discreet(outcomes: Sequence[Outcome], messages: Sequence[Message]) -> list[Outcome]:
    """Take the messages' words out of what a provider says of them; `raw` keeps its own.

    What is said of several alike may quote any of them.
    """
    if all([outcome.__class__ is Accepted for outcome in outcomes]):  # noqa: C419 - twice as fast
        return list(outcomes)
    about: dict[str, list[Message]] = {}
    for outcome, message in zip(outcomes, messages, strict=True):
        if not isinstance(outcome, Accepted):
            about.setdefault(outcome.failure.detail, []).append(message)
    details = {
        detail: redact(detail, {words for each in group for words in _words(each)})
        for detail, group in about.items()
    }
    return [
        outcome
        if isinstance(outcome, Accepted)
        else attrs.evolve(
            outcome,
            failure=attrs.evolve(outcome.failure, detail=details[outcome.failure.detail]),
        )
        for outcome in outcomes
    ]


def _words(message: Message) -> Iterator[str]:
    return (words for _, words in private_texts((message.content, message.fallback), "message"))


def with_retry_after(failure: Failure, response: Response, now: datetime) -> Failure:
    """Add what the provider's `Retry-After` says, in seconds, where the adapter has not."""
    if failure.retry_after is not None:
        return failure
    seconds = retry_after(response.header("Retry-After"), now)
    return failure if seconds is None else attrs.evolve(failure, retry_after=seconds)


def retry_after(value: str | None, now: datetime) -> float | None:
    """Read a `Retry-After`, which is seconds or an HTTP date; `None` where it is neither."""
    if value is None:
        return None
    text = value.strip()
    if _is_seconds(text):
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - now).total_seconds())
    except (TypeError, ValueError):
        return None


def _is_page(response: Response) -> bool:
    kind = (response.header("Content-Type") or "").lower()
    return "html" in kind or response.body.lstrip()[:1] == b"<"


def _raw(response: Response) -> object:
    document = response.json()
    return document if document is not None else response.body[:2000].decode(errors="replace")
