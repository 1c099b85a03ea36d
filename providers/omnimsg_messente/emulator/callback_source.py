"""The documents of Messente's callbacks: delivery reports and inbound SMS.

Sources: Omnichannel API, Delivery report (one object for every change of the status of every leg;
its sample, with `price_info`) and Inbound messages (the members of an inbound SMS). Inbound
messages of other channels are documented nowhere.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Final

import attrs

from omnimsg.json_codec import dumps
from omnimsg.sandbox import (
    CallbackDraft,
    CallbackSigner,
    CallbackSource,
    LifecycleStep,
    MessageRecord,
    PhoneReply,
    ReplyError,
    SandboxState,
    StatusChange,
)
from omnimsg_messente.emulator.lifecycle import FAILED, PROCESSING, STATUSES, ordered_steps
from omnimsg_messente.emulator.report import leg_report

_NUMBER: Final = "37255509999"
"""The inbound number; a message's own sender may be a name, which cannot receive a reply."""

_SAMPLES: Final = {
    "sent": "ACK",
    "delivered": "DELIVRD",
    "read": "SEEN",
    "failed": "UNDELIV",
    "rejected": "REJECTD",
    "expired": "EXPIRED",
    "cancelled": "DELETED",
    "unknown": "UNKNOWN",
}

_SAMPLE_TO: Final = "+37255500001"


class MessenteCallbacks(CallbackSource):
    """The callbacks of an API key and of its inbound number.

    Args:
        signer: Signs them.
        state: Clock and ids.
    """

    statuses: Sequence[str] = STATUSES

    def __init__(self, signer: CallbackSigner, state: SandboxState) -> None:
        self.signer = signer
        self._state = state

    def is_reported(self, change: StatusChange) -> bool:
        """Return whether a leg has a status; an unprocessed leg has none, and no report."""
        return change.status != PROCESSING

    def report(self, record: MessageRecord, change: StatusChange) -> CallbackDraft:
        """Return a delivery report, for the `dlr_url` of the omnimessage if it has one."""
        return CallbackDraft(
            kind=f"status.{change.status}",
            id=record.id,
            about=record.client_id or record.id,
            body=dumps(leg_report(record, change)),
            url=record.extra.get("dlr_url"),
        )

    def opposite(self, record: MessageRecord, status: str) -> LifecycleStep | None:
        """Return a failure after a delivery, and a delivery after a failure; None after others."""
        del record
        if status == "DELIVRD":
            return ordered_steps("UNDELIV")[-1]
        return ordered_steps("DELIVRD")[-1] if status in FAILED else None

    def check_reply(self, reply: PhoneReply) -> None:
        """Refuse content other than text, and channels other than SMS unless a guess is allowed."""
        if reply.content != "text":
            raise ReplyError(f"{reply.content}: Messente documents inbound texts only")
        if reply.channel not in {"sms", "viber", "whatsapp", "rcs"}:
            raise ReplyError(f"channel: {reply.channel!r} is none of sms, viber, whatsapp, rcs")
        if reply.channel != "sms" and not reply.guess:
            raise ReplyError(
                f"channel: Messente documents inbound SMS only, not {reply.channel}; with"
                ' "guess": true the form of an SMS is sent'
            )

    def reply(self, reply: PhoneReply) -> CallbackDraft:
        """Return an inbound message; it does not name the message that it answers."""
        message_id = self._state.uuid()
        at = datetime.fromtimestamp(self._state.clock(), UTC)
        document = {
            "msg_id": message_id,
            "sub_msg_id": self._state.uuid(),
            "channel": reply.channel,
            "recipient": (reply.to or _NUMBER).removeprefix("+"),
            "time": at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "text": reply.text,
            "sender": reply.number,
        }
        return CallbackDraft(
            kind="inbound.text", id=message_id, about=reply.number, body=dumps(document)
        )

    def samples(self) -> Mapping[str, Callable[[], CallbackDraft]]:
        """Return samples of all statuses that omnimsg has, and of an inbound SMS."""
        statuses = {
            f"status.{name}": partial(self.sample_status, status)
            for name, status in _SAMPLES.items()
        }
        text = PhoneReply(number=_SAMPLE_TO, channel="sms", text="Is the table free?")
        stop = attrs.evolve(text, text="STOP")
        return statuses | {
            "inbound.text": partial(self.reply, text),
            "inbound.stop": partial(self.reply, stop),
        }

    def sample_status(self, status: str) -> CallbackDraft:
        """Return the report of a status of an invented message."""
        now = self._state.clock()
        record = MessageRecord(
            provider="messente",
            id=self._state.uuid(),
            # SMS has no status SEEN.
            channel="viber" if status == "SEEN" else "sms",
            to=_SAMPLE_TO,
            kind="text",
            content={"channel": "viber" if status == "SEEN" else "sms", "text": "Hello"},
            text="Hello",
            created=now,
            start=now,
            steps=(),
            sender="Sandbox",
            client_id=self._state.uuid(),
        )
        detail = ordered_steps(status)[-1].detail
        return self.report(record, StatusChange(status, now, detail=detail))
