"""Classify a request whose answer holds no verdict of the provider, or that got no answer.

The adapter reads the body first; this module has only the HTTP status, or how the exchange broke.
Every row follows one rule. Say "not sent" only where that is proven, and reject the message only
where nothing else can be at fault: a wrong address must not turn fifty thousand messages into
rejections.
"""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import attrs

from omnimsg.adapter import Effect, Verdict
from omnimsg.domain.failure import Failure
from omnimsg.domain.reason import Fault, Reason, Retry

if TYPE_CHECKING:
    from datetime import datetime

    from omnimsg.adapter import Response
    from omnimsg.transport import TransportFault

# These statuses are about the form of the request, which all requests share: no message's fault.
_EVERY_REQUEST = "every request would be refused like this; check base_url and proxies"

# HTTP status -> what it proves about a message, the reason, and what happened or what to do.
_STATUS_RULES: dict[int, tuple[Verdict, Reason, str]] = {
    401: (Verdict.ACCOUNT, Reason.UNAUTHORIZED, "check the account's credentials"),
    402: (Verdict.ACCOUNT, Reason.INSUFFICIENT_FUNDS, "top up the account"),
    403: (
        Verdict.ACCOUNT,
        Reason.FORBIDDEN,
        "check the account's rights and its list of allowed IPs",
    ),
    404: (Verdict.ACCOUNT, Reason.MISCONFIGURED, "check base_url and the ids in the account"),
    405: (Verdict.ACCOUNT, Reason.MISCONFIGURED, "check base_url"),
    406: (Verdict.ACCOUNT, Reason.MISCONFIGURED, _EVERY_REQUEST),
    407: (Verdict.ACCOUNT, Reason.MISCONFIGURED, "a proxy in between asks for credentials"),
    408: (
        Verdict.AMBIGUOUS,
        Reason.TIMEOUT,
        "the provider gave up reading; it may have read enough",
    ),
    409: (Verdict.AMBIGUOUS, Reason.UNKNOWN, "the provider reports a conflict, perhaps with this"),
    410: (Verdict.ACCOUNT, Reason.MISCONFIGURED, "nothing is here any more; check base_url"),
    411: (Verdict.ACCOUNT, Reason.MISCONFIGURED, _EVERY_REQUEST),
    413: (
        Verdict.REJECTED,
        Reason.CONTENT_TOO_LARGE,
        "the request is larger than the provider takes",
    ),
    414: (Verdict.ACCOUNT, Reason.MISCONFIGURED, _EVERY_REQUEST),
    415: (Verdict.ACCOUNT, Reason.MISCONFIGURED, _EVERY_REQUEST),
    417: (Verdict.ACCOUNT, Reason.MISCONFIGURED, _EVERY_REQUEST),
    421: (
        Verdict.NOT_SENT,
        Reason.PROVIDER_UNAVAILABLE,
        "the server does not answer for this host",
    ),
    425: (Verdict.NOT_SENT, Reason.PROVIDER_UNAVAILABLE, "the server will not risk a replay"),
    426: (Verdict.ACCOUNT, Reason.MISCONFIGURED, _EVERY_REQUEST),
    428: (Verdict.ACCOUNT, Reason.MISCONFIGURED, _EVERY_REQUEST),
    429: (Verdict.NOT_SENT, Reason.RATE_LIMITED, "too many requests"),
    431: (Verdict.ACCOUNT, Reason.MISCONFIGURED, _EVERY_REQUEST),
    503: (Verdict.AMBIGUOUS, Reason.PROVIDER_UNAVAILABLE, "unavailable; it may have acted first"),
    504: (Verdict.AMBIGUOUS, Reason.TIMEOUT, "a gateway timed out; the request may have passed it"),
    505: (Verdict.ACCOUNT, Reason.MISCONFIGURED, _EVERY_REQUEST),
    511: (Verdict.ACCOUNT, Reason.MISCONFIGURED, "the network in between asks for a login"),
}

# A fault before any byte has left proves that nothing was sent, and most pass. These do not.
_UNSENT_VERDICTS: dict[Reason, Verdict] = {
    Reason.MISCONFIGURED: Verdict.ACCOUNT,
    Reason.CANCELLED: Verdict.ACCOUNT,
    Reason.MEDIA_INVALID: Verdict.REJECTED,
}

# Whole seconds (RFC 9110, 10.2.3); some gateways name fractions of them.
_is_seconds = re.compile(r"[0-9]+(\.[0-9]+)?").fullmatch


def by_status(response: Response, effect: Effect) -> tuple[Verdict, Failure]:
    """Classify a request by the HTTP status of an answer without a verdict."""
    status = response.status
    if status in _STATUS_RULES:
        verdict, reason, detail = _STATUS_RULES[status]
    elif 200 <= status < 300:
        verdict, reason = Verdict.AMBIGUOUS, Reason.INVALID_RESPONSE
        detail = "the answer cannot be read"
    elif 300 <= status < 400:
        verdict, reason = Verdict.ACCOUNT, Reason.MISCONFIGURED
        detail = "a redirect, which is never followed; check base_url"
    elif 400 <= status < 500 and _is_web_page(response):
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
    """Classify a request by how its exchange broke.

    Args:
        fault: What happened.
        effect: The effect of the request.
        left: Whether any byte of a request that changes something may have left.
    """
    verdict = _UNSENT_VERDICTS.get(fault.reason, Verdict.NOT_SENT)
    retry, detail = verdict.retry, fault.detail
    if left:
        verdict = Verdict.AMBIGUOUS
    if left and not effect.is_repeatable:
        retry = verdict.retry
        detail += "; the request had left, so find out what it did before it is repeated"
    return verdict, Failure(reason=fault.reason, retry=retry, detail=detail)


def by_broken_contract(detail: str, *, left: bool) -> tuple[Verdict, Failure]:
    """Classify a message whose adapter or journal broke its contract."""
    verdict = Verdict.AMBIGUOUS if left else Verdict.NOT_SENT
    return verdict, Failure(
        reason=Reason.UNKNOWN,
        # Not the provider's fault, and another attempt would break the same way.
        fault=Fault.CALLER,
        retry=Retry.UNSAFE if left else Retry.NEVER,
        detail=detail,
    )


def with_retry_after(failure: Failure, response: Response, now: datetime) -> Failure:
    """Add the seconds of the answer's `Retry-After` where the adapter has set none."""
    if failure.retry_after is not None:
        return failure
    seconds = parse_retry_after(response.header("Retry-After"), now)
    return failure if seconds is None else attrs.evolve(failure, retry_after=seconds)


def parse_retry_after(value: str | None, now: datetime) -> float | None:
    """Parse a `Retry-After` header: seconds or an HTTP date; `None` where it is neither."""
    if value is None:
        return None
    text = value.strip()
    if _is_seconds(text):
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - now).total_seconds())
    except (TypeError, ValueError):
        return None


def _is_web_page(response: Response) -> bool:
    kind = (response.header("Content-Type") or "").lower()
    return "html" in kind or response.body.lstrip()[:1] == b"<"


def _raw(response: Response) -> object:
    document = response.json()
    return document if document is not None else response.body[:2000].decode(errors="replace")
