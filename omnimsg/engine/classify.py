"""What an answer without the provider's own verdict proves, and what a broken exchange does.

An adapter reads the body first; this is what is left: the HTTP status alone, or no answer at all.
The rule behind every row is the same. Say "not sent" only where that is proven, and blame the
message only where nothing else can be to blame: a wrong address must not turn fifty thousand
messages into rejections.
"""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import attrs

from omnimsg.adapter import Effect, Verdict
from omnimsg.domain.failure import Failure
from omnimsg.domain.reason import Fault, Reason, Retry

if TYPE_CHECKING:
    from datetime import datetime

    from omnimsg.adapter import Response
    from omnimsg.engine.transport import TransportFault

# HTTP status: what it proves about a message, why, and what to do about it.
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
    408: (
        Verdict.AMBIGUOUS,
        Reason.TIMEOUT,
        "the provider gave up reading; it may have read enough",
    ),
    409: (
        Verdict.AMBIGUOUS,
        Reason.UNKNOWN,
        "the provider reports a conflict, perhaps with this message",
    ),
    413: (
        Verdict.REJECTED,
        Reason.CONTENT_TOO_LARGE,
        "the request is larger than the provider takes",
    ),
    421: (
        Verdict.NOT_SENT,
        Reason.PROVIDER_UNAVAILABLE,
        "the server does not answer for this host",
    ),
    425: (Verdict.NOT_SENT, Reason.PROVIDER_UNAVAILABLE, "the server will not risk a replay"),
    429: (Verdict.NOT_SENT, Reason.RATE_LIMITED, "too many requests"),
    503: (
        Verdict.AMBIGUOUS,
        Reason.PROVIDER_UNAVAILABLE,
        "unavailable; it may have taken the message",
    ),
    504: (Verdict.AMBIGUOUS, Reason.TIMEOUT, "a gateway timed out; the message may have passed it"),
}


def by_status(response: Response) -> tuple[Verdict, Failure]:
    """Judge a message by the HTTP status of an answer that says nothing about it."""
    status = response.status
    if status in _RULES:
        verdict, reason, advice = _RULES[status]
    elif 200 <= status < 300:
        verdict, reason = Verdict.AMBIGUOUS, Reason.INVALID_RESPONSE
        advice = "the answer holds no verdict on this message"
    elif 300 <= status < 400:
        verdict, reason = Verdict.ACCOUNT, Reason.MISCONFIGURED
        advice = "a redirect, which is never followed with a message in hand; check base_url"
    elif 400 <= status < 500:
        verdict, reason, advice = (
            Verdict.REJECTED,
            Reason.INVALID_MESSAGE,
            "refused without a reason",
        )
    else:
        verdict, reason = Verdict.AMBIGUOUS, Reason.PROVIDER_ERROR
        advice = "the provider failed; it may have taken the message"
    if verdict is Verdict.REJECTED and _is_page(response):
        verdict, reason = Verdict.ACCOUNT, Reason.MISCONFIGURED
        advice = "a web page answered, not the provider's API; check base_url and proxies"
    return verdict, Failure(
        reason=reason, retry=verdict.retry, detail=advice, http_status=status, raw=_raw(response)
    )


def by_fault(fault: TransportFault) -> tuple[Verdict, Failure]:
    """Judge a message by how its exchange broke."""
    if fault.written:
        verdict = Verdict.AMBIGUOUS
        advice = f"{fault.detail}; the request had left, so do not send it again blindly"
    elif fault.reason is Reason.MISCONFIGURED:
        verdict, advice = Verdict.ACCOUNT, f"{fault.detail}; check base_url"
    else:
        verdict, advice = Verdict.NOT_SENT, f"{fault.detail}; nothing had left"
    return verdict, Failure(reason=fault.reason, retry=verdict.retry, detail=advice)


def operation_by_status(response: Response, effect: Effect) -> Failure:
    """Judge an operation other than sending by an answer that its adapter could not read."""
    verdict, failure = by_status(response)
    if verdict is Verdict.AMBIGUOUS and effect in (Effect.READ, Effect.REPEATABLE):
        # A 2xx that cannot be read will not become readable by asking again.
        again = Retry.SAFE if response.status >= 400 else Retry.NEVER
        return attrs.evolve(failure, retry=again, detail=_without_message(failure.reason))
    return failure


def operation_by_fault(fault: TransportFault, effect: Effect) -> Failure:
    """Judge an operation other than sending by how its exchange broke."""
    verdict, failure = by_fault(fault)
    if verdict is Verdict.AMBIGUOUS:
        repeatable = effect in (Effect.READ, Effect.REPEATABLE)
        retry = Retry.SAFE if repeatable else Retry.UNSAFE
        advice = "" if repeatable else "; it may have been done all the same, ask for the status"
        return attrs.evolve(failure, retry=retry, detail=fault.detail + advice)
    return failure


def _without_message(reason: Reason) -> str:
    if reason is Reason.INVALID_RESPONSE:
        return "the answer cannot be read"
    return "the provider failed"


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
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - now).total_seconds())
    except (TypeError, ValueError):
        return None


def internal(detail: str, *, written: bool) -> tuple[Verdict, Failure]:
    """Judge a message by an adapter that broke its contract."""
    verdict = Verdict.AMBIGUOUS if written else Verdict.NOT_SENT
    return verdict, Failure(
        reason=Reason.UNKNOWN,
        # Not the provider's doing, and trying the same again would break again.
        fault=Fault.CALLER,
        retry=Retry.UNSAFE if written else Retry.NEVER,
        detail=detail,
    )


def _is_page(response: Response) -> bool:
    kind = (response.header("Content-Type") or "").lower()
    return "html" in kind or response.body.lstrip()[:1] == b"<"


def _raw(response: Response) -> object:
    document = response.json()
    return document if document is not None else response.body[:2000].decode(errors="replace")
