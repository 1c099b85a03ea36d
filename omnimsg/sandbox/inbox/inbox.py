"""`Inbox`: the parts behind the inbox page of one sandbox, and how they are updated."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final

import attrs

from omnimsg.sandbox.inbox.conversation import Conversations
from omnimsg.sandbox.inbox.exchanges import Exchanges, arrived_body
from omnimsg.sandbox.inbox.masking import with_short_texts
from omnimsg.sandbox.inbox.outcomes import OUTCOMES, decide
from omnimsg.sandbox.inbox.phones import Phones, PhoneSent
from omnimsg.sandbox.inbox.stream import Revisions, Streams
from omnimsg.sandbox.media_store import Media, MediaStore
from omnimsg.sandbox.request_error import RequestError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aiohttp import web

    from omnimsg.sandbox.callbacks.callbacks import Callbacks
    from omnimsg.sandbox.callbacks.phone_reply import PhoneReply
    from omnimsg.sandbox.emulator import Emulator
    from omnimsg.sandbox.fault_scripts import Faults
    from omnimsg.sandbox.inbox.exchanges import Exchange
    from omnimsg.sandbox.message_records import MessageRecord
    from omnimsg.sandbox.replies import Replies, SentReply
    from omnimsg.sandbox.state import SandboxState

MAX_TEMPLATES: Final = 1000
DEFAULT_TEMPLATES: Final = {"table_ready": "Hello {{1}}, your table is ready at {{2}}."}
"""The templates, with their wordings, that every sandbox has."""

OF_PHONES: Final = "phones"
"""In place of a provider's name, for the files that phones have sent."""


class Inbox:
    """Records the changes of a sandbox for its inbox page.

    Args:
        state: Clock, handsets and limits.
        emulators: The emulators by name.
        faults: The faults.
        callbacks: The callbacks.
        replies: The replies of phones.

    Attributes:
        emulators: The emulators by name.
        phones: The phones.
        exchanges: The requests.
        conversations: Builds the data that the page shows.
        templates: The wordings of templates by name, used by the page only.
        streams: The event streams of open pages.
        era: The number of resets.
    """

    def __init__(
        self,
        state: SandboxState,
        *,
        emulators: Mapping[str, Emulator],
        faults: Faults,
        callbacks: Callbacks,
        replies: Replies,
    ) -> None:
        self._state = state
        self.emulators = emulators
        self._faults = faults
        self._callbacks = callbacks
        self._files = MediaStore(state.limits.media_bytes)
        # A separate counter: using the sandbox's ids here would change the ids of messages.
        self._numbers = itertools.count(1)
        self.phones: Phones = Phones(state.clock, state.limits, state.handsets)
        self.exchanges: Exchanges = Exchanges(state.limits.requests)
        self.templates: dict[str, str] = dict(DEFAULT_TEMPLATES)
        self.conversations: Conversations = Conversations(
            state,
            emulators=emulators,
            callbacks=callbacks,
            exchanges=self.exchanges,
            templates=self.templates,
        )
        self.streams: Streams = Streams(self.phones, self._revisions)
        self.era: int = 0
        state.handsets.on_add = self._accept
        replies.on_send = self._note_sent

    async def end(
        self,
        exchange: Exchange,
        request: web.Request,
        response: web.StreamResponse,
        changed: Sequence[MessageRecord],
    ) -> None:
        """Record the answer to a request, and the messages that it has accepted or changed."""
        display = self.emulators[exchange.provider].display
        era = self.era
        body = await arrived_body(exchange, request)
        self.exchanges.end(exchange, request, body, response, records=changed, display=display)
        if era != self.era:
            return
        for record in changed:
            self.phones.change(record)
        for refusal in exchange.refusals:
            self.phones.add(refusal, refusal.to)

    def media(self, provider: str, media_id: str) -> Media | None:
        """Return a file of a message, None if it is unknown or evicted."""
        if provider == OF_PHONES:
            return self._files.get(media_id, 0)
        emulator = self.emulators.get(provider)
        return None if emulator is None else emulator.media.get(media_id, self._state.clock())

    def decide(self, provider: object, message_id: object, outcome: object) -> MessageRecord:
        """Set the outcome of a message now, and return the message.

        Raises:
            RequestError: There is no such message, or it cannot have this outcome.
        """
        emulator = self.emulators.get(provider) if isinstance(provider, str) else None
        if emulator is None:
            raise RequestError(f"provider: must be one of {', '.join(self.emulators)}")
        record = emulator.messages.get(message_id) if isinstance(message_id, str) else None
        if record is None:
            raise RequestError("id: the provider has no such message")
        if outcome not in OUTCOMES:
            raise RequestError(f"outcome: must be one of {', '.join(OUTCOMES)}")
        now = self._state.clock()
        decide(record, str(outcome), emulator=emulator, callbacks=self._callbacks, now=now)
        self.phones.change(record)
        return record

    def reset(self) -> None:
        """Remove everything; open pages reload all their data."""
        self.era += 1
        self.phones.clear()
        self.exchanges.clear()
        self._files.clear()
        self.templates.clear()
        self.templates.update(DEFAULT_TEMPLATES)

    def _accept(self, record: MessageRecord) -> None:
        self.phones.add(record, record.to)

    def _note_sent(self, reply: PhoneReply, sent: SentReply) -> None:
        number, file, media = next(self._numbers), None, reply.media
        if media is not None and media.data is not None:
            file = str(number)
            self._files.add(
                Media(
                    id=file,
                    data=media.data,
                    content_type=media.content_type,
                    name=media.file_name,
                )
            )
            # Only the store keeps the bytes, because its size is limited.
            reply = attrs.evolve(reply, media=attrs.evolve(media, data=None))
            sent = attrs.evolve(sent, callback=with_short_texts(sent.callback))
        news = PhoneSent(number=number, at=self._state.clock(), reply=reply, sent=sent, file=file)
        self.phones.add(news, reply.number)

    def _revisions(self) -> Revisions:
        return Revisions(
            era=self.era,
            phones=self.phones.revision,
            requests=self.exchanges.revision,
            faults=tuple((each["id"], each["fired"]) for each in self._faults.as_json()),
            callbacks=(*self._callbacks.addresses.items(), *self._callbacks.counts.items()),
        )
