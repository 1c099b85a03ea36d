"""Failures that omnimsg decides itself, without a word from the provider."""

from __future__ import annotations

from omnimsg.adapter import Verdict
from omnimsg.domain.reason import Reason, Retry
from omnimsg.engine.attempt.finding import Finding


def cancelled() -> Finding:
    """The caller cancelled before the request left: one that has left goes on."""
    detail = "cancelled by the caller before the request left"
    return Finding.of(Verdict.NOT_SENT, Reason.CANCELLED, detail)


def interrupted(*, left: bool) -> Finding:
    """The attempt was ended; `left` says whether any byte of the request may have left."""
    when = "after the request left, and before its answer" if left else "before the request left"
    detail = f"the client was closed, its event loop ended, or its tasks were cancelled, {when}"
    return Finding.of(Verdict.AMBIGUOUS if left else Verdict.NOT_SENT, Reason.CANCELLED, detail)


def deadline_exceeded(detail: str) -> Finding:
    """The caller's deadline passed before the request left."""
    return Finding.of(Verdict.NOT_SENT, Reason.DEADLINE_EXCEEDED, detail, retry=Retry.NEVER)


def ttl_exceeded(ttl: int | None) -> Finding:
    """The message outlived its ttl before it left."""
    detail = f"{ttl} s had passed before the message could be sent"
    reason = Reason.DEADLINE_EXCEEDED
    return Finding.of(Verdict.NOT_SENT, reason, detail, retry=Retry.NEVER, path="ttl")


def rate_limited(seconds: float) -> Finding:
    """The provider imposed a pause, which ends in so many seconds."""
    detail = f"the provider asked for a pause; {seconds:.0f} s of it are left"
    return Finding.of(Verdict.NOT_SENT, Reason.RATE_LIMITED, detail, retry_after=seconds)


def not_answering(seconds: float) -> Finding:
    """All slots are taken, and no request has been answered for so many seconds."""
    detail = f"not tried: no request under way was answered for {seconds:.1f} s"
    return Finding.of(Verdict.NOT_SENT, Reason.PROVIDER_UNAVAILABLE, detail)


def client_closed(detail: str) -> Finding:
    """The client was closed before the request left."""
    return Finding.of(Verdict.ACCOUNT, Reason.CANCELLED, detail, retry=Retry.SAFE)


def inherited() -> Finding:
    """The process was forked: the parent has the message, and sends it."""
    detail = "the process was forked, and its parent sends the message"
    return Finding.of(Verdict.AMBIGUOUS, Reason.CANCELLED, detail)
