"""The documents of Bird's callbacks: statuses, inbound messages and interactions.

Sources: Notifications API, Webhook subscriptions (the envelope `service`, `event`, `payload`);
Message status and interactions (`<channel>.outbound`, `<channel>.inbound`,
`<channel>.interaction`). The payload of the first two is the Message resource: known from captures
for inbound messages, assumed for outbound ones. The payload of an interaction is its resource. An
event has no id.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

import attrs

from omnimsg.json_codec import dumps
from omnimsg.sandbox import (
    Button,
    CallbackDraft,
    CallbackSigner,
    CallbackSource,
    LifecycleStep,
    MessageRecord,
    PhoneReply,
    PlannedReport,
    ReplyError,
    ReplyLocation,
    ReplyMedia,
    SandboxState,
    StatusChange,
)
from omnimsg_bird.emulator.inbound import (
    DETAILS,
    INTERACTION_TYPES,
    buttons_of,
    incoming_resource,
    interaction_resource,
    media_body,
)
from omnimsg_bird.emulator.lifecycle import STATUSES, expired_step, failure_detail, final_step
from omnimsg_bird.emulator.media import Uploads
from omnimsg_bird.emulator.resource import (
    Interactions,
    complete_contacts,
    message_resource,
    planned_interaction,
)

_NUMBER: Final = "+37255509999"

_SAMPLES: Final = {
    "scheduled": "scheduled",
    "accepted": "accepted",
    "sent": "sent",
    "delivered": "delivered",
    "failed": "delivery_failed",
    "rejected": "rejected",
    "cancelled": "deleted",
}
_SAMPLE_INTERACTIONS: Final = {
    "read": ("whatsapp", "read"),
    "clicked": ("whatsapp", "clicked"),
    "opened": ("email", "opened"),
    "reported_spam": ("email", "reported-as-spam"),
    "unsubscribed": ("email", "unsubscribe-request"),
}
_SAMPLE_TO: Final = "+37255500001"
_SAMPLE_URL: Final = "http://127.0.0.1:8025/bird"


class BirdCallbacks(CallbackSource):
    """The callbacks of a workspace.

    Args:
        signer: Signs them.
        state: Clock and ids.
        workspace: The workspace's id.
        channels: The channels' ids by platform.
        uploads: The files, including those from phones.
        interactions: The interactions of phones with messages.
    """

    statuses: Sequence[str] = STATUSES

    def __init__(
        self,
        signer: CallbackSigner,
        *,
        state: SandboxState,
        workspace: str,
        channels: Mapping[str, str],
        uploads: Uploads,
        interactions: Interactions,
    ) -> None:
        self.signer = signer
        self._state = state
        self._workspace = workspace
        self._channels = channels
        self._uploads = uploads
        self._interactions = interactions

    def report(self, record: MessageRecord, change: StatusChange) -> CallbackDraft:
        """Return the event `outbound` of the message's channel."""
        return _draft(
            f"{record.channel}.outbound",
            message_resource(record, change),
            kind=f"status.{change.status}",
            id=record.id,
            about=record.id,
        )

    def planned(self, record: MessageRecord) -> Sequence[PlannedReport]:
        """Return the changes of the status, and the read interaction if the scenario has one."""
        planned = [*super().planned(record)]
        read = planned_interaction(record, self._state.pace)
        if read is not None:
            at, resource = read
            report = partial(self._interaction, record, resource)
            planned.append(PlannedReport(at=at, status="", build=lambda _: report()))
        # Sorted, because a status that was added to the plan later comes after the interaction.
        return sorted(planned, key=lambda each: each.at)

    def opposite(self, record: MessageRecord, status: str) -> LifecycleStep | None:
        """Return a failure after a delivery, and a delivery after a failure; None after others."""
        if status == "delivered":
            return final_step(record.channel, delivered=False)
        failed = status in {"delivery_failed", "sending_failed", "rejected"}
        return final_step(record.channel, delivered=True) if failed else None

    def check_reply(self, reply: PhoneReply) -> None:
        """Refuse other channels, content by SMS except text, and undocumented interactions."""
        channel = reply.channel or ""
        phones = sorted(self._channels.keys() & {"sms", "whatsapp"})
        if reply.interaction is not None:
            kind = reply.interaction.kind
            if kind not in INTERACTION_TYPES:
                raise ReplyError(
                    f"interaction.kind: {kind!r} is none of {', '.join(INTERACTION_TYPES)}"
                )
            if kind not in DETAILS.get(channel, {}) and not reply.guess:
                raise ReplyError(
                    f"interaction.kind: Bird documents no {kind} on {channel}; with"
                    ' "guess": true an invented one is sent'
                )
        elif channel not in phones:
            raise ReplyError(f"channel: {channel!r} is none of {', '.join(phones)}")
        elif channel == "sms" and reply.content != "text":
            raise ReplyError(f"{reply.content}: a phone sends it by WhatsApp, not by SMS")
        if reply.media is not None and reply.media.inline:
            raise ReplyError("media.inline: Bird has no form with the bytes in the callback")

    def reply(self, reply: PhoneReply) -> CallbackDraft:
        """Return the event `inbound` of the channel, or its `interaction`."""
        if reply.interaction is not None:
            return self._interact(reply)
        channel, message_id = reply.channel or "", self._state.uuid()
        payload = incoming_resource(
            reply,
            message_id=message_id,
            channel_id=self._channels[channel],
            to=reply.to or _NUMBER,
            body=self._body(reply, message_id),
            now=self._state.clock(),
        )
        return _draft(
            f"{channel}.inbound",
            payload,
            kind=f"inbound.{reply.content}",
            id=message_id,
            about=reply.number,
        )

    def buttons(self, record: MessageRecord) -> Sequence[Button]:
        """Return the buttons and list entries of a body."""
        return list(buttons_of(record.content))

    def samples(self) -> Mapping[str, Callable[[], CallbackDraft]]:
        """Return samples of all statuses that omnimsg has, of replies, and of interactions."""
        text = PhoneReply(
            number=_SAMPLE_TO,
            channel="whatsapp",
            text="Is the table free?",
            base_url=_SAMPLE_URL,
        )
        media = ReplyMedia(content_type="image/png", data=b"sample", file_name="a.png")
        place = ReplyLocation(latitude=59.437, longitude=24.7536, name="Us")
        replies: dict[str, Callable[[], CallbackDraft]] = {
            "text": lambda: self.reply(text),
            "media": lambda: self.reply(attrs.evolve(text, media=media)),
            "location": lambda: self.reply(attrs.evolve(text, text=None, location=place)),
            "button": lambda: self.reply(
                attrs.evolve(
                    text,
                    text=None,
                    button=Button(label="Yes", payload="keep"),
                    answers=self._sample("whatsapp"),
                )
            ),
            "stop": lambda: self.reply(attrs.evolve(text, channel="sms", text="STOP")),
        }
        return {
            **{
                f"status.{name}": partial(self.sample_status, status)
                for name, status in _SAMPLES.items()
            },
            "status.expired": self._sample_expired,
            **{f"inbound.{name}": build for name, build in replies.items()},
            **{
                f"interaction.{name}": partial(self._sample_interaction, channel, kind)
                for name, (channel, kind) in _SAMPLE_INTERACTIONS.items()
            },
        }

    def sample_status(self, status: str) -> CallbackDraft:
        """Return the report of a status of an invented SMS."""
        return self._sample_change(status, failure_detail("sms", status))

    def _sample_expired(self) -> CallbackDraft:
        # Bird has no status for an expiry: the text of the failure says so.
        expired = expired_step("sms")
        return self._sample_change(expired.status, expired.detail)

    def _sample_change(self, status: str, detail: Mapping[str, Any]) -> CallbackDraft:
        record = self._sample("sms")
        return self.report(record, StatusChange(status, record.created, detail=detail))

    def _sample_interaction(self, channel: str, kind: str) -> CallbackDraft:
        record = self._sample(channel)
        resource = interaction_resource(
            record, kind, details=DETAILS[channel][kind], now=self._state.clock()
        )
        return self._interaction(record, resource)

    def _sample(self, channel: str) -> MessageRecord:
        now, to = self._state.clock(), "ola@example.test" if channel == "email" else _SAMPLE_TO
        body = {"type": "text", "text": {"text": "Hello"}}
        return MessageRecord(
            provider="bird",
            id=self._state.uuid(),
            channel=channel,
            to=to,
            kind="text",
            content=body,
            text="Hello",
            created=now,
            start=now,
            steps=(),
            sender=_NUMBER,
            reference=(reference := f"sample-{self._state.hex_id()[:8]}"),
            extra={
                "channel_id": self._channels[channel],
                "batch_id": None,
                "contacts": complete_contacts([{"identifierValue": to}], channel),
                "tags": [],
                "echoed": {"reference": reference},
            },
        )

    def _interaction(self, record: MessageRecord, resource: dict[str, Any]) -> CallbackDraft:
        return _draft(
            f"{record.channel}.interaction",
            resource,
            kind=f"interaction.{resource['type']}",
            id=record.id,
            about=record.id,
        )

    def _interact(self, reply: PhoneReply) -> CallbackDraft:
        """Return the callback of an interaction, and add it to the look-up of interactions."""
        done, record = reply.interaction, reply.answers
        if done is None or record is None:
            raise ReplyError("interaction: the phone has no message that something was done with")
        resource = interaction_resource(
            record,
            done.kind,
            details=DETAILS.get(record.channel, {}).get(done.kind),
            now=self._state.clock(),
            link=None if done.url is None else {"url": done.url},
            button=None if done.payload is None else {"payload": done.payload},
        )
        self._interactions.add(record, resource)
        return self._interaction(record, resource)

    def _body(self, reply: PhoneReply, message_id: str) -> dict[str, Any]:
        if reply.media is not None:
            return self._media_body(reply, reply.media, message_id)
        if reply.location is not None:
            place = reply.location
            label = {"label": place.name, "address": place.address}
            location: dict[str, Any] = {
                "coordinates": {"latitude": place.latitude, "longitude": place.longitude},
                "location": {name: value for name, value in label.items() if value is not None},
            }
            return {"type": "location", "location": location}
        if reply.button is not None:
            postback = {"text": reply.button.label, "payload": reply.button.payload}
            actions = [{"type": "postback", "postback": postback}]
            return {"type": "text", "text": {"text": reply.button.label, "actions": actions}}
        return {"type": "text", "text": {"text": reply.text}}

    def _media_body(self, reply: PhoneReply, media: ReplyMedia, message_id: str) -> dict[str, Any]:
        """Return the body of a file to download with the access key."""
        url = media.url
        if url is None:
            media_id = self._uploads.receive(media.data or b"", media.content_type, media.file_name)
            path = f"workspaces/{self._workspace}/messages/{message_id}/media/{media_id}"
            url = f"{reply.base_url}/{path}"
        return media_body(media, url, reply.text)


def _draft(
    event: str,
    payload: dict[str, Any],
    *,
    kind: str,
    id: str,  # noqa: A002 - its name in the draft
    about: str,
) -> CallbackDraft:
    body = dumps({"service": "channels", "event": event, "payload": payload})
    return CallbackDraft(kind=kind, id=id, about=about, body=body)
