"""The lifecycle of a message, by scenario and platform.

Sources: the Status, Failure and interaction schemas of Bird's OpenAPI document; the pages "Message
failure codes" (11002 to 12003; 15005 for an unknown subscriber), "Message failure sources" and
"SMS platform extended error codes" (1 unknown, 27 unavailable subscriber; `details` "Expired"). The
source `whatsapp` has WhatsApp's own codes (Cloud API reference, error codes: 131026 undeliverable,
such as to a number without WhatsApp; 131047 outside of the service window). The sources `contact`
and `accounting` stand for a fault of Bird's own services, so neither an opt-out nor missing funds
come from them. Where no code is published the failure has none, only its source and description.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import attrs

from omnimsg.sandbox import LifecycleStep, Scenario

SCHEDULED: Final = "scheduled"

STATUSES: Final = (
    "accepted",
    "processing",
    "scheduled",
    "sent",
    "delivered",
    "delivery_failed",
    "sending_failed",
    "rejected",
    "skipped",
    "deleted",
)
"""Every status of the schema."""

PLATFORMS: Final[Mapping[str, str]] = {
    "email": "email-messagebird",
    "sms": "sms-messagebird",
    "whatsapp": "whatsapp",
}
"""The name of each platform as the source of a failure."""

INTERACTIONS: Final[Mapping[str, Mapping[str, str]]] = {
    "email": {"type": "opened", "details": "initial_open"},
    "whatsapp": {"type": "read"},
}
"""The interaction that a platform reports when the recipient reads; SMS reports none."""


def _failed(
    status: str, description: str, source: str, code: int | None, source_code: str | None = None
) -> LifecycleStep:
    """Return a last step; `source_code` is the failure source's own code."""
    slug = description.replace(" ", "_")
    known_code = source_code or code
    suffix = f"; code: {known_code}" if known_code is not None else ""
    failure = {
        "code": code,
        "description": description,
        "source": {"name": source, "code": source_code},
    }
    return LifecycleStep(
        status,
        detail={
            "details": slug,
            "reason": f"details: {description}; reason: {slug}{suffix}",
            "failure": _without_none(failure),
        },
    )


def _without_none(document: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _without_none(value) if isinstance(value, dict) else value
        for name, value in document.items()
        if value is not None
    }


_PROCESSING: Final = (LifecycleStep("accepted"), LifecycleStep("processing"))
_SENT: Final = (*_PROCESSING, LifecycleStep("sent"))
_DELIVERED: Final = (*_SENT, LifecycleStep("delivered", delivers=True))


def expired_step(platform: str) -> LifecycleStep:
    """Return the last step of a message whose validity has ended."""
    return _failed("delivery_failed", "Expired", PLATFORMS[platform], None)


def _steps_by_scenario(platform: str) -> Mapping[Scenario, Sequence[LifecycleStep]]:
    source = PLATFORMS[platform]
    sms = platform == "sms"
    whatsapp = platform == "whatsapp"
    return {
        Scenario.DELIVERED: _DELIVERED,
        Scenario.READ: _DELIVERED,
        Scenario.INVALID_RECIPIENT: (
            *_SENT,
            _failed("delivery_failed", "unknown subscriber", source, 15005, "1" if sms else None),
        ),
        Scenario.OPTED_OUT: (
            *_PROCESSING,
            _failed("rejected", "contact opted out", "pre-processing", None),
        ),
        # Only WhatsApp can be missing: every number can receive SMS, and every mailbox e-mail.
        Scenario.NOT_ON_CHANNEL: (
            *_SENT,
            _failed("delivery_failed", "message undeliverable", source, None, "131026"),
        )
        if whatsapp
        else _DELIVERED,
        Scenario.UNDELIVERABLE: (
            *_SENT,
            _failed(
                "delivery_failed", "unavailable subscriber", source, 15001, "27" if sms else None
            ),
        ),
        Scenario.EXPIRED: (*_SENT, expired_step(platform)),
        Scenario.PROVIDER_FAULT: (
            *_PROCESSING,
            _failed("sending_failed", "dependency error", "pre-processing", 12001),
        ),
        Scenario.THROTTLED_ONCE: _DELIVERED,
        Scenario.NO_FUNDS: (
            *_PROCESSING,
            _failed("rejected", "insufficient balance", "pre-processing", None),
        ),
        Scenario.NEVER_SETTLES: _SENT,
        Scenario.WINDOW_CLOSED: (
            *_SENT,
            _failed("delivery_failed", "re-engagement message", source, None, "131047"),
        )
        if whatsapp
        else _DELIVERED,
    }


_STEPS: Final = {platform: _steps_by_scenario(platform) for platform in PLATFORMS}


def final_step(platform: str, *, delivered: bool) -> LifecycleStep:
    """Return the last step of a message that was delivered, or that could not be."""
    scenario = Scenario.DELIVERED if delivered else Scenario.UNDELIVERABLE
    return _STEPS[platform][scenario][-1]


def failure_detail(platform: str, status: str) -> Mapping[str, Any]:
    """Return the detail that is reported with a status: a failure if it is one, else empty."""
    steps = (steps[-1] for steps in _STEPS[platform].values())
    return next((step.detail for step in steps if step.status == status), {})


def steps_for(
    scenario: Scenario,
    platform: str,
    validity: int,
    apply_pace: Callable[[Sequence[LifecycleStep]], tuple[LifecycleStep, ...]],
) -> tuple[LifecycleStep, ...]:
    """Return the steps of an accepted message.

    Args:
        scenario: The recipient's scenario.
        platform: A key of `PLATFORMS`.
        validity: Seconds after which a message without a final status expires; 0 for never,
            although Bird's default is 36 hours, so that a message may stay sent for ever.
        apply_pace: Sets the offsets of steps at the sandbox's pace.
    """
    steps = apply_pace(_STEPS[platform][scenario])
    last = steps[-1]
    if not validity or (last.status != "sent" and last.offset <= validity):
        return steps
    in_time = tuple(step for step in steps if step.offset < validity)
    return (*in_time, attrs.evolve(expired_step(platform), offset=validity))


def rejected_steps(
    description: str,
    code: int,
    apply_pace: Callable[[Sequence[LifecycleStep]], tuple[LifecycleStep, ...]],
) -> tuple[LifecycleStep, ...]:
    """Return the steps of a message that is rejected after it was accepted."""
    return apply_pace((*_PROCESSING, _failed("rejected", description, "pre-processing", code)))
