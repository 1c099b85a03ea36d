"""`Adapter`, the interface of the class that translates one provider's API.

This module is for people who write adapters. Applications never call an adapter themselves.

Each operation is a flow: a generator that yields `Request`s, is sent `Response`s and returns a
unified value. An adapter is built once for each account and has no state that changes; its flows
may run concurrently. The engine sends the requests, adds the credentials, applies timeouts,
retries, and turns lost connections into outcomes; a flow sees none of that. A flow that raises
after its request was written makes its messages ambiguous, so do not raise because of an answer:
return what you can read, and `None` where there is no verdict.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeAlias, TypeVar
from urllib.parse import urlsplit

import attrs

from omnimsg.adapter import senders
from omnimsg.adapter.account import Account, TemplateMapping
from omnimsg.adapter.capability_check import check_message, refused
from omnimsg.adapter.operation import Operation
from omnimsg.adapter.receiving import Receiving
from omnimsg.domain.address import is_mailbox
from omnimsg.domain.channel import Channel
from omnimsg.domain.errors import ConfigError, Unsupported
from omnimsg.domain.failure import Failure
from omnimsg.domain.reason import Reason
from omnimsg.domain.validate import is_json

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Iterable, Sequence
    from datetime import datetime

    from omnimsg.adapter.capabilities import Capabilities
    from omnimsg.adapter.code_tables import CodeTable, StatusTable, TermRow
    from omnimsg.adapter.context import Context
    from omnimsg.adapter.http import Flow, Source
    from omnimsg.domain.history import Balance, HistoryQuery, Interaction, Page, PastMessage
    from omnimsg.domain.media import MediaInfo, Stored, Upload
    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Accepted, Outcome
    from omnimsg.domain.status import MessageStatus

S = TypeVar("S")
T = TypeVar("T")

Answered: TypeAlias = T | Failure | None
"""The result of an operation's flow: the value, the provider's refusal in the unified model, or
`None` if the answer has no verdict; the engine then classifies by the HTTP status alone. A flow
that can refuse without the provider returns the `Failure` before its first request. The failure may
keep the `retry` of its code's row: if the request may be repeated, the engine changes `UNSAFE` to
`SAFE`."""


@attrs.frozen
class Absent:
    """`Adapter.find` read the provider's whole list, and the message is not on it.

    Evidence, not proof: no provider says how soon its list shows a message that it accepted.
    """


class Adapter(Receiving, ABC, Generic[S]):
    """One provider's API, translated for one account.

    A subclass sets the class attributes and implements `authorization` and `send`. It overrides the
    other operations that its provider has, and `verify` and `parse`; overriding declares them.

    Attributes:
        provider: The provider's name: that of its entry point, and its key in `Message.extras`.
        settings: The attrs class of the provider's own keys in an account's table. Credentials in
            it are typed `Secret`.
        base_url: The API's default URL, without a trailing slash; an account may set another.
        capabilities: What the provider can do. An adapter whose settings change the capabilities
            sets its own in `__init__`; the engine reads them from the instance.
        codes: The provider's error and failure codes.
        statuses: The provider's statuses.
        terms: The provider's further terms, for people to look up: interactions, ...
        protected: The members of a message's part of the request that extras must not set:
            recipient, reference, list of messages.
        checks_by_shape: Whether `check` of a text to a phone number, without options except sender
            and ttl, depends on channel, sender, ttl and length only, and passes every text that is
            no longer than one that it passed. The engine then caches the result by these.
    """

    provider: ClassVar[str]
    settings: ClassVar[type]
    base_url: ClassVar[str]
    capabilities: Capabilities
    codes: ClassVar[CodeTable]
    statuses: ClassVar[StatusTable]
    terms: ClassVar[tuple[TermRow, ...]] = ()
    protected: ClassVar[frozenset[str]] = frozenset()
    checks_by_shape: ClassVar[bool] = False

    def __init__(self, account: Account[S]) -> None:
        """Build the adapter of one account.

        Raises:
            ConfigError: The account's extras set a member of `protected`, or the account has a
                value that cannot be written as JSON in UTF-8, which would stop every request.
        """
        for key in account.extras:
            if key in self.protected:
                raise ConfigError(f"accounts.{account.name}.extras.{key} {_PROTECTED}")
        for name in ("extras", "sender", "senders", "templates"):
            value = getattr(account, name)
            plain = list(value.values()) if name == "senders" else value
            if value and not is_json(_to_json_value(plain)):
                raise ConfigError(
                    f"accounts.{account.name}.{name} holds a value that has no form in JSON"
                )
        self.account = account
        senders.check_senders(account, self.provider, self.capabilities, self.channels())
        try:
            self.table: CodeTable = self.codes.override(account.codes)
        except ValueError as error:
            raise ConfigError(f"accounts.{account.name}.codes: {error}") from None

    def channels(self) -> Iterable[Channel]:
        """Return the channels that the account can use; by default those of `usable_channels`."""
        return self.usable_channels()

    def sender_of(self, channel: Channel | None) -> str | None:
        """Return the account's sender on a channel, for a message without one of its own."""
        return senders.sender_of(self.account, channel)

    @classmethod
    def operations(cls) -> frozenset[Operation]:
        """Return the operations this adapter has: those it overrides."""
        return frozenset(
            each
            for each in Operation
            if getattr(cls, each.value) is not getattr(Adapter, each.value)
        )

    @classmethod
    def uploads(cls) -> bool:
        """Return whether files can be uploaded; if so, a refusal may advise it."""
        return cls.upload is not Adapter.upload

    @property
    def hosts(self) -> frozenset[str]:
        """Hosts, with ports where given, that the account's credentials may be sent to."""
        return frozenset({urlsplit(self.account.base_url).netloc})

    @abstractmethod
    def authorization(self) -> Mapping[str, str]:
        """Return the header lines that carry the account's credentials."""

    def channel_of(self, message: Message) -> Channel | None:
        """Return a message's channel: its own, else the account's, else the provider's default.

        A message to an e-mail address goes by e-mail, where the provider has that channel.
        """
        if message.channel is not None:
            return message.channel
        if Channel.EMAIL in self.capabilities.channels and is_mailbox(message.to):
            return Channel.EMAIL
        return self.account.channel or self.capabilities.default_channel

    def usable_channels(self) -> Collection[Channel]:
        """Return the channels that the account can send on; by default all of the provider's.

        An adapter overrides it if its settings decide the channels (Bird's map of channels). It is
        called in `__init__` too, once `account` is set.
        """
        return self.capabilities.channels

    def sender_problem(self) -> str | None:
        """Return why the account's `sender` would be dropped; `None` if it can be used.

        A configuration with such a sender is refused.
        """
        if self.account.sender is None:
            return None
        default_channel = self.account.channel
        channels = self.usable_channels() if default_channel is None else (default_channel,)
        carried = self.capabilities.channels
        if any(each in carried and "sender" in carried[each].fields for each in channels):
            return None
        names = ", ".join(sorted(channels))
        return f"cannot be used: {self.provider} takes no sender for a message on {names}"

    def template_of(self, name: str) -> TemplateMapping:
        """Return the account's mapping of a template, by the name that the message uses."""
        return self.account.templates.get(name) or _NO_MAPPING

    def extras_of(self, message: Message) -> Mapping[str, Any]:
        """Return the message's own extras for this provider."""
        return message.extras.get(self.provider, _NO_EXTRAS)

    def plain_text_limits(self) -> Mapping[Channel | None, int]:
        """Return how many characters of plain text `check` is known to pass, by channel.

        The engine asks once for each account, and does not call `check` for a message whose
        `is_plain_text` is true and whose text is no longer than the limit for the message's
        `channel` (`None` where the message names none). A channel without a limit is checked.

        If an adapter overrides `check` or `channel_of` but not this method, every message is
        checked, so that a new rule is never skipped by default.
        """
        return self.capability_text_limits()

    def capability_text_limits(self) -> dict[Channel | None, int]:
        """Return how many characters of plain text the capabilities allow, by channel.

        Channels that carry no text, or none to phone numbers, are left out.
        """
        limits: dict[Channel | None, int] = {
            channel: sys.maxsize if can.text_limit is None else can.text_limit
            for channel, can in self.capabilities.channels.items()
            if "text" in can.content
            and "phone" in can.recipients
            and not senders.would_drop_sender(self.account, channel, self.capabilities)
        }
        default_channel = self.account.channel or self.capabilities.default_channel
        if default_channel in limits:
            limits[None] = limits[default_channel]
        return limits

    def check(self, message: Message) -> Failure | None:
        """Return why the provider cannot express a message; `None` if it can.

        The engine calls it before a message joins a request, so that one bad message does not spoil
        the others. An adapter with rules of its own calls this first and adds them.
        """
        channel = self.channel_of(message)
        failure = check_message(
            message,
            channel,
            self.capabilities,
            account=self.account.name,
            uploads=self.uploads(),
        )
        if failure is not None or channel is None:
            return failure
        has_sender = self.account.sender is not None or self.account.senders
        if has_sender and senders.would_drop_sender(self.account, channel, self.capabilities):
            return senders.dropped_sender(self.account, channel)
        if message.extras:
            for key in self.extras_of(message):
                if key in self.protected:
                    return refused(
                        Reason.INVALID_MESSAGE,
                        f"extras.{self.provider}.{key}",
                        _PROTECTED,
                    )
        return failure

    def group(self, message: Message) -> Hashable:
        """Return a message's group: messages of equal groups may share a request."""
        return None

    @abstractmethod
    def send(self, messages: Sequence[Message], context: Context) -> Flow[Sequence[Outcome | None]]:
        """Send messages of one group, at most `capabilities.max_messages` of them.

        No two of them have the same reference, so entries can be matched by it.

        Returns:
            One outcome per message, in the order given, whatever the order of the answer; `None`
            where the answer has no verdict on a message, never a guess.
        """

    def status(self, provider_id: str, context: Context) -> Flow[Answered[MessageStatus]]:
        """Look up a message's status.

        An id that the provider does not know is `MessageStatus.not_found`, not a failure.
        """
        raise self.lacks(Operation.STATUS)

    def find(
        self, message: Message, since: datetime, context: Context
    ) -> Flow[Answered[Accepted | Absent]]:
        """Look for a message whose answer was lost; it may be sent again if it is absent.

        Args:
            message: A message that `check` passed.
            since: Entries from before belong to another call that used the same reference. The
                tolerance between our clock and the provider's is subtracted already.
            context: The account's name and the time.

        Returns:
            `Accepted` where the provider has an entry since then with this reference and this
            recipient. `Absent` only if the whole list was read and every entry is certainly another
            message; `None` where anything is uncertain.
        """
        raise self.lacks(Operation.FIND)

    def cancel(self, provider_id: str, context: Context) -> Flow[Answered[bool]]:
        """Cancel a scheduled message; `True` if it was cancelled, `False` if it is too late."""
        raise self.lacks(Operation.CANCEL)

    def upload(self, upload: Upload, source: Source, context: Context) -> Flow[Answered[Stored]]:
        """Upload a file that the engine has opened and measured as `source`."""
        raise self.lacks(Operation.UPLOAD)

    def download(self, stored: Stored, context: Context) -> Flow[Answered[bool]]:
        """Download a file into the caller's sink (`Answer.SINK`); `True` if it was written."""
        raise self.lacks(Operation.DOWNLOAD)

    def media_info(self, stored: Stored, context: Context) -> Flow[Answered[MediaInfo]]:
        """Look up what the provider knows about a stored file."""
        raise self.lacks(Operation.MEDIA_INFO)

    def balance(self, context: Context) -> Flow[Answered[Balance]]:
        """Look up the account's balance."""
        raise self.lacks(Operation.BALANCE)

    def history(
        self, query: HistoryQuery, page: str | None, context: Context
    ) -> Flow[Answered[Page[PastMessage]]]:
        """Fetch one page of past messages; the engine requests the pages that follow."""
        raise self.lacks(Operation.HISTORY)

    def interactions(
        self, provider_id: str, page: str | None, context: Context
    ) -> Flow[Answered[Page[Interaction]]]:
        """Fetch one page of the recipients' interactions with a message."""
        raise self.lacks(Operation.INTERACTIONS)

    def mark_read(
        self, provider_ids: Sequence[str], context: Context
    ) -> Flow[Sequence[Outcome | None]]:
        """Mark at most `max_messages` as read; outcomes in order, with the ids as references."""
        raise self.lacks(Operation.MARK_READ)

    def lacks(self, operation: Operation) -> Unsupported:
        """Build the error for an operation that the provider does not have."""
        return Unsupported(f"{self.provider} has no operation {operation.value!r}")


def _to_json_value(value: object) -> object:
    """Turn the account's templates into tuples, which JSON can hold."""
    if isinstance(value, Mapping):
        return {key: _to_json_value(each) for key, each in value.items()}
    return attrs.astuple(value) if isinstance(value, TemplateMapping) else value


_PROTECTED = "cannot be set by extras: it decides who gets the message and how answers are matched"
_NO_MAPPING = TemplateMapping()
_NO_EXTRAS: Mapping[str, Any] = {}
