"""What becomes of a message at Bird.

Sources: the Status, Failure and interaction schemas of Bird's OpenAPI document; the pages "Message
failure codes" (11002 to 12003; 15005 for an unknown subscriber), "Message failure sources" and
"SMS platform extended error codes" (1 unknown, 27 unavailable subscriber). Where no code is
published the failure carries none: its source and description have to do.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import attrs

from omnimsg.sandbox import Scenario, LifecycleStep

__all__ = ["INTERACTIONS", "PLATFORMS", "SCHEDULED", "life", "refused"]

SCHEDULED: Final = "scheduled"

PLATFORMS: Final[Mapping[str, str]] = {
    "email": "email-messagebird",
    "sms": "sms-messagebird",
    "whatsapp": "whatsapp",
}
"""The name by which a platform is the source of a failure."""

INTERACTIONS: Final[Mapping[str, Mapping[str, str]]] = {
    "email": {"type": "opened", "details": "initial_open"},
    "whatsapp": {"type": "read"},
}
"""What a platform reports when the recipient reads; SMS reports nothing."""


def _failed(
    status: str, what: str, source: str, code: int | None, own: str | None = None
) -> LifecycleStep:
    """Return a last step; `own` is the failure source's own code."""
    failure = {
        "code": code,
        "description": what,
        "source": {"name": source, "code": own},
    }
    known = own or code
    reason = f"details: {what}; reason: {what.replace(' ', '_')}" + (
        f"; code: {known}" if known is not None else ""
    )
    return LifecycleStep(
        status,
        detail={
            "details": what.replace(" ", "_"),
            "reason": reason,
            "failure": _without_none(failure),
        },
    )


def _without_none(document: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _without_none(value) if isinstance(value, dict) else value
        for name, value in document.items()
        if value is not None
    }


_BEGIN: Final = (LifecycleStep("accepted"), LifecycleStep("processing"))
_SENT: Final = (*_BEGIN, LifecycleStep("sent"))
_DELIVERED: Final = (*_SENT, LifecycleStep("delivered", delivers=True))


def _expired(platform: str) -> LifecycleStep:
    return _failed("delivery_failed", "validity period expired", PLATFORMS[platform], None)


def _lives(platform: str) -> Mapping[Scenario, Sequence[LifecycleStep]]:
    source = PLATFORMS[platform]
    sms = platform == "sms"
    absent = _failed("rejected", "unsupported destination", "pre-processing", 12003)
    return {
        Scenario.DELIVERED: _DELIVERED,
        Scenario.READ: _DELIVERED,
        Scenario.INVALID_RECIPIENT: (
            *_SENT,
            _failed("delivery_failed", "unknown subscriber", source, 15005, "1" if sms else None),
        ),
        Scenario.OPTED_OUT: (*_BEGIN, _failed("rejected", "contact opted out", "contact", None)),
        # Only WhatsApp can be missing: a number has SMS, and a mailbox e-mail.
        Scenario.NOT_ON_CHANNEL: (*_BEGIN, absent) if platform == "whatsapp" else _DELIVERED,
        Scenario.UNDELIVERABLE: (
            *_SENT,
            _failed(
                "delivery_failed", "unavailable subscriber", source, 15001, "27" if sms else None
            ),
        ),
        Scenario.EXPIRED: (*_SENT, _expired(platform)),
        Scenario.PROVIDER_FAULT: (
            *_BEGIN,
            _failed("sending_failed", "dependency error", "pre-processing", 12001),
        ),
        Scenario.THROTTLED_ONCE: _DELIVERED,
        Scenario.NO_FUNDS: (
            *_BEGIN,
            _failed("rejected", "insufficient balance", "accounting", None),
        ),
        Scenario.NEVER_SETTLES: _SENT,
    }


_LIVES: Final = {platform: _lives(platform) for platform in PLATFORMS}


def life(
    scenario: Scenario,
    platform: str,
    validity: int,
    apply_pace: Callable[[Sequence[LifecycleStep]], tuple[LifecycleStep, ...]],
) -> tuple[LifecycleStep, ...]:
    """Return the steps of an accepted message.

    Args:
        scenario: What the recipient plays.
        platform: A key of `PLATFORMS`.
        validity: Seconds after which a message that has not ended expires; 0 for never, although
            Bird's default is 36 hours, so that a message may stay sent for ever.
        apply_pace: Lays steps out at the sandbox's pace.
    """
    steps = apply_pace(_LIVES[platform][scenario])
    last = steps[-1]
    if not validity or (last.status != "sent" and last.offset <= validity):
        return steps
    in_time = tuple(step for step in steps if step.offset < validity)
    return (*in_time, attrs.evolve(_expired(platform), offset=validity))


def refused(
    what: str, code: int, apply_pace: Callable[[Sequence[LifecycleStep]], tuple[LifecycleStep, ...]]
) -> tuple[LifecycleStep, ...]:
    """Return the steps of a message that is refused after it was accepted."""
    return apply_pace((*_BEGIN, _failed("rejected", what, "pre-processing", code)))
