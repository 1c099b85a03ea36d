"""Tiny, a small provider for the engine's tests: its adapter and a fake transport.

Tiny answers `{"results": [{"ref", "id"} | {"ref", "error"}]}`, matched by reference. It has every
kind of operation: a page of history, an upload in two steps, a download through a redirect.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import attrs
import orjson

from omnimsg.adapter import (
    Absent,
    Account,
    Adapter,
    Answer,
    Answered,
    Capabilities,
    ChannelCapabilities,
    CodeRow,
    CodeTable,
    Context,
    Effect,
    Flow,
    Multipart,
    Request,
    Response,
    Source,
    StatusTable,
    Verdict,
    quote_segment,
)
from omnimsg.domain.channel import Channel
from omnimsg.domain.history import Balance, HistoryQuery, Page, PastMessage
from omnimsg.domain.media import Stored, Upload
from omnimsg.domain.message import Message
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.outcome import Accepted, Outcome
from omnimsg.domain.reason import Reason
from omnimsg.domain.secret import Secret
from omnimsg.domain.status import LegStatus, Timeline
from omnimsg.engine.account import AccountEngine
from omnimsg.engine.deadline import Deadline
from omnimsg.engine.log_observer import LogObserver
from omnimsg.engine.observers import Observers
from omnimsg.engine.policy import Policy, RetryPolicy

if TYPE_CHECKING:
    from omnimsg.engine.clock import Clock
    from omnimsg.engine.journal import Journal
    from omnimsg.engine.observers import Observer, RetryEvent
    from omnimsg.transport import Sink, Transport, WriteMark

KEY = "tiny-s3cret-key"
TEXT = "Your very private text"
NUMBER = "+37255500001"


def _code(code: str, reason: Reason, verdict: Verdict) -> CodeRow:
    return CodeRow(code, "message", reason, verdict, description=code, source="Tiny")


CODES = CodeTable(
    (
        _code("no-such-number", Reason.INVALID_RECIPIENT, Verdict.REJECTED),
        _code("slow-down", Reason.RATE_LIMITED, Verdict.NOT_SENT),
        _code("no-money", Reason.INSUFFICIENT_FUNDS, Verdict.ACCOUNT),
        _code("no-channel", Reason.CHANNEL_NOT_ENABLED, Verdict.ACCOUNT),
        _code("who-knows", Reason.PROVIDER_ERROR, Verdict.AMBIGUOUS),
    )
)

CAPABILITIES = Capabilities(
    channels={
        each: ChannelCapabilities(
            content=frozenset({"text"}), fields=frozenset({"sender", "ttl", "send_at"})
        )
        for each in (Channel.SMS, Channel.WHATSAPP)
    },
    default_channel=Channel.SMS,
    max_messages=100,
    max_upload_bytes=1000,
)


@attrs.frozen(kw_only=True)
class TinySettings:
    """The settings of a Tiny account."""

    key: Secret


class TinyAdapter(Adapter[TinySettings]):
    """The adapter for Tiny, a provider that does not exist."""

    provider = "tiny"
    settings = TinySettings
    base_url = "https://api.tiny.example"
    capabilities = CAPABILITIES
    codes = CODES
    statuses = StatusTable(())
    files: ClassVar[str] = ""

    def authorization(self) -> Mapping[str, str]:
        """Send the key."""
        return {"Authorization": f"Tiny {self.account.settings.key.reveal()}"}

    def group(self, message: Message) -> Channel | None:
        """Group messages by channel."""
        return self.channel_of(message)

    def send(self, messages: Sequence[Message], context: Context) -> Flow[Sequence[Outcome | None]]:
        """Send a batch."""
        response = yield self.sending(messages, context)
        return self.outcomes(messages, response)

    def sending(self, messages: Sequence[Message], context: Context) -> Request:
        """Build the request for a batch."""
        batch = [
            {
                "ref": each.reference,
                "to": each.to,
                "text": each.content.text,  # type: ignore[union-attr]  # `check` allows only texts
                "ttl": context.ttl(each),
            }
            for each in messages
        ]
        return self.post("/send", {"messages": batch}, Effect.SENDS)

    def outcomes(self, messages: Sequence[Message], response: Response) -> list[Outcome | None]:
        """Decode the results, in any order."""
        document = response.json()
        results = document.get("results", ()) if isinstance(document, dict) else ()
        found = {each["ref"]: each for each in results}
        return [
            self.outcome(each.reference, found.get(each.reference), response) for each in messages
        ]

    def outcome(
        self, reference: str, result: dict[str, Any] | None, response: Response
    ) -> Outcome | None:
        """Decode one result."""
        if result is None:
            return None
        name = self.account.name
        if "id" in result:
            return Accepted(reference=reference, account=name, provider_id=result["id"])
        row = self.table.get(result["error"], "message")
        if row is None:
            return None
        failure = attrs.evolve(row.failure(response=response), retry_after=result.get("after"))
        return row.outcome(reference, name, failure)

    def cancel(self, provider_id: str, context: Context) -> Flow[Answered[bool]]:
        """Cancel a message."""
        response = yield self.post(
            f"/messages/{quote_segment(provider_id)}/cancel", {}, Effect.ONCE
        )
        return response.json()["stopped"] if response.status == 200 else None

    def balance(self, context: Context) -> Flow[Answered[Balance]]:
        """Look up the balance."""
        response = yield Request("GET", "/balance", authenticated=True)
        document = response.json()
        if response.status != 200 or not isinstance(document, dict):
            return None
        if "error" in document:
            row = self.table.get(document["error"], "message")
            return None if row is None else row.failure(response=response)
        return Balance(amount=Decimal(document["left"]), currency="EUR")

    def history(
        self, query: HistoryQuery, page: str | None, context: Context
    ) -> Flow[Answered[Page[PastMessage]]]:
        """List past messages."""
        query_ = () if page is None else (("page", page),)
        response = yield Request("GET", "/messages", query=query_, authenticated=True)
        document = response.json()
        if response.status != 200:
            return None
        return Page(
            tuple(
                PastMessage(
                    id=MessageId.of(self.account.name, each),
                    direction=None,
                    leg=LegStatus(timeline=Timeline()),
                )
                for each in document["items"]
            ),
            document.get("next"),
        )

    def upload(self, upload: Upload, source: Source, context: Context) -> Flow[Answered[Stored]]:
        """Ask for an address, then upload the file there as a form."""
        announced = {"size": source.size, "sha256": source.sha256}
        response = yield self.post("/files", announced, Effect.REPEATABLE)
        if response.status != 200:
            return None
        place = response.json()
        form = Multipart(
            fields=tuple(place["fields"].items()),
            file_field="file",
            file_name=upload.file_name,
            content_type=upload.content_type,
            source=source,
        )
        response = yield Request("POST", place["url"], form, effect=Effect.REPEATABLE)
        return Stored(account=self.account.name, id=place["id"]) if response.status == 204 else None

    def download(self, stored: Stored, context: Context) -> Flow[Answered[bool]]:
        """Follow the redirect to a file, without the credentials."""
        response = yield Request(
            "GET", f"/files/{stored.id}", authenticated=True, answer=Answer.SINK
        )
        place = response.header("location")
        if place is not None:
            response = yield Request("GET", place, answer=Answer.SINK)
        if response.status == 410:
            return False
        return True if response.status == 200 else None

    def mark_read(
        self, provider_ids: Sequence[str], context: Context
    ) -> Flow[Sequence[Outcome | None]]:
        """Mark messages as read."""
        response = yield self.post("/read", {"ids": list(provider_ids)}, Effect.REPEATABLE)
        document = response.json()
        results = document.get("results", ()) if isinstance(document, dict) else ()
        found = {each["ref"]: each for each in results}
        return [self.outcome(each, found.get(each), response) for each in provider_ids]

    def post(self, url: str, body: dict[str, Any], effect: Effect) -> Request:
        """Build a request with a body."""
        return Request(
            "POST",
            url,
            orjson.dumps(body),
            effect=effect,
            content_type="application/json",
            authenticated=True,
        )


class Choosy(TinyAdapter):
    """Tiny with a code for recipients who have opted out."""

    codes = CodeTable(
        (*CODES, _code("opted-out", Reason.OPTED_OUT, Verdict.REJECTED)),
    )


class Listing(TinyAdapter):
    """Tiny that can look up a message by its reference."""

    def find(
        self, message: Message, since: datetime, context: Context
    ) -> Flow[Answered[Accepted | Absent]]:
        """Look up a message by its reference."""
        asked = (("ref", message.reference), ("since", since.isoformat()))
        response = yield Request("GET", "/find", query=asked, authenticated=True)
        if response.status != 200:
            return None
        document = response.json()
        if not document["there"]:
            return Absent()
        reference = document.get("ref", message.reference)
        return Accepted(reference=reference, account=context.account, provider_id="listed")


def tiny(
    base_url: str = "http://127.0.0.1:9",
    *,
    kind: type[TinyAdapter] = TinyAdapter,
    name: str = "main",
    **limits: Any,
) -> TinyAdapter:
    """Build a Tiny account; `limits` change its capabilities."""
    if limits:
        changed = attrs.evolve(kind.capabilities, **limits)
        kind = type(kind.__name__, (kind,), {"capabilities": changed})
    return kind(Account(name=name, settings=TinySettings(key=Secret(KEY)), base_url=base_url))


def texts(count: int, *, start: int = 0, **fields: Any) -> list[Message]:
    """Build texts to different recipients, with references `r0`, `r1`, ..."""
    return [
        Message(f"+37255{number:06d}", TEXT, reference=f"r{number}", **fields)
        for number in range(start, start + count)
    ]


def references(request: Request) -> list[str]:
    """Return the references of a batch."""
    assert isinstance(request.body, bytes)
    return [each["ref"] for each in orjson.loads(request.body)["messages"]]


def results(said: Mapping[str, str]) -> Response:
    """Build the answer to a batch: "ok" or an error for each reference."""
    return Response(
        200, orjson.dumps({"results": [result(ref, word) for ref, word in said.items()]})
    )


def result(reference: str, word: str) -> dict[str, str]:
    """Build one result."""
    return {"ref": reference, **({"id": f"id-{reference}"} if word == "ok" else {"error": word})}


def accepted(request: Request) -> Response:
    """Accept every message of the batch."""
    return results(dict.fromkeys(references(request), "ok"))


Reply: TypeAlias = Callable[[Request], Response | Awaitable[Response]]


class ManualClock:
    """A clock that a test moves; the time of day stands still."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        """Return the seconds that the test set."""
        return self.now

    def utc_now(self) -> datetime:
        """Return a time of day that is always the same."""
        return datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)


def account_engine(
    adapter: Adapter[Any],
    transport: Transport,
    *,
    journal: Journal | None = None,
    policy: Policy | None = None,
    on_retry: Callable[[RetryEvent], None] | None = None,
    observers: Iterable[Observer] = (),
    clock: Clock | None = None,
) -> AccountEngine:
    """Build an account over a transport; by default a retry does not wait."""
    log = LogObserver(lambda _: adapter.provider, on_retry)
    return AccountEngine(
        adapter,
        lambda: transport,
        policy=policy or Policy(retry=RetryPolicy(base=0)),
        journal=journal,
        observers=Observers((log, *observers)),
        clock=clock,
    )


async def close(engine: AccountEngine, deadline: float = 0.0) -> None:
    """Close an account, by default without waiting."""
    await engine.aclose(seconds(deadline))


def seconds(count: float) -> Deadline:
    """Build a deadline on the system's clock."""
    return Deadline.after(count, time.monotonic)


async def send_batch(
    engine: AccountEngine, messages: Sequence[Message], deadline: float = 10.0
) -> list[Outcome]:
    """Submit messages at once, so that they share a request; wait for all outcomes."""
    try:
        return await asyncio.gather(*[engine.submit(each, deadline) for each in messages])
    finally:
        await close(engine)


class FakeTransport:
    """A transport in memory that answers requests with a function.

    Args:
        reply: Answers a request, at once or later; it may raise a `TransportFault`.
        writes: Whether a request counts as written before its answer.

    Attributes:
        writes: Whether a request counts as written before its answer.
        requests: The requests, in order.
        most: The highest number of requests in flight at once.
    """

    def __init__(self, reply: Reply = accepted, *, writes: bool = True) -> None:
        self.reply = reply
        self.writes = writes
        self.under_way = 0
        self._news = asyncio.Event()
        self.requests: list[Request] = []
        self.most = 0

    async def asked(self, count: int = 1) -> None:
        """Wait until this many requests have come."""
        while len(self.requests) < count:
            self._news.clear()
            await self._news.wait()

    async def exchange(
        self, request: Request, *, within: float, mark: WriteMark, sink: Sink | None = None
    ) -> Response:
        """Answer the request."""
        self.requests.append(request)
        self._news.set()
        mark.written = self.writes
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            given = self.reply(request)
            return given if isinstance(given, Response) else await given
        finally:
            self.under_way -= 1

    async def aclose(self) -> None:
        """Do nothing."""
