"""Clickatell's adapter: settings, and a flow for each operation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from omnimsg.adapter import Adapter, Answer, Authenticity, Effect, Request, quote_segment, refused
from omnimsg.domain import validate
from omnimsg.domain.byte_sizes import format_bytes
from omnimsg.domain.channel import Channel
from omnimsg.domain.errors import ConfigError
from omnimsg.domain.reason import Reason
from omnimsg.domain.secret import Secret, to_secrets
from omnimsg_clickatell import rules
from omnimsg_clickatell.callbacks import parse, verify
from omnimsg_clickatell.capabilities import CAPABILITIES, MAX_UPLOAD_BYTES
from omnimsg_clickatell.codes import CODES
from omnimsg_clickatell.statuses import STATUSES
from omnimsg_clickatell.wire import operation_answers
from omnimsg_clickatell.wire.encode import encode, encode_notices, upload_query
from omnimsg_clickatell.wire.send_answers import read_notices, read_send

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from omnimsg.adapter import (
        Account,
        Answered,
        Callback,
        Context,
        Flow,
        Response,
        Source,
    )
    from omnimsg.domain.events import Event
    from omnimsg.domain.failure import Failure
    from omnimsg.domain.history import Balance
    from omnimsg.domain.media import MediaInfo, Stored, Upload
    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome
    from omnimsg.domain.status import MessageStatus

_JSON = "application/json"
_ACCEPTED_STATUSES = frozenset({202, 207})
# For a file: all other answers are JSON.
_ANY_TYPE = {"Accept": "*/*"}


@attrs.frozen(kw_only=True)
class ClickatellSettings:
    """The account's own keys in the configuration.

    Attributes:
        api_key: The integration's key; it is sent alone, without `Bearer`.
        callback_secrets: Secrets at the end of the callback URL, so that nobody can guess it.
            Several while one is being replaced.
        callback_logins: The Basic credentials in the callback URL, as `name:password`. If secrets
            and logins are configured, a callback needs one of each.
    """

    api_key: Secret
    callback_secrets: tuple[Secret, ...] = attrs.field(
        default=(), converter=to_secrets, validator=validate.tuple_of(Secret)
    )
    callback_logins: tuple[Secret, ...] = attrs.field(
        default=(), converter=to_secrets, validator=validate.tuple_of(Secret)
    )


class ClickatellAdapter(Adapter[ClickatellSettings]):
    """Clickatell's One API: SMS and WhatsApp, up to 100 messages a request.

    The channel is always sent, so an account's default never depends on Clickatell's. No send is
    idempotent, and a message can be looked up by Clickatell's id only.
    """

    provider = "clickatell"
    settings = ClickatellSettings
    base_url = "https://platform.clickatell.com"
    capabilities = CAPABILITIES
    codes = CODES
    statuses = STATUSES
    protected = frozenset({"clientMessageId", "messages", "to"})
    path_secrets = "callback_secrets"
    checks_by_shape = True

    def __init__(self, account: Account[ClickatellSettings]) -> None:
        super().__init__(account)
        sender = self.sender_of(Channel.SMS)
        if sender is not None and not rules.is_sender(sender):
            key = "senders.sms" if Channel.SMS in account.senders else "sender"
            raise ConfigError(
                f"accounts.{account.name}.{key} must be a number of 3 to 15 digits: Clickatell's"
                " `from` is a two-way number"
            )
        settings = account.settings
        # Computed once, because every callback needs it.
        self._callback_problem = verify.problem(settings.callback_secrets, settings.callback_logins)

    def authorization(self) -> Mapping[str, str]:
        """Return the key alone, as Clickatell requires."""
        return {"Authorization": self.account.settings.api_key.reveal()}

    def check(self, message: Message) -> Failure | None:
        """Check the capabilities, then for fields that Clickatell refuses or drops."""
        return super().check(message) or rules.check(message, self)

    def plain_text_limits(self) -> Mapping[Channel | None, int]:
        """Return the limits of the capabilities: no other rule concerns plain text."""
        return self.capability_text_limits()

    def send(self, messages: Sequence[Message], context: Context) -> Flow[Sequence[Outcome | None]]:
        """Send messages in one request."""
        response = yield Request(
            "POST",
            "/v1/message",
            encode(messages, self, context),
            effect=Effect.SENDS,
            content_type=_JSON,
            authenticated=True,
            success=_ACCEPTED_STATUSES,
        )
        return read_send(messages, response, self.table, context.account)

    def status(self, provider_id: str, context: Context) -> Flow[Answered[MessageStatus]]:
        """Look up a message's status."""
        path = f"/v1/message/{quote_segment(provider_id)}"
        response = yield Request("GET", path, authenticated=True)
        return operation_answers.read_status(response, provider_id, context) or self._refusal(
            response
        )

    def mark_read(
        self, provider_ids: Sequence[str], context: Context
    ) -> Flow[Sequence[Outcome | None]]:
        """Mark inbound WhatsApp messages as read."""
        response = yield Request(
            "POST",
            "/v1/notification",
            encode_notices(provider_ids),
            effect=Effect.REPEATABLE,
            content_type=_JSON,
            authenticated=True,
            success=_ACCEPTED_STATUSES,
        )
        return read_notices(provider_ids, response, self.table, context.account)

    def upload(self, upload: Upload, source: Source, context: Context) -> Flow[Answered[Stored]]:
        """Upload a file, for one recipient if it is restricted to one, else for all."""
        failure = _check_upload(upload, source)
        if failure is not None:
            return failure
        response = yield Request(
            "POST",
            "/v1/media",
            source,
            effect=Effect.REPEATABLE,
            content_type=upload.content_type,
            query=upload_query(upload, source),
            authenticated=True,
            success=frozenset({201}),
        )
        return operation_answers.read_upload(response, upload, source, context) or self._refusal(
            response
        )

    def media_info(self, stored: Stored, context: Context) -> Flow[Answered[MediaInfo]]:
        """Look up when a stored file expires and who may receive it."""
        if stored.id is None:
            return refused(
                Reason.MEDIA_NOT_FOUND, "id", "is needed: Clickatell finds files by id only"
            )
        path = f"/v1/media/{quote_segment(stored.id)}"
        response = yield Request("GET", path, authenticated=True)
        return operation_answers.read_media_info(response) or self._refusal(response, file=True)

    def download(self, stored: Stored, context: Context) -> Flow[Answered[bool]]:
        """Download a file; if its sender encrypted it, it stays encrypted."""
        if stored.id is None and stored.url is not None:
            request = Request(
                "GET", stored.url, headers=_ANY_TYPE, authenticated=True, answer=Answer.SINK
            )
        elif stored.id is None or stored.sha256 is None:
            return refused(
                Reason.MEDIA_NOT_FOUND,
                "sha256",
                "is needed: Clickatell finds a file by its id and this digest",
            )
        else:
            query = [("fileId", stored.id), ("sha256Hash", stored.sha256)]
            if stored.client_encrypted:
                query.append(("source", "client"))
            request = Request(
                "GET",
                "/v1/media",
                query=tuple(query),
                headers=_ANY_TYPE,
                authenticated=True,
                answer=Answer.SINK,
            )
        response = yield request
        return response.status == 200 or self._refusal(response, file=True)

    def balance(self, context: Context) -> Flow[Answered[Balance]]:
        """Look up the account's balance."""
        response = yield Request("GET", "/v1/balance", authenticated=True)
        return operation_answers.read_balance(response) or self._refusal(response)

    def callback_problem(self) -> str | None:
        """Require a secret or a login for callbacks, because Clickatell signs nothing."""
        return self._callback_problem

    def verify(self, callback: Callback, context: Context) -> Authenticity:
        """Compare the secret in the path, the Basic credentials, or both."""
        if self._callback_problem is not None:
            return Authenticity.NO_SECRET
        settings = self.account.settings
        return verify.verify(callback, settings.callback_secrets, settings.callback_logins)

    def parse(self, callback: Callback, context: Context) -> Sequence[Event]:
        """Read statuses, texts, media and locations."""
        return parse.parse(callback, self, context)

    def _refusal(self, response: Response, *, file: bool = False) -> Failure | None:
        """Read a refusal; a 404 means a wrong account or, if `file`, a missing file."""
        if file:
            missing, detail = Reason.MEDIA_NOT_FOUND, "no such file, or no such account"
        else:
            missing, detail = Reason.MISCONFIGURED, "no such account; check the key and base URL"
        return operation_answers.read_refusal(response, self.table, missing=missing, detail=detail)


def _check_upload(upload: Upload, source: Source) -> Failure | None:
    if not source.size:
        return refused(Reason.MEDIA_INVALID, "data", "holds no bytes")
    if source.size > MAX_UPLOAD_BYTES:
        return refused(
            Reason.MEDIA_TOO_LARGE,
            "data",
            f"has {format_bytes(source.size)}; Clickatell takes {format_bytes(MAX_UPLOAD_BYTES)}",
        )
    if upload.channel is not None:
        return refused(
            Reason.UNSUPPORTED, "channel", "cannot be restricted to a channel; leave it out"
        )
    return rules.check_key(upload.encryption)
