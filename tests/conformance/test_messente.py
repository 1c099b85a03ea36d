"""Messente's adapter passes the conformance suite."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import attrs
import orjson
from messente import callbacks

from omnimsg.adapter import Account, Callback, Operation, Request, Response, StatusRow
from omnimsg.domain.channel import Channel
from omnimsg.domain.content import (
    Autoconvert,
    ButtonKind,
    Card,
    CardHeight,
    CardLayout,
    CardWidth,
    Carousel,
    Content,
    CreateEvent,
    CurrencyParameter,
    DateTimeParameter,
    Interactive,
    Media,
    MediaItem,
    MediaParameter,
    OpenMedia,
    OpenUrl,
    Reply,
    ShowLocation,
    Template,
    TemplateButton,
    Text,
    TextParameter,
)
from omnimsg.domain.media import Link, MediaKind
from omnimsg.domain.message import Message
from omnimsg.domain.secret import Secret
from omnimsg.testing import Accept, AdapterConformance, Missing, Refuse, Said
from omnimsg_messente import MessenteAdapter, MessenteSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omnimsg.adapter import CodeRow

# The HTTP status of each code (Omnichannel API reference, ResponseErrorCode).
HTTP_STATUSES = {"101": 404, "102": 403, "103": 401, "104": 500, "105": 400, "106": 400, "107": 405}


PASSWORD = "messente-s3cret"
SHARED_SECRET = "shared-s3cret"

PICTURE = MediaItem(MediaKind.IMAGE, Link("https://media.example.test/fish.png"))
FILM = MediaItem(
    MediaKind.VIDEO,
    Link("https://media.example.test/film.mp4"),
    thumbnail_url="https://media.example.test/film.jpg",
    size=5_000_000,
    duration=30,
)
# A one-time-password button is sent as a link with a suffix: its kind alone changes no request.
PLAIN_BUTTONS = (ButtonKind.URL, ButtonKind.REPLY, ButtonKind.COUPON)
OPEN = OpenUrl("Open it", "https://shop.example.test/orders")
OPENING = CreateEvent(
    "Note it",
    "Opening day",
    start=datetime(2030, 1, 2, 3, tzinfo=UTC),
    end=datetime(2030, 1, 2, 5, tzinfo=UTC),
    description="With fish",
)
FISH = Card(
    title="Tonight",
    text="Fish",
    media=PICTURE,
    actions=[Reply("This one", "fish")],
    height=CardHeight.TALL,
)
SAMPLES: list[tuple[Channel, Content]] = [
    (Channel.SMS, Text("Your table", udh="050003A10201", autoconvert=Autoconvert.FULL)),
    (Channel.VIBER, Media([FILM], "Your table")),
    (Channel.VIBER, Interactive("Your table", [OPEN], header=PICTURE)),
    (Channel.VIBER, Interactive("Your table", [OPEN], header=FILM)),
    (Channel.VIBER, Interactive("Your table", [OpenMedia("Watch it")], header=FILM)),
    (
        Channel.VIBER,
        Carousel(
            [
                Card(title="Fish", media=PICTURE, actions=[OPEN]),
                Card(title="Soup", media=PICTURE, actions=[OPEN, OPEN]),
            ],
            "Tonight",
        ),
    ),
    (Channel.VIBER, Template("table_ready", "en", body=[TextParameter("Ola", name="guest")])),
    (Channel.WHATSAPP, Text("Your table", preview_url=True)),
    (
        Channel.WHATSAPP,
        Media([MediaItem(MediaKind.DOCUMENT, Link("https://a.test/m.pdf"))], "Menu"),
    ),
    (
        Channel.WHATSAPP,
        Template(
            "order",
            "en",
            header=MediaParameter(PICTURE),
            body=[
                "Ola",
                CurrencyParameter("9.90 EUR", "EUR", amount_1000=9900),
                DateTimeParameter("1 May"),
            ],
            buttons=[
                TemplateButton(number, kind, value="tail")
                for number, kind in enumerate(PLAIN_BUTTONS, 1)
            ],
        ),
    ),
    (Channel.WHATSAPP, Template("order", "en", header=TextParameter("4711"))),
    (Channel.RCS, Interactive("Your table", [OPENING])),
    (Channel.RCS, Interactive(None, [Reply("Thanks")], header=PICTURE)),
    (
        Channel.RCS,
        Interactive(
            "Your table",
            [
                OpenUrl(
                    "Open it",
                    "https://shop.example.test/orders",
                    application="WEBVIEW",
                    view="HALF",
                    description="Your orders",
                )
            ],
        ),
    ),
    (Channel.RCS, Interactive("Your table", [ShowLocation("Find us", query="Our shop")])),
    (Channel.RCS, attrs.evolve(FISH, layout=CardLayout.LEFT, suggestions=[Reply("None")])),
    (
        Channel.RCS,
        Carousel([FISH, FISH], width=CardWidth.SMALL, suggestions=[Reply("None", "none")]),
    ),
]


class TestMessente(AdapterConformance):
    """Entries of a bulk answer match their messages by position only."""

    adapter_class = MessenteAdapter
    message_levels = frozenset({"error"})
    request_levels = frozenset({"error"})
    report_levels = frozenset({"err"})
    ordered = True
    # Without effect: WhatsApp parameters are positional, and RCS sends only the URL of a file.
    hints = frozenset(
        {
            *(
                f"whatsapp:{kind}Parameter.name"
                for kind in ("Text", "Currency", "DateTime", "Media")
            ),
            "rcs:MediaItem.kind",
        }
    )

    def account(self) -> Account[MessenteSettings]:
        """Return an account with distinctive credentials, and the sender that RCS needs."""
        settings = MessenteSettings(
            username="api-user",
            password=Secret(PASSWORD),
            callback_passwords=[Secret("messente-former-s3cret")],
            inbound_secrets=[Secret("former-shared-s3cret"), Secret(SHARED_SECRET)],
        )
        return Account(
            name="messente", settings=settings, base_url=MessenteAdapter.base_url, sender="Acme"
        )

    def messages(self, count: int) -> list[Message]:
        """Return SMS to different recipients."""
        return [
            Message(f"+3725550{number:04d}", f"Table {number} is ready") for number in range(count)
        ]

    def answer(self, request: Request, said: Sequence[Said]) -> Response:
        """Answer a single or a bulk call, or refuse the whole call."""
        codes = {each.code if isinstance(each, Refuse) else "" for each in said}
        first = said[0]
        if isinstance(first, Refuse) and len(codes) == 1:
            return Response(HTTP_STATUSES.get(first.code, 400), orjson.dumps(errors_of(first)))
        if request.url == "/v1/omnimessage":
            return Response(201, orjson.dumps(entry_of(first)))
        entries = [entry_of(each) for each in said if not isinstance(each, Missing)]
        return Response(201, orjson.dumps({"messages": entries}))

    def answer_status(self, request: Request, row: StatusRow | None) -> Response:
        """Answer with one leg, or with 404 for an unknown id; `null` is a status too."""
        if row is None:
            error = {"code": "101", "title": "Not found", "detail": "", "source": None}
            return Response(404, orjson.dumps({"errors": [error]}))
        return status_of(request, row, None)

    def answer_failed_status(self, request: Request, row: StatusRow, code: CodeRow) -> Response:
        """Answer with one leg that has an error number."""
        return status_of(request, row, int(code.code))

    def callbacks(self, at: datetime) -> dict[str, Callback]:
        """Return reports, one of them signed with the former password, and an inbound SMS."""
        seen = callbacks.REPORT | {"status": "SEEN", "err": 10}
        return {
            "a report": callbacks.signed(callbacks.REPORT, PASSWORD),
            "a report with the former password": callbacks.signed(seen, "messente-former-s3cret"),
            "an inbound SMS": callbacks.signed(callbacks.INBOUND, SHARED_SECRET),
        }

    def report(self, row: StatusRow, at: datetime) -> Callback:
        """Return the report of a leg; its time has no offset."""
        document = callbacks.REPORT | {
            "status": row.name or None,
            "timestamp": at.replace(tzinfo=None).isoformat(),
        }
        return callbacks.signed(document, PASSWORD)

    def samples(self) -> list[Message]:
        """Return content with options that the suite's own samples do not use."""
        return [Message("+37255500001", content, channel=channel) for channel, content in SAMPLES]

    def answer_operation(self, operation: Operation, request: Request) -> Response:
        """Answer a cancellation."""
        return Response(202, b"{}")


def status_of(request: Request, row: StatusRow, err: int | None) -> Response:
    """Build the answer to a status look-up: one leg, with its error number."""
    leg = {
        "status": row.name or None,
        "channel": "sms",
        "message_id": "leg-1",
        "error": None,
        "err": err,
        "timestamp": "2030-01-02T03:04:05.120000",
        "price_info": None,
    }
    omnimessage_id = request.url.split("/")[-2]
    body = {"to": "+37255500001", "omnimessage_id": omnimessage_id, "statuses": [leg]}
    return Response(200, orjson.dumps(body))


def entry_of(said: Said) -> dict[str, Any]:
    """Build the entry of one message."""
    if not isinstance(said, Accept):
        return errors_of(said) if isinstance(said, Refuse) else {}
    leg = {"channel": "sms", "message_id": f"{said.id[-4:]}-leg", "sender": "Acme"}
    return {"omnimessage_id": said.id, "to": said.message.to, "messages": [leg]}


def errors_of(said: Refuse) -> dict[str, Any]:
    """Build an error object."""
    error = {
        "code": said.code,
        "title": "Refused",
        "detail": said.detail,
        "source": None,
    }
    return {"errors": [error]}
