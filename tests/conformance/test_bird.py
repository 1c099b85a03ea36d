"""Bird's adapter passes the conformance suite."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

import attrs
import orjson
from bird import callbacks

from omnimsg.adapter import (
    Account,
    Callback,
    Operation,
    Request,
    Response,
    StatusRow,
    TemplateMapping,
)
from omnimsg.domain.address import ProviderContact
from omnimsg.domain.content import (
    Attachment,
    Buy,
    Card,
    Carousel,
    DateTimeParameter,
    Email,
    Interactive,
    ListItem,
    ListPicker,
    ListSection,
    Location,
    Media,
    MediaItem,
    OpenUrl,
    Otp,
    Reply,
    RequestLocation,
    Section,
    Template,
    Text,
    TextParameter,
)
from omnimsg.domain.history import Direction, HistoryQuery
from omnimsg.domain.media import Inline, Link, MediaKind
from omnimsg.domain.message import Message
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.secret import Secret
from omnimsg.testing import Accept, AdapterConformance, Refuse, Said
from omnimsg_bird import BirdAdapter, BirdSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omnimsg.adapter import CodeRow
    from omnimsg.domain.content import Content
    from omnimsg.domain.history import PastMessage

TO = "+31612340001"
CHANNELS = {
    "sms": "0d3f9a52-0000-4000-8000-00000000000a",
    "whatsapp": "0d3f9a52-0000-4000-8000-00000000000b",
    "email": "0d3f9a52-0000-4000-8000-00000000000c",
}

SIGNING_KEY = "omnimsg-test-signing-key"

PICTURE = MediaItem(MediaKind.IMAGE, Link("https://media.example.test/a.jpg"))
FILE = MediaItem(
    MediaKind.DOCUMENT,
    Link("https://media.example.test/a.pdf"),
    content_type="application/pdf",
    file_name="a.pdf",
)
LINK = OpenUrl("Open", "https://shop.example.test/menu")
BUY = Buy("Pay", Decimal("9.90"), currency="EUR")
ASK = RequestLocation("Where")
RICH = Reply("Yes", image_url="https://media.example.test/yes.png", description="Please do")

STORAGE = "https://bucket.s3.eu-west-1.amazonaws.com"
GRANT = orjson.dumps(
    {
        "mediaUrl": "https://media.api.bird.com/workspaces/w/media/m",
        "uploadUrl": STORAGE,
        "uploadMethod": "POST",
        "uploadFormData": {"key": "w/m", "policy": "p", "x-amz-signature": "s"},
    }
)
MESSAGE = {
    "id": "3d0a4b6e-6f0e-4f0c-9d0e-2b7f1c9a5e11",
    "channelId": CHANNELS["sms"],
    "sender": {"connector": {"id": "k", "identifierValue": "+31612000000"}},
    "receiver": {"contacts": [{"identifierKey": "phonenumber", "identifierValue": TO}]},
    "direction": "outgoing",
    "status": "delivered",
    "reference": "order-771",
    "createdAt": "2030-01-02T03:04:05Z",
    "lastStatusAt": "2030-01-02T03:04:05Z",
    "chargeableUnits": 2,
}
INTERACTIONS = orjson.dumps(
    {
        "results": [
            {
                "type": "clicked",
                "channelId": CHANNELS["whatsapp"],
                "platformId": "whatsapp",
                "createdAt": "2030-01-02T03:04:05Z",
                "metadata": {
                    "button": {"payload": "ok-1"},
                    "link": {"url": "https://shop.example.test"},
                    "reaction": {"emoji": "+"},
                },
            }
        ]
    }
)


class TestBird(AdapterConformance):
    """One message per request: a refused request refuses its message."""

    adapter_class = BirdAdapter
    message_levels = frozenset({"http", "422"})
    request_levels = frozenset()
    status_levels = frozenset({"http"})
    report_levels = frozenset({"failure", "sms-messagebird", "source", "whatsapp", "words"})
    other_levels = frozenset({"storage"})
    values: ClassVar[dict[str, Any]] = {
        "reply_to": tuple(
            MessageId.of("bird", f"{CHANNELS['whatsapp']}/{name}") for name in ("m1", "m2")
        )
    }

    def account(self) -> Account[BirdSettings]:
        """Return an account with a distinctive access key and a channel of each kind."""
        settings = BirdSettings(
            access_key=Secret("bird-s3cret-key"),
            workspace_id="0d3f9a52-0000-4000-8000-000000000001",
            channels=CHANNELS,
            signing_keys=[Secret("former-signing-key"), Secret(SIGNING_KEY)],
        )
        template = TemplateMapping(id="0d3f9a52-0000-4000-8000-0000000000f1")
        return Account(
            name="bird",
            settings=settings,
            base_url=BirdAdapter.base_url,
            templates={"table_ready": template},
        )

    def messages(self, count: int) -> list[Message]:
        """Return SMS to different recipients."""
        return [
            Message(f"+3161234{number:04d}", f"Table {number} is ready", channel="sms")
            for number in range(count)
        ]

    def answer(self, request: Request, said: Sequence[Said]) -> Response:
        """Answer with the message, or with an error and its HTTP status."""
        first = said[0]
        if isinstance(first, Accept):
            message = {
                "id": first.id,
                "channelId": CHANNELS["sms"],
                "reference": first.message.reference,
                "status": "accepted",
            }
            return Response(202, orjson.dumps(message))
        if not isinstance(first, Refuse):
            return Response(202)
        on_http = first.level == "http"
        error = {"code": "Refused" if on_http else first.code, "message": first.detail}
        return Response(int(first.code if on_http else first.level), orjson.dumps(error))

    def callbacks(self, at: datetime) -> dict[str, Callback]:
        """Return a status, inbound messages with every kind of body, and interactions."""
        events = {
            "sms.outbound": [callbacks.OUTBOUND],
            "whatsapp.inbound": [
                callbacks.TEXT,
                callbacks.TAPPED,
                callbacks.IMAGE,
                callbacks.FILE,
                callbacks.GIF,
                callbacks.LOCATION,
            ],
            "email.inbound": [callbacks.MAIL],
            "whatsapp.interaction": [callbacks.CLICKED, callbacks.READ],
        }
        return {
            f"{event} {number}": callbacks.signed(event, payload, SIGNING_KEY, at)
            for event, payloads in events.items()
            for number, payload in enumerate(payloads)
        }

    def report(self, row: StatusRow, at: datetime) -> Callback:
        """Return the message with its status."""
        payload = callbacks.OUTBOUND | {"status": row.name, "lastStatusAt": at.isoformat()}
        return callbacks.signed("sms.outbound", payload, SIGNING_KEY, at)

    def samples(self) -> list[Message]:
        """Return a project's template, and content with options that only some channels have."""
        template = Template(
            "table_ready",
            "en",
            version="v-1",
            body=[TextParameter("Thandi", name="who"), DateTimeParameter("19:30", name="when")],
        )
        to = {"sms": TO, "whatsapp": TO, "email": "ola@example.test"}
        card = Card(title="Tonight", text="Menu", media=PICTURE, actions=[LINK])
        cards = Carousel([card, attrs.evolve(card, title="Tomorrow")], "Our menus")
        inner = Section([cards, Text("Or"), Media([FILE, FILE], "As a file")])
        menu = ListPicker("Choose", "Show", sections=[ListSection([ListItem("A", "a")])])
        contents: list[Content] = [
            cards,
            Section([Location(59.4, 24.7), inner, menu]),
            Otp(False, actions=[Reply("Copy", "123456")]),
            *(Interactive("Pay", [action], header=PICTURE) for action in (BUY, LINK, ASK, RICH)),
            Interactive(None, [LINK], header=FILE),
        ]
        mail = Email(
            subject="Your table",
            html="<p>It is ready.</p>",
            cc=["b@example.test"],
            attachments=[Attachment(Inline(b"png"), "a.png", content_type="image/png")],
            headers={"X-Table": "7"},
            from_name="Our shop",
        )
        return [
            *(Message(to[channel], template, channel=channel) for channel in CHANNELS),
            *(Message(TO, each, channel="whatsapp") for each in contents),
            Message(ProviderContact(id="c-1"), "Hi", channel="whatsapp"),
            Message(to["email"], mail, channel="email"),
        ]

    def answer_find(self, request: Request, message: Message | None, at: datetime) -> Response:
        """Answer with a page of other messages, then with the wanted message if it exists."""
        others = {**MESSAGE, "reference": "another"}
        if not any(name == "pageToken" for name, _ in request.query):
            return Response(200, orjson.dumps({"results": [others], "nextPageToken": "page-2"}))
        if message is None:
            return Response(200, b'{"results":[]}')
        entry = MESSAGE | {
            "receiver": receiver_of(str(message.to)),
            "createdAt": at.isoformat(),
            "reference": message.reference,
        }
        return Response(200, orjson.dumps({"results": [entry]}))

    def answer_operation(self, operation: Operation, request: Request) -> Response:
        """Answer the other operations as in the API reference."""
        if operation is Operation.UPLOAD:
            return Response(200, GRANT) if request.authenticated else Response(204)
        if operation is Operation.DOWNLOAD:
            if not request.authenticated:
                return Response(200, b"the file")
            return Response(302, headers={"Location": f"{STORAGE}/m?x-amz-signature=s"})
        if operation is Operation.INTERACTIONS:
            return Response(200, INTERACTIONS)
        tokens = [value for name, value in request.query if name == "pageToken"]
        following = {} if tokens else {"nextPageToken": "page-2"}
        return Response(200, orjson.dumps({"results": [MESSAGE], **following}))

    def answer_status(self, request: Request, row: StatusRow | None) -> Response:
        """Answer with the message and its current status, or with 404 for an unknown id."""
        if row is None:
            return Response(404, b'{"code":"NotFound","message":"no such message"}')
        return status_of(request, row)

    def answer_failed_status(self, request: Request, row: StatusRow, code: CodeRow) -> Response:
        """Answer with a failure: its code, a code of its source, or its source alone."""
        # A row such as `15xxx` matches the codes of its family.
        number = code.code.replace("xxx", "999")
        if code.level == "failure":
            return status_of(request, row, failure={"code": number})
        if code.level == "source":
            return status_of(request, row, failure={"source": {"name": code.code}})
        source = {"name": code.level, "code": number}
        return status_of(request, row, failure={"source": source})

    def history_parameters(self, query: HistoryQuery) -> list[tuple[str, str]] | None:
        """Return the query parameter of a filter, as the API reference names it."""
        match query:
            case HistoryQuery(to=str(to)):
                return [("to", to)]
            case HistoryQuery(sender=str(sender)):
                return [("from", sender)]
            case HistoryQuery(since=datetime() as since):
                return [("startAt", since.isoformat())]
            case HistoryQuery(until=datetime() as until):
                return [("endAt", until.isoformat())]
            case HistoryQuery(tag=str(tag)):
                return [("tag", tag)]
            case HistoryQuery(direction=Direction() as direction):
                return [("direction", direction.value)]
            case HistoryQuery(batch_id=str(batch)):
                return [("batchId", batch)]
        names = [row.name for row in BirdAdapter.statuses if row.status is query.status]
        return [("status", name) for name in names] or None

    def answer_history(self, request: Request, message: PastMessage) -> Response:
        """Answer with a page of one message between our connector and a contact."""
        assert message.created is not None
        incoming = message.direction is Direction.INCOMING
        us, person = (
            message.to[0] if incoming else message.sender,
            {
                "identifierKey": "phonenumber",
                "identifierValue": message.sender if incoming else message.to[0],
            },
        )
        connector = {"connector": {"id": "k", "identifierValue": us}}
        sides = (
            ({"contact": person}, connector) if incoming else (connector, {"contacts": [person]})
        )
        latest = message.leg.timeline.latest
        entry = {
            "id": message.id.provider_id.partition("/")[2],
            "channelId": CHANNELS["sms"],
            "sender": sides[0],
            "receiver": sides[1],
            "direction": "incoming" if incoming else "outgoing",
            "status": latest and latest.provider_status,
            "reference": message.reference,
            "createdAt": message.created.isoformat(),
        }
        return Response(200, orjson.dumps({"results": [entry]}))


class TestBirdBatch(TestBird):
    """Several messages per request: one answer for all of them, and no message ids."""

    mixed = False
    ordered = True
    batch_ids = True

    def account(self) -> Account[BirdSettings]:
        """Return an account with batches enabled."""
        account = super().account()
        return attrs.evolve(account, settings=attrs.evolve(account.settings, batch=True))

    def callbacks(self, at: datetime) -> dict[str, Callback]:
        """Return one callback: no callback depends on batches, and `TestBird` has them all."""
        name, callback = next(iter(super().callbacks(at).items()))
        return {name: callback}

    def answer(self, request: Request, said: Sequence[Said]) -> Response:
        """Answer a batch request with the id of the batch."""
        response = super().answer(request, said)
        if response.status != 202 or not request.url.endswith("/batch/messages"):
            return response
        return Response(202, b'{"id":"0d3f9a52-0000-4000-8000-0000000000ba"}')


def receiver_of(to: str) -> dict[str, object]:
    """Build the receiver of a message to one phone number."""
    return {"contacts": [{"identifierKey": "phonenumber", "identifierValue": to}]}


def status_of(request: Request, row: StatusRow, **members: object) -> Response:
    """Build the answer to a status look-up."""
    message = {
        "id": request.url.rpartition("/")[2],
        "channelId": CHANNELS["sms"],
        "status": row.name,
        "updatedAt": "2030-01-02T03:04:05Z",
        **members,
    }
    return Response(200, orjson.dumps(message))
