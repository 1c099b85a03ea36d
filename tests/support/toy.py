"""An adapter for a provider that does not exist, and the provider's side of the talk.

Toy answers in batches keyed by the caller's key, in whatever order; its history has three pages,
and a file is uploaded in two steps, the second on another host without credentials.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import attrs
import orjson

from omnimsg.adapter import (
    Absent,
    Account,
    Adapter,
    Answer,
    Capabilities,
    ChannelCapabilities,
    CodeRow,
    CodeTable,
    Effect,
    MediaLimit,
    Operation,
    Request,
    Response,
    StatusRow,
    StatusTable,
    Verdict,
    deep_merge,
    outcome_of,
)
from omnimsg.domain.channel import Channel
from omnimsg.domain.failure import Failure
from omnimsg.domain.history import (
    Balance,
    HistoryQuery,
    Interaction,
    InteractionKind,
    Page,
    PastMessage,
)
from omnimsg.domain.media import MediaInfo, MediaKind, Stored, Upload
from omnimsg.domain.message import Message
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.outcome import Accepted
from omnimsg.domain.reason import Reason, Retry
from omnimsg.domain.secret import Secret
from omnimsg.domain.serialization import to_json
from omnimsg.domain.status import LegStatus, MessageStatus, Status, Timeline
from omnimsg.testing import Accept, AdapterConformance, Missing, Said

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from omnimsg.adapter import Context, Flow, Source
    from omnimsg.adapter.interface import Answered
    from omnimsg.domain.outcome import Outcome

DOCS = "Toy API reference"


def _code(code: str, level: str, reason: Reason, verdict: Verdict, description: str) -> CodeRow:
    return CodeRow(code, level, reason, verdict, description=description, source=DOCS)


CODES = CodeTable(
    (
        _code("no-such-number", "message", Reason.INVALID_RECIPIENT, Verdict.REJECTED, "no number"),
        _code("stopped", "message", Reason.OPTED_OUT, Verdict.REJECTED, "the person said stop"),
        _code("slow-down", "message", Reason.RATE_LIMITED, Verdict.NOT_SENT, "too fast"),
        _code("no-money", "message", Reason.INSUFFICIENT_FUNDS, Verdict.ACCOUNT, "no funds"),
        _code("bad-key", "request", Reason.UNAUTHORIZED, Verdict.ACCOUNT, "the key is wrong"),
        _code("mishap", "request", Reason.PROVIDER_ERROR, Verdict.AMBIGUOUS, "it broke midway"),
    )
)

STATUSES = StatusTable(
    (
        StatusRow("waiting", Status.ACCEPTED, description="in the queue", source=DOCS, number=1),
        StatusRow("there", Status.DELIVERED, description="on the phone", source=DOCS, number=2),
        StatusRow("seen", Status.READ, description="opened", source=DOCS, number=3),
        StatusRow(
            "late",
            Status.EXPIRED,
            description="its time ran out",
            source=DOCS,
            number=4,
            reason=Reason.EXPIRED,
        ),
    )
)

_FIELDS = frozenset({"sender", "send_at", "ttl", "tags", "callback_url"})
CAPABILITIES = Capabilities(
    channels={
        Channel.SMS: ChannelCapabilities(
            content=frozenset({"text"}), fields=_FIELDS | {"fallback"}, text_limit=500
        ),
        Channel.RCS: ChannelCapabilities(
            content=frozenset({"text", "media", "interactive"}),
            fields=_FIELDS,
            media={
                MediaKind.IMAGE: MediaLimit(types=frozenset({"image/jpeg"}), max_bytes=5000),
                MediaKind.DOCUMENT: MediaLimit(),
            },
            sources=frozenset({"inline", "link", "stored"}),
            inline_max_bytes=1000,
            actions=frozenset({"reply", "open_url"}),
        ),
    },
    default_channel=Channel.SMS,
    max_messages=50,
    max_bytes=100_000,
)


@attrs.frozen(kw_only=True)
class ToySettings:
    """What an account of Toy needs."""

    key: Secret


class ToyAdapter(Adapter[ToySettings]):
    """Toy, with every operation there is."""

    provider = "toy"
    settings = ToySettings
    base_url = "https://api.toy.example"
    capabilities = CAPABILITIES
    codes = CODES
    statuses = STATUSES
    protected = frozenset({"key", "to"})

    def authorization(self) -> Mapping[str, str]:
        """Send the key as it is."""
        return {"Authorization": f"Toy {self.account.settings.key.reveal()}"}

    def send(self, messages: Sequence[Message], context: Context) -> Flow[Sequence[Outcome | None]]:
        """Send texts, joined to their results by key."""
        body = {"texts": [self.text_of(each, context) for each in messages]}
        response = yield self.request("/texts", body, Effect.SENDS)
        return self.outcomes(messages, response)

    def text_of(self, message: Message, context: Context) -> dict[str, Any]:
        """Write one message; Toy happens to speak the model's own JSON form."""
        text = {
            "key": message.reference,
            "to": to_json(message.to),
            "channel": self.channel_of(message),
            "content": to_json(message.content),
            "content_type": message.content.kind,
            "sender": message.sender or self.account.sender,
            "send_at": message.send_at,
            "ttl": context.ttl(message),
            "tags": message.tags,
            "callback_url": message.callback_url,
            "fallback": [to_json(each) for each in message.fallback],
        }
        return deep_merge(deep_merge(text, self.account.extras), self.extras_of(message))

    def outcomes(self, messages: Sequence[Message], response: Response) -> list[Outcome | None]:
        """Read an answer: one fault for all, or a result for each key."""
        document = as_object(response.json())
        fault = as_object(document.get("fault"))
        if fault:
            return [self.refused(each.reference, fault, "request", response) for each in messages]
        results = {
            key: each
            for each in map(as_object, as_list(document.get("results")))
            if isinstance(key := each.get("key"), str)
        }
        return [
            self.outcome(each.reference, results.get(each.reference, {}), response)
            for each in messages
        ]

    def outcome(self, reference: str, result: dict[str, Any], response: Response) -> Outcome | None:
        """Read the result of one message."""
        fault = as_object(result.get("fault"))
        if fault:
            return self.refused(reference, fault, "message", response)
        provider_id = result.get("id")
        if not isinstance(provider_id, str) or not provider_id:
            return None
        return Accepted(
            reference=reference, account=self.account.name, provider_id=provider_id, raw=result
        )

    def refused(
        self, reference: str, fault: dict[str, Any], level: str, response: Response
    ) -> Outcome | None:
        """Read a fault, known or not."""
        code, said = fault.get("code"), fault.get("text")
        detail = said if isinstance(said, str) else ""
        if not isinstance(code, str):
            return None
        row = self.table.get(code, level)
        if row is not None:
            failure = row.failure(detail=detail, response=response, raw=fault)
            return row.outcome(reference, self.account.name, failure)
        failure = Failure(
            reason=Reason.UNKNOWN,
            retry=Retry.NEVER,
            detail=detail,
            code=code,
            http_status=response.status,
            raw=fault,
        )
        return outcome_of(Verdict.REJECTED, reference, self.account.name, failure)

    def status(self, provider_id: str, context: Context) -> Flow[Answered[MessageStatus]]:
        """Ask where a text is."""
        response = yield self.request(f"/texts/{quote(provider_id, safe='')}")
        document = as_object(response.json())
        asked = MessageId.of(self.account.name, provider_id)
        if response.status == 404:
            return MessageStatus.not_found(asked, context.now, raw=document)
        state = document.get("state")
        if not isinstance(state, str):
            return None
        timeline = Timeline.of(self.statuses.evidence(state), context.now)
        leg = LegStatus(timeline=timeline, provider_id=provider_id)
        return MessageStatus(id=asked, legs=(leg,), raw=document)

    def find(
        self, message: Message, since: datetime, context: Context
    ) -> Flow[Answered[Accepted | Absent]]:
        """Look for a text by its key."""
        request = self.request("/texts")
        response = yield attrs.evolve(request, query=(("key", message.reference),))
        items = as_object(response.json()).get("items")
        if response.status != 200 or not isinstance(items, list):
            return None
        for each in items:
            match each:
                case {"id": str(provider_id), "key": str(key), "to": to, "at": int(at)} if (
                    provider_id
                ):
                    if (key, to) == (message.reference, message.to) and at >= since.timestamp():
                        return Accepted(
                            reference=key,
                            account=context.account,
                            provider_id=provider_id,
                            raw=each,
                        )
                case _:
                    return None
        return Absent()

    def cancel(self, provider_id: str, context: Context) -> Flow[Answered[bool]]:
        """Call a text back."""
        url = f"/texts/{quote(provider_id, safe='')}/cancel"
        response = yield self.request(url, {}, Effect.ONCE)
        stopped = as_object(response.json()).get("stopped")
        return stopped if isinstance(stopped, bool) else None

    def upload(self, upload: Upload, source: Source, context: Context) -> Flow[Answered[Stored]]:
        """Announce a file, then put it where Toy says."""
        announced = {
            "name": upload.file_name,
            "type": upload.content_type,
            "size": source.size,
            "only": upload.restricted_to,
        }
        response = yield self.request("/files", announced, Effect.REPEATABLE)
        document = as_object(response.json())
        file_id, url = document.get("file"), document.get("put")
        if not isinstance(file_id, str) or not file_id or not isinstance(url, str):
            return None
        if not url.startswith("https://"):
            return None
        response = yield Request(
            "PUT", url, source, effect=Effect.REPEATABLE, content_type=upload.content_type
        )
        return Stored(account=self.account.name, id=file_id) if response.status == 200 else None

    def download(self, stored: Stored, context: Context) -> Flow[Answered[bool]]:
        """Follow Toy to where a file lies, leaving the credentials behind."""
        response = yield self.request(f"/files/{quote(stored.id or '', safe='')}/data")
        place = response.header("location")
        if response.status != 302 or place is None or not place.startswith("https://"):
            return None
        response = yield Request("GET", place, answer=Answer.SINK)
        return True if response.status == 200 else None

    def media_info(self, stored: Stored, context: Context) -> Flow[Answered[MediaInfo]]:
        """Ask about a file."""
        response = yield self.request(f"/files/{quote(stored.id or '', safe='')}")
        document = as_object(response.json())
        public = document.get("public")
        if not isinstance(public, bool):
            return None
        return MediaInfo(expires=None, broadcast_allowed=public, raw=document)

    def balance(self, context: Context) -> Flow[Answered[Balance]]:
        """Ask for the money that is left."""
        response = yield self.request("/balance")
        document = as_object(response.json())
        try:
            amount = Decimal(document["left"])
        except (InvalidOperation, KeyError, TypeError, ValueError):
            return None
        return Balance(amount=amount, currency="EUR", raw=document)

    def history(
        self, query: HistoryQuery, page: str | None, context: Context
    ) -> Flow[Answered[Page[PastMessage]]]:
        """List past texts, a page at a time."""
        found = yield from self.page("/texts", page)
        if found is None:
            return None
        return Page(
            tuple(
                PastMessage(
                    id=MessageId.of(self.account.name, each["id"]),
                    direction=None,
                    leg=LegStatus(
                        timeline=Timeline.of(self.statuses.evidence(each.get("state")), context.now)
                    ),
                    raw=each,
                )
                for each in found.items
            ),
            found.next,
        )

    def interactions(
        self, provider_id: str, page: str | None, context: Context
    ) -> Flow[Answered[Page[Interaction]]]:
        """List what was tapped."""
        found = yield from self.page(f"/texts/{quote(provider_id, safe='')}/taps", page)
        if found is None:
            return None
        return Page(
            tuple(
                Interaction(
                    message_id=MessageId.of(self.account.name, provider_id),
                    kind=InteractionKind.CLICKED,
                    provider_kind=each["id"],
                    raw=each,
                )
                for each in found.items
            ),
            found.next,
        )

    def page(self, url: str, page: str | None) -> Flow[Page[dict[str, Any]] | None]:
        """Fetch a page of things with ids."""
        request = self.request(url)
        response = yield attrs.evolve(request, query=() if page is None else (("page", page),))
        document = as_object(response.json())
        if not isinstance(document.get("items"), list):
            return None
        items = tuple(
            each
            for each in map(as_object, as_list(document["items"]))
            if isinstance(each.get("id"), str) and each["id"]
        )
        following = document.get("next")
        return Page(items, following if isinstance(following, str) and following else None)

    def mark_read(
        self, provider_ids: Sequence[str], context: Context
    ) -> Flow[Sequence[Outcome | None]]:
        """Show the second tick."""
        body = {"keys": list(provider_ids)}
        response = yield self.request("/seen", body, Effect.REPEATABLE)
        results = {
            key: each
            for each in map(as_object, as_list(as_object(response.json()).get("results")))
            if isinstance(key := each.get("key"), str)
        }
        return [self.outcome(each, results.get(each, {}), response) for each in provider_ids]

    def request(
        self, url: str, body: dict[str, Any] | None = None, effect: Effect = Effect.READ
    ) -> Request:
        """Build a request with the key added by the engine."""
        if body is None:
            return Request("GET", url, effect=effect, authenticated=True)
        return Request(
            "POST",
            url,
            orjson.dumps(body),
            effect=effect,
            content_type="application/json",
            authenticated=True,
        )


def as_object(value: Any) -> dict[str, Any]:
    """Take an object; anything else is an empty one."""
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    """Take a list; anything else is an empty one."""
    return value if isinstance(value, list) else []


class ToyConformance(AdapterConformance):
    """Toy's side of the talk."""

    adapter_class = ToyAdapter
    request_levels = frozenset({"request"})

    def account(self) -> Account[ToySettings]:
        """Give an account with a key that is easily found."""
        return Account(
            name="toy", settings=ToySettings(key=Secret("toy-s3cret")), base_url=ToyAdapter.base_url
        )

    def messages(self, count: int) -> list[Message]:
        """Give texts to as many people."""
        return [
            Message(f"+3725550{number:04d}", f"Table {number} is ready", reference=f"ref-{number}")
            for number in range(count)
        ]

    def answer(self, request: Request, said: Sequence[Said]) -> Response:
        """Answer with a result for each, or with one fault for all."""
        first = said[0]
        if not isinstance(first, (Accept, Missing)) and first.level == "request":
            fault = {"code": first.code, "text": first.detail}
            return Response(500, orjson.dumps({"fault": fault}))
        results = [
            {"key": each.message.reference, "id": each.id}
            if isinstance(each, Accept)
            else {
                "key": each.message.reference,
                "fault": {"code": each.code, "text": each.detail},
            }
            for each in said
            if not isinstance(each, Missing)
        ]
        return Response(200, orjson.dumps({"results": results}))

    def answer_status(self, request: Request, row: StatusRow | None) -> Response:
        """Answer with the state alone."""
        if row is None:
            return Response(404, b"{}")
        return Response(200, orjson.dumps({"state": row.name}))

    def answer_find(self, request: Request, message: Message | None, at: datetime) -> Response:
        """Answer with the text beside another, or with the other alone."""
        items = [{"id": "text-0", "key": "another", "to": "+37255509999", "at": 0}]
        if message is not None:
            own = {"id": "text-1", "key": message.reference, "to": message.to}
            items.append({**own, "at": int(at.timestamp())})
        return Response(200, orjson.dumps({"items": items}))

    def answer_operation(self, operation: Operation, request: Request) -> Response:
        """Answer everything else."""
        if request.url.startswith("https://files.toy.example"):
            return Response(200, b"the file")
        if operation is Operation.DOWNLOAD:
            return Response(302, b"", {"Location": "https://files.toy.example/1"})
        if operation in {Operation.HISTORY, Operation.INTERACTIONS}:
            page = int(dict(request.query).get("page", "1"))
            items = [{"id": f"{page}-{number}", "state": "there"} for number in range(2)]
            following = str(page + 1) if page < 3 else None
            return Response(200, orjson.dumps({"items": items, "next": following}))
        return Response(200, orjson.dumps(ANSWERS[operation]))


ANSWERS: dict[Operation, object] = {
    Operation.CANCEL: {"stopped": True},
    Operation.UPLOAD: {"file": "file-1", "put": "https://files.toy.example/put"},
    Operation.MEDIA_INFO: {"public": True},
    Operation.BALANCE: {"left": "12.50"},
    Operation.MARK_READ: {"results": [{"key": f"{0xC0FFEE:032x}", "id": "event-1"}]},
}
