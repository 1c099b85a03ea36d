"""Bird's adapter: a flow for each operation."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import attrs

from omnimsg.adapter import (
    Adapter,
    Answer,
    Context,
    Effect,
    Multipart,
    Request,
    quote_segment,
    refused,
)
from omnimsg.domain.channel import Channel
from omnimsg.domain.message_id import MessageId, split_batch_id
from omnimsg.domain.reason import Reason, Retry
from omnimsg.json_codec import dumps
from omnimsg_bird import hosts, rules
from omnimsg_bird.callbacks import parse, verify
from omnimsg_bird.capabilities import BATCHING, CAPABILITIES
from omnimsg_bird.codes import CODES
from omnimsg_bird.settings import BirdSettings
from omnimsg_bird.statuses import STATUSES, TERMS
from omnimsg_bird.wire import batch_message, decode, encode, files, find, listing, resource, status

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Mapping, Sequence
    from datetime import datetime

    from omnimsg.adapter import Absent, Account, Answered, Authenticity, Callback, Flow, Source
    from omnimsg.domain.events import Event
    from omnimsg.domain.failure import Failure
    from omnimsg.domain.history import HistoryQuery, Interaction, Page, PastMessage
    from omnimsg.domain.media import Stored, Upload
    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Accepted, Outcome
    from omnimsg.domain.status import MessageStatus

_JSON = "application/json"
_ACCEPTED_STATUSES = frozenset({202})
# For a file: all other answers are JSON.
_ANY_TYPE = {"Accept": "*/*"}


class BirdAdapter(Adapter[BirdSettings]):
    """Bird's Channels API.

    * Each of Bird's channels has its own sender. Only an e-mail may name one, so the account's
      `sender` applies to e-mails only.
    * A message's id contains the channel's id, because Bird finds a message by both.
    * With `batch`, several messages of a channel share a request. Bird then names no id of each
      message: its id contains the batch's id and the reference, which find it in Bird's list.
    * Bird turns tags into lower case, and may send at once a message that is scheduled less than
      ten minutes ahead; more than 35 days ahead is refused.
    """

    provider = "bird"
    settings = BirdSettings
    base_url = "https://api.bird.com"
    capabilities = CAPABILITIES
    codes = CODES
    statuses = STATUSES
    terms = TERMS
    protected = frozenset({"receiver", "reference"})
    repeats_for = verify.MAX_AGE + verify.MAX_AHEAD

    def __init__(self, account: Account[BirdSettings]) -> None:
        super().__init__(account)
        if account.settings.batch:
            self.capabilities = BATCHING
        # By channel: its id, the path to send one message, and the path to send a batch.
        self._addresses: dict[str | None, tuple[str, str, str]] = {
            name: (id_, self._channel(id_, "messages"), self._channel(id_, "batch/messages"))
            for name, id_ in account.settings.channels.items()
        }
        self._names = {id_: Channel(name) for name, id_ in account.settings.channels.items()}

    def usable_channels(self) -> Collection[Channel]:
        """Return the channels that the account has an id for."""
        return tuple(map(Channel, self.account.settings.channels))

    @property
    def hosts(self) -> frozenset[str]:
        """The API's host, and Bird's media hosts, which require the key too."""
        return super().hosts | frozenset(hosts.MEDIA)

    def authorization(self) -> Mapping[str, str]:
        """Return the access key."""
        return {"Authorization": f"AccessKey {self.account.settings.access_key.reveal()}"}

    def check(self, message: Message) -> Failure | None:
        """Check the capabilities, then that the account has the channel, then Bird's rules."""
        channel = self.channel_of(message)
        failure = super().check(message)
        if failure is not None or channel is None:
            return failure
        return self._check_channel(channel) or rules.check(message, channel, self)

    def plain_text_limits(self) -> Mapping[Channel | None, int]:
        """Leave out the channels without an id; no other rule concerns plain text."""
        default_channel = self.account.channel or self.capabilities.default_channel
        ids = self.account.settings.channels
        return {
            channel: limit
            for channel, limit in self.capability_text_limits().items()
            if (channel or default_channel) in ids
        }

    def group(self, message: Message) -> Hashable:
        """Return the channel: each channel has its own path."""
        return self.channel_of(message)

    def send(self, messages: Sequence[Message], context: Context) -> Flow[Sequence[Outcome | None]]:
        """Send one message, or several as a batch."""
        message = messages[0]
        channel_id, path, batch_path = self._addresses[self.channel_of(message)]
        if len(messages) == 1:
            response = yield _post(path, encode.request(message, self, context))
            return [decode.read_send(message, channel_id, response, self, context)]
        documents = b",".join([encode.request(each, self, context) for each in messages])
        response = yield _post(batch_path, b'{"messageRequests":[%b]}' % documents)
        return decode.read_batch(messages, response, self, context)

    def status(self, provider_id: str, context: Context) -> Flow[Answered[MessageStatus]]:
        """Look up a message's status."""
        if split_batch_id(provider_id) is not None:
            listed = self._workspace("channels/messages")
            return (
                yield from batch_message.read_status(
                    provider_id, listed, self._names, self, context
                )
            )
        path = self._message(provider_id)
        if path is None:
            return _no_id()
        response = yield Request("GET", path, authenticated=True)
        channel = self._names.get(provider_id.partition("/")[0])
        return status.read_status(provider_id, channel, response, self, context)

    def find(
        self, message: Message, since: datetime, context: Context
    ) -> Flow[Answered[Accepted | Absent]]:
        """Look for a message in the list of its channel."""
        channel_id, path, _ = self._addresses[self.channel_of(message)]
        return find.find_message(message, since, channel_id, path, self, context)

    def history(
        self, query: HistoryQuery, page: str | None, context: Context
    ) -> Flow[Answered[Page[PastMessage]]]:
        """List the messages of the query's channel, or of the workspace if it names none."""
        failure = listing.check(query, self)
        if failure is None and query.channel is not None:
            failure = self._check_channel(query.channel)
        if failure is not None:
            return failure
        path = (
            self._workspace("channels/messages")
            if query.channel is None
            else self._channel(self.account.settings.channels[query.channel], "messages")
        )
        response = yield Request(
            "GET", path, query=listing.parameters(query, page, self), authenticated=True
        )
        read = partial(
            resource.read_past_message, channels=self._names, adapter=self, context=context
        )
        return listing.read_page(response, read) or decode.read_failure(response, self)

    def interactions(
        self, provider_id: str, page: str | None, context: Context
    ) -> Flow[Answered[Page[Interaction]]]:
        """Fetch the recipients' interactions with a message; Bird returns all in one page."""
        if split_batch_id(provider_id) is not None:
            found = yield from batch_message.find_id(
                provider_id, self._workspace("channels/messages"), self, context
            )
            if not isinstance(found, MessageId):
                return found
            provider_id = found.provider_id
        path = self._message(provider_id)
        if path is None:
            return _no_id()
        response = yield Request("GET", f"{path}/interactions", authenticated=True)
        read = partial(
            resource.read_interaction,
            provider_id=provider_id,
            channels=self._names,
            context=context,
        )
        return listing.read_page(response, read) or decode.read_failure(
            response, self, Reason.NOT_FOUND
        )

    def upload(self, upload: Upload, source: Source, context: Context) -> Flow[Answered[Stored]]:
        """Request a presigned form, then upload the file to the storage without the key."""
        failure = self._check_upload(upload)
        if failure is not None:
            return failure
        response = yield Request(
            "POST",
            self._workspace("channel-media/presigned-upload")
            if upload.channel is None
            else self._channel(self.account.settings.channels[upload.channel], "presigned-upload"),
            dumps({"contentType": upload.content_type}),
            effect=Effect.REPEATABLE,
            content_type=_JSON,
            authenticated=True,
        )
        grant = files.read_grant(response, context.account)
        if grant is None:
            return decode.read_failure(response, self)
        failure = self._check_host(grant.url, "upload the file to")
        if failure is not None:
            return failure
        response = yield Request(
            grant.method,
            grant.url,
            Multipart(
                fields=grant.fields,
                file_field="file",
                file_name=upload.file_name,
                content_type=upload.content_type,
                source=source,
            ),
            effect=Effect.REPEATABLE,
            success=files.UPLOADED,
        )
        if response.status in files.UPLOADED:
            return grant.stored
        return files.read_storage_failure(response, self)

    def download(self, stored: Stored, context: Context) -> Flow[Answered[bool]]:
        """Request a file with the key, and follow the redirect to it without the key."""
        if stored.url is None:
            return refused(
                Reason.MEDIA_NOT_FOUND, "url", "is needed: Bird finds files by their URL"
            )
        response = yield Request(
            "GET", stored.url, headers=_ANY_TYPE, authenticated=True, answer=Answer.SINK
        )
        if response.status not in files.REDIRECTS:
            return response.status == 200 or decode.read_failure(
                response, self, Reason.MEDIA_NOT_FOUND
            )
        url = files.redirect_url(response, stored.url)
        failure = self._check_host(url, "download the file from")
        if failure is not None:
            return failure
        response = yield Request("GET", url, headers=_ANY_TYPE, answer=Answer.SINK)
        return response.status == 200 or files.read_storage_failure(response, self)

    def callback_problem(self) -> str | None:
        """Require at least one signing key, and refuse an empty one."""
        return verify.problem(self.account.settings.signing_keys)

    def verify(self, callback: Callback, context: Context) -> Authenticity:
        """Compare the signature over timestamp, URL and body."""
        return verify.verify(callback, self.account.settings.signing_keys, context)

    def parse(self, callback: Callback, context: Context) -> Sequence[Event]:
        """Read statuses, inbound messages, and interactions."""
        return parse.parse(callback, self._names, self, context)

    def _workspace(self, rest: str) -> str:
        return f"/workspaces/{quote_segment(self.account.settings.workspace_id)}/{rest}"

    def _channel(self, channel_id: str, rest: str) -> str:
        return self._workspace(f"channels/{quote_segment(channel_id)}/{rest}")

    def _message(self, provider_id: str) -> str | None:
        channel_id, _, message_id = provider_id.partition("/")
        if not (channel_id and message_id):
            return None
        return self._channel(channel_id, f"messages/{quote_segment(message_id)}")

    def _check_channel(self, channel: Channel) -> Failure | None:
        """Refuse a channel for which the account has no id."""
        if channel in self.account.settings.channels:
            return None
        return _fixable(
            Reason.CHANNEL_NOT_ENABLED,
            "channel",
            f"is {channel.value}, for which account {self.account.name!r} has no channel id;"
            f" set {channel.value!r} in its `channels`",
        )

    def _check_upload(self, upload: Upload) -> Failure | None:
        for field in ("restricted_to", "encryption"):
            if getattr(upload, field) is not None:
                return refused(
                    Reason.UNSUPPORTED, field, "cannot be expressed by Bird; leave it out"
                )
        return None if upload.channel is None else self._check_channel(upload.channel)

    def _check_host(self, url: str, what: str) -> Failure | None:
        """Refuse to send a file to, or fetch it from, a host that the account does not allow."""
        wrong = hosts.forbidden_host(url, self.account.base_url, self.account.settings.media_hosts)
        if wrong is None:
            return None
        return _fixable(Reason.MISCONFIGURED, None, f"Bird's answer asks to {what} {wrong}")


def _post(path: str, body: bytes) -> Request:
    return Request(
        "POST",
        path,
        body,
        effect=Effect.SENDS,
        content_type=_JSON,
        authenticated=True,
        success=_ACCEPTED_STATUSES,
    )


def _fixable(reason: Reason, path: str | None, why: str) -> Failure:
    return attrs.evolve(refused(reason, path or "", why), path=path, retry=Retry.AFTER_FIX)


def _no_id() -> Failure:
    return refused(
        Reason.NOT_FOUND, "id", "must hold the channel's id and the message's: 'channel/message'"
    )
