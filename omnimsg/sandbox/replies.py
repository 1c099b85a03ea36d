"""Send replies of phones: choose the provider, the channel and the answered message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from omnimsg.json_codec import JSONDecodeError, loads
from omnimsg.sandbox.callbacks.phone_reply import Button, ReplyError, parse_reply

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from omnimsg.sandbox.callbacks.callbacks import Callbacks
    from omnimsg.sandbox.callbacks.phone_reply import PhoneReply
    from omnimsg.sandbox.callbacks.source import CallbackSource
    from omnimsg.sandbox.emulator import Emulator
    from omnimsg.sandbox.handsets import Handsets
    from omnimsg.sandbox.message_records import MessageRecord


@attrs.frozen(kw_only=True)
class SentReply:
    """A message or interaction that a phone has sent.

    Attributes:
        number: The phone.
        provider: The provider that it went through; None if it only opened service windows.
        kind: ``inbound.`` and the content, or ``interaction.`` and the provider's name of it.
        id: The provider's id of the message; for an interaction, that of the message it concerns.
        callback: The JSON document that the provider sends; of a form, the text of its body.
        sent_to: The masked address that it is sent to; None if callbacks are switched off.
    """

    number: str
    provider: str | None = None
    channel: str | None = None
    kind: str | None = None
    id: str | None = None
    callback: Any = attrs.field(default=None, repr=False)
    sent_to: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the reply as the control API shows it."""
        shown = {"from": self.number}
        if self.provider is None:
            return shown
        return shown | attrs.asdict(self, filter=lambda field, _: field.name != "number")


class Replies:
    """Sends messages and interactions of phones as callbacks.

    Args:
        emulators: The emulators by name.
        handsets: The messages that phones have received.
        callbacks: Sends the callbacks.

    Attributes:
        on_send: Is called with each reply of a phone, and with the result of sending it.
    """

    def __init__(
        self, emulators: Mapping[str, Emulator], *, handsets: Handsets, callbacks: Callbacks
    ) -> None:
        self.on_send: Callable[[PhoneReply, SentReply], None] | None = None
        self._emulators = emulators
        self._handsets = handsets
        self._callbacks = callbacks
        self._hosts: dict[str, str] = {}

    def note_host(self, provider: str, host: str) -> None:
        """Store the host and port by which a client reaches an emulator, for addresses of files."""
        self._hosts[provider] = host

    def send(self, document: object, url: str) -> SentReply:
        """Send a reply of a phone, and open the service windows that it opens.

        Args:
            document: The JSON object of ``POST /_sandbox/inbound``.
            url: The sandbox's address, used if no client has sent a request with another one.

        Raises:
            ReplyError: The object is invalid, or no provider documents such a message.
        """
        reply, sent = self._send(parse_reply(document), url)
        if self.on_send is not None:
            self.on_send(reply, sent)
        return sent

    def _send(self, reply: PhoneReply, url: str) -> tuple[PhoneReply, SentReply]:
        if reply.content is None:
            for emulator in self._emulators.values():
                emulator.windows.open(reply.number)
            return reply, SentReply(number=reply.number)
        provider, source = self._provider(reply)
        host = self._hosts.get(provider)
        reply = attrs.evolve(
            self._completed(reply, provider, source),
            base_url=f"{url if host is None else f'http://{host}'}/{provider}",
        )
        source.check_reply(reply)
        if reply.button is not None:
            reply = _with_tapped_button(reply, source)
        if reply.channel == "whatsapp" and reply.interaction is None:
            self._emulators[provider].windows.open(reply.number)
        draft = source.reply(reply)
        return reply, SentReply(
            number=reply.number,
            provider=provider,
            channel=reply.channel,
            kind=draft.kind,
            id=draft.id,
            callback=_readable(draft.body),
            sent_to=self._callbacks.send(draft, provider),
        )

    def _provider(self, reply: PhoneReply) -> tuple[str, CallbackSource]:
        """Return the provider that a reply names, or that sent the last message to the phone."""
        sources = {name: each.callbacks for name, each in self._emulators.items()}
        known = {name: source for name, source in sources.items() if source is not None}
        name = reply.provider
        if name is None:
            received = [each.provider for each in self._handsets.records(reply.number)]
            name = next((each for each in reversed(received) if each in known), None)
        if name is None and len(known) == 1:
            (name,) = known
        if name is None or name not in known:
            listed = ", ".join(sorted(known)) or "none of those served here has inbound messages"
            raise ReplyError(
                f"provider: must be one of {listed}"
                if name is not None or not known
                else f"provider: name one of {listed}, because none has written to the phone"
            )
        return name, known[name]

    def _completed(self, reply: PhoneReply, provider: str, source: CallbackSource) -> PhoneReply:
        """Return a reply with its channel, the answered message, and the business number."""
        received = [
            each
            for each in self._handsets.records(reply.number)
            if each.provider == provider and reply.channel in {None, each.channel}
        ]
        last = received[-1] if received else None
        answers = self._answered(reply, received, source)
        related = answers or last
        channel = reply.channel or (related.channel if related is not None else None)
        if channel is None:
            channel = "sms" if reply.content == "text" else "whatsapp"
        to = reply.to
        if to is None and related is not None and related.sender is not None:
            # A phone cannot reply to an alphanumeric sender.
            is_number = related.sender.removeprefix("+").isdigit()
            to = related.sender if is_number else None
        return attrs.evolve(reply, channel=channel, answers=answers, to=to)

    def _answered(
        self, reply: PhoneReply, received: Sequence[MessageRecord], source: CallbackSource
    ) -> MessageRecord | None:
        """Return the message that a reply answers, taps a button of, or interacts with."""
        if reply.reply_to is not None:
            # An omnimsg client's id begins with the account and a colon.
            wanted = {reply.reply_to, reply.reply_to.partition(":")[2]} - {""}
            for record in received:
                if wanted & {record.id, record.client_id}:
                    return record
            raise ReplyError("reply_to: the phone has received no such message")
        if reply.button is not None:
            return next((each for each in reversed(received) if source.buttons(each)), None)
        if reply.interaction is not None:
            return received[-1] if received else None
        return None


def _readable(body: bytes) -> Any:  # noqa: ANN401 - JSON data
    """Return the document of a callback; the text of a body that is no JSON, such as a form."""
    try:
        return loads(body)
    except JSONDecodeError:
        return body.decode(errors="replace")


def _with_tapped_button(reply: PhoneReply, source: CallbackSource) -> PhoneReply:
    """Return a reply with the label and the payload of the button that it taps."""
    wanted = reply.button or Button()
    if reply.answers is None:
        raise ReplyError("button: the phone has received no message with buttons")
    buttons = source.buttons(reply.answers)
    for button in buttons:
        if wanted.label in {None, button.label} and wanted.payload in {None, button.payload}:
            return attrs.evolve(reply, button=button)
    labels = ", ".join(repr(each.label) for each in buttons) or "none"
    raise ReplyError(f"button: the message has no such button; it has {labels}")
