"""The lifecycle of an omnimessage: its legs, one after the other.

Sources: Messente Omnichannel API reference (status and err values, ttl, validity), its delivery
report page (meaning of the statuses), and the support page on statuses and error codes (which err
comes with which status).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import attrs

from omnimsg.sandbox import LifecycleStep, Scenario

PROCESSING: Final = ""
"""The status of a leg that is not processed yet; null in the response."""

ERRORS: Final[Mapping[int, str | None]] = {
    0: None,
    1: "Delivery failure",
    2: "Sending message expired",
    3: "Invalid number",
    4: "Error crediting account",
    5: "Invalid number format",
    6: "Too many identical messages",
    7: "Sender name not allowed",
    8: "Operator blacklisted",
    9: "Unroutable",
    10: None,
    999: "General temporary error",
}
"""The text of each `err`; null for a success, and a message that was seen is one."""


def _step(status: str, err: int, *, delivers: bool = False) -> LifecycleStep:
    return LifecycleStep(status, delivers=delivers, detail={"err": err})


_START = LifecycleStep(PROCESSING)
_ACK = _step("ACK", 0)
_DELIVERED = _step("DELIVRD", 0, delivers=True)
_EXPIRED = _step("EXPIRED", 2)
CANCELLED: Final = _step("DELETED", 0)
"""The last step of a cancelled leg. This is a guess: only the enumeration names the status."""

_USUAL_ERRS: Final[Mapping[str, int]] = {
    "ACK": 0,
    "ACCEPTD": 0,
    "DELIVRD": 0,
    "SEEN": 10,
    "UNDELIV": 1,
    "FAILED": 1,
    "EXPIRED": 2,
    "REJECTD": 1,
    "NACK": 1,
    "DELETED": 0,
    "UNKNOWN": 999,
}
"""The `err` that usually comes with a status."""

STATUSES: Final = tuple(_USUAL_ERRS)
"""Every status but null."""

_STEPS: Final[Mapping[Scenario, Sequence[LifecycleStep]]] = {
    Scenario.DELIVERED: (_START, _ACK, _DELIVERED),
    Scenario.READ: (_START, _ACK, _DELIVERED, _step("SEEN", 10)),
    Scenario.INVALID_RECIPIENT: (_START, _step("FAILED", 3)),
    Scenario.OPTED_OUT: (_START, _step("REJECTD", 8)),
    Scenario.NOT_ON_CHANNEL: (_START, _step("UNDELIV", 1)),
    Scenario.UNDELIVERABLE: (_START, _ACK, _step("UNDELIV", 1)),
    Scenario.EXPIRED: (_START, _ACK, _EXPIRED),
    Scenario.PROVIDER_FAULT: (_START, _ACK, _step("FAILED", 999)),
    Scenario.THROTTLED_ONCE: (_START, _ACK, _DELIVERED),
    Scenario.NO_FUNDS: (_START, _step("REJECTD", 4)),
    Scenario.NEVER_SETTLES: (_START, _ACK),
    Scenario.WINDOW_CLOSED: (_START, _ACK, _DELIVERED),
}

WINDOW_CLOSED: Final = (_START, _step("UNDELIV", 1))
"""The steps of free WhatsApp content outside of the service window.

The WhatsApp pages say that it cannot be sent, but name no status: here it is the general failure.
"""

# Every number can receive SMS, and SMS does not report reading.
_SMS_SCENARIOS = {
    Scenario.NOT_ON_CHANNEL: Scenario.DELIVERED,
    Scenario.READ: Scenario.DELIVERED,
}

_SUCCESSFUL = {"DELIVRD", "SEEN"}
FAILED: Final = frozenset({"FAILED", "REJECTD", "UNDELIV", "EXPIRED", "NACK", "DELETED"})
"""The statuses after which the next leg is attempted."""


def ordered_steps(status: str, err: int | None = None) -> tuple[LifecycleStep, ...]:
    """Return the steps of a message that ends with a status, by default with its usual err."""
    err = _USUAL_ERRS[status] if err is None else err
    if status == "SEEN":
        return (_START, _ACK, _DELIVERED, _step(status, err))
    last = _step(status, err, delivers=status == "DELIVRD")
    return (_START, last) if status in {"ACK", "REJECTD", "NACK"} else (_START, _ACK, last)


@attrs.frozen
class Leg:
    """The attempt to send an omnimessage on one of its channels.

    Attributes:
        start: Epoch seconds of the attempt; if the leg is never attempted, those of the first leg.
        steps: The lifecycle of the leg; only `PROCESSING` for a leg that is never attempted.
    """

    start: float
    steps: tuple[LifecycleStep, ...]


@attrs.frozen
class Attempt:
    """The data of a leg before it is planned.

    Attributes:
        channel: The channel.
        ttl: Seconds until the leg is given up; None for no limit.
        override: Returns the lifecycle that replaces the scenario's, empty for none; called once
            the leg is attempted.
    """

    channel: str
    ttl: float | None
    override: Callable[[], tuple[LifecycleStep, ...]]


def plan_legs(
    scenario: Scenario,
    attempts: Sequence[Attempt],
    start: float,
    apply_pace: Callable[[Sequence[LifecycleStep]], tuple[LifecycleStep, ...]],
) -> Iterator[Leg]:
    """Plan the legs of an omnimessage in the order of their attempts.

    When a leg fails, or has not succeeded by the end of its ttl, the next leg is attempted at that
    moment. After a success, or a leg that never ends, the other legs stay unprocessed.

    Args:
        scenario: The recipient's scenario.
        attempts: The legs.
        start: Epoch seconds of the first attempt.
        apply_pace: Sets the offsets of steps at the sandbox's pace.
    """
    attempted_at: float | None = start
    for attempt in attempts:
        if attempted_at is None:
            yield Leg(start, (_START,))
            continue
        by_sms = attempt.channel == "sms"
        leg_scenario = _SMS_SCENARIOS.get(scenario, scenario) if by_sms else scenario
        steps = apply_pace(attempt.override() or _STEPS[leg_scenario])
        leg = Leg(attempted_at, _limit_to_ttl(attempt.ttl, steps))
        yield leg
        last = leg.steps[-1]
        attempted_at = attempted_at + last.offset if last.status in FAILED else None


def _limit_to_ttl(ttl: float | None, steps: tuple[LifecycleStep, ...]) -> tuple[LifecycleStep, ...]:
    """Return the steps of a leg that expires if it has neither succeeded nor failed after `ttl`."""
    settled = next((step.offset for step in steps if step.status in _SUCCESSFUL | FAILED), None)
    if ttl is None or (settled is not None and settled <= ttl):
        return steps
    in_time = tuple(step for step in steps if step.offset < ttl)
    return (*in_time, attrs.evolve(_EXPIRED, offset=ttl))
