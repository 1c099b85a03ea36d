"""The adapter of `FakeProvider`, which accepts everything and uses omnimsg's own JSON form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final, get_args

import attrs

from omnimsg.adapter import (
    Account,
    Adapter,
    Capabilities,
    ChannelCapabilities,
    CodeRow,
    CodeTable,
    Effect,
    MediaLimit,
    Request,
    StatusRow,
    StatusTable,
    Verdict,
    deep_merge,
    quote_segment,
)
from omnimsg.domain.channel import Channel
from omnimsg.domain.content import Action, Content
from omnimsg.domain.media import MediaKind
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.outcome import Accepted
from omnimsg.domain.reason import Reason
from omnimsg.domain.secret import Secret
from omnimsg.domain.serialization import message_to_json
from omnimsg.domain.status import LegStatus, MessageStatus, Status, Timeline
from omnimsg.json_codec import dumps

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from omnimsg.adapter import Context, Flow, Response
    from omnimsg.adapter.interface import Answered
    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome

_SOURCE: Final = "omnimsg.testing"

_EVERYTHING: Final = ChannelCapabilities(
    content=frozenset(each.kind for each in get_args(Content)),
    recipients=frozenset({"phone", "email", "contact"}),
    # Secrets have no JSON form, so `encryption` is left out.
    fields=frozenset({"sender", "send_at", "ttl", "tags", "callback_url", "reply_to", "fallback"}),
    media={kind: MediaLimit() for kind in MediaKind},
    sources=frozenset({"inline", "link", "stored"}),
    actions=frozenset(each.kind for each in get_args(Action)),
)


def _verdict(reason: Reason) -> Verdict:
    if reason.is_outage or reason.is_limit:
        return Verdict.NOT_SENT
    return Verdict.ACCOUNT if reason.is_account or reason.is_funds else Verdict.REJECTED


CODES: Final = CodeTable(
    CodeRow(
        reason.value,
        "message",
        reason,
        _verdict(reason),
        description=f"a test has the provider refuse: {reason.value}",
        source=_SOURCE,
    )
    for reason in Reason
)

# The reasons of failed statuses; a test sets only the status.
_FAILURES: Final = {
    Status.CANCELLED: Reason.CANCELLED,
    Status.REJECTED: Reason.UNROUTABLE,
    Status.EXPIRED: Reason.EXPIRED,
    Status.FAILED: Reason.RECIPIENT_UNREACHABLE,
}

STATUSES: Final = StatusTable(
    StatusRow(
        status.value,
        status,
        description=f"the message is {status.value}",
        source=_SOURCE,
        reason=_FAILURES.get(status),
    )
    for status in Status
    if status is not Status.UNKNOWN
)


@attrs.frozen(kw_only=True)
class FakeSettings:
    """The settings of an account of `FakeProvider`.

    Attributes:
        key: Sent with every request.
    """

    key: Secret = attrs.field(factory=lambda: Secret("fake-key"))


class FakeAdapter(Adapter[FakeSettings]):
    """An account of a provider that accepts every content on every channel.

    It does not have the restrictions of real providers: use the sandbox for these.
    """

    provider = "fake"
    settings = FakeSettings
    base_url = "https://fake.invalid"
    capabilities: Capabilities = Capabilities(
        channels=dict.fromkeys(Channel, _EVERYTHING),
        default_channel=Channel.SMS,
        max_messages=100,
        carries_reference=True,
    )
    codes = CODES
    statuses = STATUSES
    protected: ClassVar[frozenset[str]] = frozenset({"to", "reference", "message"})

    @classmethod
    def of(cls, name: str = "fake") -> FakeAdapter:
        """Return an adapter for an account with this name."""
        return cls(Account(name=name, settings=FakeSettings(), base_url=cls.base_url))

    def authorization(self) -> Mapping[str, str]:
        """Return the header with the key."""
        return {"Authorization": f"Fake {self.account.settings.key.reveal()}"}

    def send(self, messages: Sequence[Message], context: Context) -> Flow[Sequence[Outcome | None]]:
        """Send messages, and match their results by reference."""
        response = yield Request(
            "POST",
            "/messages",
            dumps({"messages": [self._entry(each, context) for each in messages]}),
            effect=Effect.SENDS,
            content_type="application/json",
            authenticated=True,
        )
        results = _results(response)
        return [self._outcome(each, results.get(each.reference), response) for each in messages]

    def status(self, provider_id: str, context: Context) -> Flow[Answered[MessageStatus]]:
        """Look up the status of a message."""
        path = f"/messages/{quote_segment(provider_id)}"
        response = yield Request("GET", path, authenticated=True)
        asked = MessageId.of(self.account.name, provider_id)
        document = _as_object(response.json())
        if response.status == 404:
            return MessageStatus.not_found(asked, context.now, raw=document)
        if response.status != 200 or not isinstance(document.get("status"), str):
            return None
        evidence = self.statuses.evidence(document["status"])
        leg = LegStatus(timeline=Timeline.of(evidence, context.now), provider_id=provider_id)
        return MessageStatus(id=asked, legs=(leg,), raw=document)

    def _entry(self, message: Message, context: Context) -> dict[str, Any]:
        whole = message_to_json(message)
        entry = {
            "to": whole["to"],
            "reference": message.reference,
            "channel": self.channel_of(message),
            "sender": message.sender or self.sender_of(self.channel_of(message)),
            "ttl": context.ttl(message),
            "message": whole,
        }
        return deep_merge(deep_merge(entry, self.account.extras), self.extras_of(message))

    def _outcome(
        self, message: Message, result: dict[str, Any] | None, response: Response
    ) -> Outcome | None:
        result = result or {}
        reference, name = message.reference, self.account.name
        row = self.table.get(result.get("code"), "message")
        if row is not None:
            failure = row.failure(response=response, raw=result)
            after = result.get("retry_after")
            if isinstance(after, int | float):
                failure = attrs.evolve(failure, retry_after=after)
            return row.outcome(reference, name, failure)
        provider_id = result.get("id")
        if isinstance(provider_id, str) and provider_id:
            return Accepted(reference=reference, account=name, provider_id=provider_id, raw=result)
        return None


def _results(response: Response) -> dict[str, dict[str, Any]]:
    results = _as_object(response.json()).get("results")
    entries = map(_as_object, results if isinstance(results, list) else ())
    return {each["reference"]: each for each in entries if isinstance(each.get("reference"), str)}


def _as_object(value: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON data
    return value if isinstance(value, dict) else {}
