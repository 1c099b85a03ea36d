"""The documents of Clickatell's callbacks: statuses and inbound messages.

Sources: One API, Client callbacks (the envelope, ``moText``, ``moMedia`` in both forms, the common
members of ``moLocation``); the page Models of the API reference for ``messageStatusUpdate``; a
public model of a customer for the coordinates, because the vendor's sample was not found. A status
has its number where the message status table shows one; one public model has no number at all.
``messageFallback`` and ``statusIsTyping``, which Models names without an explanation, are not sent.
Replies to buttons and lists have no published form: the form here is a guess, and sent only if a
test asks for a guess.
"""

from __future__ import annotations

import base64
import hashlib
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import attrs
from yarl import URL

from omnimsg.json_codec import dumps
from omnimsg.sandbox import (
    Button,
    CallbackDraft,
    CallbackSource,
    LifecycleStep,
    MessageRecord,
    PhoneReply,
    ReplyError,
    ReplyLocation,
    ReplyMedia,
    StatusChange,
)
from omnimsg_clickatell.emulator.statuses import NUMBERS, STATUSES, milliseconds

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from omnimsg.sandbox import CallbackSigner, SandboxState
    from omnimsg_clickatell.emulator.inbound import InboundMessages
    from omnimsg_clickatell.emulator.media import Uploads

INTEGRATION_ID: Final = "5a4d626f780000000000000000000001"
NUMBER: Final = "27870000000"
"""The integration's own number, if neither its options nor a message name one."""

_UNSETTLED: Final = {"UNKNOWN", "QUEUED", "SCHEDULED", "SENT_TO_SUPPLIER", "READ"}

_SAMPLES: Final[Mapping[str, str]] = {
    "scheduled": "SCHEDULED",
    "accepted": "QUEUED",
    "sent": "SENT_TO_SUPPLIER",
    "delivered": "DEVICE_ACK",
    "read": "READ",
    "failed": "DELIVERY_FAILURE",
    "rejected": "INSUFFICIENT_ACCOUNT_BALANCE",
    "expired": "EXPIRED",
    "cancelled": "STOPPED_BY_USER",
}

_SAMPLE_TO: Final = "27820000001"


class ClickatellCallbacks(CallbackSource):
    """The callbacks of an integration.

    Args:
        signer: Adds the secret and the credentials.
        state: Clock and ids.
        inbox: The inbound messages.
        uploads: The files, including those from phones.
        numbers: The integration's own numbers; None for any.
    """

    statuses: Sequence[str] = STATUSES

    def __init__(
        self,
        signer: CallbackSigner,
        *,
        state: SandboxState,
        inbox: InboundMessages,
        uploads: Uploads,
        numbers: frozenset[str] | None,
    ) -> None:
        self.signer = signer
        self._state = state
        self._inbox = inbox
        self._uploads = uploads
        self._number = min(numbers, default=NUMBER) if numbers is not None else NUMBER

    def report(self, record: MessageRecord, change: StatusChange) -> CallbackDraft:
        """Return a ``messageStatusUpdate``."""
        entry: dict[str, Any] = {
            "channel": record.channel,
            "messageId": record.id,
            "clientMessageId": record.reference,
            "timestamp": milliseconds(change.at),
            "statusCode": NUMBERS.get(change.status),
            "status": change.status,
        }
        if entry["statusCode"] is None:
            del entry["statusCode"]
        return _draft(
            f"status.{change.status}", "messageStatusUpdate", entry, id=record.id, about=record.id
        )

    def opposite(self, record: MessageRecord, status: str) -> LifecycleStep | None:
        """Return a failure after a delivery, and a delivery after a failure; None after others."""
        if status in _UNSETTLED or status.startswith("PAYMENT_"):
            return None
        if status != "DEVICE_ACK":
            return LifecycleStep("DEVICE_ACK")
        whatsapp = record.channel == "whatsapp"
        return LifecycleStep("WHATSAPP_MESSAGE_UNDELIVERABLE" if whatsapp else "DELIVERY_FAILURE")

    def check_reply(self, reply: PhoneReply) -> None:
        """Refuse buttons, whose form is not published, and media and locations by SMS."""
        if reply.channel not in {"sms", "whatsapp"}:
            raise ReplyError(f"channel: {reply.channel!r} is none of sms, whatsapp")
        if reply.interaction is not None:
            raise ReplyError("interaction: Clickatell reports none but READ, which is a status")
        if reply.channel == "sms" and reply.content != "text":
            raise ReplyError(f"{reply.content}: a phone sends it by WhatsApp, not by SMS")
        if reply.button is not None and not reply.guess:
            raise ReplyError(
                "button: Clickatell publishes no form of a reply to a button or a list; with"
                ' "guess": true an invented one is sent'
            )
        if reply.media is not None and reply.media.data is None:
            raise ReplyError("media.data: is required, because a file's callback has its hash")

    def reply(self, reply: PhoneReply) -> CallbackDraft:
        """Return a ``moText``, ``moMedia``, ``moLocation``, or the guess of a tapped button."""
        inbound = self._inbox.receive(reply.digits, reply.channel or "whatsapp")
        answered = reply.answers
        entry: dict[str, Any] = {
            "channel": inbound.channel,
            "messageId": inbound.id,
            "relatedMessageId": None if answered is None else answered.id,
            "relatedClientMessageId": None if answered is None else answered.reference,
            "from": reply.digits,
            "to": (reply.to or self._number).removeprefix("+"),
            "timestamp": milliseconds(inbound.at),
        }
        if inbound.channel == "sms":
            entry["sms"] = {"network": "65501"}
        else:
            entry["whatsapp"] = {"profileName": "Sandbox phone"}
        name, content = self._content(reply)
        return _draft(
            f"inbound.{reply.content}", name, entry | content, id=inbound.id, about=reply.digits
        )

    def buttons(self, record: MessageRecord) -> Sequence[Button]:
        """Return the reply buttons, or the entries of a list."""
        items: Sequence[dict[str, Any]] = ()
        if record.kind == "button":
            items = record.content["items"]
        elif record.kind == "listPicker":
            sections = record.content["sections"]
            items = [each for section in sections for each in section["items"]]
        return [Button(label=each["title"], payload=each["postbackData"]) for each in items]

    def samples(self) -> Mapping[str, Callable[[], CallbackDraft]]:
        """Return samples of all statuses that omnimsg has, and of each kind of inbound message."""
        statuses = {
            f"status.{name}": partial(self.sample_status, status)
            for name, status in _SAMPLES.items()
        }
        text = PhoneReply(number=f"+{_SAMPLE_TO}", channel="whatsapp", text="Is the table free?")
        replies = {
            "text": text,
            "media": attrs.evolve(
                text,
                text="The one at the window",
                media=ReplyMedia(content_type="image/png", data=b"sample", file_name="a.png"),
                base_url="http://127.0.0.1:8025/clickatell",
            ),
            "location": attrs.evolve(
                text, text=None, location=ReplyLocation(latitude=-33.92, longitude=18.42, name="Us")
            ),
            "stop": attrs.evolve(text, channel="sms", text="STOP"),
        }
        return statuses | {
            f"inbound.{name}": partial(self.reply, reply) for name, reply in replies.items()
        }

    def sample_status(self, status: str) -> CallbackDraft:
        """Return the report of a status of an invented WhatsApp message."""
        now = self._state.clock()
        record = MessageRecord(
            provider="clickatell",
            id=self._state.hex_id(),
            channel="whatsapp",
            to=_SAMPLE_TO,
            kind="text",
            content={},
            text="",
            created=now,
            start=now,
            steps=(),
            reference=f"sample-{self._state.hex_id()[:8]}",
        )
        return self.report(record, StatusChange(status, now))

    def _content(self, reply: PhoneReply) -> tuple[str, dict[str, Any]]:
        """Return the kind of event, and the members that only this kind has."""
        if reply.media is not None:
            return "moMedia", self._media(reply, reply.media)
        if reply.location is not None:
            # The coordinates are text.
            place = {
                "latitude": str(reply.location.latitude),
                "longitude": str(reply.location.longitude),
                "locationName": reply.location.name,
                "locationAddress": reply.location.address,
            }
            return "moLocation", {name: value for name, value in place.items() if value is not None}
        if reply.button is not None:
            # A guess: the kind and both names are invented.
            tapped = {"title": reply.button.label, "postbackData": reply.button.payload}
            return "moInteractive", tapped
        return "moText", {"content": reply.text, "charset": "UTF-8"}

    def _media(self, reply: PhoneReply, media: ReplyMedia) -> dict[str, Any]:
        """Return a file to download with the account's key, or its bytes if ``media.inline``."""
        data = media.data or b""
        caption = {"caption": reply.text} if reply.text is not None else {}
        if media.inline:
            content = base64.b64encode(data).decode()
            return {"contentType": media.content_type, "content": content, **caption}
        stored = self._uploads.receive(data, media.content_type)
        digest = hashlib.sha256(data).hexdigest()
        query = {"fileId": stored.id, "sha256Hash": digest}
        file = {
            "contentType": media.content_type,
            "downloadUrl": str(URL(f"{reply.base_url}/v1/media").with_query(query)),
            "sha256Hash": digest,
            "byteSize": len(data),
            "fileName": media.file_name or stored.id,
        }
        return {"files": [file], **caption}


def _draft(kind: str, name: str, entry: dict[str, Any], *, id: str, about: str) -> CallbackDraft:  # noqa: A002
    """Return a callback with one event; Clickatell announces that there may be several."""
    document = {
        "integrationId": INTEGRATION_ID,
        "integrationName": "sandbox",
        "event": {name: [entry]},
    }
    return CallbackDraft(kind=kind, id=id, about=about, body=dumps(document))
