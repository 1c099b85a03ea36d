"""Build the JSON data about phones and their messages for the inbox page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import attrs

from omnimsg.sandbox import sms_parts
from omnimsg.sandbox.blocks import (
    ButtonBlock,
    ContactBlock,
    FileBlock,
    HtmlBlock,
    PlaceBlock,
    TemplateBlock,
    TextBlock,
    blocks_json,
)
from omnimsg.sandbox.codes_and_links import find_codes, find_links
from omnimsg.sandbox.display import SETTLED, Moment
from omnimsg.sandbox.inbox.exchanges import Refusal
from omnimsg.sandbox.inbox.outcomes import possible_outcomes
from omnimsg.sandbox.message_records import MessageRecord, message_id_of, utc_timestamp

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from omnimsg.sandbox.blocks import Block
    from omnimsg.sandbox.callbacks.callbacks import Callbacks
    from omnimsg.sandbox.emulator import Emulator
    from omnimsg.sandbox.handsets import Handsets
    from omnimsg.sandbox.inbox.exchanges import Exchanges
    from omnimsg.sandbox.inbox.phones import News, Phone, PhoneSent
    from omnimsg.sandbox.state import SandboxState

    _Calls = Mapping[str, Mapping[str, list[dict[str, Any]]]]

_PREVIEW: Final = 160
# How many codes, and how many links, are shown of one message.
_MAX_FOUND: Final = 10


class Conversations:
    """Builds the JSON data of the phones' conversations.

    Args:
        state: Clock and handsets.
        emulators: The emulators by name.
        callbacks: The callbacks.
        exchanges: The requests.
        templates: The wordings of templates by name; may change later.
    """

    def __init__(
        self,
        state: SandboxState,
        *,
        emulators: Mapping[str, Emulator],
        callbacks: Callbacks,
        exchanges: Exchanges,
        templates: Mapping[str, str],
    ) -> None:
        self._state = state
        self._emulators = emulators
        self._callbacks = callbacks
        self._exchanges = exchanges
        self._templates = templates

    @property
    def _handsets(self) -> Handsets:
        return self._state.handsets

    def matches(self, phone: Phone, wanted: str) -> bool:
        """Return whether a phone's number, or a text of its conversation, contains a string."""
        if wanted in phone.number.lower():
            return True
        texts = (
            *(record.text for record in self._handsets.accepted(phone.number)),
            *(refusal.text for refusal in phone.refusals),
            *(_reply_text(each) for each in phone.sent),
        )
        return any(wanted in text.lower() for text in texts)

    def summary(self, phone: Phone) -> dict[str, Any]:
        """Return the data of a phone for the list of phones."""
        return {
            "number": phone.number,
            "total": phone.total,
            "refused": phone.refused,
            "routes": [{"provider": name, "channel": channel} for name, channel in phone.routes],
            "last": self._preview(phone.last),
        }

    def entries(self, phone: Phone, limit: int) -> tuple[int, list[dict[str, Any]]]:
        """Return the number of entries of a conversation, and the latest ones, oldest first."""
        news: list[tuple[float, News]] = [
            *((record.created, record) for record in self._handsets.accepted(phone.number)),
            *((refusal.at, refusal) for refusal in phone.refusals),
            *((sent.at, sent) for sent in phone.sent),
        ]
        news.sort(key=lambda pair: pair[0])
        calls = {name: self._callbacks.latest_of(name) for name in self._emulators}
        exchanges = self._exchanges.by_message()
        return len(news), [self._entry(each, calls, exchanges) for _, each in news[-limit:]]

    def windows(self, phone: Phone) -> dict[str, bool]:
        """Return whether WhatsApp's service window is open, for each provider used on WhatsApp."""
        names = {name for name, channel in phone.routes if channel == "whatsapp"}
        return {
            name: self._emulators[name].windows.is_open(phone.number)
            for name in sorted(names & self._emulators.keys())
        }

    def blocks(self, record: MessageRecord) -> Sequence[Block]:
        """Return the content of a message as its phone shows it."""
        return self._emulators[record.provider].display.blocks(record, self._templates)

    def mail(self, provider: str, message_id: str) -> str | None:
        """Return the HTML of an e-mail, None if there is none."""
        emulator = self._emulators.get(provider)
        record = None if emulator is None else emulator.messages.get(message_id)
        if record is None:
            return None
        found = (each.html for each in self.blocks(record) if isinstance(each, HtmlBlock))
        return next(found, None)

    def _preview(self, news: News) -> dict[str, Any]:
        if isinstance(news, MessageRecord):
            text = " · ".join(_block_texts(self.blocks(news))) or news.text
            return _preview_json(
                "out", text, at=news.created, stage=self._current_moment(news).stage
            )
        if isinstance(news, Refusal):
            return _preview_json("refused", news.text or news.reason, at=news.at, stage="refused")
        return _preview_json("in", _reply_text(news), at=news.at, stage=None)

    def _current_moment(self, record: MessageRecord) -> Moment:
        now = self._state.clock()
        moments = self._emulators[record.provider].display.moments(record)
        return next((each for each in reversed(moments) if each.at <= now), moments[0])

    def _entry(
        self, news: News, calls: _Calls, exchanges: Mapping[tuple[str, str], int]
    ) -> dict[str, Any]:
        if isinstance(news, MessageRecord):
            attempts = calls[news.provider].get(news.id, [])
            return self._message(news, attempts, exchanges.get((news.provider, news.id)))
        if isinstance(news, Refusal):
            return _refused(news)
        of_provider = calls.get(news.sent.provider or "", {})
        return _reply(news, of_provider.get(news.sent.id or "", []))

    def _message(
        self, record: MessageRecord, calls: list[dict[str, Any]], exchange: int | None
    ) -> dict[str, Any]:
        display = self._emulators[record.provider].display
        now, moments = self._state.clock(), display.moments(record)
        arrived, stage = record.delivered_at(), self._current_moment(record).stage
        blocks = self.blocks(record)
        text = "\n".join([record.text, *(each for each in map(_hidden_text, blocks) if each)])
        return {
            "direction": "out",
            "provider": record.provider,
            "channel": record.channel,
            "kind": record.kind,
            "id": record.id,
            "message_id": message_id_of(record),
            "reference": record.reference,
            "sender": record.sender,
            "at": utc_timestamp(record.created),
            "arrived": None if arrived is None or arrived > now else utc_timestamp(arrived),
            "stage": stage,
            "is_settled": stage in SETTLED,
            "life": [_moment(each, now) for each in moments],
            "blocks": blocks_json(blocks),
            "sms": _sms(record),
            "codes": find_codes(text)[:_MAX_FOUND],
            "links": find_links(text)[:_MAX_FOUND],
            "outcomes": possible_outcomes(record, stage, display, self._callbacks),
            "callbacks": calls,
            "exchange": exchange,
            "content": record.content,
        }


def _preview_json(direction: str, text: str, *, at: float, stage: str | None) -> dict[str, Any]:
    return {
        "direction": direction,
        "text": text[:_PREVIEW],
        "at": utc_timestamp(at),
        "stage": stage,
    }


def _reply_text(news: PhoneSent) -> str:
    """Describe in one line what a phone has sent."""
    reply = news.reply
    if reply.button is not None:
        return reply.button.label or "a tap"
    if reply.interaction is not None:
        return f"[{reply.interaction.kind}]"
    if reply.location is not None:
        return f"[location] {reply.location.name or ''}".strip()
    if reply.media is not None:
        return reply.text or f"[{reply.media.content_type}]"
    return reply.text or "[window opened]"


def _reply(news: PhoneSent, calls: list[dict[str, Any]]) -> dict[str, Any]:
    reply, sent = news.reply, news.sent
    media = reply.media
    return {
        "direction": "in",
        "provider": sent.provider,
        "channel": sent.channel,
        "kind": sent.kind or "window",
        "id": f"sent-{news.number}",
        "at": utc_timestamp(news.at),
        "text": reply.text,
        "media": media
        and {
            "content_type": media.content_type,
            "name": media.file_name,
            "url": media.url,
            "media": news.file,
        },
        "location": reply.location and attrs.asdict(reply.location),
        "button": reply.button and attrs.asdict(reply.button),
        "interaction": reply.interaction and attrs.asdict(reply.interaction),
        "answers": None if reply.answers is None else reply.answers.id,
        "callback": sent.callback,
        "sent_to": sent.sent_to,
        "callbacks": calls,
    }


def _refused(refusal: Refusal) -> dict[str, Any]:
    return {
        "direction": "refused",
        "provider": refusal.provider,
        "channel": refusal.channel,
        "id": f"refusal-{refusal.exchange}-{refusal.position}",
        "at": utc_timestamp(refusal.at),
        "text": refusal.text,
        "code": refusal.code,
        "reason": refusal.reason,
        "why": refusal.why,
        "exchange": refusal.exchange,
    }


def _moment(moment: Moment, now: float) -> dict[str, Any]:
    return {
        "stage": moment.stage,
        "status": moment.status,
        "at": utc_timestamp(moment.at),
        "detail": moment.detail,
        "is_planned": moment.at > now,
    }


def _sms(record: MessageRecord) -> dict[str, Any] | None:
    if record.channel != "sms" or record.kind not in {"text", "template"}:
        return None
    return attrs.asdict(sms_parts.encode(record.text))


def _block_texts(blocks: Sequence[Block]) -> Iterator[str]:
    """Yield the texts of blocks; for a block without a text its name."""
    for block in blocks:
        if isinstance(block, TextBlock | TemplateBlock):
            name = f"[{block.name}]" if isinstance(block, TemplateBlock) else None
            yield from filter(None, [block.text or name])
        elif isinstance(block, PlaceBlock | ContactBlock):
            yield block.name or f"[{block.block}]"
        elif isinstance(block, HtmlBlock):
            yield from filter(None, [block.subject])
        elif isinstance(block, FileBlock) and len(blocks) == 1:
            yield f"[{block.kind}] {block.name or block.url or ''}".strip()


def _hidden_text(block: Block) -> str | None:
    """Return the text of a block, beyond the record's text, that may contain a code or a link."""
    if isinstance(block, ButtonBlock):
        return block.value if block.action in {"link", "copy"} else None
    return block.text if isinstance(block, TemplateBlock) else None
