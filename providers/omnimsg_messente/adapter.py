"""Messente's adapter: settings, and a flow for each operation."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING

import attrs
from attrs.validators import optional

from omnimsg.adapter import Account, Adapter, Context, Effect, Request, quote_segment
from omnimsg.domain import validate
from omnimsg.domain.errors import ConfigError
from omnimsg.domain.message import Message
from omnimsg.domain.secret import Secret, to_secrets
from omnimsg.json_codec import dumps
from omnimsg_messente import rules
from omnimsg_messente.callbacks import parse, verify
from omnimsg_messente.capabilities import CAPABILITIES
from omnimsg_messente.codes import CODES, STATUSES, TERMS
from omnimsg_messente.wire import decode, encode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omnimsg.adapter import Answered, Authenticity, Callback, Flow
    from omnimsg.domain.channel import Channel
    from omnimsg.domain.events import Event
    from omnimsg.domain.failure import Failure
    from omnimsg.domain.outcome import Outcome
    from omnimsg.domain.status import MessageStatus
    from omnimsg_messente.wire.shared import JsonObject


_ACCEPTED_STATUSES = frozenset({201})

# `TextStore` of the OpenAPI document. It is a setting of the account, not of a message, because
# storing texts is a matter of company policy, and no other provider here has such a field.
TEXT_STORES = ("nostore", "plaintext", "sha256")


@attrs.frozen(kw_only=True)
class MessenteSettings:
    """The keys of a Messente account.

    Attributes:
        username: The username of the API key, not the one of the dashboard.
        password: Its password.
        text_store: How Messente stores the text of the account's messages: as `plaintext`, as a
            hash (`sha256`) or not at all (`nostore`). Unless given, Messente decides.
        callback_passwords: Further passwords that sign reports: of an API key that is being
            replaced, or of another API key with the same callback URL.
        inbound_secrets: The Shared Secret of each inbound number; without one no inbound message is
            accepted.
    """

    username: str = attrs.field(validator=validate.text())
    password: Secret = attrs.field(validator=validate.instance_of(Secret))
    text_store: str | None = attrs.field(
        default=None, validator=optional(validate.one_of(*TEXT_STORES))
    )
    callback_passwords: tuple[Secret, ...] = attrs.field(
        default=(), converter=to_secrets, validator=validate.tuple_of(Secret)
    )
    inbound_secrets: tuple[Secret, ...] = attrs.field(
        default=(), converter=to_secrets, validator=validate.tuple_of(Secret)
    )


class MessenteAdapter(Adapter[MessenteSettings]):
    """Messente's Omnichannel API.

    * One message is one request, several are one bulk request; a message's request includes its
      fallback legs.
    * A ttl applies to one leg: the message's to its own channel, a fallback leg's to that leg. A
      leg without one ends after Messente's own time for the channel.
    * Messente has no reference. A report has Messente's ids; if callbacks are received, the query
      of the callback URL has a token of the reference, `omnimsg_token`.
    * Extras below a channel's name (`extras["messente"]["sms"]["validity"]`) are merged into that
      channel's leg, all others into the message's object.
    * A template's parameters have positions on WhatsApp and names on Viber: the account's `keys`,
      or their own names.
    * Files are given by URL, or on WhatsApp by the id that WhatsApp stores them under. Messente
      stores no files, so there is no upload.
    """

    provider = "messente"
    settings = MessenteSettings
    base_url = "https://api.messente.com"
    capabilities = CAPABILITIES
    codes = CODES
    statuses = STATUSES
    terms = TERMS
    protected = frozenset({"to", "messages"})

    def __init__(self, account: Account[MessenteSettings]) -> None:
        super().__init__(account)
        for channel in self.capabilities.channels:
            leg_extras = account.extras.get(channel.value, {})
            if not isinstance(leg_extras, Mapping) or rules.PROTECTED_IN_LEG in leg_extras:
                raise ConfigError(
                    f"accounts.{account.name}.extras.{channel.value} must be a table of the"
                    f" channel's fields, without {rules.PROTECTED_IN_LEG!r}"
                )

    def authorization(self) -> Mapping[str, str]:
        """Return the Basic credentials; in Latin-1, as Messente's own clients write them."""
        pair = f"{self.account.settings.username}:{self.account.settings.password.reveal()}"
        try:
            raw = pair.encode("latin-1")
        except UnicodeEncodeError:
            raw = pair.encode()
        return {"Authorization": f"Basic {base64.b64encode(raw).decode()}"}

    def check(self, message: Message) -> Failure | None:
        """Check the capabilities, then Messente's rules."""
        channel = self.channel_of(message)
        failure = super().check(message)
        if failure is None and channel is not None:
            failure = rules.check(message, channel, self)
        return failure

    def plain_text_limits(self) -> Mapping[Channel | None, int]:
        """Leave out the channels whose rules refuse a sample: they treat all plain texts alike."""
        default_channel = self.account.channel or self.capabilities.default_channel
        sample = Message("+10000000", "-")
        return {
            named: limit
            for named, limit in self.capability_text_limits().items()
            if (channel := named or default_channel) and rules.check(sample, channel, self) is None
        }

    def send(self, messages: Sequence[Message], context: Context) -> Flow[Sequence[Outcome | None]]:
        """Send one message, or several in one bulk request."""
        documents = [encode.omnimessage(each, self, context) for each in messages]
        if len(messages) == 1:
            response = yield _post("/v1/omnimessage", documents[0])
            return [decode.read_send(messages[0], response, self, context)]
        response = yield _post("/v1/omnimessages", {"messages": documents})
        return decode.read_bulk_send(messages, response, self, context)

    def status(self, provider_id: str, context: Context) -> Flow[Answered[MessageStatus]]:
        """Look up a message's status, with one leg for each of its channels."""
        response = yield Request("GET", f"{_path(provider_id)}/status", authenticated=True)
        return decode.read_status(provider_id, response, self, context)

    def cancel(self, provider_id: str, context: Context) -> Flow[Answered[bool]]:
        """Cancel a scheduled message with all its legs."""
        response = yield Request(
            "DELETE",
            _path(provider_id),
            effect=Effect.ONCE,
            authenticated=True,
            success=frozenset({202}),
        )
        return decode.read_cancel(response, self)

    def callback_problem(self) -> str | None:
        """Refuse empty secrets; `inbound_secrets` are needed for inbound messages only."""
        settings = self.account.settings
        return verify.problem(
            settings.password, settings.callback_passwords, settings.inbound_secrets
        )

    def verify(self, callback: Callback, context: Context) -> Authenticity:
        """Compare the signature: the password signs reports, a Shared Secret inbound messages."""
        settings = self.account.settings
        passwords = (settings.password, *settings.callback_passwords)
        return verify.verify(callback, passwords, settings.inbound_secrets)

    def parse(self, callback: Callback, context: Context) -> Sequence[Event]:
        """Read a delivery report or an inbound SMS."""
        return parse.parse(callback, self, context)


def _path(provider_id: str) -> str:
    return f"/v1/omnimessage/{quote_segment(provider_id)}"


def _post(path: str, document: JsonObject) -> Request:
    return Request(
        "POST",
        path,
        dumps(document),
        effect=Effect.SENDS,
        content_type="application/json",
        authenticated=True,
        success=_ACCEPTED_STATUSES,
    )
