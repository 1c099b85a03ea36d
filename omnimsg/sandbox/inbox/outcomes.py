"""Change the timeline of a message: delivered, read, failed, expired, or contradicted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from omnimsg.sandbox.callbacks.phone_reply import PhoneReply, ReplyInteraction
from omnimsg.sandbox.request_error import RequestError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omnimsg.sandbox.callbacks.callbacks import Callbacks
    from omnimsg.sandbox.display import Display
    from omnimsg.sandbox.emulator import Emulator
    from omnimsg.sandbox.message_records import LifecycleStep, MessageRecord
    from omnimsg.sandbox.state import SandboxState

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


class Outcomes:
    """Changes the plans of messages, and sends the reports of the changes.

    Args:
        state: The clock.
        emulators: The emulators by name.
        callbacks: Sends the reports.
    """

    def __init__(
        self, state: SandboxState, emulators: Mapping[str, Emulator], callbacks: Callbacks
    ) -> None:
        self._state = state
        self._emulators = emulators
        self._callbacks = callbacks

    def decide(self, provider: object, message_id: object, outcome: object) -> MessageRecord:
        """Set the outcome of a message now, and return the message.

        Later planned steps are dropped. A message that was not delivered is delivered before it is
        read. A contradiction only sends a report: the message is unchanged.

        Raises:
            RequestError: There is no such message, or it cannot have this outcome.
        """
        emulator = self._emulators.get(provider) if isinstance(provider, str) else None
        if emulator is None:
            raise RequestError(f"provider: must be one of {', '.join(self._emulators)}")
        record = emulator.messages.get(message_id) if isinstance(message_id, str) else None
        if record is None:
            raise RequestError("id: the provider has no such message")
        if outcome not in OUTCOMES:
            raise RequestError(f"outcome: must be one of {', '.join(OUTCOMES)}")
        if outcome == "contradicted":
            opposite = self._callbacks.contradiction(record)
            if opposite is None:
                raise RequestError(
                    "outcome: no report of the message can be contradicted, or callbacks are off"
                )
            self._callbacks.send(opposite.build(self._state.clock()), record.provider)
            return record
        before = self._callbacks.reported(record)
        for step in self._steps(emulator.display, record, str(outcome)):
            emulator.cancel(record, step)
        reading = _read_interaction(record, emulator.display) if outcome == "read" else None
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
        self._callbacks.report_change(record, before, then)
        return record

    def _steps(self, display: Display, record: MessageRecord, outcome: str) -> list[LifecycleStep]:
        if outcome != "read":
            return [_required(display, record, outcome)]
        delivered_at = record.delivered_at()
        has_arrived = delivered_at is not None and delivered_at <= self._state.clock()
        before = [] if has_arrived else [_required(display, record, "delivered")]
        is_interaction = _read_interaction(record, display) is not None
        return before if is_interaction else [*before, _required(display, record, "read")]


def _required(display: Display, record: MessageRecord, outcome: str) -> LifecycleStep:
    step = display.step(record, outcome)
    if step is None:
        raise RequestError(f"outcome: by {record.channel} no message is reported {outcome}")
    return step
