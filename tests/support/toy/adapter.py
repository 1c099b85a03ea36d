"""The adapter for Toy."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import attrs
import orjson
from support.toy.tables import CAPABILITIES, CODES, STATUSES

from omnimsg.adapter import (
    Absent,
    Adapter,
    Answer,
    Effect,
    Request,
    Verdict,
    deep_merge,
    outcome_of,
)
from omnimsg.domain.failure import Failure
from omnimsg.domain.history import (
    Balance,
    HistoryQuery,
    Interaction,
    InteractionKind,
    Page,
    PastMessage,
)
from omnimsg.domain.media import MediaInfo, Stored
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.outcome import Accepted
from omnimsg.domain.reason import Reason, Retry
from omnimsg.domain.secret import Secret
from omnimsg.domain.serialization import to_json
from omnimsg.domain.status import LegStatus, MessageStatus, Timeline

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from omnimsg.adapter import Context, Flow, Response, Source
    from omnimsg.adapter.interface import Answered
    from omnimsg.domain.media import Upload
    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome


@attrs.frozen(kw_only=True)
class ToySettings:
    """The settings of a Toy account."""

    key: Secret


class ToyAdapter(Adapter[ToySettings]):
    """The adapter for Toy; it has every operation."""

    provider = "toy"
    settings = ToySettings
    base_url = "https://api.toy.example"
    capabilities = CAPABILITIES
    codes = CODES
    statuses = STATUSES
    protected = frozenset({"key", "to"})

    def authorization(self) -> Mapping[str, str]:
        """Send the plain key."""
        return {"Authorization": f"Toy {self.account.settings.key.reveal()}"}

    def send(self, messages: Sequence[Message], context: Context) -> Flow[Sequence[Outcome | None]]:
        """Send texts and match their results by key."""
        body = {"texts": [self.encode(each, context) for each in messages]}
        response = yield self.request("/texts", body, Effect.SENDS)
        return self.outcomes(messages, response)

    def encode(self, message: Message, context: Context) -> dict[str, Any]:
        """Encode one message; Toy uses the model's own JSON form."""
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
        """Decode an answer: one fault for all messages, or a result for each key."""
        document = as_object(response.json())
        fault = as_object(document.get("fault"))
        if fault:
            return [self.failed(each.reference, fault, "request", response) for each in messages]
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
        """Decode the result of one message."""
        fault = as_object(result.get("fault"))
        if fault:
            return self.failed(reference, fault, "message", response)
        provider_id = result.get("id")
        if not isinstance(provider_id, str) or not provider_id:
            return None
        return Accepted(
            reference=reference, account=self.account.name, provider_id=provider_id, raw=result
        )

    def failed(
        self, reference: str, fault: dict[str, Any], level: str, response: Response
    ) -> Outcome | None:
        """Decode a fault with a known or an unknown code."""
        code, text = fault.get("code"), fault.get("text")
        detail = text if isinstance(text, str) else ""
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
        """Look up the state of a text."""
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
        """Look up a text by its key."""
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
        """Cancel a text."""
        url = f"/texts/{quote(provider_id, safe='')}/cancel"
        response = yield self.request(url, {}, Effect.ONCE)
        stopped = as_object(response.json()).get("stopped")
        return stopped if isinstance(stopped, bool) else None

    def upload(self, upload: Upload, source: Source, context: Context) -> Flow[Answered[Stored]]:
        """Announce a file, then upload it to the address that Toy answers."""
        announced = {
            "name": upload.file_name,
            "type": upload.content_type,
            "size": source.size,
            "only": upload.restricted_to,
        }
        response = yield self.request("/files", announced, Effect.REPEATABLE)
        document = as_object(response.json())
        file_id, url = document.get("file"), document.get("put")
        if not isinstance(file_id, str) or not isinstance(url, str):
            return None
        if not file_id or "\0" in file_id:
            return None
        if not url.startswith("https://"):
            return None
        response = yield Request(
            "PUT", url, source, effect=Effect.REPEATABLE, content_type=upload.content_type
        )
        return Stored(account=self.account.name, id=file_id) if response.status == 200 else None

    def download(self, stored: Stored, context: Context) -> Flow[Answered[bool]]:
        """Follow the redirect to a file, without the credentials."""
        response = yield self.request(f"/files/{quote(stored.id or '', safe='')}/data")
        url = response.header("location")
        if response.status != 302 or url is None or not url.startswith("https://"):
            return None
        response = yield Request("GET", url, answer=Answer.SINK)
        return True if response.status == 200 else None

    def media_info(self, stored: Stored, context: Context) -> Flow[Answered[MediaInfo]]:
        """Look up a file."""
        response = yield self.request(f"/files/{quote(stored.id or '', safe='')}")
        document = as_object(response.json())
        public = document.get("public")
        if not isinstance(public, bool):
            return None
        return MediaInfo(expires=None, broadcast_allowed=public, raw=document)

    def balance(self, context: Context) -> Flow[Answered[Balance]]:
        """Look up the money that is left."""
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
        found = yield from self.fetch_page("/texts", page)
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
        """List the taps on a text, a page at a time."""
        found = yield from self.fetch_page(f"/texts/{quote(provider_id, safe='')}/taps", page)
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

    def fetch_page(self, url: str, page: str | None) -> Flow[Page[dict[str, Any]] | None]:
        """Fetch a page of items; items without an id are left out."""
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
        """Mark texts as read."""
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
        """Build an authenticated request: a GET, or a POST with a JSON body."""
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
    """Return an object as it is, and anything else as an empty object."""
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    """Return a list as it is, and anything else as an empty list."""
    return value if isinstance(value, list) else []
