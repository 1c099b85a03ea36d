"""What the demo sends, and what must become of it.

A message of each kind that a provider carries, then some that cannot arrive: refused by omnimsg
before a request exists, refused by the provider, or accepted and lost on the way. The recipients
are the sandbox's magic ones.
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
class Row:
    """One message of the demo.

    Attributes:
        provider: The provider, and the name of its account.
        channel: How it travels.
        label: What it is, in a word or two.
        content: What it says.
        scenario: What the sandbox makes of it.
        outcome: The outcome that must come of it.
        status: The status that it must reach; `None` where it is never on its way.
        reason: The reason that must be given; `None` where all goes well.
        fallback: Its reserves.
        to: Whom it goes to; every row has a recipient of its own.
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

    def message(self) -> Message:
        """Build the message."""
        return Message(self.to, self.content, channel=self.channel, fallback=self.fallback)


# A picture of one red point.
_PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)

_HELLO = Text("Your table is ready")
_PICTURE = Media.link(MediaKind.IMAGE, "https://example.test/table.png")
_WITH_WORDS = Media.link(
    MediaKind.IMAGE, "https://example.test/table.png", caption="The one at the window"
)
_FILE = Media.link(
    MediaKind.DOCUMENT,
    "https://example.test/menu.pdf",
    content_type="application/pdf",
    file_name="menu.pdf",
)
_TAKEN_ALONG = Media(
    (MediaItem(MediaKind.IMAGE, Inline(_PNG), content_type="image/png"),), "The one at the window"
)
_TEMPLATE = Template("table_ready", "en", body=("Ola", "19:30"))
_PLACE = Location(59.437, 24.7536, name="Olde Hansa", address="Vana turg 1, Tallinn")
_CARD = Contacts(
    (ContactCard(name={"formatted_name": "Olde Hansa"}, phones=({"phone": "+3726279020"},)),)
)
_BUTTONS = Interactive("Shall we keep it?", (Reply("Yes", "keep"), Reply("No", "free")))
_MENU = ListPicker(
    "What shall we prepare?",
    "Choose",
    sections=(ListSection((ListItem("Soup", "soup"), ListItem("Fish", "fish"))),),
)
_MAIL = Email(subject="Your table is ready", html="<p>Until <b>19:30</b>.</p>", text="Until 19:30.")

_SMS, _WHATSAPP, _VIBER = Channel.SMS, Channel.WHATSAPP, Channel.VIBER
_RCS, _EMAIL = Channel.RCS, Channel.EMAIL


def _refused_here(reason: Reason) -> dict[str, Any]:
    return {"outcome": "not_sent", "status": None, "reason": reason}


def _refused_there(scenario: Scenario, reason: Reason) -> dict[str, Any]:
    return {"scenario": scenario, "outcome": "rejected", "status": None, "reason": reason}


def _lost(scenario: Scenario, status: Status, reason: Reason) -> dict[str, Any]:
    return {"scenario": scenario, "status": status, "reason": reason}


_READ: dict[str, Any] = {"scenario": Scenario.READ, "status": Status.READ}

_ROWS = (
    Row("clickatell", _SMS, "text", _HELLO),
    Row("clickatell", _WHATSAPP, "text", _HELLO, **_READ),
    Row("clickatell", _WHATSAPP, "picture", _TAKEN_ALONG),
    Row("clickatell", _WHATSAPP, "template", _TEMPLATE),
    Row("clickatell", _WHATSAPP, "buttons", _BUTTONS, **_READ),
    Row("clickatell", _WHATSAPP, "list", _MENU),
    Row("clickatell", _WHATSAPP, "location", _PLACE),
    Row("clickatell", _WHATSAPP, "contacts", _CARD),
    Row("clickatell", _SMS, "throttled", _HELLO, scenario=Scenario.THROTTLED_ONCE),
    Row(
        "clickatell",
        _SMS,
        "text",
        _HELLO,
        **_refused_there(Scenario.INVALID_RECIPIENT, Reason.INVALID_RECIPIENT),
    ),
    Row(
        "clickatell",
        _WHATSAPP,
        "text",
        _HELLO,
        **_refused_there(Scenario.OPTED_OUT, Reason.OPTED_OUT),
    ),
    Row(
        "clickatell",
        _SMS,
        "text",
        _HELLO,
        **_lost(Scenario.EXPIRED, Status.EXPIRED, Reason.EXPIRED),
    ),
    Row("clickatell", _SMS, "location", _PLACE, **_refused_here(Reason.UNSUPPORTED_CONTENT)),
    Row("messente", _SMS, "text", _HELLO),
    Row("messente", _VIBER, "text", _HELLO, **_READ),
    Row("messente", _VIBER, "picture", _PICTURE),
    Row("messente", _WHATSAPP, "template", _TEMPLATE, **_READ),
    Row("messente", _WHATSAPP, "picture", _WITH_WORDS),
    Row("messente", _RCS, "text", _HELLO),
    Row("messente", _RCS, "buttons", _BUTTONS, **_READ),
    Row(
        "messente",
        _VIBER,
        "then sms",
        _HELLO,
        scenario=Scenario.NOT_ON_CHANNEL,
        fallback=(Leg(channel=_SMS),),
    ),
    Row(
        "messente",
        _SMS,
        "text",
        _HELLO,
        **_lost(Scenario.UNDELIVERABLE, Status.FAILED, Reason.RECIPIENT_UNREACHABLE),
    ),
    Row(
        "messente",
        _VIBER,
        "long text",
        Text("Your table is ready. " * 60),
        **_refused_here(Reason.CONTENT_TOO_LARGE),
    ),
    Row("bird", _SMS, "text", _HELLO),
    # Bird tells of reading as an interaction, not as a status.
    Row("bird", _WHATSAPP, "text", _HELLO, scenario=Scenario.READ),
    Row("bird", _WHATSAPP, "picture", _WITH_WORDS),
    Row("bird", _WHATSAPP, "document", _FILE),
    Row("bird", _WHATSAPP, "template", _TEMPLATE),
    Row("bird", _WHATSAPP, "buttons", _BUTTONS),
    Row("bird", _WHATSAPP, "list", _MENU),
    Row("bird", _WHATSAPP, "location", _PLACE),
    Row("bird", _EMAIL, "e-mail", _MAIL),
    Row(
        "bird",
        _WHATSAPP,
        "text",
        _HELLO,
        **_lost(Scenario.NOT_ON_CHANNEL, Status.REJECTED, Reason.UNROUTABLE),
    ),
    Row(
        "bird",
        _SMS,
        "text",
        _HELLO,
        **_lost(Scenario.INVALID_RECIPIENT, Status.FAILED, Reason.INVALID_RECIPIENT),
    ),
    Row("bird", _EMAIL, "text", _HELLO, **_refused_here(Reason.UNSUPPORTED_CONTENT)),
)

# With the row's number and the magic six digits each makes a number of the right length.
_PREFIXES = {"clickatell": "+278", "messente": "+485", "bird": "+316"}


def rows(providers: list[str]) -> list[Row]:
    """Return the rows of these providers, each with a recipient of its own."""
    return list(_addressed(providers))


def _addressed(providers: list[str]) -> Iterator[Row]:
    for number, row in enumerate(each for each in _ROWS if each.provider in providers):
        magic = magic_number(row.scenario)[-6:]
        by_mail = row.channel is _EMAIL
        to = f"guest{number}.{magic}@example.test" if by_mail else f"{number:02}{magic}"
        yield attrs.evolve(row, to=to if by_mail else _PREFIXES[row.provider] + to)


def configuration(sandbox: Sandbox) -> dict[str, Any]:
    """Return the accounts of a sandbox, with the template and the senders that the demo uses."""
    made = sandbox.config()
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
    for account, more in additions.items():
        if account in made["accounts"]:
            made["accounts"][account] |= more
    return made
