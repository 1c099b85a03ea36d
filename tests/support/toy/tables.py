"""Toy's capabilities, codes and statuses."""

from __future__ import annotations

from omnimsg.adapter import (
    Capabilities,
    ChannelCapabilities,
    CodeRow,
    CodeTable,
    MediaLimit,
    StatusRow,
    StatusTable,
    Verdict,
)
from omnimsg.domain.channel import Channel
from omnimsg.domain.media import MediaKind
from omnimsg.domain.reason import Reason
from omnimsg.domain.status import Status

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
        _code("off", "report", Reason.RECIPIENT_UNREACHABLE, Verdict.REJECTED, "the phone is off"),
        _code("barred", "report", Reason.OPERATOR_BLOCKED, Verdict.REJECTED, "barred"),
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
        StatusRow(
            "lost",
            Status.FAILED,
            description="it failed; `why` has the code",
            source=DOCS,
            number=5,
            reason=Reason.UNKNOWN,
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
