"""The messages of the demo, with the expected outcome and status of each.

Each provider has messages with several kinds of content, then some that do not arrive: refused by
omnimsg before a request, rejected by the provider, or accepted and not delivered. The recipients
are magic numbers of the sandbox.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from collections.abc import Iterator


@attrs.frozen
class DemoMessage:
    """One message of the demo.

    Attributes:
        provider: The name of the provider, and of its account.
        channel: The channel.
        label: A short name of the content.
        content: The content.
        scenario: The sandbox's scenario for the message.
        outcome: The expected outcome.
        status: The expected final status; `None` if the message is not accepted.
        reason: The expected reason; `None` for a message that arrives.
        fallback: The fallback legs.
        to: The recipient; each message of the demo has its own.
    """

    provider: str
    channel: Channel
    label: str
    content: Content
    scenario: Scenario = attrs.field(default=Scenario.DELIVERED, kw_only=True)
    outcome: str = attrs.field(default="accepted", kw_only=True)
    status: Status | None = attrs.field(default=Status.DELIVERED, kw_only=True)
    reason: Reason | None = attrs.field(default=None, kw_only=True)
    fallback: tuple[Leg, ...] = attrs.field(default=(), kw_only=True)
    to: str = attrs.field(default="", kw_only=True)

    def build(self) -> Message:
        """Build the message to send."""
        return Message(self.to, self.content, channel=self.channel, fallback=self.fallback)


# An image of one red pixel.
_PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)

_HELLO = Text("Your table is ready")
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


def _not_delivered(scenario: Scenario, status: Status, reason: Reason) -> dict[str, Any]:
    return {"scenario": scenario, "status": status, "reason": reason}


_READ: dict[str, Any] = {"scenario": Scenario.READ, "status": Status.READ}

_MESSAGES = (
    DemoMessage("clickatell", _SMS, "text", _HELLO),
    DemoMessage("clickatell", _WHATSAPP, "text", _HELLO, **_READ),
    DemoMessage("clickatell", _WHATSAPP, "image", _INLINE_IMAGE),
    DemoMessage("clickatell", _WHATSAPP, "template", _TEMPLATE),
    DemoMessage("clickatell", _WHATSAPP, "buttons", _BUTTONS, **_READ),
    DemoMessage("clickatell", _WHATSAPP, "list", _LIST),
    DemoMessage("clickatell", _WHATSAPP, "location", _LOCATION),
    DemoMessage("clickatell", _WHATSAPP, "contacts", _CONTACTS),
    DemoMessage("clickatell", _SMS, "throttled", _HELLO, scenario=Scenario.THROTTLED_ONCE),
    DemoMessage(
        "clickatell",
        _SMS,
        "text",
        _HELLO,
        **_rejected(Scenario.INVALID_RECIPIENT, Reason.INVALID_RECIPIENT),
    ),
    DemoMessage(
        "clickatell",
        _WHATSAPP,
        "text",
        _HELLO,
        **_rejected(Scenario.OPTED_OUT, Reason.OPTED_OUT),
    ),
    DemoMessage(
        "clickatell",
        _SMS,
        "text",
        _HELLO,
        **_not_delivered(Scenario.EXPIRED, Status.EXPIRED, Reason.EXPIRED),
    ),
    DemoMessage("clickatell", _SMS, "location", _LOCATION, **_not_sent(Reason.UNSUPPORTED_CONTENT)),
    DemoMessage("messente", _SMS, "text", _HELLO),
    DemoMessage("messente", _VIBER, "text", _HELLO, **_READ),
    DemoMessage("messente", _VIBER, "image", _IMAGE),
    DemoMessage("messente", _WHATSAPP, "template", _TEMPLATE, **_READ),
    DemoMessage("messente", _WHATSAPP, "image", _CAPTIONED_IMAGE),
    DemoMessage("messente", _RCS, "text", _HELLO),
    DemoMessage("messente", _RCS, "buttons", _BUTTONS, **_READ),
    DemoMessage(
        "messente",
        _VIBER,
        "then sms",
        _HELLO,
        scenario=Scenario.NOT_ON_CHANNEL,
        fallback=(Leg(channel=_SMS),),
    ),
    DemoMessage(
        "messente",
        _SMS,
        "text",
        _HELLO,
        **_not_delivered(Scenario.UNDELIVERABLE, Status.FAILED, Reason.RECIPIENT_UNREACHABLE),
    ),
    DemoMessage(
        "messente",
        _VIBER,
        "long text",
        Text("Your table is ready. " * 60),
        **_not_sent(Reason.CONTENT_TOO_LARGE),
    ),
    DemoMessage("bird", _SMS, "text", _HELLO),
    # Bird reports reading as an interaction; a received one sets the status too.
    DemoMessage("bird", _WHATSAPP, "text", _HELLO, **_READ),
    DemoMessage("bird", _WHATSAPP, "image", _CAPTIONED_IMAGE),
    DemoMessage("bird", _WHATSAPP, "document", _DOCUMENT),
    DemoMessage("bird", _WHATSAPP, "template", _TEMPLATE),
    DemoMessage("bird", _WHATSAPP, "buttons", _BUTTONS),
    DemoMessage("bird", _WHATSAPP, "list", _LIST),
    DemoMessage("bird", _WHATSAPP, "location", _LOCATION),
    DemoMessage("bird", _EMAIL, "e-mail", _EMAIL_CONTENT),
    DemoMessage(
        "bird",
        _WHATSAPP,
        "text",
        _HELLO,
        # WhatsApp's own code only says that the message was not delivered.
        **_not_delivered(Scenario.NOT_ON_CHANNEL, Status.FAILED, Reason.RECIPIENT_UNREACHABLE),
    ),
    DemoMessage(
        "bird",
        _SMS,
        "text",
        _HELLO,
        **_not_delivered(Scenario.INVALID_RECIPIENT, Status.FAILED, Reason.INVALID_RECIPIENT),
    ),
    DemoMessage("bird", _EMAIL, "text", _HELLO, **_not_sent(Reason.UNSUPPORTED_CONTENT)),
)

# A prefix, a two-digit index and the six digits of a magic number make a number of valid length.
_PREFIXES = {"clickatell": "+278", "messente": "+485", "bird": "+316"}


def demo_messages(providers: list[str]) -> list[DemoMessage]:
    """Return the messages for these providers, each to a different recipient."""
    return list(_addressed(providers))


def _addressed(providers: list[str]) -> Iterator[DemoMessage]:
    chosen = [each for each in _MESSAGES if each.provider in providers]
    for index, message in enumerate(chosen):
        magic = magic_number(message.scenario)[-6:]
        if message.channel is _EMAIL:
            to = f"guest{index}.{magic}@example.test"
        else:
            to = f"{_PREFIXES[message.provider]}{index:02}{magic}"
        yield attrs.evolve(message, to=to)


def configuration(sandbox: Sandbox) -> dict[str, Any]:
    """Return a sandbox's configuration with the sender and the template that the demo needs."""
    config = sandbox.config()
    additions = {
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
    for account, keys in additions.items():
        if account in config["accounts"]:
            config["accounts"][account] |= keys
    return config
