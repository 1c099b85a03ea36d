"""The adapter for Toy."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import attrs
from support.toy.base import as_list, as_object
from support.toy.callbacks import ToyCallbacks

from omnimsg.adapter import (
    Absent,
    Answer,
    Effect,
    Request,
    Verdict,
    deep_merge,
    outcome_of,
)
from omnimsg.domain.failure import Failure
from omnimsg.domain.history import Balance
from omnimsg.domain.media import MediaInfo, Stored
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.outcome import Accepted
from omnimsg.domain.reason import Reason, Retry
from omnimsg.domain.serialization import to_json
from omnimsg.domain.status import LegStatus, MessageStatus, Timeline

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from omnimsg.adapter import Context, Flow, Response, Source
    from omnimsg.adapter.interface import Answered
    from omnimsg.domain.media import Upload
    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome


class ToyAdapter(ToyCallbacks):
    """The adapter for Toy; it has every operation."""

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
            self.outcome(each.reference, self.result_of(each, results), response)
            for each in messages
        ]

    def result_of(self, message: Message, results: dict[str, dict[str, Any]]) -> dict[str, Any]:
        """Return the result of a message; an empty one if there is none or its `to` differs."""
        result = results.get(message.reference, {})
        return result if result.get("to") in (None, to_json(message.to)) else {}

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
        """Decode a fault; an unknown code rejects a message only in a result of a 200."""
        code, text = fault.get("code"), fault.get("text")
        detail = text if isinstance(text, str) else ""
        if not isinstance(code, str):
            return None
        row = self.table.get(code, level)
        if row is not None:
            failure = row.failure(detail=detail, response=response, raw=fault)
            return row.outcome(reference, self.account.name, failure)
        if level != "message" or response.status != 200:
            return None
        failure = Failure(
            reason=Reason.UNKNOWN,
            retry=Retry.NEVER,
            detail=detail,
            code=code,
            unknown_code=code,
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
        why = document.get("why")
        evidence = self.statuses.evidence(state, code=why if isinstance(why, str) else None)
        row = self.table.get(why, "report") if evidence.status.failed else None
        if row is not None:
            evidence = attrs.evolve(evidence, reason=row.reason, fault=row.fault)
        timeline = Timeline.of(evidence, context.now)
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
        if response.status != 200:
            return None
        return stopped if isinstance(stopped, bool) else None

    def upload(self, upload: Upload, source: Source, context: Context) -> Flow[Answered[Stored]]:
        """Announce a file, then upload it to the address in Toy's answer."""
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
        """Look up the balance."""
        response = yield self.request("/balance")
        document = as_object(response.json())
        try:
            amount = Decimal(document["left"])
        except (InvalidOperation, KeyError, TypeError, ValueError):
            return None
        return Balance(amount=amount, currency="EUR", raw=document)

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
