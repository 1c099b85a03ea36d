"""Change the timeline of a message: delivered, read, failed, expired, or contradicted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from omnimsg.sandbox.callbacks.phone_reply import PhoneReply, ReplyInteraction
from omnimsg.sandbox.request_error import RequestError

if TYPE_CHECKING:
    from omnimsg.sandbox.callbacks.callbacks import Callbacks
    from omnimsg.sandbox.display import Display
    from omnimsg.sandbox.emulator import Emulator
    from omnimsg.sandbox.message_records import LifecycleStep, MessageRecord

OUTCOMES: Final = ("delivered", "read", "failed", "expired", "contradicted")


def possible_outcomes(
    record: MessageRecord, stage: str, display: Display, callbacks: Callbacks
) -> list[str]:
    """Return the outcomes that a message can still have, in the order of ``OUTCOMES``."""
    if stage == "unused":
        return []
    found = [
        name
        for name in OUTCOMES[:-1]
        if name != stage
        and not (name == "delivered" and stage == "read")
        and (display.step(record, name) or (name == "read" and _read_interaction(record, display)))
    ]
    return [*found, OUTCOMES[-1]] if callbacks.contradiction(record) is not None else found


def _read_interaction(record: MessageRecord, display: Display) -> str | None:
    """Return the interaction that reports reading; None if a status reports it."""
    return display.read_interactions.get(record.channel)


def decide(
    record: MessageRecord, outcome: str, *, emulator: Emulator, callbacks: Callbacks, now: float
) -> None:
    """Set the outcome of a message now, and send the reports of the change.

    Later planned steps are dropped. A message that was not delivered is delivered before it is
    read. A contradiction only sends a report: the message is unchanged.

    Raises:
        RequestError: The message cannot have this outcome.
    """
    if outcome == "contradicted":
        opposite = callbacks.contradiction(record)
        if opposite is None:
            raise RequestError(
                "outcome: no report of the message can be contradicted, or callbacks are off"
            )
        callbacks.send(opposite.build(now), record.provider)
        return
    display = emulator.display
    reading = _read_interaction(record, display) if outcome == "read" else None
    names = [] if reading is not None else [outcome]
    if outcome == "read" and not _has_arrived(record, now):
        names = ["delivered", *names]
    steps = [_required(display, record, name) for name in names]
    before = callbacks.reported(record)
    for step in steps:
        emulator.cancel(record, step)
    then = None
    if reading is not None and emulator.callbacks is not None:
        reply = PhoneReply(
            number=record.to,
            provider=record.provider,
            channel=record.channel,
            interaction=ReplyInteraction(kind=reading),
            answers=record,
        )
        then = emulator.callbacks.reply(reply)
    callbacks.report_change(record, before, then)


def _has_arrived(record: MessageRecord, now: float) -> bool:
    at = record.delivered_at()
    return at is not None and at <= now


def _required(display: Display, record: MessageRecord, outcome: str) -> LifecycleStep:
    step = display.step(record, outcome)
    if step is None:
        raise RequestError(f"outcome: by {record.channel} no message is reported {outcome}")
    return step
