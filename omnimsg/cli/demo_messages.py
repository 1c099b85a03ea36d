"""The messages of the demo, with the expected outcome and status of each.

Each provider has messages with several kinds of content, then some that do not arrive: refused by
omnimsg before a request, rejected by the provider, or accepted and not delivered. The recipients
are magic numbers of the sandbox.
"""

from __future__ import annotations

import base64
from typing import Any

import attrs

from omnimsg.domain.channel import Channel
from omnimsg.domain.content import (
    ContactCard,
    Contacts,
    Content,
    Email,
    Interactive,
    ListItem,
    ListPicker,
    ListSection,
    Location,
    Media,
    MediaItem,
    Reply,
    Template,
    Text,
)
from omnimsg.domain.media import Inline, MediaKind
from omnimsg.domain.message import Leg, Message
from omnimsg.domain.reason import Reason
from omnimsg.domain.status import Status
from omnimsg.sandbox import Sandbox, Scenario, magic_number


@attrs.frozen
class DemoMessage:
    """One message of the demo.

    Attributes:
        channel: The channel.
        label: A short name of the content.
        content: The content.
        scenario: The sandbox's scenario for the message.
        outcome: The expected outcome.
        status: The expected final status; `None` if the message is not accepted.
        reason: The expected reason; `None` for a message that arrives.
        fallback: The fallback legs.
        provider: The name of the provider, and of its account.
        to: The recipient; each message of the demo has its own.
    """

    channel: Channel
    label: str
    content: Content
    scenario: Scenario = attrs.field(default=Scenario.DELIVERED, kw_only=True)
    outcome: str = attrs.field(default="accepted", kw_only=True)
    status: Status | None = attrs.field(default=Status.DELIVERED, kw_only=True)
    reason: Reason | None = attrs.field(default=None, kw_only=True)
    fallback: tuple[Leg, ...] = attrs.field(default=(), kw_only=True)
    provider: str = attrs.field(default="", kw_only=True)
    to: str = attrs.field(default="", kw_only=True)

    def build(self) -> Message:
        """Build the message to send."""
        return Message(self.to, self.content, channel=self.channel, fallback=self.fallback)


# An image of one red pixel.
_PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)

_HELLO = Text("Your table is ready")
_LONG_TEXT = Text("Your table is ready. " * 60)
_IMAGE = Media.link(MediaKind.IMAGE, "https://example.test/table.png")
_CAPTIONED_IMAGE = Media.link(
    MediaKind.IMAGE, "https://example.test/table.png", caption="The one at the window"
)
_DOCUMENT = Media.link(
    MediaKind.DOCUMENT,
    "https://example.test/menu.pdf",
    content_type="application/pdf",
    file_name="menu.pdf",
)
_INLINE_IMAGE = Media(
    (MediaItem(MediaKind.IMAGE, Inline(_PNG), content_type="image/png"),), "The one at the window"
)
_TEMPLATE = Template("table_ready", "en", body=("Ola", "19:30"))
_LOCATION = Location(59.437, 24.7536, name="Olde Hansa", address="Vana turg 1, Tallinn")
_CONTACTS = Contacts(
    (ContactCard(name={"formatted_name": "Olde Hansa"}, phones=({"phone": "+3726279020"},)),)
)
_BUTTONS = Interactive("Shall we keep it?", (Reply("Yes", "keep"), Reply("No", "free")))
_LIST = ListPicker(
    "What shall we prepare?",
    "Choose",
    sections=(ListSection((ListItem("Soup", "soup"), ListItem("Fish", "fish"))),),
)
_EMAIL_CONTENT = Email(
    subject="Your table is ready", html="<p>Until <b>19:30</b>.</p>", text="Until 19:30."
)

_SMS, _WHATSAPP, _VIBER = Channel.SMS, Channel.WHATSAPP, Channel.VIBER
_RCS, _EMAIL = Channel.RCS, Channel.EMAIL


def _not_sent(reason: Reason) -> dict[str, Any]:
    return {"outcome": "not_sent", "status": None, "reason": reason}


def _rejected(scenario: Scenario, reason: Reason) -> dict[str, Any]:
    return {"scenario": scenario, "outcome": "rejected", "status": None, "reason": reason}


def _undelivered(scenario: Scenario, status: Status, reason: Reason) -> dict[str, Any]:
    return {"scenario": scenario, "status": status, "reason": reason}


_READ: dict[str, Any] = {"scenario": Scenario.READ, "status": Status.READ}

_UNREACHABLE = Status.FAILED, Reason.RECIPIENT_UNREACHABLE

_MESSAGES = {
    "clickatell": [
        DemoMessage(_SMS, "text", _HELLO),
        DemoMessage(_WHATSAPP, "text", _HELLO, **_READ),
        DemoMessage(_WHATSAPP, "image", _INLINE_IMAGE),
        DemoMessage(_WHATSAPP, "template", _TEMPLATE),
        DemoMessage(_WHATSAPP, "buttons", _BUTTONS, **_READ),
        DemoMessage(_WHATSAPP, "list", _LIST),
        DemoMessage(_WHATSAPP, "location", _LOCATION),
        DemoMessage(_WHATSAPP, "contacts", _CONTACTS),
        DemoMessage(_SMS, "throttled", _HELLO, scenario=Scenario.THROTTLED_ONCE),
        DemoMessage(
            _SMS, "text", _HELLO, **_rejected(Scenario.INVALID_RECIPIENT, Reason.INVALID_RECIPIENT)
        ),
        DemoMessage(_WHATSAPP, "text", _HELLO, **_rejected(Scenario.OPTED_OUT, Reason.OPTED_OUT)),
        DemoMessage(
            _SMS, "text", _HELLO, **_undelivered(Scenario.EXPIRED, Status.EXPIRED, Reason.EXPIRED)
        ),
        DemoMessage(_SMS, "location", _LOCATION, **_not_sent(Reason.UNSUPPORTED_CONTENT)),
    ],
    "messente": [
        DemoMessage(_SMS, "text", _HELLO),
        DemoMessage(_VIBER, "text", _HELLO, **_READ),
        DemoMessage(_VIBER, "image", _IMAGE),
        DemoMessage(_WHATSAPP, "template", _TEMPLATE, **_READ),
        DemoMessage(_WHATSAPP, "image", _CAPTIONED_IMAGE),
        DemoMessage(_RCS, "text", _HELLO),
        DemoMessage(_RCS, "buttons", _BUTTONS, **_READ),
        DemoMessage(
            _VIBER,
            "then sms",
            _HELLO,
            scenario=Scenario.NOT_ON_CHANNEL,
            fallback=(Leg(channel=_SMS),),
        ),
        DemoMessage(_SMS, "text", _HELLO, **_undelivered(Scenario.UNDELIVERABLE, *_UNREACHABLE)),
        DemoMessage(_VIBER, "long text", _LONG_TEXT, **_not_sent(Reason.CONTENT_TOO_LARGE)),
    ],
    "bird": [
        DemoMessage(_SMS, "text", _HELLO),
        # Bird reports reading as an interaction; a received one sets the status too.
        DemoMessage(_WHATSAPP, "text", _HELLO, **_READ),
        DemoMessage(_WHATSAPP, "image", _CAPTIONED_IMAGE),
        DemoMessage(_WHATSAPP, "document", _DOCUMENT),
        DemoMessage(_WHATSAPP, "template", _TEMPLATE),
        DemoMessage(_WHATSAPP, "buttons", _BUTTONS),
        DemoMessage(_WHATSAPP, "list", _LIST),
        DemoMessage(_WHATSAPP, "location", _LOCATION),
        DemoMessage(_EMAIL, "e-mail", _EMAIL_CONTENT),
        # WhatsApp's own code only says that the message was not delivered.
        DemoMessage(
            _WHATSAPP, "text", _HELLO, **_undelivered(Scenario.NOT_ON_CHANNEL, *_UNREACHABLE)
        ),
        DemoMessage(
            _SMS,
            "text",
            _HELLO,
            **_undelivered(Scenario.INVALID_RECIPIENT, Status.FAILED, Reason.INVALID_RECIPIENT),
        ),
        DemoMessage(_EMAIL, "text", _HELLO, **_not_sent(Reason.UNSUPPORTED_CONTENT)),
    ],
}

# A prefix, a two-digit index and the six digits of a magic number make a number of valid length.
_PREFIXES = {"clickatell": "+278", "messente": "+485", "bird": "+316"}


def demo_messages(providers: list[str]) -> list[DemoMessage]:
    """Return the messages for these providers, each to a different recipient."""
    chosen = [(name, each) for name in _MESSAGES if name in providers for each in _MESSAGES[name]]
    return [
        attrs.evolve(message, provider=provider, to=_recipient(index, provider, message))
        for index, (provider, message) in enumerate(chosen)
    ]


def _recipient(index: int, provider: str, message: DemoMessage) -> str:
    magic = magic_number(message.scenario)[-6:]
    if message.channel is _EMAIL:
        return f"guest{index}.{magic}@example.test"
    return f"{_PREFIXES[provider]}{index:02}{magic}"


_ADDITIONS: dict[str, dict[str, Any]] = {
    "messente": {"sender": "omnimsg"},
    "bird": {
        "templates": {
            "table_ready": {
                "id": "6f7a1c52-8c1f-4c0e-9d0e-2b1d5d3f6a10",
                "version": "e3a1b0d4-55c1-4bb4-8f53-0d2b1f9a7c21",
                "keys": ["name", "time"],
            }
        }
    },
}


def configuration(sandbox: Sandbox) -> dict[str, Any]:
    """Return a sandbox's configuration with the sender and the template that the demo needs."""
    config = sandbox.config()
    for account, keys in _ADDITIONS.items():
        if account in config["accounts"]:
            config["accounts"][account] |= keys
    return config
