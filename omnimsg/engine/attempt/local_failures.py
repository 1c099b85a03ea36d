"""Failures that omnimsg decides itself, without a word from the provider."""

from __future__ import annotations

from omnimsg.adapter import Verdict
from omnimsg.domain.failure import Failure
from omnimsg.domain.reason import Reason, Retry
from omnimsg.engine.attempt.finding import Finding


def cancelled() -> Finding:
    """The caller cancelled before the request left: one that has left goes on."""
    failure = Failure(
        reason=Reason.CANCELLED,
        retry=Verdict.NOT_SENT.retry,
        detail="cancelled by the caller before the request left",
    )
    return Finding(Verdict.NOT_SENT, failure)


def interrupted(*, left: bool) -> Finding:
    """The attempt was ended; `left` says whether any byte of the request may have left."""
    verdict = Verdict.AMBIGUOUS if left else Verdict.NOT_SENT
    when = "after the request left, and before its answer" if left else "before the request left"
    detail = f"the client was closed, its event loop ended, or its tasks were cancelled, {when}"
    return Finding(verdict, Failure(reason=Reason.CANCELLED, retry=verdict.retry, detail=detail))


def deadline_exceeded(detail: str, path: str | None = None) -> Finding:
    """The caller's deadline passed before the request left."""
    return Finding(
        Verdict.NOT_SENT,
        Failure(reason=Reason.DEADLINE_EXCEEDED, retry=Retry.NEVER, path=path, detail=detail),
    )


def rate_limited(seconds: float) -> Finding:
    """The provider imposed a pause, which ends in so many seconds."""
    failure = Failure(
        reason=Reason.RATE_LIMITED,
        retry=Retry.SAFE,
        retry_after=seconds,
        detail=f"the provider asked for a pause; {seconds:.0f} s of it are left",
    )
    return Finding(Verdict.NOT_SENT, failure)


def not_answering(seconds: float) -> Finding:
    """All slots are taken, and no request has been answered for so many seconds."""
    failure = Failure(
        reason=Reason.PROVIDER_UNAVAILABLE,
        retry=Retry.SAFE,
        detail=f"not tried: no request under way was answered for {seconds:.1f} s",
    )
    return Finding(Verdict.NOT_SENT, failure)


def client_closed(detail: str) -> Finding:
    """The client was closed before the request left."""
    return Finding(
        Verdict.ACCOUNT, Failure(reason=Reason.CANCELLED, retry=Retry.SAFE, detail=detail)
    )


def inherited() -> Finding:
    """The process was forked: the parent has the message, and sends it."""
    failure = Failure(
        reason=Reason.CANCELLED,
        retry=Retry.UNSAFE,
        detail="the process was forked, and its parent sends the message",
    )
    return Finding(Verdict.AMBIGUOUS, failure)
