"""Bird's adapter: settings, credentials and the flows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import attrs
import orjson

from omnimsg.adapter import Adapter, Context, Effect, Request, refused
from omnimsg.domain import validate
from omnimsg.domain.channel import Channel
from omnimsg.domain.content import Text
from omnimsg.domain.errors import InvalidValue, Problem
from omnimsg.domain.frozen import freeze
from omnimsg.domain.privacy import Secret
from omnimsg.domain.reason import Reason, Retry
from omnimsg_bird import rules
from omnimsg_bird.capabilities import CAPABILITIES
from omnimsg_bird.codes import CODES, STATUSES
from omnimsg_bird.wire import decode, encode

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from omnimsg.adapter import Account, Answered, Flow
    from omnimsg.domain.failure import Failure
    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome
    from omnimsg.domain.status import MessageStatus


def _channels(owner: object, field: attrs.Attribute[Any], value: object) -> None:
    """Refuse a channel that the adapter does not have, which a slip of the pen is too."""
    if not isinstance(value, Mapping) or not value:
        raise validate.refuse(owner, field.name, "must map at least one channel to its id")
    for name, channel_id in value.items():
        if name not in CAPABILITIES.channels:
            known = ", ".join(CAPABILITIES.channels)
            raise validate.refuse(owner, f"{field.name}.{name}", f"must be one of {known}")
        # A slash would split the ids of its messages in the wrong place.
        if not isinstance(channel_id, str) or not channel_id or "/" in channel_id:
            raise validate.refuse(owner, f"{field.name}.{name}", "must be the channel's id")


@attrs.frozen(kw_only=True)
class BirdSettings:
    """The keys of a Bird account.

    Attributes:
        access_key: The access key's token.
        workspace_id: The workspace, a UUID.
        channels: The id (a UUID) of the workspace's channel for each of ours that the account
            uses: `channels = {sms = "...", whatsapp = "...", email = "..."}`.
    """

    access_key: Secret = attrs.field(validator=validate.a(Secret))
    workspace_id: str = attrs.field(validator=validate.text())
    channels: Mapping[str, str] = attrs.field(converter=freeze, validator=_channels)


class BirdAdapter(Adapter[BirdSettings]):
    """Bird's Channels API.

    * One request is one message on one channel; Bird's channel has its own sender. Only an e-mail
      may name one, so the account's `sender` is for e-mails only.
    * A message's id holds the channel's id too, because Bird finds a message by both.
    * Bird makes tags lower case by itself, and may send at once what is scheduled less than ten
      minutes ahead; more than 35 days ahead is refused.
    """

    provider = "bird"
    settings = BirdSettings
    base_url = "https://api.bird.com"
    capabilities = CAPABILITIES
    codes = CODES
    statuses = STATUSES
    protected = frozenset({"receiver", "reference"})

    def __init__(self, account: Account[BirdSettings]) -> None:
        super().__init__(account)
        self._names = {id_: Channel(name) for name, id_ in account.settings.channels.items()}

    def authorization(self) -> Mapping[str, str]:
        """Return the access key."""
        return {"Authorization": f"AccessKey {self.account.settings.access_key.reveal()}"}

    def check(self, message: Message) -> Failure | None:
        """Add the account's channels and what `rules` says to what the capabilities deny."""
        channel = self.channel_of(message)
        failure = super().check(message)
        if failure is not None or channel is None:
            return failure
        if channel not in self.account.settings.channels:
            return attrs.evolve(
                refused(
                    Reason.CHANNEL_NOT_ENABLED,
                    "channel",
                    f"is {channel.value}, for which account {self.account.name!r} has no channel"
                    f" id; set {channel.value!r} in its `channels`",
                ),
                retry=Retry.AFTER_FIX,
            )
        failure = rules.check_tags(message.tags) or rules.check_said(
            message.content, channel, self.template_of
        )
        if failure is not None or _is_plain(message):
            return failure
        return self._check_json(message)

    def group(self, message: Message) -> Hashable:
        """Tell channels apart: each has an address of its own."""
        return self.channel_of(message)

    def send(self, messages: Sequence[Message], context: Context) -> Flow[Sequence[Outcome | None]]:
        """Send one message."""
        (message,) = messages
        channel_id = self.account.settings.channels[self.channel_of(message) or ""]
        response = yield Request(
            "POST",
            self._messages(channel_id),
            orjson.dumps(encode.request(message, self, context)),
            effect=Effect.SENDS,
            content_type="application/json",
            authenticated=True,
            success=frozenset({202}),
        )
        return [decode.sent(message, channel_id, response, self, context)]

    def status(self, provider_id: str, context: Context) -> Flow[Answered[MessageStatus]]:
        """Ask where a message is.

        Raises:
            InvalidValue: The id does not hold the channel's id and the message's.
        """
        channel_id, slash, message_id = provider_id.partition("/")
        if not (channel_id and slash and message_id):
            raise InvalidValue(
                Problem("id", "must hold the channel's id and the message's: 'channel/message'")
            )
        return self._status(provider_id, channel_id, message_id, context)

    def _status(
        self, provider_id: str, channel_id: str, message_id: str, context: Context
    ) -> Flow[Answered[MessageStatus]]:
        path = f"{self._messages(channel_id)}/{quote(message_id, safe='')}"
        response = yield Request("GET", path, authenticated=True)
        channel = self._names.get(channel_id)
        return decode.status(provider_id, channel, response, self, context)

    def _messages(self, channel_id: str) -> str:
        workspace = quote(self.account.settings.workspace_id, safe="")
        return f"/workspaces/{workspace}/channels/{quote(channel_id, safe='')}/messages"

    def _check_json(self, message: Message) -> Failure | None:
        """Refuse what has no JSON form, such as half a surrogate pair; in a flow it would raise."""
        for path, each in (
            ("content", attrs.evolve(message, extras={})),
            (f"extras.{self.provider}", message),
        ):
            try:
                orjson.dumps(encode.request(each, self, _context(self)))
            except orjson.JSONEncodeError:
                return refused(
                    Reason.INVALID_MESSAGE, path, "holds something that JSON in UTF-8 cannot"
                )
        return None


def _is_plain(message: Message) -> bool:
    """Whether nothing in a message can fail to become JSON, as in most; saves writing it twice."""
    content = message.content
    return (
        isinstance(content, Text)
        and content.text.isascii()
        and message.reference.isascii()
        and not (message.sender or message.tags or message.callback_url or message.extras)
        and not message.fallback
    )


def _context(adapter: Adapter[Any]) -> Context:
    """Build some moment, for a document that is not sent."""
    return Context(account=adapter.account.name, now=datetime(2000, 1, 1, tzinfo=UTC))
